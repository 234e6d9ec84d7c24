"""Writing the matrix: rows to their shuffled places in a contiguous X, against h5py with gzip and the paper's csv_to_h5, in one run.

    python benchmarks/write.py /tmp/write --flexynesis .peers/flexynesis/bin/python

Rates are bytes of the float32 matrix by second of wall time, each file flushed to the disk at the end. `disk` writes the same bytes from
one buffer, one after the other, and does nothing else. csv_to_h5 (Flexynesis 1.1.14) starts from a genes x samples CSV, which is how
the paper's matrix came; without --flexynesis it is left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

N_GENES = 16_115


def expression(n: int) -> np.ndarray:
    draw = np.random.default_rng(0)
    profile = draw.lognormal(-1.0, 2.6, N_GENES)
    rate = 2e7 * profile / profile.sum() * draw.gamma(2.0, 0.5, (n, N_GENES)).astype(np.float32)
    counts = draw.poisson(rate).astype(np.float32)
    return np.log2(1 + 1e6 * counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)


def sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def contiguous(path: Path, x: np.ndarray) -> None:
    from curation.matrix.compendium import create
    from curation.matrix.shards import write_rows

    offset = create(path, *x.shape)
    places = np.random.default_rng(1).permutation(len(x))
    with path.open("r+b") as file:
        for start in range(0, len(x), 256):
            write_rows(file.fileno(), offset, places[start : start + 256], x[start : start + 256])
    sync(path)


def gzip(path: Path, x: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        data = file.create_dataset("X", x.shape, np.float32, chunks=(1, x.shape[1]), compression="gzip", compression_opts=4)
        for start in range(0, len(x), 256):
            data[start : start + 256] = x[start : start + 256]
    sync(path)


def disk(path: Path, x: np.ndarray) -> None:
    with path.open("wb", buffering=0) as file:
        view = memoryview(x.data).cast("B")
        for start in range(0, len(view), 16 << 20):
            file.write(view[start : start + (16 << 20)])
    sync(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=8000)
    parser.add_argument("--slow-samples", type=int, default=500, help="samples for the slow candidates")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flexynesis", help="Python of an environment that holds flexynesis 1.1.14")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    few = expression(options.slow_samples)
    many = np.tile(few, (-(-options.samples // len(few)), 1))[: options.samples]
    csv, path = options.folder / "gex.csv", options.folder / "matrix.h5"

    def csv_to_h5(path: Path, x: np.ndarray) -> None:
        subprocess.run([options.flexynesis, "-m", "flexynesis.csv_to_h5", str(csv), str(path)], check=True, stdout=subprocess.DEVNULL)
        sync(path)

    candidates: dict[str, tuple[Callable[[Path, np.ndarray], None], np.ndarray]] = {
        "disk": (disk, many),
        "contiguous, shuffled": (contiguous, many),
        "h5py gzip": (gzip, few),
    }
    if options.flexynesis:
        candidates["csv_to_h5"] = (csv_to_h5, few)
        with csv.open("w") as file:
            file.write(",".join(["", *(f"S{i}" for i in range(len(few)))]) + "\n")
            for gene in range(N_GENES):
                file.write(",".join([f"G{gene}", *map(str, few[:, gene])]) + "\n")
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(options.rounds):
        for name, (write, x) in candidates.items():
            path.unlink(missing_ok=True)
            begun = time.perf_counter()
            write(path, x)
            rates[name].append(x.nbytes / 1e6 / (time.perf_counter() - begun))
    path.unlink(missing_ok=True)
    middle = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{'writer':22s} {'MB/s':>8s}   ours is")
    for name, rate in middle.items():
        print(f"{name:22s} {rate:8,.0f} {middle['contiguous, shuffled'] / rate:8.2f} x")


if __name__ == "__main__":
    main()
