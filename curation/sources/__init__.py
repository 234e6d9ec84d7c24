"""The archives that can be read, one module each; all give the same sample table and the same matrix blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

import pyarrow as pa

from curation.catalogue import read_sources
from curation.errors import CurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.matrix.layout import Layout

Quantity = Literal["counts", "tpm", "fpkm"]
Unit = Literal["counts", "tpm", "fpkm", "log2_counts", "log2_tpm", "log2_fpkm"]

# What `Matrix.blocks` gives for each unit of a file: the logarithm is undone by the reader.
LINEAR: Final[dict[Unit, Quantity]] = {
    "counts": "counts",
    "tpm": "tpm",
    "fpkm": "fpkm",
    "log2_counts": "counts",
    "log2_tpm": "tpm",
    "log2_fpkm": "fpkm",
}

SAMPLE_SCHEMA = pa.schema(
    [
        ("sample_id", pa.string()),
        ("source", pa.string()),
        ("series_id", pa.string()),  # comma-joined as in the archive
        ("donor_id", pa.string()),
        ("title", pa.string()),
        ("source_name", pa.string()),
        ("characteristics", pa.string()),
        ("description", pa.string()),
        ("single_cell_probability", pa.float64()),
        ("is_tumour", pa.bool_()),  # null: the source does not say
        ("declared_field", pa.string()),  # the source's own tissue column, where it has one
        ("declared_text", pa.string()),
        ("declared_term_id", pa.string()),
        ("is_cell_line_declared", pa.bool_()),
        ("unit", pa.string()),
        ("matrix_file", pa.string()),
        ("matrix_row", pa.int32()),
    ]
)


class SourceFault(CurationError):
    """A source folder does not hold what its reader needs, or a file of it cannot be read as what it should be."""


class UnknownSource(SourceFault):
    """A folder has the name of no known source."""


@dataclass(frozen=True)
class GeneIds:
    """The gene identifiers of one matrix, in its order; a kind that the file lacks is an empty tuple."""

    ensembl: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    entrez: tuple[str, ...] = ()

    def __len__(self) -> int:
        return max(len(self.ensembl), len(self.symbol), len(self.entrez))

    @property
    def labels(self) -> tuple[str, ...]:
        """One name per gene, for messages."""
        kinds = [kind for kind in (self.symbol, self.ensembl, self.entrez) if kind]
        return tuple(next((name for name in names if name), "?") for names in zip(*kinds, strict=True))


class Matrix(Protocol):
    """One expression matrix of a source, read in blocks of samples."""

    @property
    def file(self) -> str:
        """Path relative to the source's folder; equals sample.matrix_file."""
        ...

    @property
    def genes(self) -> GeneIds: ...

    @property
    def unit(self) -> Unit:
        """What the file holds; blocks() gives LINEAR[unit]."""
        ...

    @property
    def n_samples(self) -> int: ...

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield (positions into `rows`, values of shape (n, n_genes) in linear space) until every row was given once.

        `rows` are sample.matrix_row values, ascending. Raises SourceFault for a value that is negative or no number.
        """
        ...


class Source(Protocol):
    """One archive folder."""

    @property
    def name(self) -> str: ...

    def samples(self) -> Iterator[pa.RecordBatch]:
        """Batches of SAMPLE_SCHEMA, every sample of the source exactly once."""
        ...

    def matrices(self) -> list[Matrix]: ...

    def input_files(self) -> list[Path]: ...

    def notes(self) -> list[str]:
        """What the reader noticed and did about it, in sentences for the report."""
        ...


@runtime_checkable
class DirectMatrix(Matrix, Protocol):
    """A matrix whose values lie in one HDF5 dataset: an export reads the chunks itself, in parallel and without the HDF5 library.

    The fast path of a large source: a matrix that has a `layout` takes it, every other is read through `blocks`.
    """

    @property
    def layout(self) -> Layout:
        """Where the dataset lies and which axis holds the samples."""
        ...


def open_source(name: str, folder: Path) -> Source:
    """Open the folder of a source by its name: curation/sources/NAME.py has open_NAME(folder), ontology/sources.tsv its row.

    Raises UnknownSource for a name that lacks either, and SourceFault when files are missing or unreadable.
    """
    cards = {card.source: card for card in read_sources().values() if card.is_data}
    known = "; ".join(f"{card.source} ({card.layout})" for card in cards.values())
    module = f"{__name__}.{name}"
    has_reader = name.isidentifier() and find_spec(module) is not None
    opener = getattr(import_module(module), f"open_{name}", None) if has_reader else None
    if opener is None and name not in cards:
        raise UnknownSource(f"'{name}' ({folder}) is no known source; rename the folder to one of: {known}")
    if opener is None:
        raise UnknownSource(f"{name} has a row in sources.tsv, but curation/sources/{name}.py has no open_{name}(folder)")
    if name not in cards:
        raise UnknownSource(f"{name} can be read, but has no row in sources.tsv that says its role, licence and citation; add one")
    if not folder.is_dir():
        raise SourceFault(f"{folder} is no folder; a source is a folder that holds {cards[name].layout}")
    source: Source = opener(folder)
    return source
