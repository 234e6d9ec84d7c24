"""Peak memory, time and disk of training for one epoch, evaluation and prediction at growing size, and what follows for 605,000 samples.

    python benchmarks/large_compendium.py /tmp/large --samples 20000 60500

Simulated: 1,000 profiles of 16,115 genes of 42 tissues, repeated in random order to the size of the file (the scores say nothing); 80% are
trained on, a tenth is tested. Memory is the highest resident set of each command, imports included. The last line continues the straight line through
the two largest sizes: it is reckoned, not run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
from record import record

N_GENES, N_PROFILES, N_TISSUES, BLOCK, FULL = 16_115, 1_000, 42, 1_000, 605_000
LIMIT_MB = 2_000


def write(path: Path, n: int) -> None:
    """A compendium of `n` samples in log2(TPM+1), X in the layout that `curate build` writes."""
    import anndata
    import pandas as pd

    from profiles.genes import load_genes

    draw = np.random.default_rng(0)
    base, of_tissue = draw.normal(1, 2, N_GENES), draw.normal(0, 1, (N_TISSUES, N_GENES))
    tissue = np.arange(N_PROFILES) % N_TISSUES
    amounts = np.exp(base + of_tissue[tissue] + draw.normal(0, 0.5, (N_PROFILES, N_GENES)))
    profiles = np.log2(1e6 * amounts / amounts.sum(1, keepdims=True) + 1).astype(np.float32)
    chosen = draw.integers(0, N_PROFILES, n)
    names = [f"S{i}" for i in range(n)]
    split = draw.choice(["train", "validation", "test"], n, p=[0.8, 0.1, 0.1])
    obs = pd.DataFrame(
        {"tissue": [f"tissue {tissue[i]:02}" for i in chosen], "split": split, "group_id": names, "source": "simulated"}, index=names
    )
    symbols = list(load_genes().symbol)[:N_GENES]
    data = anndata.AnnData(obs=obs, var=pd.DataFrame(index=symbols), uns={"unit": "log2(TPM+1)", "simulated": True})
    data.write_h5ad(path)
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        x = file.create_dataset("X", (n, N_GENES), "<f4")
        x.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for start in range(0, n, BLOCK):
            x[start : start + BLOCK] = profiles[chosen[start : start + BLOCK]]


def cost(*arguments: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of one `model` command."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", "from modelling.cli import main; main()", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"model {' '.join(arguments)} failed")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def measure(folder: Path, n: int) -> dict[str, tuple[float, float, float]]:
    path, run = folder / f"{n}.h5ad", folder / f"run{n}"
    write(path, n)
    found = {
        "train": cost("train", str(path), "--out", str(run), "--epochs", "1", "--map", "pca"),
        "evaluate": cost("evaluate", str(run), str(path), "--out", str(folder / f"evaluation{n}"), "--no-figures"),
        "predict": cost("predict", str(run), str(path), "--out", str(folder / f"predictions{n}.tsv")),
    }
    disk = path.stat().st_size / 1e9
    for name, (wall, cpu, peak) in found.items():
        print(f"{n:8,} samples, {disk:5.2f} GB, {name:9}{wall:7.1f} s, {cpu:7.1f} CPU s, peak {peak:6,.0f} MB", flush=True)
    path.unlink()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, nargs="+", default=[20_000, 60_500])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = sorted(options.samples)
    found = {n: measure(options.folder, n) for n in sizes}
    few, many = sizes[-2:]
    reckoned: dict[str, float] = {}
    for name in found[many]:
        (_, cpu, peak), (_, cpu_many, peak_many) = found[few][name], found[many][name]
        share = (FULL - many) / (many - few)
        reckoned |= {f"{name}_mb": peak_many, f"{name}_mb_of_full": peak_many + share * (peak_many - peak)}
        reckoned[f"{name}_cpu_seconds_of_full"] = cpu_many + share * (cpu_many - cpu)
    record("large_compendium", samples=many, **reckoned)
    told = ", ".join(
        f"{name} {reckoned[f'{name}_mb_of_full']:,.0f} MB and {reckoned[f'{name}_cpu_seconds_of_full']:,.0f} CPU s" for name in found[many]
    )
    print(f"{FULL:,} samples ({FULL * N_GENES * 4 / 1e9:.0f} GB), reckoned: {told}; the aim is {LIMIT_MB:,} MB")


if __name__ == "__main__":
    main()
