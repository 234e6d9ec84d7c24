"""What every source gives, whichever archive it is: samples of one schema, matrices in blocks, units by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, cast, runtime_checkable

import pyarrow as pa

from curation.errors import CurationError
from profiles.gene_names import GeneIds
from profiles.units import LOG_BASES, Unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.hdf5.layout import Layout

# What a file holds, on the linear scale. Counts and CPM are proportional to the length of a gene, tags of its end are not.
Quantity = Literal["counts", "tag_counts", "cpm", "tpm", "fpkm"]
PER_LENGTH: Final[frozenset[str]] = frozenset({"counts", "cpm"})
COUNTED: Final[frozenset[str]] = frozenset({"counts", "tag_counts"})


def unit_name(unit: Unit) -> str:
    """How sample.unit names a unit: the quantity, and the logarithm that was taken of it, log2_tpm."""
    quantity = unit.quantity.lower().replace(" ", "_")
    return f"{unit.log}_{quantity}" if unit.log else quantity


def linear(unit: str) -> Quantity:
    """The quantity that `Matrix.blocks` gives for the unit of a file: the logarithm is undone by the reader."""
    for log in LOG_BASES:
        unit = unit.removeprefix(f"{log}_")
    return cast(Quantity, unit)


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


class Matrix(Protocol):
    """One expression matrix of a source, read in blocks of samples."""

    @property
    def file(self) -> str:
        """Path relative to the source's folder; equals sample.matrix_file."""
        ...

    @property
    def genes(self) -> GeneIds:
        """Names of its genes, in the order of the values."""
        ...

    @property
    def unit(self) -> str:
        """What the file holds, by `unit_name`; blocks() gives linear(unit)."""
        ...

    @property
    def n_samples(self) -> int:
        """Samples of the file, wanted or not."""
        ...

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield (positions into `rows`, values of shape (n, n_genes) in linear space) until every row was given once.

        `rows` are sample.matrix_row values, ascending. Raises SourceFault for a value that is negative or no number.
        """
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


class Source(Protocol):
    """One archive folder."""

    @property
    def name(self) -> str:
        """Name of the source: that of its subfolder."""
        ...

    def samples(self) -> Iterator[pa.RecordBatch]:
        """Batches of SAMPLE_SCHEMA, every sample of the source exactly once."""
        ...

    def matrices(self) -> list[Matrix]:
        """Its expression matrices."""
        ...

    def input_files(self) -> list[Path]:
        """Every file that was read, for checksums."""
        ...

    def notes(self) -> list[str]:
        """What the reader noticed and did about it, in sentences for the report."""
        ...
