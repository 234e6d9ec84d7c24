"""The archives that can be read, one module each; all give the same sample table and the same matrix blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Unit = Literal["counts", "tpm", "fpkm", "log2_counts", "log2_tpm"]

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


@dataclass(frozen=True)
class GeneIds:
    """The gene identifiers of one matrix, in its order; a kind that the file lacks is an empty tuple."""

    ensembl: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    entrez: tuple[str, ...] = ()

    def __len__(self) -> int:
        return max(len(self.ensembl), len(self.symbol), len(self.entrez))


class Matrix(Protocol):
    """One expression matrix of a source, read in blocks of samples."""

    file: str  # relative to the source's folder; equals sample.matrix_file
    genes: GeneIds
    unit: Unit
    n_samples: int

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield (positions into `rows`, values of shape (n, n_genes) in linear space) until every row was given once."""
        ...


class Source(Protocol):
    """One archive folder."""

    name: str

    def samples(self) -> Iterator[pa.RecordBatch]:
        """Batches of SAMPLE_SCHEMA, every sample of the source exactly once."""
        ...

    def matrices(self) -> list[Matrix]: ...

    def input_files(self) -> list[Path]: ...

    def notes(self) -> list[str]:
        """What the reader noticed and did about it, in sentences for the report."""
        ...
