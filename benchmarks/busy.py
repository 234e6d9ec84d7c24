"""Training on an idle machine and beside two busy neighbours: as the libraries do it, threads that sleep at once, that spin less, one thread, and ours.

    python benchmarks/busy.py COMPENDIUM [--rounds 3] [--epochs 3] [--skip as-is ...]

Samples a second of whole epochs (validation apart), the median over rounds in which all take turns, each in a process of its own. A neighbour is a
loop in Python, as many as there are processors. On an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from statistics import median

from record import record

LIBGOMP_SPINS = "300000"  # what libgomp does where nothing is set: saying it keeps ours from steering it
CANDIDATES = {
    "as-is": {"GOMP_SPINCOUNT": LIBGOMP_SPINS},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "spin-10000": {"GOMP_SPINCOUNT": "10000"},
    "one-thread": {"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": LIBGOMP_SPINS},
    "ours": {},
}
SET = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
NEIGHBOUR = "x = 1\nwhile True:\n    x = (x * 3 + 1) % 1000003"


def child(path: str, epochs: int) -> None:
    """Train for some epochs and say how fast each was, as `model train` would: what steers threads is set up before torch comes."""
    from modelling import threads
    from modelling.yielding import yielding

    threads.choose(os.environ)
    with yielding():
        from pathlib import Path

        from modelling.config import TrainConfig
        from modelling.data import Compendium
        from modelling.network.device import chosen_device
        from modelling.training.distributed import Workers
        from modelling.training.fast import fast_products, keep_freed_memory
        from modelling.training.train import Trainer

        keep_freed_memory()
        config = TrainConfig(epochs=epochs)
        with Compendium.open(path) as compendium, tempfile.TemporaryDirectory() as folder, fast_products(config.precision):
            trainer = Trainer(compendium, config, Workers(0, 1), chosen_device("cpu"), Path(folder))
            trainer.resume_or_start()
            trainer.fit([], float("inf"))
            print(json.dumps([row["samples_per_second"] for row in trainer.history]))


def measured(path: str, epochs: int, environment: dict[str, str]) -> float:
    plain = {name: value for name, value in os.environ.items() if name not in SET}
    command = [sys.executable, __file__, path, "--epochs", str(epochs), "--child"]
    done = subprocess.run(command, env=plain | environment, capture_output=True, text=True, check=True)
    return float(median(json.loads(done.stdout.strip().splitlines()[-1])[1:]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("compendium")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--situation", choices=["idle", "busy"], nargs="*", default=["idle", "busy"])
    parser.add_argument("--neighbours", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.child:
        child(options.compendium, options.epochs)
        return
    found: dict[str, dict[str, float]] = {}
    for situation in options.situation:
        neighbours = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) for _ in range(options.neighbours * (situation == "busy"))]
        try:
            rates: dict[str, list[float]] = {name: [] for name in CANDIDATES}
            for _ in range(options.rounds):
                for name, environment in CANDIDATES.items():
                    rates[name].append(measured(options.compendium, options.epochs, environment))
        finally:
            for neighbour in neighbours:
                neighbour.kill()
        found[situation] = {name: median(values) for name, values in rates.items()}
        for name, values in rates.items():
            print(
                f"{situation:5} {name:11} {found[situation][name]:8,.0f} samples/s   ({', '.join(f'{value:,.0f}' for value in values)})",
                flush=True,
            )
        best = max(value for name, value in found[situation].items() if name != "ours")
        print(f"{situation:5} ours / best of the others: {found[situation]['ours'] / best:.2f}", flush=True)
    record("busy", **{f"{s}_{name.replace('-', '_')}": value for s, rates in found.items() for name, value in rates.items()})


if __name__ == "__main__":
    main()
