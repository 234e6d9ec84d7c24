"""The GDC's augmented STAR count files: one a sample, all with the same genes; the unstranded counts are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from curation.sources.matrices import MatrixFault, check_values
from profiles.gene_names import GeneIds
from profiles.readers.grid import matrix_of
from profiles.readers.text import open_text, reopen_file
from profiles.species import summary_rows
from profiles.unit_finding import find_unit
from profiles.units import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAR_PATTERN = "*.augmented_star_gene_counts.tsv*"
STAR_COLUMN = "unstranded"
COUNTS = Unit("counts")


@dataclass(frozen=True)
class StarMatrix:
    """See Matrix: the files of some samples, in their order."""

    file: str
    paths: tuple[Path, ...]
    genes: GeneIds
    unit: str = "counts"

    @property
    def n_samples(self) -> int:
        """One a file."""
        return len(self.paths)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: one file at a time."""
        for position, row in enumerate(rows):
            genes, counts, _ = read_star(self.paths[row])
            if genes != self.genes:
                raise MatrixFault(f"{self.paths[row]} has other genes than {self.paths[0].name}; all files must be of one GDC data release")
            check_values(counts, COUNTS, str(self.paths[row]), genes.ensembl, [self.paths[row].name])
            yield np.array([position], dtype=np.int64), counts


def open_star(file: str, paths: tuple[Path, ...]) -> tuple[StarMatrix, list[str]]:
    """The matrix of some files; and what is to be said of it. Raises MatrixFault, and UnitFault when they hold no counts."""
    genes, counts, n_summaries = read_star(paths[0])
    find_unit(counts, np.full(len(genes), np.nan), None, COUNTS, paths[0].name)
    others = "stranded, TPM and FPKM columns are not read"
    said = (
        f"{len(paths):,} STAR-count files x {len(genes):,} genes, column {STAR_COLUMN}; {n_summaries} summary rows are no genes, {others}"
    )
    return StarMatrix(file, paths, genes), [said]


def read_star(path: Path) -> tuple[GeneIds, NDArray[np.float32], int]:
    """Gene ids, unstranded counts (1, n genes), and the number of summary rows, which are left out."""
    grid = open_text(reopen_file(path), str(path))
    missing = [name for name in ("gene_id", "gene_name", STAR_COLUMN) if name not in grid.columns]
    if missing:
        raise MatrixFault(f"{path} has no column {', '.join(missing)}; it must be an augmented STAR gene count file of the GDC")
    ids, names, column = (grid.columns.index(name) for name in ("gene_id", "gene_name", STAR_COLUMN))
    table = pa.Table.from_batches(list(grid.batches([ids, names], [column]))).combine_chunks()
    ensembl, symbol = (table.column(i).to_pylist() for i in range(2))
    summaries = set(summary_rows(ensembl))
    kept = [i for i in range(table.num_rows) if i not in summaries]
    genes = GeneIds(ensembl=tuple(ensembl[i] for i in kept), symbol=tuple(symbol[i] for i in kept))
    return genes, matrix_of(table.to_batches()[0], 2)[kept].T, len(summaries)
