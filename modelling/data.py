"""Reads a compendium: obs and genes as arrays, expression by rows straight from the file, batches in bounded memory."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from modelling.claims import h5ad_fault
from modelling.errors import ModellingError

SPLITS = ("train", "validation", "test", "unlabelled")
Array = NDArray[Any]


class CompendiumError(ModellingError):
    """The file is not a compendium that can be read, or lacks what was asked of it."""


@dataclass
class Compendium:
    """One open compendium file (.h5ad).

    obs: column -> array (n_samples), strings as str with "" for missing; genes: symbols of the genes kept for modelling, in the order of
    `x`; tissues: sorted names of the tissues that the training part holds; notes: what was missing in the file and done instead.
    """

    path: Path
    obs: dict[str, Array]
    genes: Array
    var: dict[str, Array]
    uns: dict[str, Any]
    tissues: list[str]
    notes: list[str]
    _columns: Array
    _n_columns: int
    _descriptor: int
    _offset: int
    _moments: tuple[Array, Array] | None = field(default=None, repr=False)

    @classmethod
    def open(cls, path: str | Path) -> Compendium:
        """Open `path`; CompendiumError when it is missing, damaged, or has no obs `tissue` and `split`."""
        path = Path(path)
        if not path.is_file():
            raise CompendiumError(f"{path}: no such file")
        try:
            fault = h5ad_fault(path)
            if fault:
                raise CompendiumError(f"{path}: {fault}; copy or build it again")
            with h5py.File(path) as file:
                return _open(path, file)
        except OSError as error:
            raise CompendiumError(f"{path}: not a readable HDF5 file ({error}); is it a complete .h5ad?") from error

    @property
    def n_samples(self) -> int:
        return len(self.obs["split"])

    @property
    def sample_ids(self) -> Array:
        return self.obs["sample_id"]

    @property
    def unit(self) -> str:
        return str(self.uns.get("unit", "unknown"))

    def rows(self, split: str, *, labelled: bool = False) -> NDArray[np.int64]:
        """Row numbers of a split, in file order; with `labelled` only those whose tissue the training part knows."""
        if split not in SPLITS:
            raise CompendiumError(f"no split named {split!r}; there are: {', '.join(SPLITS)}")
        chosen = self.obs["split"] == split
        return np.flatnonzero(chosen & (self.targets >= 0) if labelled else chosen)

    def trainable_unlabelled(self) -> NDArray[np.int64]:
        """Unlabelled rows that training may see: those of a study, donor or patient that is held out would leak it."""
        rows = self.rows("unlabelled")
        if "group_id" not in self.obs:
            return rows
        held_out = np.isin(self.obs["split"], ("validation", "test")) & (self.obs["group_id"] != "")
        leaks = np.isin(self.obs["group_id"][rows], self.obs["group_id"][held_out])
        if leaks.any():
            self.notes.append(f"{int(leaks.sum())} of {len(rows)} unlabelled samples are not trained on: their group is held out")
        return rows[~leaks]

    @property
    def targets(self) -> NDArray[np.int64]:
        """Index into `tissues` per sample; -1 where unlabelled or unknown to the training part."""
        index = {tissue: i for i, tissue in enumerate(self.tissues)}
        return np.array([index.get(tissue, -1) for tissue in self.obs["tissue"]], dtype=np.int64)

    def tissue_counts(self) -> NDArray[np.int64]:
        """Training samples per tissue (t)."""
        return np.bincount(self.targets[self.rows("train", labelled=True)], minlength=len(self.tissues))

    def x(self, rows: Sequence[int] | Array, genes: Sequence[str] | Array | None = None) -> NDArray[np.float32]:
        """Expression (n, g) float32 in the file's unit, NaN = not measured.

        `genes` asks for other genes or another order: genes that the file lacks come as NaN.
        """
        full = self._read(np.asarray(rows, dtype=np.int64))
        if genes is None:
            return full if len(self._columns) == self._n_columns else np.ascontiguousarray(full[:, self._columns])
        index = dict(zip(self.var["symbol"], range(self._n_columns), strict=True))
        wanted = np.array([index.get(symbol, -1) for symbol in genes], dtype=np.int64)
        return np.where(wanted >= 0, full[:, np.maximum(wanted, 0)], np.float32(np.nan))

    def blocks(
        self, rows: Array, size: int = 256, genes: Sequence[str] | Array | None = None
    ) -> Iterator[tuple[Array, NDArray[np.float32]]]:
        """(rows, x) in pieces of at most `size` rows: bounded memory for any pass over a split."""
        for start in range(0, len(rows), size):
            piece = rows[start : start + size]
            yield piece, self.x(piece, genes)

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation per gene (g) of the training rows, from the file where it states them."""
        if self._moments is None:
            stated = "train_mean" in self.var and "train_std" in self.var
            mean, std = (self.var["train_mean"][self._columns], self.var["train_std"][self._columns]) if stated else _moments(self)
            if not stated:
                self.notes.append("no train_mean and train_std in var: computed from the training rows")
            mean, std = np.nan_to_num(mean), np.nan_to_num(std)
            self._moments = mean.astype(np.float32), np.where(std > 0, std, 1.0).astype(np.float32)
        return self._moments

    def hold_out_validation(self, seed: int, share: float = 0.1) -> None:
        """Where the file has no labelled validation sample, make whole groups of training samples validation, in memory, and say so in `notes`.

        Groups are those of the first of group_id, series_id, donor_id that obs has, else samples; they are drawn by md5(seed || group), so a
        larger share keeps the groups of a smaller one. Raises CompendiumError when there is one group only.
        """
        if len(self.rows("validation", labelled=True)):
            return
        column = next((name for name in ("group_id", "series_id", "donor_id") if name in self.obs), "sample_id")
        train = self.rows("train", labelled=True)
        groups = self.obs[column][train].astype(str)
        names = sorted(set(groups), key=lambda name: (hashlib.md5(f"{seed}{name}".encode(), usedforsecurity=False).hexdigest(), name))
        if len(names) < 2:
            raise CompendiumError(
                f"{self.path}: no validation sample, and all training samples are of one {column}: nothing can be held out"
            )
        sizes = np.cumsum([int((groups == name).sum()) for name in names])
        chosen = names[: min(len(names) - 1, int(np.searchsorted(sizes, share * len(train))) + 1)]
        held_out = train[np.isin(groups, chosen)]
        self.obs["split"] = self.obs["split"].copy()
        self.obs["split"][held_out] = "validation"
        self.tissues = sorted(set(self.obs["tissue"][self.rows("train")]) - {""})
        self.notes.append(
            f"no labelled validation sample: {len(held_out)} training samples ({len(chosen)} of {len(names)} by {column}) are held out instead"
        )

    def kept_var(self, name: str) -> Array:
        """A column of var (g) for the genes of `x`."""
        return self.var[name][self._columns]

    def sha256(self) -> str:
        """Checksum of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Compendium:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _read(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of the matrix by positioned reads: only what is asked for enters memory, and nothing stays mapped."""
        if self._descriptor < 0:
            raise CompendiumError(f"{self.path}: closed")
        if len(rows) and (rows.min() < 0 or rows.max() >= self.n_samples):
            raise CompendiumError(f"{self.path}: rows {rows.min()}..{rows.max()} asked for, the file holds 0..{self.n_samples - 1}")
        out = np.empty((len(rows), self._n_columns), dtype="<f4")
        width = self._n_columns * 4
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        for start, stop in zip(np.r_[0, breaks], np.r_[breaks, len(rows)], strict=True):
            if stop > start:
                _read_whole(self._descriptor, out[start:stop], self._offset + int(rows[start]) * width, self.path)
        return out


