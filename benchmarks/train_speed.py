"""Samples a second of training beside Flexynesis 1.1.14, in one run, candidates taking turns.

    python benchmarks/train_speed.py [--genes 16115] [--threads 2] [--rounds 3]

Flexynesis: its own training step and optimiser on one batch in memory, as installed and with the allocator tuned. Ours: `train` as it is, rows read
from a file, noise, masking and all (validation apart). Both presets; `paper` has the same network, 105 million parameters at 16,115 genes.
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
from peers import python_of
from record import record

PEER = python_of("flexynesis")
TUNED_MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184"}
HERE = Path(__file__).parent
DEFAULT_BATCH = 64
# Floating point operations a sample of the paper preset: 6 (forward, and twice backward) x weights, less the input gradient of the first layer.
FLOAT32_PEAK, BANDWIDTH, ADAM_BYTES = 2 * 201e9, 40e9, 28


def write_world(path: Path, n_genes: int, n: int = 640) -> None:
    import anndata
    import pandas as pd

    rng = np.random.default_rng(0)
    tpm = rng.gamma(0.5, 1, (n, n_genes)).astype(np.float32)
    x = np.log2(tpm * (1e6 / tpm.sum(1, keepdims=True)) + 1)
    split = np.where(np.arange(n) < n - 64, "train", "validation")
    obs = pd.DataFrame({"tissue": [f"t{i % 42:02}" for i in range(n)], "split": split}, index=[f"S{i}" for i in range(n)])
    var = pd.DataFrame(index=[f"G{i}" for i in range(n_genes)])
    anndata.AnnData(x, obs=obs, var=var, uns={"unit": "log2(TPM+1)"}).write_h5ad(path)


def ours(world: str, preset: str, batch_size: int, precision: str) -> None:
    """In a process of its own: median samples a second of three epochs after a first one."""
    from modelling.config import preset as by_name
    from modelling.data import Compendium
    from modelling.training.train import train

    config = by_name(preset).replace(batch_size=batch_size, epochs=3, epoch_samples=1, precision=precision)
    with Compendium.open(world) as compendium, tempfile.TemporaryDirectory() as folder:
        run = train(compendium, f"{folder}/run", config, device="cpu", checkpoint_seconds=float("inf"))
    print(json.dumps({"samples_per_second": float(np.median([row["samples_per_second"] for row in run.history[1:]]))}))


def measured(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--genes", type=int, default=16_115)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--ours", nargs=4, metavar=("WORLD", "PRESET", "BATCH", "PRECISION"))
    options = parser.parse_args()
    if options.ours:
        world, preset, batch, precision = options.ours
        ours(world, preset, int(batch), precision)
        return
    threads = {"OMP_NUM_THREADS": str(options.threads)}
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.h5ad"
        write_world(world, options.genes)
        for _ in range(options.rounds):
            for name, extra in (("Flexynesis, batch 32", {}), ("Flexynesis, batch 32, tuned malloc", TUNED_MALLOC)):
                peer = [PEER, str(HERE / "flexynesis_peer.py"), "speed", str(options.genes), "32", str(options.steps)]
                found.setdefault(name, []).append(32 / measured(peer, threads | extra)["seconds"])
            for preset, batch, precision in (
                ("paper", 32, "auto"),
                ("paper", 32, "float32"),
                ("default", 32, "auto"),
                ("default", DEFAULT_BATCH, "auto"),
            ):
                own = [sys.executable, __file__, "--ours", str(world), preset, str(batch), precision]
                name = f"ours, preset {preset}, batch {batch}" + ("" if precision == "auto" else ", strict float32 products")
                found.setdefault(name, []).append(measured(own, threads)["samples_per_second"])
    report(found, options.genes)


def report(found: dict[str, list[float]], n_genes: int) -> None:
    middle = {name: float(np.median(values)) for name, values in found.items()}
    plain, tuned = (middle[f"Flexynesis, batch 32{suffix}"] for suffix in ("", ", tuned malloc"))
    print(f"{n_genes:,} genes, median of {len(next(iter(found.values())))} rounds\n{'':56} samples/s   x plain   x tuned   of limit")
    ours = middle[f"ours, preset default, batch {DEFAULT_BATCH}"]
    record("train_speed", samples_per_second=ours, peer_samples_per_second=plain, peer_tuned_samples_per_second=tuned)
    weights = 2 * n_genes * int(0.2002 * n_genes)
    for name, value in middle.items():
        batch = int(name.split("batch ")[1].split(",")[0])
        limit = 1 / (5 * weights / FLOAT32_PEAK + weights * ADAM_BYTES / BANDWIDTH / batch)
        share = f"{value / limit:8.0%}" if "default" not in name else ""
        print(f"{name:56} {value:9.1f} {value / plain:9.1f} {value / tuned:9.1f} {share}")


if __name__ == "__main__":
    main()
