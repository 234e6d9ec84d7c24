"""Matrices over any file of rows and columns: genes in rows or samples in rows, streamed with only the wanted columns parsed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from curation.sources import GeneIds, SourceFault, Unit
from curation.sources.scratch import BLOCK_BYTES, Tiles
from curation.sources.unit import LARGEST_LOG2, Evidence, Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Whole samples whose values tell the unit; spread over the file.
SAMPLES_FOR_UNIT = 12


class MatrixFault(SourceFault):
    """A matrix file is cut off, ragged, or holds something that is no number where one belongs."""


class BadValue(MatrixFault):
    """A value is missing, not finite or negative."""


class Grid(Protocol):
    """A file of rows and named columns."""

    @property
    def path(self) -> Path: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    def batches(self, text: Sequence[int], numbers: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """The text columns, then the number columns as float32 (missing ones null), a few rows at a time, in file order."""
        ...


@dataclass(frozen=True)
class Scan:
    """One pass over a matrix with few columns parsed: its gene names, its length, and what some samples say of the unit."""

    text: tuple[tuple[str, ...], ...]
    evidence: Evidence


def scan(grid: Grid, text: Sequence[int], sample_columns: Sequence[int]) -> Scan:
    """Read the text columns of every row and a few whole samples. Raises MatrixFault for ragged rows."""
    n = len(sample_columns)
    chosen = [sample_columns[i] for i in sorted({round(k * (n - 1) / max(SAMPLES_FOR_UNIT - 1, 1)) for k in range(SAMPLES_FOR_UNIT)})]
    names: list[list[str]] = [[] for _ in text]
    evidence = Evidence()
    for batch in grid.batches(text, chosen):
        for k in range(len(text)):
            names[k].extend(batch.column(k).to_pylist())
        tile = _tile(batch, len(text))
        refuse_missing(tile, grid.path, [grid.names[i] for i in chosen], names[0][-tile.shape[1] :])
        evidence.add(tile)
    return Scan(tuple(tuple(column) for column in names), evidence)


def scan_samples(grid: Grid, text: Sequence[int], gene_columns: Sequence[int]) -> Scan:
    """Read the text columns of every row, and the values of the first samples. Raises MatrixFault for ragged rows."""
    names: list[list[str]] = [[] for _ in text]
    for batch in grid.batches(text, ()):
        for k in range(len(text)):
            names[k].extend(batch.column(k).to_pylist())
    evidence = Evidence()
    first = next(iter(grid.batches((), gene_columns)), None)
    if first is not None:
        values = _matrix(first.slice(0, SAMPLES_FOR_UNIT))
        refuse_missing(values, grid.path, names[0], [grid.names[i] for i in gene_columns])
        evidence.add(values)
    return Scan(tuple(tuple(column) for column in names), evidence)


@dataclass(frozen=True)
class GeneRows:
    """A text matrix of genes x samples."""

    file: str
    grid: Grid
    genes: GeneIds
    scale: Scale
    sample_columns: tuple[int, ...]

    @property
    def unit(self) -> Unit:
        return self.scale.unit

    @property
    def n_samples(self) -> int:
        return len(self.sample_columns)

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        return tuple(self.grid.names[i] for i in self.sample_columns)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: one pass over the text, then blocks from a scratch file of 4 bytes per wanted value."""
        columns = [self.sample_columns[row] for row in rows]
        labels = self.genes.labels
        with Tiles(len(columns)) as tiles:
            for batch in self.grid.batches((), columns):
                tile = _tile(batch, 0)
                check_values(tile, self.scale, f"{self.grid.path}", labels[tiles.n_genes :], [self.grid.names[c] for c in columns])
                tiles.append(self.scale.to_linear(tile))
            if tiles.n_genes != len(self.genes):
                raise MatrixFault(f"{self.grid.path} had {len(self.genes)} rows when it was opened and has {tiles.n_genes} now; run again")
            yield from tiles.blocks()


@dataclass(frozen=True)
class SampleRows:
    """A text matrix of samples x genes."""

    file: str
    grid: Grid
    genes: GeneIds
    scale: Scale
    sample_ids: tuple[str, ...]
    gene_columns: tuple[int, ...]

    @property
    def unit(self) -> Unit:
        return self.scale.unit

    @property
    def n_samples(self) -> int:
        return len(self.sample_ids)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: one pass over the text."""
        labels = self.genes.labels
        step = max(1, BLOCK_BYTES // (4 * max(len(self.gene_columns), 1)))
        first = 0
        for batch in self.grid.batches((), self.gene_columns):
            inside = np.flatnonzero((rows >= first) & (rows < first + batch.num_rows))
            values = _matrix(batch)
            for start in range(0, len(inside), step):
                positions = inside[start : start + step]
                taken = rows[positions] - first
                block = np.ascontiguousarray(values[taken])
                check_values(block, self.scale, f"{self.grid.path}", labels, [self.sample_ids[rows[p]] for p in positions])
                yield positions.astype(np.int64), self.scale.to_linear(block)
            first += batch.num_rows
        if first != self.n_samples:
            raise MatrixFault(f"{self.grid.path} had {self.n_samples} rows when it was opened and has {first} now; run again")


def _matrix(batch: pa.RecordBatch) -> NDArray[np.float32]:
    """The number columns of a batch as (rows, columns), NaN for missing."""
    if batch.num_columns == 0 or batch.num_rows == 0:
        return np.zeros((batch.num_rows, batch.num_columns), dtype=np.float32)
    return np.asarray(batch.to_tensor(null_to_nan=True, row_major=False), dtype=np.float32)


def _tile(batch: pa.RecordBatch, n_text: int) -> NDArray[np.float32]:
    """The number columns of a batch of genes as (samples, genes)."""
    return _matrix(batch.select(range(n_text, batch.num_columns))).T


def refuse_missing(values_ng: NDArray[np.float32], where: Path, samples: Sequence[str], genes: Sequence[str]) -> None:
    """Raise BadValue at the first value that is missing or infinite."""
    if not np.isfinite(values_ng).all():
        sample, gene = np.argwhere(~np.isfinite(values_ng))[0]
        raise BadValue(f"{where} has a missing or infinite value for gene '{genes[gene]}' in sample '{samples[sample]}'; complete it")


def check_values(values_ng: NDArray[np.float32], scale: Scale, where: str, genes: Sequence[str], samples: Sequence[str]) -> None:
    """Refuse values (n samples, g genes) that no file of this unit can hold. Raises BadValue naming the first and their number."""
    lowest = math.log2(scale.pseudo_count) - 1e-3 if scale.is_log and scale.pseudo_count < 1 else 0.0
    highest = LARGEST_LOG2 if scale.is_log else math.inf
    low, high = (float(values_ng.min()), float(values_ng.max())) if values_ng.size else (lowest, lowest)
    if lowest <= low and high <= highest and math.isfinite(high):
        return
    bad = ~((values_ng >= lowest) & (values_ng <= highest) & np.isfinite(values_ng))
    sample, gene = np.argwhere(bad)[0]
    raise BadValue(
        f"{where} holds {int(bad.sum())} values that {scale.unit} cannot have, first: {values_ng[sample, gene]} for gene '{genes[gene]}' "
        f"in sample '{samples[sample]}'; missing, infinite and negative values are not replaced: correct the file"
    )
