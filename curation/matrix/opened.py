"""A compendium that is read: obs, var and uns when they are asked for, X by its rows, from this disk or from behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.errors import CurationError
from curation.matrix.by_gene import BY_GENE
from curation.matrix.compendium import offset_in
from curation.matrix.counts import COUNTS
from curation.release import refuse_without_expression
from curation.remote.cache import Cached
from curation.remote.file import RangeFile
from curation.remote.place import Place, Remote
from profiles.claims import h5ad_fault
from profiles.hdf5_guard import Damaged, reading, said

if TYPE_CHECKING:
    import pandas as pd

COMPENDIUM = "compendium.h5ad"
FEW_COLUMNS = 32  # up to which the values of a row are asked for one by one, beyond it all between the first and the last


class CannotExport(CurationError):
    """The compendium cannot be read, or not be written in the wanted form."""


def name_of(file: Path | Cached | None) -> str:
    """What to call a file where something is wrong with it."""
    return file.url if isinstance(file, Cached) else str(file)


@contextmanager
def hdf5(file: Path | Cached) -> Iterator[h5py.File]:
    """An HDF5 file to read, wherever it lies. HDF5 says only that reading failed: what went wrong at the server is raised."""
    try:
        with h5py.File(file if isinstance(file, Path) else RangeFile(file), "r") as opened:
            yield opened
    except (OSError, RuntimeError, KeyError) as error:
        if isinstance(file, Cached) and file.fault is not None:
            raise file.fault from error
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise CannotExport(f"{file} is damaged ({said(error)}); copy or build it again") from error


class Tables:
    """obs, var and uns of a compendium, each read when it is first asked for, by `_element`."""

    @cached_property
    def obs(self) -> pd.DataFrame:
        """One row per sample."""
        return self._element("obs")

    @cached_property
    def var(self) -> pd.DataFrame:
        """One row per gene."""
        return self._element("var")

    @cached_property
    def uns(self) -> dict[str, Any]:
        """What the file says of itself."""
        return dict(self._element("uns"))

    def _element(self, name: str) -> Any:
        raise NotImplementedError


class RangedMatrix:
    """A contiguous float32 matrix (n, g) in a file behind HTTP: the rows that are indexed are brought, and read from their copy here."""

    def __init__(self, cached: Cached, offset: int, shape: tuple[int, int]) -> None:
        self.cached, self.offset, self.shape = cached, offset, shape

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        self.bring(np.arange(self.shape[0])[rows].ravel(), np.arange(self.shape[1])[columns].ravel())
        return np.array(np.memmap(self.cached.data, np.float32, "r", self.offset, self.shape)[key])

    def bring(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Have these values on this disk. Raises RangeFault."""
        if not columns.size:
            return
        starts = self.offset + 4 * self.shape[1] * np.asarray(rows, np.int64)
        ends = [(c, c + 1) for c in columns] if columns.size <= FEW_COLUMNS else [(columns.min(), columns.max() + 1)]
        self.cached.ensure((int(start + 4 * first), int(start + 4 * last)) for start in starts for first, last in ends)


Matrix = NDArray[np.float32] | RangedMatrix


@dataclass(frozen=True)
class Compendium(Tables):
    """A compendium of a folder, a file or an address; only what is asked for is read.

    path: the file on this disk; of one behind HTTP its sparse copy, which holds what was read. file: what to open.
    """

    path: Path
    file: Path | Cached
    by_gene: Path | Cached | None
    counts: Path | Cached | None
    offset: int
    shape: tuple[int, int]

    @classmethod
    def open(cls, place: Place) -> Compendium:
        """Raises CannotExport for what is no compendium with a contiguous X, NoExpression for labels only, RangeFault."""
        refuse_without_expression(place)
        file, by_gene, counts = _remote_files(place) if isinstance(place, Remote) else _files(place)
        with hdf5(file) as opened:
            offset, shape = offset_in(opened, place)
            if "split" not in opened["obs"]:
                raise CannotExport(f"{place} has no column `split` in obs; `curate import-csv` and `curate build` write it")
        return cls(file if isinstance(file, Path) else file.data, file, by_gene, counts, offset, shape)

    @cached_property
    def x(self) -> Matrix:
        """X (n, g): mapped, or brought by rows."""
        if isinstance(self.file, Cached):
            return RangedMatrix(self.file, self.offset, self.shape)
        return np.memmap(self.path, np.float32, "r", self.offset, self.shape)

    @cached_property
    def symbols(self) -> list[str]:
        """The genes, without the rest of var."""
        with hdf5(self.file) as opened:
            var = opened["var"]
            return [name.decode() if isinstance(name, bytes) else str(name) for name in var[var.attrs["_index"]][:]]

    @cached_property
    def unit(self) -> str:
        """Unit of X, as the file says; `unknown` where it does not."""
        return self._said("unit", "unknown")

    @cached_property
    def build_id(self) -> str:
        """Of which build it is; empty where it does not say."""
        return self._said("build_id", "")

    def _said(self, name: str, otherwise: str) -> str:
        with hdf5(self.file) as opened:
            value = opened["uns"][name][()] if name in opened.get("uns", {}) else otherwise
        return value.decode() if isinstance(value, bytes) else str(value)

    def _element(self, name: str) -> Any:
        from anndata.io import read_elem

        with hdf5(self.file) as opened:
            try:
                with reading():
                    return read_elem(opened[name])
            except Damaged as error:
                if isinstance(self.file, Cached) and self.file.fault is not None:
                    raise self.file.fault from error
                raise CannotExport(f"{self.file}: its {name} cannot be read ({error}); copy or build it again") from error


def _files(place: Path) -> tuple[Path, Path | None, Path | None]:
    path = place / COMPENDIUM if place.is_dir() else place
    if not path.is_file() or not h5py.is_hdf5(path):
        raise CannotExport(f"{path} is no compendium; give a release folder or its compendium.h5ad")
    if fault := h5ad_fault(path):
        raise CannotExport(f"{path}: {fault}; copy or build it again")
    by_gene, counts = (beside if (beside := path.with_name(name)).is_file() else None for name in (BY_GENE, COUNTS))
    return path, by_gene, counts


def _remote_files(place: Remote) -> tuple[Cached, Cached | None, Cached | None]:
    by_gene, counts = (place.file(name) if place.has(name) else None for name in (BY_GENE, COUNTS))
    return place.file(COMPENDIUM), by_gene, counts
