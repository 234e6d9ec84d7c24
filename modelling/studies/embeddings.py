"""Reads embeddings made by other models, matched to the compendium by sample id."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from modelling.arrays import Floats
from modelling.errors import ModellingError
from profiles.claims import h5ad_fault
from profiles.hdf5_guard import Damaged, reading
from profiles.nearest import near


class EmbeddingError(ModellingError):
    """A file is no embedding of this compendium's samples."""


def read_embedding(path: Path, sample_ids: np.ndarray) -> Floats:
    """One row per sample of `sample_ids`, in that order: (n, k) float32.

    .npy: (n, k), with the ids line by line in a file of the same name ending in .ids.txt; .parquet: a column sample_id, all others numbers;
    .h5ad: obs names and X, or FILE.h5ad:KEY for obsm. Raises EmbeddingError where a sample is missing or doubled, or a value is no number.
    """
    name, _, key = str(path).partition(".h5ad:")
    path = Path(name + ".h5ad") if key else path
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    readers = {".npy": _from_npy, ".parquet": _from_parquet}
    if path.suffix == ".h5ad":
        ids, values = _from_h5ad(path, key)
    elif path.suffix in readers:
        ids, values = readers[path.suffix](path)
    else:
        raise EmbeddingError(f"{path}: embeddings are read from .npy, .parquet or .h5ad, not {path.suffix or 'files without an ending'}")
    if values.ndim != 2 or len(ids) != len(values):
        raise EmbeddingError(f"{path}: {len(ids):,} ids for an array of shape {values.shape}; one row per id is needed")
    return _in_order(path, ids, values, sample_ids)


def _in_order(path: Path, ids: np.ndarray, values: Floats, sample_ids: np.ndarray) -> Floats:
    place = {str(name): row for row, name in enumerate(ids)}
    if len(place) < len(ids):
        raise EmbeddingError(f"{path}: {len(ids) - len(place):,} of {len(ids):,} sample ids occur twice")
    missing = [str(name) for name in sample_ids if str(name) not in place]
    if missing:
        raise EmbeddingError(
            f"{path}: {len(missing):,} of {len(sample_ids):,} labelled samples of the compendium have no embedding, first: {missing[:3]}; "
            "embed all training and test samples, so that every method is scored on the same ones"
        )
    chosen = np.asarray(values[[place[str(name)] for name in sample_ids]], np.float32)
    bad = int((~np.isfinite(chosen)).any(axis=1).sum())
    if bad:
        raise EmbeddingError(f"{path}: {bad:,} samples hold values that are not finite numbers")
    return chosen


def _from_npy(path: Path) -> tuple[np.ndarray, Floats]:
    ids_path = path.with_suffix(".ids.txt")
    if not ids_path.is_file():
        raise EmbeddingError(f"{path}: needs the sample ids, one a line in row order, in {ids_path.name} beside it")
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)  # in place: a head that claims more than the file holds takes no memory
    except (ValueError, EOFError, TypeError) as error:
        raise EmbeddingError(f"{path}: not a plain .npy array ({error})") from error
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "fiu":
        raise EmbeddingError(f"{path}: not one .npy array of numbers with a row per sample")
    try:
        ids = ids_path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise EmbeddingError(f"{ids_path}: is no UTF-8 text ({error.reason}, byte {error.start:,})") from error
    return np.array(ids[: len(values)], dtype=object), values


def _from_parquet(path: Path) -> tuple[np.ndarray, Floats]:
    import polars as pl

    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise EmbeddingError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from error
    if "sample_id" not in table.columns:
        raise EmbeddingError(f"{path}: no column sample_id{near('sample_id', table.columns)}; columns: {', '.join(table.columns[:5])}")
    numbers = table.drop("sample_id")
    wrong = [column for column, kind in numbers.schema.items() if not kind.is_numeric()]
    if wrong:
        raise EmbeddingError(f"{path}: {len(wrong)} columns are not numbers, first: {wrong[:3]}")
    return table["sample_id"].cast(pl.String).to_numpy(), numbers.to_numpy()


def _from_h5ad(path: Path, key: str) -> tuple[np.ndarray, Floats]:
    from anndata.io import read_elem

    try:
        fault = h5ad_fault(path)
        if fault:
            raise EmbeddingError(f"{path}: {fault}; write it again with anndata")
        with reading(), h5py.File(path) as file:
            ids = read_elem(file["obs"]).index.to_numpy(dtype=object)
            available = list(file["obsm"]) if "obsm" in file else []
            if key and key not in available:
                raise EmbeddingError(f"{path}: no obsm {key!r}{near(key, available)}; there are: {', '.join(available) or 'none'}")
            values = read_elem(file["obsm"][key] if key else file["X"])
            values = np.asarray(values if isinstance(values, np.ndarray) else values.toarray())
    except (OSError, Damaged) as error:
        raise EmbeddingError(f"{path}: not a readable .h5ad file ({error})") from error
    return ids, values
