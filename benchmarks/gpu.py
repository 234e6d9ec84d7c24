"""Training on a card and on this machine's processors in one run: samples a second, busy share of the card, memory; switches beside each other.

    python benchmarks/gpu.py [--samples 20000] [--genes 16115] [--epochs 3] [--devices cpu cuda] [--batches 64 512] [--compile]

A made-up compendium; each line is `Trainer` in a process of its own: the second and later epochs, validation apart. Busy share: the time of a step's
kernels, by CUDA events around them, over the time between steps' ends; on a CPU processor seconds over wall seconds and threads.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from record import record
from train_speed import write_world


def measured(world: str, device: str, batch: int, epochs: int, *, compiled: bool) -> dict[str, float]:
    """In a process of its own."""
    import torch

    from modelling.config import TrainConfig
    from modelling.data import Compendium
    from modelling.network.device import chosen_device
    from modelling.training.distributed import Workers
    from modelling.training.fast import fast_products, keep_freed_memory
    from modelling.training.train import Trainer
    from modelling.yielding import yielding

    keep_freed_memory()
    place, config = chosen_device(device), TrainConfig(epochs=epochs, batch_size=batch, epoch_samples=1)
    with Compendium.open(world) as compendium, tempfile.TemporaryDirectory() as folder, fast_products(config.precision), yielding():
        started = time.perf_counter()
        trainer = Trainer(compendium, config, Workers(0, 1), place, Path(folder), compiled=compiled)
        opened = time.perf_counter()
        trainer.resume_or_start()
        begun = time.perf_counter()
        busy = Busy(trainer, torch)
        trainer.fit([], float("inf"))
        rates = [row["samples_per_second"] for row in trainer.history]
    found = {"samples_per_second": float(np.median(rates[1:])), "busy": busy.share(), "load_seconds": opened - started}
    found |= {"start_seconds": begun - opened, "first_epoch_samples_per_second": rates[0]}
    peak = torch.cuda.max_memory_allocated(place) if place.type == "cuda" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found | {"peak_mb": peak / 1e6}


class Busy:
    """Watches the steps of a trainer: how much of the time between their ends the card, or the processors, were at work."""

    def __init__(self, trainer: Any, torch: Any) -> None:
        self.torch, self.is_card, self.inner = torch, trainer.device.type == "cuda", trainer.step.__class__.__call__
        self.events: list[tuple[Any, Any]] = []
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        if self.is_card:
            watch = self

            def timed(step: Any, *arguments: Any) -> None:
                first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                first.record()
                watch.inner(step, *arguments)
                last.record()
                watch.events.append((first, last))

            trainer.step.__class__.__call__ = timed

    def share(self) -> float:
        """Between 0 and 1."""
        if not self.is_card:
            return (time.process_time() - self.cpu) / (time.perf_counter() - self.wall) / self.torch.get_num_threads()
        self.torch.cuda.synchronize()
        inside = sum(first.elapsed_time(last) for first, last in self.events)
        return float(inside / self.events[0][0].elapsed_time(self.events[-1][1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=16_115)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--devices", nargs="+", default=["cpu", "cuda"])
    parser.add_argument("--batches", nargs="+", type=int, default=[64, 512])
    parser.add_argument("--compile", action="store_true", help="each line also with --compile")
    parser.add_argument("--one", nargs=5, metavar=("WORLD", "DEVICE", "BATCH", "EPOCHS", "COMPILED"))
    asked = parser.parse_args()
    if asked.one:
        world, device, batch, epochs, compiled = asked.one
        print(json.dumps(measured(world, device, int(batch), int(epochs), compiled=compiled == "1")))
        return
    import torch

    devices = [name for name in asked.devices if name != "cuda" or torch.cuda.is_available()]
    if lacking := set(asked.devices) - set(devices):
        print(f"not here: {', '.join(sorted(lacking))}")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.h5ad"
        write_world(world, asked.genes, asked.samples)
        print(f"{asked.samples:,} samples x {asked.genes:,} genes\n{'':24} samples/s   busy   peak MB   load s   start s")
        for device in devices:
            for batch in asked.batches:
                for compiled in (False, True) if asked.compile else (False,):
                    one = [str(world), device, str(batch), str(asked.epochs), str(int(compiled))]
                    done = subprocess.run([sys.executable, __file__, "--one", *one], stdout=subprocess.PIPE, text=True, check=True)
                    found = json.loads(done.stdout.splitlines()[-1])
                    name = f"{device}, batch {batch}" + (", compiled" if compiled else "")
                    print(
                        f"{name:24} {found['samples_per_second']:9,.0f} {found['busy']:6.0%} {found['peak_mb']:9,.0f}"
                        f" {found['load_seconds']:8.1f} {found['start_seconds']:9.1f}",
                        flush=True,
                    )
                    figures[name.replace(", ", "_").replace(" ", "_")] = found["samples_per_second"]
    record("gpu", **figures)


if __name__ == "__main__":
    main()
