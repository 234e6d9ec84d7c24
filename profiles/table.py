"""One opened matrix of anyone, in whatever format: what all readers give."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from profiles.account import Account
from profiles.errors import BulkatlasError, TableFault

Array = NDArray[Any]
GENES_IN_ROWS: Final = "genes in rows"
SAMPLES_IN_ROWS: Final = "samples in rows"
LAYOUTS: Final = {"auto": "auto", "genes": GENES_IN_ROWS, "samples": SAMPLES_IN_ROWS}


class LimitExceeded(BulkatlasError):
    """The table is larger, or takes longer, than this reader was allowed."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one table; None bounds nothing. `deadline` is on time.monotonic's clock."""

    samples: int | None = None
    columns: int | None = None
    rows: int | None = None
    cells: int | None = None
    deadline: float | None = None

    def check(self, what: str, value: int) -> None:
        """Raise LimitExceeded when `value` passes the bound named `what`."""
        bound = getattr(self, what)
        if bound is not None and value > bound:
            raise LimitExceeded(f"the table has more than {bound:,} {what}: split it, or use the command line, which has no such limit")

    def check_time(self) -> None:
        """Raise LimitExceeded after the deadline."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise LimitExceeded("the table took longer than allowed: split it, or use the command line, which has no such limit")


class Table(Protocol):
    """A matrix of samples x genes as its file has it: no unit is undone, no gene renamed, no value replaced.

    gene_names (g,) as in the file, without summary rows; gene_symbols (g,) from a second column, or empty; sample_ids (n,), each once;
    quantity: the unit that the layout itself declares (`tpm` for RSEM's TPM column), a name of profiles.units, or None.
    """

    name: str
    format: str
    layout: str
    gene_names: Sequence[str]
    gene_symbols: Sequence[str]
    sample_ids: Sequence[str]
    quantity: str | None
    account: Account
    notes: list[str]

    def probe(self, n: int) -> Array:
        """Some whole samples, spread over the file: (p, g) float32, p <= n, NaN = missing. Raises TableFault."""
        ...

    def blocks(self, genes: Array | None = None, samples: Array | None = None, size: int = 256) -> Iterator[tuple[Array, Array]]:
        """(positions (n,) into `samples`, values (n, len(genes)) float32, NaN = missing), each sample once, at most `size` at a time.

        genes and samples are ascending positions; None is all. Raises TableFault with line and column where a cell is no number.
        """
        ...


def refuse_duplicates(sample_ids: Sequence[str], where: str) -> None:
    """Raise TableFault when a sample stands in a table twice, or has no name."""
    seen: set[str] = set()
    repeated = sorted({name for name in sample_ids if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    if repeated:
        from profiles.account import some

        raise TableFault(f"{where}: {len(repeated)} sample ids occur more than once, first: {some(repeated, 5)}; keep one of each, or rename them")