def _read_whole(descriptor: int, target: NDArray[np.float32], offset: int, path: Path) -> None:
    """Fill `target` from `offset`; one call may return less than asked (2 GiB limit, signals)."""
    view, done = target.view(np.uint8).reshape(-1).data, 0
    while done < len(view):
        count = os.preadv(descriptor, [view[done:]], offset + done)
        if count == 0:
            raise CompendiumError(f"{path}: ends before its matrix does ({len(view) - done} bytes missing); copy or build it again")
        done += count


def _open(path: Path, file: h5py.File) -> Compendium:
    from anndata.io import read_elem

    for name in ("X", "obs", "var"):
        if name not in file:
            raise CompendiumError(f"{path}: no /{name}; a compendium is an .h5ad with X, obs and var (see `curate export --help`)")
    notes: list[str] = []
    obs_frame, var_frame = read_elem(file["obs"]), read_elem(file["var"])
    obs = {"sample_id": _plain(obs_frame.index)} | {name: _plain(obs_frame[name]) for name in obs_frame.columns}
    var = {"symbol": _plain(var_frame.index)} | {name: _plain(var_frame[name]) for name in var_frame.columns}
    _check(path, obs, var)
    labelled = (obs["split"] == "train") & (obs["tissue"] != "")
    if not labelled.any():
        raise CompendiumError(f"{path}: no labelled sample in split 'train'; splits found: {sorted(set(obs['split']))}")
    kept = var["kept"].astype(bool) if "kept" in var else np.ones(len(var["symbol"]), dtype=bool)
    if not kept.all():
        notes.append(f"{int((~kept).sum())} of {len(kept)} genes left out: near-zero variance on the training rows (var `kept`)")
    descriptor, offset, shape, note = _matrix(path, file)
    if shape != (len(obs["split"]), len(var["symbol"])):
        os.close(descriptor)
        raise CompendiumError(f"{path}: X is {shape}, obs and var say {(len(obs['split']), len(var['symbol']))}")
    if note:
        notes.append(note)
    columns = np.flatnonzero(kept)
    tissues = sorted(set(obs["tissue"][labelled]))
    return Compendium(path, obs, var["symbol"][columns], var, _uns(file), tissues, notes, columns, shape[1], descriptor, offset)


