"""How many samples were found, by what they are: what is shown before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.query.samples import Selection

COUNTED = ("tissue", "source", "split", "tissue_status", "sex", "disease")
MOST = 8
NOT_STATED = "(not stated)"
COLUMNS = ["column", "value", "n_samples"]


def said(found: Selection) -> Iterator[str]:
    """What each condition was taken for, and what is left."""
    yield from (f"note: {note}" for note in found.notes)
    for condition, n in found.conditions:
        yield f"{condition.text}: {condition.meaning}: {n:,} samples alone"
    studies = {name for name in found.samples["group_id"].to_pylist() if name}
    outside = f"; {found.n_outside:,} more are not in the matrix (--all)" if found.n_outside else ""
    yield f"{len(found):,} samples of {len(studies):,} groups (studies or donors){outside}"


def counts(samples: pa.Table, by: tuple[str, ...] = COUNTED, most: int = MOST) -> list[tuple[str, str, int]]:
    """Samples by the values of each column, most frequent first; what is beyond the `most` first (0: all) is one row."""
    rows: list[tuple[str, str, int]] = []
    for name in by:
        values = Counter(str(value) if value not in (None, "") else NOT_STATED for value in samples[name].to_pylist())
        ranked = sorted(values.items(), key=lambda one: (-one[1], one[0]))
        if [value for value, _ in ranked] == [NOT_STATED]:
            continue
        shown = most or len(ranked)
        rows += [(name, value, n) for value, n in ranked[:shown]]
        if ranked[shown:]:
            rows.append((name, f"({len(ranked) - shown} more)", sum(n for _, n in ranked[shown:])))
    return rows
