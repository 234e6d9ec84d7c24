"""Bytes that come from the disk for the chunks of random samples, beside what the system reads ahead by itself.

    python benchmarks/cold_gather.py /tmp/cold --samples 6000 --wanted 600

The file is dropped from the page cache before each round; bytes are those that /proc/self/io counts. A disk gives whole pages of 4 KiB: `pages`
is what the chunks lie in, and no reader through the page cache can take less.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from archs4_file import simulate, write
from record import record

from curation.hdf5.gather import Gather
from curation.hdf5.layout import Layout

N_GENES, PAGE = 16_000, 4096
CHUNKS = {"tall": (2000, 1), "square": (200, 200)}


class ReadAhead(Gather):
    """The same reader, but the system guesses."""

    def __init__(self, layout: Layout, rows: np.ndarray) -> None:
        super().__init__(layout, rows)
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_NORMAL)

    def _announce(self, offset: np.ndarray, n_bytes: np.ndarray) -> None:
        pass


def bytes_read() -> int:
    return int(next(line for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("read_bytes")).split()[1])


def cold(reader: Gather) -> tuple[float, float]:
    """MB from the disk, and seconds."""
    os.sync()
    os.posix_fadvise(reader.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    before, begun = bytes_read(), time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(reader.read, reader.shards()))
    return (bytes_read() - before) / 1e6, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=6000)
    parser.add_argument("--wanted", type=int, default=600)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    counts = simulate(options.folder / "counts.u32", options.samples, N_GENES)
    rows = np.sort(np.random.default_rng(1).choice(options.samples, options.wanted, replace=False))
    for name, chunks in CHUNKS.items():
        path = options.folder / f"{name}.h5"
        write(path, counts, chunks)
        layout = Layout.of(path, "data/expression", n_genes=N_GENES)
        with Gather(layout, rows) as ours, ReadAhead(layout, rows) as other:
            ours.read(ours.shards()[0][:1])  # compiled code is loaded
            assert ours.table is not None
            offset, n_bytes = ours.table.offset.ravel(), ours.table.n_bytes.ravel()
            pages = np.unique(np.concatenate([np.arange(a // PAGE, (a + n - 1) // PAGE + 1) for a, n in zip(offset, n_bytes, strict=True)]))
            rounds = [(cold(ours), cold(other)) for _ in range(3)]
        mine, theirs = (np.median([pair[i] for pair in rounds], axis=0) for i in (0, 1))
        wanted, floor = n_bytes.sum() / 1e6, pages.size * PAGE / 1e6
        record(
            f"cold_gather_{name}", chunk_mb=wanted, page_mb=floor, mb=mine[0], peer_mb=theirs[0], seconds=mine[1], peer_seconds=theirs[1]
        )
        print(
            f"{name}: {wanted:.0f} MB of chunks in {floor:.0f} MB of pages: {mine[0]:.0f} MB read in {mine[1]:.2f} s; "
            f"read ahead by the system {theirs[0]:.0f} MB in {theirs[1]:.2f} s"
        )
        path.unlink()
    (options.folder / "counts.u32").unlink()


if __name__ == "__main__":
    main()
