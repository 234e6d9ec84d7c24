"""Reads a compendium: obs and genes as arrays, its parts decided, expression by rows straight from the file in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from modelling import parts, sealed
from modelling.arrays import Array
from modelling.h5ad import CompendiumError, Rows, as_text_or_numbers, open_rows, read_uns
from profiles.claims import h5ad_fault
from profiles.filenames import no_file
from profiles.hdf5_guard import Damaged, reading
from profiles.versions import newer_release

TUMOUR = {"true": "tumour", "1": "tumour", "1.0": "tumour", "tumor": "tumour", "tumour": "tumour"}
NORMAL = {"false": "normal", "0": "normal", "0.0": "normal", "normal": "normal"}


@dataclass
class Compendium:
    """One open compendium file (.h5ad).

    obs: column -> array (n_samples), strings as str with "" for missing, `split` as decided by `parts`; genes: symbols of the genes kept for
    modelling, in the order of `x`; tissues: sorted names of the tissues that the training part holds; notes: what was missing in the file and
    done instead.
    """

    path: Path
    obs: dict[str, Array]
    genes: Array
    var: dict[str, Array]
    uns: dict[str, Any]
    tissues: list[str]
    notes: list[str]
    _columns: Array
    _rows: Rows
    _moments: tuple[Array, Array] | None = field(default=None, repr=False)
    verify: bool = False
    _closed: bool = field(default=False, repr=False)

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = False) -> Compendium:
        """Open `path`; CompendiumError when it is missing, damaged, or has no obs `tissue` and `split`.

        With `verify` all of it is held against the manifest of its release, not a sample.
        """
        path = Path(path)
        if not path.is_file():
            raise CompendiumError(f"{path}: {no_file(path)}")
        try:
            fault = h5ad_fault(path)
            if fault:
                raise CompendiumError(f"{path}: {fault}; copy or build it again")
            with h5py.File(path) as file:
                opened = _open(path, file)
                opened.verify = verify
                return opened
        except OSError as error:
            raise CompendiumError(f"{path}: not a readable HDF5 file ({error}); is it a complete .h5ad?") from error

    @property
    def n_samples(self) -> int:
        """Samples of all parts together."""
        return len(self.obs["split"])

    @property
    def sample_ids(self) -> Array:
        """Sample ids (n_samples), as text."""
        return self.obs["sample_id"]

    @property
    def unit(self) -> str:
        """Unit of `x`, as `log2(TPM+1)`; "unknown" where the file does not say."""
        return str(self.uns.get("unit", "unknown"))

    @property
    def build_id(self) -> str:
        """Id of the build that made the file; empty where it does not say."""
        found = self.uns.get("build_id", "")
        return found if isinstance(found, str) else ""

    @property
    def simulated(self) -> bool:
        """Whether the file says that its samples were made up."""
        return str(self.uns.get("simulated", False)).lower() in ("true", "1")

    def rows(self, split: str, *, labelled: bool = False) -> NDArray[np.int64]:
        """Row numbers of a split, in file order; with `labelled` only those whose tissue the training part knows."""
        if split not in parts.SPLITS:
            raise CompendiumError(f"no split named {split!r}; there are: {', '.join(parts.SPLITS)}")
        chosen = self.obs["split"] == split
        return np.flatnonzero(chosen & (self.targets >= 0) if labelled else chosen)

    def trainable_unlabelled(self) -> NDArray[np.int64]:
        """Unlabelled rows that training may see: those of a study, donor or patient that is held out would leak it."""
        return np.flatnonzero((self.obs["split"] == "unlabelled") & ~parts.leaks(self.obs, self.obs["split"]))

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Index into `tissues` per sample; -1 where unlabelled or unknown to the training part."""
        index = {tissue: i for i, tissue in enumerate(self.tissues)}
        return np.array([index.get(tissue, -1) for tissue in self.obs["tissue"]], dtype=np.int64)

    def tissue_counts(self) -> NDArray[np.int64]:
        """Training samples per tissue (t)."""
        return np.bincount(self.targets[self.rows("train", labelled=True)], minlength=len(self.tissues))

    def text(self, name: str, rows: Array | None = None) -> Array:
        """An obs column as text for some rows (all without `rows`); empty text where the file lacks the column."""
        if name not in self.obs:
            return np.full(self.n_samples if rows is None else len(rows), "", dtype=object)
        return (self.obs[name] if rows is None else self.obs[name][rows]).astype(str).astype(object)

    def conditions(self, rows: Array) -> Array:
        """ "tumour", "normal" or "unknown" of each row, from obs `is_tumour` or, in other people's files, `condition`."""
        words = TUMOUR | NORMAL
        name = "is_tumour" if "is_tumour" in self.obs else "condition"
        return np.array([words.get(value.lower(), "unknown") for value in self.text(name, rows)], dtype=object)

    def x(self, rows: Sequence[int] | Array, genes: Sequence[str] | Array | None = None) -> NDArray[np.float32]:
        """Expression (n, g) float32 in the file's unit, NaN = not measured.

        `genes` asks for other genes or another order: genes that the file lacks come as NaN.
        """
        if self._closed:
            raise CompendiumError(f"{self.path}: closed")
        n_columns = self._rows.shape[1]
        chosen = np.asarray(rows, dtype=np.int64)
        full = self._rows.read(chosen, self.path)
        self._refuse_what_is_no_expression(chosen, full)
        if genes is None:
            return full if len(self._columns) == n_columns else np.ascontiguousarray(full[:, self._columns])
        index = dict(zip(self.var["symbol"], range(n_columns), strict=True))
        wanted = np.array([index.get(symbol, -1) for symbol in genes], dtype=np.int64)
        if np.array_equal(wanted, np.arange(n_columns)):
            return full
        found = np.take(full, np.maximum(wanted, 0), axis=1)
        found[:, wanted < 0] = np.nan
        return found

    def _refuse_what_is_no_expression(self, rows: NDArray[np.int64], full: NDArray[np.float32]) -> None:
        """Raise CompendiumError for infinite values, and for values below 0 in a logarithm of 1 and more; a row is looked at when it is first read."""
        new = ~self._looked[rows]
        if not new.any() or not full.size:
            return
        part = full if new.all() else full[new]
        low, high = part.min(), part.max()
        if np.isnan(low):
            low, high = np.fmin.reduce(part, axis=None), np.fmax.reduce(part, axis=None)
        if np.isnan(low):
            raise CompendiumError(
                f"{self.path}: X holds no value of any gene in {int(new.sum()):,} samples that are read; build or copy it again"
            )
        is_log = self.unit.startswith("log2(")
        if np.isinf(low) or np.isinf(high) or (is_log and low < 0):
            wrong = np.isinf(part) | ((part < 0) if is_log else False)
            row, column = np.argwhere(wrong)[0]
            sample, gene = self.sample_ids[rows[new][row]], self.var["symbol"][column]
            scaled = " (are they z-scores, or centred?)" if low < 0 else ""
            raise CompendiumError(
                f"{self.path}: {int(wrong.sum()):,} values of {int(wrong.any(axis=1).sum()):,} samples are infinite{' or below 0' if is_log else ''}, "
                f"first: {part[row, column]} of {gene} in {sample}; X in {self.unit} holds no such value{scaled}: build or copy it again"
            )
        self._looked[rows] = True

    @cached_property
    def _looked(self) -> NDArray[np.bool_]:
        """Which rows were looked at already."""
        return np.zeros(self.n_samples, dtype=bool)

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

    def kept_var(self, name: str) -> Array:
        """A column of var (g) for the genes of `x`."""
        return self.var[name][self._columns]

    def sha256(self) -> str:
        """Checksum of the file; of one in a release a sample of blocks is read (`sealed.identity`). Raises CompendiumError where it was changed."""
        return sealed.identity(self.path, whole=self.verify)

    def close(self) -> None:
        """Give the file back; reading `x` afterwards is a CompendiumError."""
        if not self._closed:
            os.close(self._rows.descriptor)
            self._closed = True

    def __enter__(self) -> Compendium:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _open(path: Path, file: h5py.File) -> Compendium:
    from anndata.io import read_elem

    for name in ("X", "obs", "var"):
        if name not in file:
            raise CompendiumError(f"{path}: no /{name}; a compendium is an .h5ad with X, obs and var (see `curate export --help`)")
    try:
        with reading():
            obs_frame, var_frame = read_elem(file["obs"]), read_elem(file["var"])
    except Damaged as error:
        raise CompendiumError(f"{path}: its obs or var cannot be read ({error}); copy or build it again") from error
    obs = {"sample_id": as_text_or_numbers(obs_frame.index)} | {name: as_text_or_numbers(obs_frame[name]) for name in obs_frame.columns}
    var = {"symbol": as_text_or_numbers(var_frame.index)} | {name: as_text_or_numbers(var_frame[name]) for name in var_frame.columns}
    uns = read_uns(file)
    if why := newer_release(uns.get("schema_version")):
        raise CompendiumError(f"{path} {why}")
    if "class" in obs and _level(uns) == "term":  # what a model learns is called tissue here, however fine it is
        obs |= {"category": obs["tissue"], "tissue": obs["class"]}
    _check(path, obs, var)
    notes: list[str] = []
    kept = var["kept"].astype(bool) if "kept" in var else np.ones(len(var["symbol"]), dtype=bool)
    if not kept.all():
        notes.append(f"{int((~kept).sum())} of {len(kept)} genes left out: near-zero variance on the training rows (var `kept`)")
    rows = open_rows(path, file)
    if rows.shape != (len(obs["split"]), len(var["symbol"])):
        os.close(rows.descriptor)
        raise CompendiumError(f"{path}: X is {rows.shape}, obs and var say {(len(obs['split']), len(var['symbol']))}")
    notes += [rows.note] if rows.note else []
    obs["split"], decided = parts.decide(obs)
    notes += decided
    leaking = int(parts.leaks(obs, obs["split"]).sum())
    if leaking:
        n = int((obs["split"] == "unlabelled").sum())
        notes.append(f"{leaking} of {n} unlabelled samples are not trained on: their group is held out")
    tissues = sorted(set(obs["tissue"][(obs["split"] == "train") & (obs["tissue"] != "")]))
    columns = np.flatnonzero(kept)
    return Compendium(path, obs, var["symbol"][columns], var, uns, tissues, notes, columns, rows)


