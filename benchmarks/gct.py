"""A GTEx-like GCT (genes x samples, gzip): this project's reader against pandas, the usual way, in one run, candidates in turn.

    python benchmarks/gct.py [--samples 2000] [--genes 20000] [--rounds 2]

Each candidate is a process of its own that reads all samples, or 400 of them, and prints their checksum; the clock runs from the file
name to the last value, imports left out; memory is that of the process tree. `inflate` only unpacks the gzip: no reader can be faster.
pandas reads once; this project's reader reads twice (names and unit first, then the wanted samples) and holds a block at a time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CANDIDATES = ("pandas", "pandas_some", "ours", "ours_some", "inflate")
N_SOME = 400


def write_gct(folder: Path, n_samples: int, n_genes: int) -> Path:
    """Negative-binomial counts under real-looking names, and the sample attributes."""
    rng = np.random.default_rng(0)
    names = [f"GTEX-{i // 20:05d}-{i % 20:04d}-SM-{i:05X}" for i in range(n_samples)]
    path = folder / "benchmark_gene_reads.gct.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(f"#1.2\n{n_genes}\t{n_samples}\nName\tDescription\t" + "\t".join(names) + "\n")
        for gene in range(n_genes):
            mean = np.exp(rng.normal(2, 3))
            counts = rng.poisson(rng.gamma(2, mean / 2, n_samples))
            file.write(f"ENSG{gene:011d}.1\tGENE{gene}\t" + "\t".join(map(str, counts)) + "\n")
    lines = ["SAMPID\tSMTSD", *(f"{name}\tLung" for name in names)]
    (folder / "benchmark_SampleAttributesDS.txt").write_text("\n".join(lines) + "\n")
    return path


def some(n_samples: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(1).choice(n_samples, min(N_SOME, n_samples), replace=False))


def with_ours(path: Path, only: bool) -> float:
    from curation.sources import open_source

    (matrix,) = open_source("gtex", path.parent).matrices()
    rows = some(matrix.n_samples) if only else np.arange(matrix.n_samples)
    return sum(float(block.sum(dtype=np.float64)) for _, block in matrix.blocks(rows))


def with_pandas(path: Path, only: bool) -> float:
    import pandas as pd

    with gzip.open(path, "rt") as lines:
        names = [next(lines) for _ in range(3)][2].rstrip("\n").split("\t")
    wanted = [0, *(some(len(names) - 2) + 2)] if only else None
    frame = pd.read_csv(path, sep="\t", skiprows=2, index_col=0, usecols=wanted)
    if not only:
        frame = frame.drop(columns="Description")
    return float(np.ascontiguousarray(frame.to_numpy(dtype=np.float32).T).sum(dtype=np.float64))


def inflate(path: Path) -> float:
    with gzip.open(path, "rb") as file:
        return float(sum(len(piece) for piece in iter(lambda: file.read(1 << 20), b"")))


def candidate(name: str, path: Path) -> None:
    """One reading, in this process; prints seconds and checksum."""
    if name.startswith("pandas"):
        import pandas  # noqa: F401 - imports are not timed
    import curation.sources.gtex  # noqa: F401 - imports are not timed

    started = time.perf_counter()
    if name == "inflate":
        checksum = inflate(path)
    else:
        checksum = (with_pandas if name.startswith("pandas") else with_ours)(path, name.endswith("_some"))
    print(json.dumps({"seconds": time.perf_counter() - started, "checksum": checksum}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--candidate", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.candidate:
        return candidate(arguments.candidate[0], Path(arguments.candidate[1]))

    from peak import Run, run

    with tempfile.TemporaryDirectory() as folder:
        path = write_gct(Path(folder), arguments.samples, arguments.genes)
        print(f"{arguments.samples:,} samples x {arguments.genes:,} genes, {path.stat().st_size / 1e6:,.0f} MB gzip")
        runs: dict[str, list[Run]] = {}
        for _ in range(arguments.rounds):
            for name in CANDIDATES:
                runs.setdefault(name, []).append(run([sys.executable, __file__, "--candidate", name, str(path)]))
    for peer, own in (("pandas", "ours"), ("pandas_some", "ours_some")):
        assert np.isclose(runs[peer][0].result["checksum"], runs[own][0].result["checksum"], rtol=1e-6), "the readers disagree"
    seconds = {name: statistics.median(run.result["seconds"] for run in of) for name, of in runs.items()}
    memory = {name: max(run.peak_mb for run in of) for name, of in runs.items()}
    for name in CANDIDATES:
        peer = "pandas_some" if name.endswith("_some") else "pandas"
        print(
            f"{name:12} {seconds[name]:8.1f} s {memory[name]:8,.0f} MB   {seconds[peer] / seconds[name]:5.1f} x as fast as {peer}, "
            f"{memory[name] / memory[peer]:.2f} x its memory"
        )


if __name__ == "__main__":
    main()
