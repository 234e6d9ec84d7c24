"""Metadata of an outside cohort: a table beside the matrix, or the obs of an .h5ad; matched to the samples by id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modelling.errors import ModellingError
from profiles.metadata import is_missing, read_frame
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl


class MetadataError(ModellingError):
    """The metadata cannot be read or does not fit the cohort."""


def cohort_metadata(cohort: Path, metadata: Path | None) -> tuple[pl.DataFrame, list[str]]:
    """All columns as text ("" where nothing stands), and notes of the reading. Without a table, the obs of the cohort's .h5ad.

    Row names of R and the index of an obs are the column `sample_id`, unless one of that name is there. Raises MetadataError, and what
    profiles raises for a table that cannot be read.
    """
    import polars as pl

    if metadata is None and cohort.suffix.lower() != ".h5ad":
        raise MetadataError(f"{cohort.name}: categories are needed: give --metadata TABLE with one row per sample")
    found = read_frame(cohort if metadata is None else metadata)
    table = found.frame.with_columns(pl.all().fill_null(""))
    if found.has_row_names and "sample_id" not in table.columns:
        table = table.rename({table.columns[0]: "sample_id"})
    return table, list(found.notes)


def match(table: pl.DataFrame, sample_ids: list[str], wanted: str, sample_column: str | None = None) -> dict[str, str]:
    """Sample id -> value of column `wanted`, for samples that the table holds; a word that says that nothing is known (NA, unknown) is "".

    The id column is `sample_column` or the one that holds the most of the sample ids. Raises MetadataError.
    """
    for column in (wanted, *([sample_column] if sample_column else [])):
        if column not in table.columns:
            raise MetadataError(
                f"the metadata has no column {column!r}{near(column, table.columns)}; columns: {', '.join(table.columns[:12])}"
            )
    ids = set(sample_ids)
    counts = {column: len(ids & set(table[column])) for column in ([sample_column] if sample_column else table.columns)}
    best = max(counts, key=lambda column: counts[column])
    if not counts[best]:
        raise MetadataError(f"no metadata column holds any of the {len(ids):,} sample ids, first: {sample_ids[:3]}; name it with --id")
    keys, values = table[best].to_numpy(), table[wanted].to_numpy()
    found: dict[str, str] = {}
    for key, value in zip(keys, values, strict=True):
        known = "" if is_missing(value) else str(value)
        if key in ids and found.setdefault(str(key), known) != known:
            raise MetadataError(f"the metadata gives sample {key!r} two values of {wanted!r}: {found[str(key)]!r} and {value!r}")
    return found


def keep(table: pl.DataFrame, conditions: list[str]) -> pl.DataFrame:
    """Rows that meet every COLUMN=VALUE. Raises MetadataError."""
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals or column not in table.columns:
            raise MetadataError(
                f"--where takes COLUMN=VALUE with a column of the metadata, got {condition!r}{near(column, table.columns)}; "
                f"columns: {', '.join(table.columns[:12])}"
            )
        chosen = np.array([text == value for text in table[column]])
        if not chosen.any():
            held = sorted(set(table[column]))
            raise MetadataError(f"--where {condition}: no row{near(value, held)}; values of {column!r}: {', '.join(held[:8])}")
        table = table.filter(chosen)
    return table