def _level(uns: dict[str, Any]) -> str:
    """`term` for a compendium whose classes are finer than the tissues (`curate build --level term`)."""
    parameters = uns.get("parameters")
    return str(parameters.get("level", "")) if isinstance(parameters, dict) else ""


def _check(path: Path, obs: dict[str, Array], var: dict[str, Array]) -> None:
    missing = [name for name in ("tissue", "split") if name not in obs]
    if missing:
        raise CompendiumError(f"{path}: obs has no {' and no '.join(missing)}; columns: {', '.join(obs)}")
    strange = sorted(set(obs["split"]) - set(parts.SPLITS) - {""})
    if strange:
        raise CompendiumError(f"{path}: obs `split` holds {strange[:3]}; allowed: {', '.join(parts.SPLITS)}")
    symbols, counts = np.unique(var["symbol"].astype(str), return_counts=True)
    if (counts > 1).any():
        raise CompendiumError(f"{path}: {int((counts > 1).sum())} gene names occur twice, first: {symbols[counts > 1][:3].tolist()}")
    if not ((obs["split"] == "train") & (obs["tissue"] != "")).any():
        raise CompendiumError(f"{path}: no labelled sample in split 'train'; splits found: {sorted(set(obs['split']))}")


def _moments(compendium: Compendium) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation per gene over measured training values: one pass, blocks merged by Chan's formula.

    scikit-learn's StandardScaler.partial_fit gives NaN for a gene that no sample of the first block measures, so it cannot stand here.
    """
    n = np.zeros(len(compendium.genes))
    mean, m2 = np.zeros_like(n), np.zeros_like(n)
    for _, x in compendium.blocks(compendium.rows("train")):
        seen = ~np.isnan(x)
        k = seen.sum(0)
        block = x.astype(np.float64)
        block_mean = np.where(seen, block, 0).sum(0) / np.maximum(k, 1)
        block_m2 = (np.where(seen, block - block_mean, 0) ** 2).sum(0)
        delta, total = block_mean - mean, np.maximum(n + k, 1)
        mean += delta * k / total
        m2 += block_m2 + delta**2 * n * k / total
        n += k
    return mean, np.sqrt(m2 / np.maximum(n, 1))
