"""One opened matrix of anyone, in whatever format: what all readers give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from profiles.account import Account, some
from profiles.errors import TableFault

Array = NDArray[Any]
GENES_IN_ROWS: Final = "genes in rows"
SAMPLES_IN_ROWS: Final = "samples in rows"
LAYOUTS: Final = {"auto": "auto", "genes": GENES_IN_ROWS, "samples": SAMPLES_IN_ROWS}


class Table(Protocol):
    """A matrix of samples x genes as its file has it: no unit is undone, no gene renamed, no value replaced.

    gene_names (g,) as in the file, without summary rows; gene_symbols (g,) from a second column, or empty; sample_ids (n,), each once;
    quantity: the unit that the layout itself declares (`tpm` for RSEM's TPM column), a name of profiles.units, or None;
    elsewhere: where the same file holds other values (layers, raw), for the message that refuses these; "" for nowhere.
    """

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        ...

    @property
    def format(self) -> str:
        """Kind of file, in a word."""
        ...

    @property
    def layout(self) -> str:
        """Genes in rows, or samples in rows."""
        ...

    @property
    def gene_names(self) -> Sequence[str]:
        """Names of the genes (g,) as in the file."""
        ...

    @property
    def gene_symbols(self) -> Sequence[str]:
        """Symbols (g,) from a second column; empty without one."""
        ...

    @property
    def sample_ids(self) -> Sequence[str]:
        """Ids of the samples (n,), each once."""
        ...

    @property
    def quantity(self) -> str | None:
        """Unit that the layout itself declares, or None."""
        ...

    @property
    def elsewhere(self) -> str:
        """Where the same file holds other values."""
        ...

    @property
    def account(self) -> Account:
        """What became of each column, row and line."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was noticed and done about it, in sentences."""
        ...

    def probe(self, n: int) -> tuple[list[str], Array]:
        """Some whole samples, spread over the file: their ids (p,) and values (p, g) float32, p <= n, NaN = missing. Raises TableFault."""
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
        raise TableFault(
            f"{where}: {len(repeated)} sample ids occur more than once, first: {some(repeated, 5)}; keep one of each, or rename them"
        )
