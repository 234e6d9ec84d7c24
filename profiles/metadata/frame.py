"""A table about samples as text, column by column."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from profiles.account import some
from profiles.errors import MetadataFault
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl

SHOWN = 12


@dataclass(frozen=True)
class Frame:
    """A table as text. `raw`: cells as they stand in the file; `frame`: stripped, empty ones null; words such as NA are words in both."""

    name: str
    raw: pl.DataFrame
    notes: tuple[str, ...] = ()
    has_row_names: bool = False  # the first column has no name: R's row names or an index

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Stripped text; an empty cell is null."""
        import polars as pl

        stripped = self.raw.with_columns(pl.all().str.strip_chars())
        return stripped.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())

    def unread(self, read: Collection[str | None]) -> list[str]:
        """One sentence that names the columns which are none of those that the caller reads; none where there are no others."""
        others = [column for column in self.raw.columns if column not in read]
        return [f"{self.name}: {len(others):,} columns are not read: {some(others)}"] if others else []

    def need(self, columns: Sequence[str]) -> pl.DataFrame:
        """The frame. Raises MetadataFault where a column is missing."""
        missing = [column for column in columns if column not in self.raw.columns]
        if missing:
            names = ", ".join(repr(name) for name in missing)
            raise MetadataFault(
                f"{self.name} has no column {names}{near(missing, self.raw.columns)}; its columns are: {some(self.raw.columns, SHOWN)}"
            )
        return self.frame


def without_kinds(found: Frame) -> Frame:
    """SRA's run tables before 2019 end each name in its kind, Run_s and MBases_l: without it they are those of today."""
    names = found.raw.columns
    if not {"Run_s", "BioSample_s"} <= set(names):
        return found
    return Frame(found.name, found.raw.rename({name: re.sub("_[sldt]$", "", name) for name in names}), found.notes, found.has_row_names)


def without_prefix(found: Frame) -> Frame:
    """GEO's own names, Sample_title and !Sample_characteristics_ch1, without what stands before each; other names stay."""
    known = r"title|geo_accession|source_name(?:_ch1)?|characteristics(?:_ch1)?(?:[._]\d+)?|description(?:[._]\d+)?|series_id"
    geo = re.compile(rf"!?Sample_({known})")
    names = {name: match[1] for name in found.raw.columns if (match := geo.fullmatch(name)) and match[1] not in found.raw.columns}
    if not names or len(set(names.values())) < len(names):
        return found
    said = f"{found.name}: GEO's names, read without what stands before them: {some(list(names))}"
    return Frame(found.name, found.raw.rename(names), (*found.notes, said), found.has_row_names)


def as_text(name: str, table: Any, names: Sequence[str], notes: Sequence[str] = ()) -> Frame:
    """Text under the given names; an unnamed first column holds row names."""
    import polars as pl

    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(table)
    frame = frame.with_columns(pl.col(column).cast(pl.String) for column, kind in frame.schema.items() if kind != pl.String)
    frame.columns = list(names)
    return Frame(name, frame, tuple(notes), not names[0])


def unique_names(header: Sequence[str], name: str) -> tuple[list[str], list[str]]:
    """Column names each once: a repeated one gets a number; what is noted."""
    seen: dict[str, int] = {}
    names, repeated = [], []
    for column in header:
        seen[column] = seen.get(column, 0) + 1
        if seen[column] > 1:
            repeated.append(column)
        names.append(column if seen[column] == 1 else f"{column}.{seen[column] - 1}")
    while len(set(names)) < len(names):
        names = [f"{column}_" if column in names[:i] else column for i, column in enumerate(names)]
    notes = [f"{name}: {len(repeated)} column names occur more than once and were numbered: {some(repeated)}"] if any(repeated) else []
    return names, notes
