"""The matrices of the sources: a table as profiles reads it, its genes named and its unit told once, given in linear space by blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.sources import SourceFault, unit_name
from profiles.gene_names import GeneIds, parse_gene_names, plain_ensembl
from profiles.genes import load_genes
from profiles.opening import open_table
from profiles.table import Table
from profiles.unit_finding import find_unit, units_differ
from profiles.units import Unit, UnitFinding, parse_unit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

# Whole samples whose values tell the unit; spread over the file.
SAMPLES_FOR_UNIT = 12
BLOCK_BYTES = 64 << 20
# Values of a small table that stay in memory between finding its layout and reading it.
HELD = 2 << 20
NOISE = 1e-3


class MatrixFault(SourceFault):
    """A matrix file is not what its source should hold."""


class BadValue(MatrixFault):
    """A value is missing, not finite or negative."""


@dataclass(frozen=True)
class TableMatrix:
    """See Matrix; `matrix_row` is the position in table.sample_ids."""

    file: str
    table: Table
    genes: GeneIds
    scale: Unit
    where: str

    @property
    def unit(self) -> str:
        return unit_name(self.scale)

    @property
    def n_samples(self) -> int:
        return len(self.table.sample_ids)

    @property
    def sample_ids(self) -> Sequence[str]:
        """In the order of the matrix."""
        return self.table.sample_ids

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: one pass over the file."""
        labels = self.genes.labels
        size = max(1, BLOCK_BYTES // (4 * max(len(labels), 1)))
        for positions, values in self.table.blocks(samples=rows, size=size):
            check_values(values, self.scale, self.where, labels, [self.sample_ids[rows[position]] for position in positions])
            yield positions, self.scale.linear(values)


@dataclass(frozen=True)
class Asked:
    """What a source, or source.json, says of a matrix before it is opened."""

    layout: str = "auto"
    layer: str | None = None
    samples: tuple[str, ...] = ()
    annotation: tuple[str, ...] = ()
    unit: str | None = None
    quantity: str | None = None  # that a source of this kind has, where the values leave it open


def open_matrix(path: Path, folder: Path, asked: Asked | None = None, known: Collection[str] = ()) -> tuple[TableMatrix, list[str]]:
    """Open one matrix and tell its unit; and what is to be said of it. Raises BulkatlasError with what to do."""
    asked = asked or Asked()
    table = open_table(
        path,
        layout=asked.layout,
        layer=asked.layer,
        samples=asked.samples,
        annotation=asked.annotation,
        known=known,
        is_coverage=(asked.unit or "").startswith("coverage"),
        hold=HELD,
    )
    genes = gene_ids(table)
    finding = tell_unit(table, genes, asked, path)
    matrix = TableMatrix(path.relative_to(folder).as_posix(), table, genes, finding.unit, str(path))
    how = "by source.json" if asked.unit else "by its values" if not table.quantity else "by its layout"
    said = f"{matrix.unit} {how} ({'; '.join(finding.reasons)})"
    notes = [f"{path.name}: {matrix.n_samples:,} samples x {len(genes):,} genes, {said}"]
    if finding.doubtful:
        notes.append(f"{path.name}: the unit is not certain, taken as {finding.unit}; if that is wrong say it (source.json: unit)")
    return matrix, notes + [f"{path.name}: {note}" for note in table.notes]


def gene_ids(table: Table) -> GeneIds:
    """The names of a table's genes, with the symbols of a second column where the first holds ids."""
    ids, symbols = parse_gene_names(table.gene_names), tuple(table.gene_symbols)
    is_symbol = symbols and not ids.symbol and not any(plain_ensembl(symbol) for symbol in symbols)
    return GeneIds(ids.ensembl, symbols, ids.entrez) if is_symbol else ids


def tell_unit(table: Table, genes: GeneIds, asked: Asked, path: Path) -> UnitFinding:
    """The declared unit held against the values, or what they say. Raises UnitFault, BadValue for a value that is missing."""
    from profiles.errors import UnitFault

    probe = np.array(table.probe(SAMPLES_FOR_UNIT), np.float32)
    refuse_missing(probe, path, genes.labels)
    declared = asked.unit or table.quantity
    try:
        names = [f"sample {i + 1} of {len(probe)} looked at" for i in range(len(probe))]
        if difference := units_differ(probe, names):
            raise UnitFault(f"{path}: its columns are in different units ({difference}); give one unit, or name the samples in source.json")
        return find_unit(probe, lengths_of(genes), None, parse_unit(declared) if declared else None, str(path))
    except UnitFault as error:
        raise UnitFault(f"{error}; {table.elsewhere}" if table.elsewhere else str(error)) from error


def lengths_of(genes: GeneIds) -> NDArray[np.float64]:
    """Length in bases (g,) of the genes whose name is a present one; NaN for the others."""
    table, n = load_genes(), len(genes)
    ensembl, symbol, entrez = (kind or ("",) * n for kind in (genes.ensembl, genes.symbol, genes.entrez))
    index: list[int] = [
        next(iter(table.by_ensembl.get(plain_ensembl(e)) or table.by_symbol.get(s) or table.by_entrez.get(z or s)), -1)
        for e, s, z in zip(ensembl, symbol, entrez, strict=True)
    ]
    return np.where(np.array(index) >= 0, table.length_bp[index], np.nan)


def refuse_missing(values_ng: NDArray[np.float32], where: Path, genes: Sequence[str]) -> None:
    """Raise BadValue at the first value that is missing or infinite."""
    if not np.isfinite(values_ng).all():
        _, gene = np.argwhere(~np.isfinite(values_ng))[0]
        raise BadValue(f"{where} has a missing or infinite value for gene '{genes[gene]}'; complete it")


def check_values(values_ng: NDArray[np.float32], unit: Unit, where: str, genes: Sequence[str], samples: Sequence[str]) -> None:
    """Refuse values (n samples, g genes) that no file of this unit can hold. Raises BadValue naming the first and their number."""
    lowest, highest = unit.floor - NOISE, unit.ceiling
    low, high = (float(values_ng.min()), float(values_ng.max())) if values_ng.size else (0.0, 0.0)
    if lowest <= low and high <= highest and np.isfinite(high):
        return
    bad: Any = ~((values_ng >= lowest) & (values_ng <= highest) & np.isfinite(values_ng))
    sample, gene = np.argwhere(bad)[0]
    raise BadValue(
        f"{where} holds {int(bad.sum())} values that {unit_name(unit)} cannot have, first: {values_ng[sample, gene]} for gene '{genes[gene]}' "
        f"in sample '{samples[sample]}'; missing, infinite and negative values are not replaced: correct the file"
    )
