"""Peak memory of training with 2,000 and with 32,000 samples: it should not grow.

python benchmarks/train_memory.py [--genes 4000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from record import record


def write_world(path: Path, n: int, n_genes: int) -> None:
    """Written in blocks: this process stays small too."""
    import anndata
    import pandas as pd

    split = np.where(np.arange(n) < n * 9 // 10, "train", "validation")
    obs = pd.DataFrame({"tissue": [f"t{i % 20:02}" for i in range(n)], "split": split}, index=[f"S{i}" for i in range(n)])
    anndata.AnnData(obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(n_genes)])).write_h5ad(path)
    rng = np.random.default_rng(0)
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        x = file.create_dataset("X", (n, n_genes), "<f4")
        x.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for start in range(0, n, 1000):
            x[start : start + 1000] = rng.gamma(2, 2, (min(1000, n - start), n_genes))


def train_one(path: str) -> None:
    from modelling.config import TrainConfig
    from modelling.data import Compendium
    from modelling.training.train import train

    with Compendium.open(path) as compendium, tempfile.TemporaryDirectory() as folder:
        run = train(compendium, f"{folder}/run", TrainConfig(epochs=1), device="cpu")
    print(f"{run.history[0]['samples_per_second']:.0f} samples/s, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--genes", type=int, default=1000)
    parser.add_argument("--train")
    options = parser.parse_args()
    if options.train:
        train_one(options.train)
        return
    peaks: dict[str, float] = {}
    for n in (2_000, 32_000):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "world.h5ad"
            write_world(path, n, options.genes)
            done = subprocess.run([sys.executable, __file__, "--train", str(path)], capture_output=True, text=True, check=True)
            peaks[f"mb_of_{n}"] = float(done.stdout.split("peak")[1].split()[0])
            print(
                f"{n:6,} samples x {options.genes:,} genes (matrix {n * options.genes * 4 / 1e6:,.0f} MB): {done.stdout.strip()}",
                flush=True,
            )

    record("train_memory", **peaks)


if __name__ == "__main__":
    main()
