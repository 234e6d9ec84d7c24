"""Words that say that nothing is known. In a key they are no value: two samples of donor `NA` are not one person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# Lower case. GEO, BioSample's controlled words for missing values, R, pandas, spreadsheets, the GDC ('-- and "Not Reported").
MISSING_WORDS = frozenset(
    """
    na|n/a|n.a.|n.a|n/d|#n/a|#n/a n/a|#na|#null!|#value!|#ref!|<na>|nan|-nan|nat|null|nil|none|unknown|unkown|unk|unspecified|undefined|undetermined
    |missing|blank|empty|tbd|-|--|---|'-|'--|.|..|?|_|/|not applicable|not available|not collected|not provided|not recorded|not reported
    |not known|not specified|not determined|not given|no data|no value|unavailable|not allowed to collect|restricted access|withheld
    |missing: not collected|missing: not provided|missing: restricted access|missing: not applicable|missing: control sample
    |missing: sample group|missing: synthetic construct|missing: lab stock|missing: third party data|missing: data agreement established pre-2023
    |missing: endangered species|missing: human-identifiable
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
) | {""}


def words_for_nothing(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Which cells of some columns hold a word that says that nothing is known: none, or one sentence. Empty cells need no word."""
    import polars as pl

    said = []
    for column in dict.fromkeys(columns):
        words = frame.select(pl.col(column).str.strip_chars().alias("word"))["word"].drop_nulls()
        words = words.filter((words != "") & words.str.to_lowercase().is_in(sorted(MISSING_WORDS)))
        if len(words):
            said.append(f"{column or 'the first column'} ({len(words):,}: {', '.join(words.unique().sort().to_list()[:3])})")
    return [f"cells that say that nothing is known are read as empty: {', '.join(said)}"] if said else []


def is_missing(text: str | None) -> bool:
    """Whether a cell says that its value is not known."""
    return text is None or text.strip().lower() in MISSING_WORDS


def missing_to_null(column: pl.Expr) -> pl.Expr:
    """The stripped text of a key column, null where it says that nothing is known."""
    import polars as pl

    text = column.cast(pl.String).str.strip_chars()
    return pl.when(text.str.to_lowercase().is_in(sorted(MISSING_WORDS))).then(None).otherwise(text)
