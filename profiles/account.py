"""What became of each part of a table: nothing that a reader meets is dropped without a line here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Part = Literal["line", "column", "row"]
Fate = Literal[
    "sample", "gene", "gene ids", "sample ids", "text", "annotation", "another quantity", "summary row", "comment", "header", "not asked for",
    "not read",
]  # fmt: skip

# In the order in which people want to read them; what is read comes without names, what is not by its first names.
READ: Final[tuple[Fate, ...]] = ("sample", "gene", "gene ids", "sample ids", "text", "header")
N_NAMED = 6
LONGEST: Final = 120  # letters of a name in a message
WORDS: Final[dict[Fate, str]] = {
    "annotation": "annotation, not values",
    "another quantity": "the same samples in another quantity, not read",
    "summary row": "summaries of the counting tool, no genes",
    "comment": "comments",
    "not asked for": "not asked for, not read",
    "not read": "not read",
}


class Unaccounted(AssertionError):
    """A reader left a part of a table without a fate: a fault of the reader, never of the file."""


@dataclass(frozen=True)
class Entry:
    """One part of a table, its fate, and why, where the fate is a decision."""

    part: Part
    name: str
    fate: Fate
    why: str = ""


@dataclass
class Account:
    """The entries of one table. `n_columns`, `n_rows` and `n_lines` are what the file holds, for `check`; what is read is counted only."""

    entries: list[Entry] = field(default_factory=list)
    read: Counter[tuple[Part, Fate]] = field(default_factory=Counter)
    n_columns: int = 0
    n_rows: int = 0
    n_lines: int = 0

    def add(self, part: Part, names: Sequence[str], fate: Fate, why: str = "") -> None:
        """Give parts of one kind the same fate."""
        if fate in READ:
            self.read[part, fate] += len(names)
        else:
            self.entries += [Entry(part, name, fate, why) for name in names]

    def names(self, part: Part, *fates: Fate) -> list[str]:
        """The parts of these fates that were not read, in file order."""
        return [entry.name for entry in self.entries if entry.part == part and entry.fate in fates]

    def check(self) -> None:
        """Raise Unaccounted when a column, a row or a line above the values has no fate, or two."""
        for part, n in (("column", self.n_columns), ("row", self.n_rows), ("line", self.n_lines)):
            told = sum(entry.part == part for entry in self.entries) + sum(count for (kind, _), count in self.read.items() if kind == part)
            if told != n:
                raise Unaccounted(f"{told} of {n} {part}s have a fate")

    def sentences(self) -> list[str]:
        """What was not read, for people: one sentence for each part, fate and reason."""
        groups: dict[tuple[Part, Fate, str], list[str]] = {}
        for entry in self.entries:
            if entry.fate not in READ and entry.fate != "comment":
                groups.setdefault((entry.part, entry.fate, entry.why), []).append(entry.name)
        return [_sentence(part, fate, why, names) for (part, fate, why), names in groups.items()]


def _sentence(part: Part, fate: Fate, why: str, names: Sequence[str]) -> str:
    plural = "s are" if len(names) != 1 else " is"
    reason = f" ({why})" if why else ""
    return f"{len(names):,} {part}{plural} {WORDS[fate]}{reason}: {some(names)}"


def some(names: Sequence[str], limit: int = N_NAMED) -> str:
    """The first few names, for a message; what a damaged file gives as one may have megabytes."""
    shown = [name if len(name) <= LONGEST else f"{name[:LONGEST]}... ({len(name):,} letters)" for name in names[:limit]]
    return ", ".join(name or "(no name)" for name in shown) + (", ..." if len(names) > limit else "")
