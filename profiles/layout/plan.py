"""What is known of a table before it is read, what its owner says of it, and how it is to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from numpy.typing import NDArray

from profiles.account import Entry, Fate

Array = NDArray[Any]
# DepMap since 24Q4: several profiles of a model stand in one file, and this column marks the one to use.
DEFAULT_ENTRY: Final = "IsDefaultEntryForModel"
DECIDE: Final = "name the sample columns with --samples or the others with --annotation (source.json: samples, annotation)"
N_ID_CANDIDATES: Final = 12


@dataclass(frozen=True)
class Column:
    """One column of the first rows: its numbers (NaN where none stands), its texts, and how much of it is numbers."""

    name: str
    texts: Sequence[str]
    numbers: Array
    share_numbers: float  # of the cells that are not missing
    share_missing: float

    @property
    def is_number(self) -> bool:
        """Most cells that hold anything hold a number; a stray word in a sample column is an error of the reading, not another kind."""
        return self.share_missing < 1 and self.share_numbers > 0.8


@dataclass(frozen=True)
class Head:
    """What is known of a table before it is read: its columns' names, some rows of them, and what stands above."""

    name: str
    path: str
    columns: Sequence[str]
    column: Callable[[int], Column]
    comments: Sequence[str] = ()
    n_annotation: int | None = None  # GCT 1.3: how many columns after the first are annotation
    headerless: bool = False


@dataclass(frozen=True)
class Wish:
    """What the user says of a table: layout, names or patterns of sample and annotation columns, ids that the metadata knows."""

    layout: str = "auto"
    samples: Sequence[str] = ()
    annotation: Sequence[str] = ()
    known: frozenset[str] = frozenset()
    is_coverage: bool = False


@dataclass
class Plan:
    """How a table is to be read."""

    layout: str
    id_column: int
    values: list[int]
    names: list[str]  # of the value columns: sample ids, or genes
    symbol_column: int | None = None
    quantity: str | None = None
    fates: dict[int, tuple[Fate, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    strands: bool = False  # STAR: the value columns are one sample by strand; the reader takes the one with most reads on genes

    def put(self, columns: Iterable[int], fate: Fate, why: str = "") -> None:
        """Give columns a fate."""
        self.fates.update(dict.fromkeys(columns, (fate, why)))

    def entries(self, columns: Sequence[str]) -> list[Entry]:
        """One entry a column."""
        return [Entry("column", name, *self.fates[i]) for i, name in enumerate(columns) if i in self.fates]
