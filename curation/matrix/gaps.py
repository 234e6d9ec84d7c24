"""The unfinished file of an export without some of its rows: what stays moves up, and the file becomes that of a matrix of so many rows.

Rows leave when they have been read (sql/build/74_shallow_sample.sql), and to read and write all others again would take as long as the export.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.matrix.compendium import lay_out
from curation.matrix.shards import MatrixFault

PIECE_BYTES = 16 << 20


def close_gaps(path: Path, scratch: Path, offset: int, stays: NDArray[np.bool_], n_genes: int) -> None:
    """Leave out the rows of X (n, n_genes) that do not stay. `scratch` is a path that may be written. Raises MatrixFault, OSError."""
    rows = np.flatnonzero(stays)
    with path.open("r+b") as file:
        _move_up(file.fileno(), offset, 4 * n_genes, rows)
        os.fsync(file.fileno())
    _relabel(path, scratch, offset, rows.size, n_genes)


def _move_up(descriptor: int, offset: int, width: int, rows: NDArray[np.int64]) -> None:
    """Copy runs of rows to where they belong, from the front: what is overwritten was copied before, or leaves."""
    first = 0
    for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
        source, target, left = offset + int(run[0]) * width, offset + first * width, run.size * width
        while left and source != target:
            piece = os.pread(descriptor, min(left, PIECE_BYTES), source)
            if not piece:
                raise MatrixFault("the matrix ends before its last row; the disk or the file system is faulty")
            n = os.pwrite(descriptor, piece, target)
            source, target, left = source + n, target + n, left - n
        first += run.size


def _relabel(path: Path, scratch: Path, offset: int, n_samples: int, n_genes: int) -> None:
    """Give the file what surrounds X in a file of `n_samples` rows. HDF5 itself cannot make a contiguous dataset shorter."""
    if lay_out(scratch, n_samples, n_genes) != offset:
        raise MatrixFault(f"{path}: X would begin at another byte with {n_samples:,} rows; begin the build again without --resume")
    end = offset + 4 * n_samples * n_genes
    with scratch.open("rb") as new, path.open("r+b") as file:
        file.write(new.read(offset))
        new.seek(end)
        file.seek(end)
        file.write(new.read())
        file.truncate(max(end, scratch.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    scratch.unlink()
