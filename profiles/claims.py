"""What a file claims of its own size, held against the bytes that are there, before a loop or C code believes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from profiles.hdf5_guard import DAMAGED, datasets, file_fault, said

if TYPE_CHECKING:
    import h5py

MOST_PACKED = 40_000  # bytes that one stored byte can stand for: the best that gzip, lzf and zstd do on a chunk of zeros, and room
FREE_BYTES = 64 << 20  # claims below this cost nothing
ROWS_PER_BYTE = 100  # rows of a table carry a name each; a hundred of them in a byte no format brings about
BLOCK = 1 << 22
NUMBERS = "biuf"


def h5ad_fault(path: Path, layer: str | None = None) -> str | None:
    """Why an .h5ad must not be handed to anndata and scipy, None when it may: sizes that no bytes stand for, a matrix of another shape than
    obs and var, a sparse matrix whose pointers or indices lead outside. Reads pointers and indices, not values. OSError: no HDF5 file."""
    import h5py

    with h5py.File(path, "r") as file:
        fault = file_fault(file) or empty_claim(file)
        if fault:
            return fault
        matrix, var = ("raw/X", "raw/var") if layer == "raw" else ("X" if layer in (None, "X") else f"layers/{layer}", "var")
        try:
            shape = (_n_rows(file, "obs"), _n_rows(file, var))
            return _matrix_fault(file[matrix], matrix, shape) if matrix in file else None
        except DAMAGED as error:
            return f"{matrix} is damaged ({said(error)})"


def rows_fault(n_rows: int, n_bytes: int) -> str | None:
    """Why a table of named rows cannot have as many as it says in a file of this many bytes."""
    if n_rows <= ROWS_PER_BYTE * n_bytes:
        return None
    return f"says that it holds {n_rows:,} rows, in {n_bytes:,} bytes; the file is damaged or made to be refused"


def sparse_fault(group: h5py.Group, name: str) -> str | None:
    """Why a csr_matrix or csc_matrix group is not one that scipy can walk."""
    parts = {part: group.get(part) for part in ("data", "indices", "indptr")}
    wrong = [part for part, values in parts.items() if getattr(values, "ndim", None) != 1]
    if wrong:
        return f"{name} is sparse but has no one-dimensional {', '.join(wrong)}"
    data, indices, indptr = parts.values()
    shape = _sparse_shape(group)
    if shape is None or min(shape) < 0:
        return f"{name} is sparse and says no shape"
    major, minor = shape if _encoding(group).startswith("csr") else shape[::-1]
    if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        return f"{name}: indices and pointers must be whole numbers, they are {indices.dtype} and {indptr.dtype}"
    if len(indptr) != major + 1:
        return f"{name} has {len(indptr):,} pointers where {major + 1:,} belong ({major:,} rows and one)"
    if data.dtype.kind not in NUMBERS:
        return f"{name} holds {data.dtype}, no numbers"
    if len(data) != len(indices):
        return f"{name} has {len(data):,} values and {len(indices):,} indices"
    return _pointer_fault(indptr, len(indices), name) or _index_fault(indices, minor, name)


def _pointer_fault(indptr: Any, n_values: int, name: str) -> str | None:
    last = 0
    for start in range(0, len(indptr), BLOCK):
        block = np.concatenate([[last], indptr[start : start + BLOCK].astype(np.int64)])
        if start == 0 and block[1] != 0:
            return f"{name}: the first pointer is {block[1]}, not 0"
        if (np.diff(block) < 0).any() or block.max() > n_values:
            return f"{name}: pointers run backwards or beyond the {n_values:,} values"
        last = int(block[-1])
    return None if last == n_values else f"{name}: the last pointer is {last:,}, there are {n_values:,} values"


def _index_fault(indices: Any, minor: int, name: str) -> str | None:
    n_wrong, first = 0, 0
    for start in range(0, len(indices), BLOCK):
        block = indices[start : start + BLOCK].astype(np.int64)
        bad = (block < 0) | (block >= minor)
        if bad.any():
            first = first if n_wrong else int(block[bad][0])
            n_wrong += int(bad.sum())
    return f"{name}: {n_wrong:,} indices are not from 0 to {minor - 1:,}, first: {first}" if n_wrong else None


def _matrix_fault(element: Any, name: str, shape: tuple[int | None, int | None]) -> str | None:
    is_group = not hasattr(element, "dtype")
    if is_group:
        if not _encoding(element).startswith(("csr", "csc")):
            return f"{name} is a group but no sparse matrix"
        fault = sparse_fault(element, name)
        if fault:
            return fault
    elif element.dtype.kind not in NUMBERS or element.shape is None:
        return f"{name} holds {element.dtype} of shape {element.shape}, no matrix of numbers"
    own = _sparse_shape(element) if is_group else element.shape
    wrong = own is None or len(own) != 2 or any(is_there is not None and n != is_there for n, is_there in zip(own, shape, strict=True))
    return f"{name} is {own}, but obs has {shape[0]} rows and var {shape[1]}" if wrong else None


def _n_rows(file: h5py.File, name: str) -> int | None:
    """Rows of obs or var: the length of its index; None for a layout that anndata itself must judge."""
    frame = file.get(name)
    if frame is None or hasattr(frame, "dtype"):
        return None if frame is None else len(frame)
    index = frame.get(str(frame.attrs.get("_index", "_index")))
    if index is not None and not hasattr(index, "dtype"):  # nullable-string-array: a group of values and mask
        index = index.get("values")
    return None if index is None or not index.shape else int(index.shape[0])


def empty_claim(file: h5py.File) -> str | None:
    """The first dataset of a file that is far larger than its stored bytes can be."""
    for name, dataset in datasets(file):
        stored, claimed = int(dataset.id.get_storage_size()), int(dataset.size or 0) * dataset.dtype.itemsize
        if claimed > FREE_BYTES + MOST_PACKED * stored:
            return f"{name} says that it holds {dataset.size:,} values, in {stored:,} bytes"
    return None


def _encoding(group: h5py.Group) -> str:
    return str(group.attrs.get("encoding-type") or group.attrs.get("h5sparse_format") or "")


def _sparse_shape(group: h5py.Group) -> tuple[int, int] | None:
    shape = group.attrs.get("shape", group.attrs.get("h5sparse_shape"))
    is_pair = np.shape(shape) == (2,) and np.asarray(shape).dtype.kind in "iu"
    return (int(shape[0]), int(shape[1])) if is_pair else None
