"""Two processes of torchrun on one machine beside one process: samples a second and the loss, and on paper where gradients would bound four machines.

    python benchmarks/two_processes.py [--samples 6400] [--genes 16115] [--epochs 3]

One made-up compendium, one global batch, one thread a process: each process reads and computes its share of every batch, gradients are averaged by gloo
over loopback. Samples a second: the middle of the epochs after the first, validation apart. The losses are those of each epoch; that they agree is what
makes the rates comparable.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from record import record
from train_speed import DEFAULT_BATCH, write_world

NODES, NETWORKS = 4, {"10 Gbit/s": 1.25e9, "100 Gbit/s": 12.5e9}


def one(world: str, out: str, epochs: int) -> None:
    """In a process that torchrun started, or in one alone: train, and leave what was seen in OUT/seen.json."""
    import torch

    from modelling.config import TrainConfig
    from modelling.data import Compendium
    from modelling.training.train import train

    torch.set_num_threads(1)
    config = TrainConfig(epochs=epochs, batch_size=DEFAULT_BATCH, epoch_samples=1)
    with Compendium.open(world) as compendium:
        run = train(compendium, out, config, device="cpu", checkpoint_seconds=float("inf"))
    if os.environ.get("RANK", "0") == "0":
        n_bytes = sum(p.numel() * p.element_size() for p in run.model.network.parameters())
        seen = {"rates": [row["samples_per_second"] for row in run.history], "losses": [row["train_loss"] for row in run.history]}
        Path(out, "seen.json").write_text(json.dumps(seen | {"gradient_bytes": n_bytes}), encoding="utf-8")


def measured(n: int, world: Path, out: Path, epochs: int) -> dict[str, list[float]]:
    start = [sys.executable]
    if n > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*start, __file__, "--one", str(world), str(out), str(epochs)], env=environment, check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads((out / "seen.json").read_text(encoding="utf-8")))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=6_400)
    parser.add_argument("--genes", type=int, default=16_115)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("WORLD", "OUT", "EPOCHS"))
    asked = parser.parse_args()
    if asked.one:
        one(asked.one[0], asked.one[1], int(asked.one[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.h5ad"
        write_world(world, asked.genes, asked.samples)
        found = {n: measured(n, world, Path(folder) / f"run{n}", asked.epochs) for n in (1, 2)}
    rate = {n: float(np.median(seen["rates"][1:])) for n, seen in found.items()}
    apart = float(np.abs(np.subtract(found[1]["losses"], found[2]["losses"])).max())
    gradient = float(found[1]["gradient_bytes"])  # type: ignore[arg-type]
    print(
        f"{asked.samples:,} samples x {asked.genes:,} genes, batch {DEFAULT_BATCH}: one process {rate[1]:,.0f} samples/s, two {rate[2]:,.0f}"
    )
    print(f"losses differ by at most {apart:.2g} of {max(found[1]['losses']):.3g}; gradients are {gradient / 1e6:,.0f} MB a step")
    moved, computing = 2 * (NODES - 1) / NODES * gradient, DEFAULT_BATCH / rate[1]
    for name, speed in NETWORKS.items():
        print(
            f"{NODES} machines at {name}: {1000 * moved / speed:.0f} ms to average, {1000 * computing:.0f} ms to compute {DEFAULT_BATCH} samples on a core"
        )
    record("two_processes", one=rate[1], two=rate[2], loss_apart=apart, gradient_mb=gradient / 1e6)


if __name__ == "__main__":
    main()
