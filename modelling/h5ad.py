"""What an .h5ad holds, as plain arrays and a place in a file from which rows can be read; copies only where the layout asks for it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from modelling.arrays import Array
from modelling.errors import ModellingError
from modelling.scratch import scratch_file
from profiles.hdf5_guard import Damaged, reading


class CompendiumError(ModellingError):
    """The file is not a compendium that can be read, or lacks what was asked of it."""


@dataclass(frozen=True)
class Rows:
    """Rows of a float32 matrix (n, g) that lie one after the other in an open file; a note where they had to be copied out of another."""

    descriptor: int
    offset: int
    shape: tuple[int, int]
    note: str = ""

    def read(self, rows: Array, path: Path) -> NDArray[np.float32]:
        """Rows (m, g) of the matrix by positioned reads: only what is asked for enters memory, and nothing stays mapped."""
        n_rows, n_columns = self.shape
        if len(rows) and (rows.min() < 0 or rows.max() >= n_rows):
            raise CompendiumError(f"{path}: rows {rows.min()}..{rows.max()} asked for, the file holds 0..{n_rows - 1}")
        out = np.empty((len(rows), n_columns), dtype="<f4")
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        for start, stop in zip(np.r_[0, breaks], np.r_[breaks, len(rows)], strict=True):
            if stop > start:
                _read_whole(self.descriptor, out[start:stop], self.offset + int(rows[start]) * n_columns * 4, path)
        return out


def _read_whole(descriptor: int, target: NDArray[np.float32], offset: int, path: Path) -> None:
    """Fill `target` from `offset`; one call may return less than asked (2 GiB limit, signals)."""
    view, done = target.view(np.uint8).reshape(-1).data, 0
    while done < len(view):
        count = os.preadv(descriptor, [view[done:]], offset + done)
        if count == 0:
            raise CompendiumError(f"{path}: ends before its matrix does ({len(view) - done} bytes missing); copy or build it again")
        done += count


def as_text_or_numbers(column: Any) -> Array:
    """A pandas column as an array; text and categories become str, missing text becomes ""."""
    if column.dtype.kind in "biuf":
        return np.asarray(column.to_numpy())
    values = column.astype(object).to_numpy()
    if all(isinstance(value, bool | np.bool_) for value in values):
        return np.array(values, dtype=bool)
    missing = column.isna()  # None, NaN, and pandas.NA of nullable columns, which compares to neither
    return np.array(["" if absent else str(value) for value, absent in zip(values, missing, strict=True)], dtype=object)


def read_uns(file: h5py.File) -> dict[str, Any]:
    """The scalar and JSON entries of uns."""
    from anndata.io import read_elem

    values = {}
    try:
        with reading():
            found = read_elem(file["uns"]) if "uns" in file else {}
            items = list(found.items())
    except Damaged as error:
        raise CompendiumError(f"{file.filename}: its uns cannot be read ({error}); copy or build it again") from error
    for name, value in items:
        try:
            text = value.decode() if isinstance(value, bytes) else value
            values[name] = json.loads(text) if isinstance(text, str) and text[:1] in ("{", "[") else text
        except (ValueError, RecursionError) as error:
            raise CompendiumError(f"{file.filename}: uns `{name}` is not JSON: {str(error)[:120]}") from error
    return values


def open_rows(path: Path, file: h5py.File) -> Rows:
    """The matrix X of an open file as rows to be read; the caller closes the descriptor.

    A contiguous little-endian float32 X is read in place. Anything else (chunked, compressed, sparse, float64) is unpacked once, block by
    block, into an unnamed temporary file, so that every later pass costs the same.
    """
    x = file["X"]
    if isinstance(x, h5py.Dataset):
        if x.ndim != 2:
            raise CompendiumError(f"{path}: X has {x.ndim} dimensions, 2 are needed")
        if x.chunks is None and x.dtype == np.dtype("<f4") and x.id.get_offset() is not None:
            return Rows(os.open(path, os.O_RDONLY), x.id.get_offset(), x.shape)
        shape: tuple[int, int] = x.shape
        rows = x.chunks[0] if x.chunks else 256
    else:
        from anndata.io import sparse_dataset

        x = sparse_dataset(x)
        shape, rows = x.shape, 256
    size = shape[0] * shape[1] * 4
    with scratch_file(size) as copy:
        for start in range(0, shape[0], max(rows, 64 // rows * rows)):
            block = x[start : start + max(rows, 64 // rows * rows)]
            dense = block if isinstance(block, np.ndarray) else block.toarray()
            left = memoryview(np.ascontiguousarray(dense, dtype="<f4").tobytes())
            while left:
                left = left[copy.write(left) :]
        note = f"X is not a contiguous float32 matrix: unpacked once to a temporary file ({size / 1e6:.0f} MB)"
        return Rows(os.dup(copy.fileno()), 0, shape, note)
