"""Metadata of an outside cohort: a table beside the matrix, or the obs of an .h5ad; matched to the samples by id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modelling.errors import ModellingError

if TYPE_CHECKING:
    import polars as pl


class MetadataError(ModellingError):
    """The metadata cannot be read or does not fit the cohort."""


def read_metadata(cohort: Path, metadata: Path | None) -> pl.DataFrame:
    """All columns as text. Without a table, the obs of the cohort's .h5ad with its index as `sample_id`. Raises MetadataError."""
    import polars as pl

    if metadata is None:
        if cohort.suffix != ".h5ad":
            raise MetadataError(f"{cohort.name}: categories are needed: give --metadata TABLE with one row per sample")
        return _obs(cohort)
    if not metadata.is_file():
        raise MetadataError(f"{metadata}: no such file")
    if metadata.suffix == ".parquet":
        table = pl.read_parquet(metadata)
    else:
        separator = "," if ".csv" in metadata.suffixes else "\t"
        table = pl.read_csv(
            metadata, separator=separator, infer_schema=False, encoding="utf8-lossy", quote_char=None if separator == "\t" else '"'
        )
    return table.with_columns(pl.all().cast(pl.String).fill_null(""))


def _obs(path: Path) -> pl.DataFrame:
    import h5py
    import polars as pl
    from anndata.io import read_elem

    try:
        with h5py.File(path) as file:
            frame = read_elem(file["obs"])
    except (OSError, KeyError) as error:
        raise MetadataError(f"{path}: not a readable .h5ad ({error})") from error
    columns = {"sample_id": frame.index.astype(str).tolist()}
    columns |= {
        name: ["" if absent else str(value) for value, absent in zip(frame[name].astype(object), frame[name].isna(), strict=True)]
        for name in frame.columns
        if name != "sample_id"
    }
    return pl.DataFrame(columns)


def match(table: pl.DataFrame, sample_ids: list[str], wanted: str, sample_column: str | None = None) -> dict[str, str]:
    """Sample id -> value of column `wanted`, for samples that the table holds.

    The id column is `sample_column` or the one that holds the most of the sample ids. Raises MetadataError.
    """
    for column in (wanted, *([sample_column] if sample_column else [])):
        if column not in table.columns:
            raise MetadataError(f"the metadata has no column {column!r}; columns: {', '.join(table.columns[:12])}")
    ids = set(sample_ids)
    counts = {column: len(ids & set(table[column])) for column in ([sample_column] if sample_column else table.columns)}
    best = max(counts, key=lambda column: counts[column])
    if not counts[best]:
        raise MetadataError(
            f"no metadata column holds any of the {len(ids):,} sample ids, first: {sample_ids[:3]}; name it with --sample-column"
        )
    keys, values = table[best].to_numpy(), table[wanted].to_numpy()
    found: dict[str, str] = {}
    for key, value in zip(keys, values, strict=True):
        if key in ids and found.setdefault(str(key), str(value)) != value:
            raise MetadataError(f"the metadata gives sample {key!r} two values of {wanted!r}: {found[str(key)]!r} and {value!r}")
    return found


def keep(table: pl.DataFrame, conditions: list[str]) -> pl.DataFrame:
    """Rows that meet every COLUMN=VALUE. Raises MetadataError."""
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals or column not in table.columns:
            raise MetadataError(
                f"--where takes COLUMN=VALUE with a column of the metadata, got {condition!r}; columns: {', '.join(table.columns[:12])}"
            )
        chosen = np.array([text == value for text in table[column]])
        if not chosen.any():
            raise MetadataError(f"--where {condition}: no row; values of {column!r}: {', '.join(sorted(set(table[column]))[:8])}")
        table = table.filter(chosen)
    return table
