"""The file compendium.h5ad: X contiguous at a fixed byte, then obs, var and uns as anndata writes them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.errors import CurationError
from profiles import room

if TYPE_CHECKING:
    import pandas as pd

ALIGNMENT = 4096  # X begins at a page of the file
UNFINISHED = "unfinished"
ANNDATA = {"encoding-type": "anndata", "encoding-version": "0.1.0"}
ARRAY = {"encoding-type": "array", "encoding-version": "0.2.0"}


class CannotWriteMatrix(CurationError):
    """No room, or no permission, for the matrix."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of the file system into one that says what was being written."""
    try:
        yield
    except OSError as error:
        is_other_file = error.filename is not None and not str(error.filename).startswith(str(path.parent))
        if is_other_file or (error.errno is None and "space" not in str(error)):
            raise
        free = shutil.disk_usage(path.parent).free / 1e9 if path.parent.exists() else 0.0
        why = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        advice = (
            f"{free:.2f} GB are free; make room or choose another place"
            if error.errno in (None, errno.ENOSPC, errno.EDQUOT)
            else "choose another place"
        )
        raise CannotWriteMatrix(f"{path} cannot be written: {why}; {advice}") from error


def create(path: Path, n_samples: int, n_genes: int) -> int:
    """Make a file with room for X (n_samples, n_genes) float32, all of it reserved on the disk; returns the byte at which X begins.

    The matrix is not yet called X: the file cannot be taken for a compendium. Raises CannotWriteMatrix when the disk has no room.
    """
    with writing(path):
        offset = lay_out(path, n_samples, n_genes)
        with path.open("r+b") as raw:
            os.posix_fallocate(raw.fileno(), 0, max(offset + 4 * n_samples * n_genes, path.stat().st_size))
    return offset


def lay_out(path: Path, n_samples: int, n_genes: int) -> int:
    """The same file with holes in the place of X: what surrounds X, at its places."""
    with h5py.File(path, "w", alignment_threshold=min(ALIGNMENT, max(4 * n_samples * n_genes, 1)), alignment_interval=ALIGNMENT) as file:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_layout(h5py.h5d.CONTIGUOUS)
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        creation.set_obj_track_times(False)
        space = h5py.h5s.create_simple((n_samples, n_genes))
        dataset = h5py.h5d.create(file.id, UNFINISHED.encode(), h5py.h5t.IEEE_F32LE, space, dcpl=creation)
        return int(dataset.get_offset())


def finish(path: Path, obs: pd.DataFrame, var: pd.DataFrame, uns: Mapping[str, Any]) -> None:
    """Add obs, var and uns, and give the matrix its name. Raises CannotWriteMatrix."""
    from anndata.io import write_elem

    with writing(path):
        n_bytes = sum(int(frame.memory_usage(deep=True).sum()) for frame in (obs, var)) + sum(len(str(value)) for value in uns.values())
        room.reserve(path, 2 * n_bytes + room.HDF5_STRUCTURE)
    with writing(path), h5py.File(path, "r+") as file:
        write_elem(file, "obs", obs)
        write_elem(file, "var", var)
        write_elem(file, "uns", dict(uns))
        for name in ("layers", "obsm", "obsp", "varm", "varp"):
            write_elem(file, name, {})
        file[UNFINISHED].attrs.update(ARRAY)
        file.attrs.update(ANNDATA)
        file.move(UNFINISHED, "X")
    room.release(path)


def put_var(path: Path, columns: Mapping[str, NDArray[np.generic]]) -> None:
    """Write values over those of columns of var, which lie behind X: no other byte of the file changes. Raises CannotWriteMatrix."""
    with h5py.File(path, "r") as file:
        stored = {name: file["var"][name] for name in columns}
        places = {name: column.id.get_offset() for name, column in stored.items()}
        end = int(file["X"].id.get_offset() or 0) + file["X"].id.get_storage_size()
        wrong = [
            name for name, column in stored.items() if (places[name] or 0) < end or column.id.get_storage_size() != columns[name].nbytes
        ]
    if wrong:
        raise CannotWriteMatrix(f"{path}: {', '.join(wrong)} of var do not lie behind X as they should: a fault of this program, report it")
    with writing(path), path.open("r+b", buffering=0) as raw:
        for name, values in columns.items():
            os.pwrite(raw.fileno(), values.tobytes(), places[name])


def matrix_offset(path: Path) -> tuple[int, tuple[int, int]]:
    """Byte at which X begins, and its shape. Raises CannotWriteMatrix when X is not contiguous float32."""
    with h5py.File(path, "r") as file:
        return offset_in(file, path)


def offset_in(file: h5py.File, place: object) -> tuple[int, tuple[int, int]]:
    """The same of an open file, which is called `place` where X is not as it should be."""
    x = file.get("X")
    offset = x.id.get_offset() if isinstance(x, h5py.Dataset) and x.chunks is None and x.dtype == np.float32 else None
    if offset is None:
        raise CannotWriteMatrix(f"{place}: X is not contiguous float32; only the file that `curate build` wrote can be mapped")
    return int(offset), (int(x.shape[0]), int(x.shape[1]))


def open_matrix(path: Path) -> NDArray[np.float32]:
    """X of a compendium as a read-only memory map (n, g): rows cost no more than their bytes."""
    offset, shape = matrix_offset(path)
    return np.memmap(path, np.float32, "r", offset, shape)
