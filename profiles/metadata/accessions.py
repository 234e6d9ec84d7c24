"""What the cells of a table about samples say where its names do not: which column holds accessions, and whose samples they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from profiles.account import some
from profiles.metadata.archives import first_of, plain

if TYPE_CHECKING:
    import polars as pl

# Accessions of one sample, the sample itself before its experiments and runs; the first kind that fills a column names the samples.
ACCESSIONS = (
    r"GSM\d{3,}",
    r"SAM(N|EA|D)\w?\d{5,}",
    r"[SED]RS\d{5,}",
    r"[SED]RX\d{5,}",
    r"[SED]RR\d{5,}",
    r"TCGA-\w\w-\w{4}-\d\d\w?(-\S+)?",
    r"TARGET-\d\d-\w{6}-\d\d\w?(\.\d)?(-\S+)?",
    r"GTEX-\w+-\S+",
    r"ACH-\d{6}",
    r"ENCFF\d{3}[A-Z]{3}",
)
# Names that only a column of sample ids has, asked where the values are none of an archive.
NAMES = ("sample name", "samplename", "sample identifier", "gsm id", "gsm", "sampleid", "sample no", "library id", "sample title")
ORGANISM = (
    "organism", "organism ch1", "sample organism", "organism name", "scientific name", "scientificname", "species", "taxon", "biosample organism",
    "characteristics[organism]", "characteristics organism",
)  # fmt: skip
HUMAN = r"(?i)\b(homo[ _]sapiens|h\. ?sapiens|humans?|9606)\b"
NOTHING = r"(?i)^(|na|n/a|nan|none|null|unknown|not (applicable|available|provided|collected)|missing|-+)$"


def id_by_value(frame: pl.DataFrame) -> str | None:
    """The column each of whose cells is another accession of one kind, else one that is named as samples are and has no cell twice."""
    import polars as pl

    unique = [column for column in frame.columns if len(frame) and frame[column].null_count() == 0 and frame[column].is_unique().all()]
    for kind in ACCESSIONS:
        for column in unique:
            if frame.select(pl.col(column).str.contains(f"^{kind}$").all()).item():
                return column
    return first_of(NAMES, unique)


def other_species(frame: pl.DataFrame) -> list[str]:
    """One sentence where a column of organisms names others than man; rules, stages and lines are made for human samples."""

    column = next(
        (column for column in frame.columns if plain(column) in ORGANISM or re.fullmatch(r"characteristics ?\[organism\]", column, re.I)),
        None,
    )
    if column is None:
        return []
    words = frame[column].drop_nulls()
    others = words.filter(~words.str.contains(HUMAN) & ~words.str.strip_chars().str.contains(NOTHING))
    if not len(others):
        return []
    kinds = others.value_counts(sort=True).get_column(column).to_list()
    return [
        f"{len(others):,} of {len(frame):,} rows are not of human samples but {some(kinds, 3)} ({column}): rules and stages are for human ones"
    ]
