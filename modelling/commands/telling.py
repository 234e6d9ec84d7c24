"""What a command says: lines for people; with `--format`, its table for a program, and the lines out of its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from profiles.printing import asked_format, print_table

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Lines for people: on standard output, or on standard error where a program takes the table from there."""
    from rich.console import Console

    return Console(soft_wrap=True, highlight=False, stderr=asked_format() is not None)


def tell_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """The rows, all with the keys of the first, where a program asked for them; people get lines of their own."""
    if asked_format() is not None and rows:
        columns = list(rows[0])
        print_table(columns, [[_plain(row[name]) for name in columns] for row in rows])


def bounded(name: str, value: float | None, interval: Sequence[float | None] | None) -> dict[str, float | None]:
    """A score and its 95% interval as columns NAME, NAME_low and NAME_high."""
    low, high = interval if interval is not None else (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _plain(value: Any) -> Any:
    """A value without numpy, NaN as nothing."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value