def _check(path: Path, obs: dict[str, Array], var: dict[str, Array]) -> None:
    missing = [name for name in ("tissue", "split") if name not in obs]
    if missing:
        raise CompendiumError(f"{path}: obs has no {' and no '.join(missing)}; columns: {', '.join(obs)}")
    strange = sorted(set(obs["split"]) - set(SPLITS) - {""})
    if strange:
        raise CompendiumError(f"{path}: obs `split` holds {strange[:3]}; allowed: {', '.join(SPLITS)}")
    symbols, counts = np.unique(var["symbol"].astype(str), return_counts=True)
    if (counts > 1).any():
        raise CompendiumError(f"{path}: {int((counts > 1).sum())} gene names occur twice, first: {symbols[counts > 1][:3].tolist()}")


def _plain(column: Any) -> Array:
    """A pandas column as an array; text and categories become str, missing text becomes ""."""
    if column.dtype.kind in "biuf":
        return np.asarray(column.to_numpy())
    values = column.astype(object).to_numpy()
    if all(isinstance(value, bool | np.bool_) for value in values):
        return np.array(values, dtype=bool)
    missing = column.isna()  # None, NaN, and pandas.NA of nullable columns, which compares to neither
    return np.array(["" if absent else str(value) for value, absent in zip(values, missing, strict=True)], dtype=object)


def _uns(file: h5py.File) -> dict[str, Any]:
    """The scalar and JSON entries of uns."""
    from anndata.io import read_elem

    values = {}
    for name, value in (read_elem(file["uns"]) if "uns" in file else {}).items():
        text = value.decode() if isinstance(value, bytes) else value
        try:
            values[name] = json.loads(text) if isinstance(text, str) and text[:1] in ("{", "[") else text
        except json.JSONDecodeError as error:
            raise CompendiumError(f"{file.filename}: uns `{name}` is not JSON: {error}") from error
    return values


def _matrix(path: Path, file: h5py.File) -> tuple[int, int, tuple[int, int], str]:
    """A descriptor and offset from which float32 rows can be read, the shape, and a note where a copy was needed.

    A contiguous little-endian float32 X is read in place. Anything else (chunked, compressed, sparse, float64) is unpacked once, block by
    block, into an unnamed temporary file, so that every later pass costs the same.
    """
    x = file["X"]
    if isinstance(x, h5py.Dataset):
        if x.ndim != 2:
            raise CompendiumError(f"{path}: X has {x.ndim} dimensions, 2 are needed")
        if x.chunks is None and x.dtype == np.dtype("<f4") and x.id.get_offset() is not None:
            return os.open(path, os.O_RDONLY), x.id.get_offset(), x.shape, ""
        shape: tuple[int, int] = x.shape
        rows = x.chunks[0] if x.chunks else 256
    else:
        from anndata.io import sparse_dataset

        x = sparse_dataset(x)
        shape, rows = x.shape, 256
    with tempfile.TemporaryFile(prefix="bulkatlas-") as copy:
        for start in range(0, shape[0], max(rows, 64 // rows * rows)):
            block = x[start : start + max(rows, 64 // rows * rows)]
            dense = block if isinstance(block, np.ndarray) else block.toarray()
            copy.write(np.ascontiguousarray(dense, dtype="<f4").tobytes())
        copy.flush()
        size = shape[0] * shape[1] * 4
        return (
            os.dup(copy.fileno()),
            0,
            shape,
            f"X is not a contiguous float32 matrix: unpacked once to a temporary file ({size / 1e6:.0f} MB)",
        )


def _moments(compendium: Compendium) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation per gene over measured training values: one pass, blocks merged by Chan's formula."""
    n = np.zeros(len(compendium.genes))
    mean, m2 = np.zeros_like(n), np.zeros_like(n)
    for _, x in compendium.blocks(compendium.rows("train")):
        seen = ~np.isnan(x)
        k = seen.sum(0)
        block = x.astype(np.float64)
        if np.isinf(block).any():
            wrong = compendium.genes[np.isinf(block).any(0)]
            raise CompendiumError(
                f"{compendium.path}: infinite values in {len(wrong)} genes of the training rows, first: {list(wrong[:3])}"
            )
        block_mean = np.where(seen, block, 0).sum(0) / np.maximum(k, 1)
        block_m2 = (np.where(seen, block - block_mean, 0) ** 2).sum(0)
        delta, total = block_mean - mean, np.maximum(n + k, 1)
        mean += delta * k / total
        m2 += block_m2 + delta**2 * n * k / total
        n += k
    return mean, np.sqrt(m2 / np.maximum(n, 1))
