"""Closing a release: one reading of the compendium for everything, beside one reading for each digest.

    python benchmarks/seal_once.py /tmp/seal --samples 16000

Both take what a release needs of its matrix: the checksum of each row compared, mean and standard deviation of each gene, SHA-256 of every 1,024
rows, of every block of the file, of the whole file for the manifest and for the RO-Crate. Files are read from the page cache.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from record import record

from curation.hdf5.inflate import row_checksums
from curation.matrix.assembly import BLOCK_ROWS, Assembly
from curation.matrix.compendium import create, finish, matrix_offset, open_matrix, put_var
from curation.matrix.quality import scaler_columns
from curation.matrix.scaler import Moments
from curation.matrix.shards import RECORD
from curation.seal import seal
from profiles.blocks import BLOCK_BYTES

N_GENES = 16_115


def make(folder: Path, n: int) -> tuple[Path, Any]:
    """A compendium of random values, and the unfinished work that stands before its sealing."""
    folder.mkdir(parents=True, exist_ok=True)
    path, draw, records = folder / "compendium.h5ad", np.random.default_rng(0), np.zeros(n, RECORD)
    offset = create(path, n, N_GENES)
    with path.open("r+b") as file:
        file.seek(offset)
        for start in range(0, n, BLOCK_ROWS):
            block = draw.random((min(BLOCK_ROWS, n - start), N_GENES), np.float32)
            records["crc32"][start : start + len(block)] = row_checksums(block)
            file.write(block.tobytes())
    columns = scaler_columns(Moments(N_GENES))
    finish(path, pd.DataFrame(index=[f"S{i}" for i in range(n)]), pd.DataFrame(columns, index=[f"G{i}" for i in range(N_GENES)]), {})
    plan = SimpleNamespace(n_genes=N_GENES, n_samples=n)
    work = SimpleNamespace(path=path, partial=path, plan=plan, offset=matrix_offset(path)[0], records=records)
    work._compare = lambda block, start: Assembly._compare(work, block, start)  # type: ignore[arg-type]
    return path, work


def once(path: Path, work: Any) -> None:
    """As `curate build` does it."""
    train = np.ones(work.plan.n_samples, bool)
    found = Assembly.seal(work, train, lambda moments: put_var(path, scaler_columns(moments)), lambda n: None)
    content = {"sources_used": [], "inputs": [], "build_id": "x", "created": "", "versions": {"bulkatlas": "0"}, "parameters": {}}
    seal(path.parent, content, {path.name: found})


def one_by_one(path: Path, work: Any) -> None:
    """Each digest from a reading of its own, in turn."""
    x, moments = open_matrix(path), Moments(N_GENES)
    for start in range(0, len(x), BLOCK_ROWS):
        block = np.array(x[start : start + BLOCK_ROWS])
        assert (row_checksums(block) == work.records["crc32"][start : start + len(block)]).all()
        moments.add(block)
        hashlib.sha256(block.data).hexdigest()
    with path.open("rb") as file:
        while piece := file.read(BLOCK_BYTES):
            hashlib.sha256(piece).digest()
    for _ in ("manifest", "crate"):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=16_000)
    options = parser.parse_args()
    path, work = make(options.folder, options.samples)
    gb, seen = path.stat().st_size / 1e9, {}
    for name, way in (("once", once), ("one_by_one", one_by_one), ("once", once), ("one_by_one", one_by_one)):
        begun, cpu = time.perf_counter(), time.process_time()
        way(path, work)
        seen[name] = (time.perf_counter() - begun) / gb, (time.process_time() - cpu) / gb  # of the second round: compiled code is loaded
    os.unlink(path)
    (mine, mine_cpu), (other, other_cpu) = seen["once"], seen["one_by_one"]
    record(
        "seal_once",
        seconds_a_gb=mine,
        cpu_seconds_a_gb=mine_cpu,
        peer_seconds_a_gb=other,
        peer_cpu_seconds_a_gb=other_cpu,
        times=other / mine,
    )
    print(f"{gb:.2f} GB: {mine:.2f} s a GB ({mine_cpu:.2f} CPU s); each digest in turn {other:.2f} ({other_cpu:.2f}): {other / mine:.1f} x")


if __name__ == "__main__":
    main()
