"""The matrices of the sources: a table as profiles reads it, its genes named and its unit told once, given in linear space by blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.source import SourceFault, unit_name
from profiles.errors import UnitFault
from profiles.gene_names import GeneIds, parse_gene_names, plain_ensembl
from profiles.genes import load_genes
from profiles.opening import open_table
from profiles.table import Table
from profiles.unit_columns import units_differ
from profiles.unit_finding import find_unit
from profiles.units import LOG2_CEILING, Unit, UnitFinding, parse_unit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

# Whole samples whose values tell the unit; spread over the file.
SAMPLES_FOR_UNIT = 12
BLOCK_BYTES = 64 << 20
# Values (float32) that stay in memory between finding the layout and reading: a table of this size is parsed once, a larger one twice.
HELD = 64 << 20
NOISE = 1e-3
# Sums and growth with length say nothing about the unit of a table of a few genes.
FEWEST_GENES = 1_000
# UCSC Xena adds 0.001 to TPM and FPKM before the logarithm, so its zeros are log2(0.001).
XENA_PSEUDO_COUNT = 0.001


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
        """See Matrix.unit."""
        return unit_name(self.scale)

    @property
    def n_samples(self) -> int:
        """See Matrix.n_samples."""
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
    is_archive: bool = False  # its file names say what the values are


def open_matrix(path: Path, folder: Path, asked: Asked | None = None, known: Collection[str] = ()) -> tuple[TableMatrix, list[str]]:
    """Open one matrix and tell its unit; and what is to be said of it. Raises BulkatlasError with what to do."""
    asked = asked or Asked()
    table = open_table(
        path,
        str(path),
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
    by_layout = "by its layout" if table.quantity else "by its file name" if finding.reasons == ("as declared",) else "by its values"
    how = "by source.json" if asked.unit else by_layout
    said = f"{matrix.unit} {how} ({'; '.join(finding.reasons)})"
    notes = [f"{path.name}: {matrix.n_samples:,} samples x {len(genes):,} genes, {said}"]
    if how == "by its values" and finding.unit.quantity in ("TPM", "CPM") and not finding.doubtful:
        notes.append(f"{path.name}: TPM and CPM have the same sums; if it is not {finding.unit}, say so (source.json: unit)")
    if finding.doubtful:
        notes.append(f"{path.name}: the unit is not certain, taken as {finding.unit}; if that is wrong say it (source.json: unit)")
    return matrix, notes + [f"{path.name}: {note.removeprefix(f'{path}: ')}" for note in table.notes]


def gene_ids(table: Table) -> GeneIds:
    """The names of a table's genes, with the symbols of a second column where the first holds ids."""
    ids, symbols = parse_gene_names(table.gene_names), tuple(table.gene_symbols)
    is_symbol = symbols and not ids.symbol and not any(plain_ensembl(symbol) for symbol in symbols)
    return GeneIds(ids.ensembl, symbols, ids.entrez) if is_symbol else ids


def tell_unit(table: Table, genes: GeneIds, asked: Asked, path: Path) -> UnitFinding:
    """The declared unit held against the values, or what they say. Raises UnitFault, BadValue for a value that is missing."""
    ids, probe = table.probe(SAMPLES_FOR_UNIT)
    refuse_missing(probe, path, genes.labels, ids)
    declared = parse_unit(asked.unit or table.quantity or "counts") if asked.unit or table.quantity else _by_name(path.name, asked, probe)
    many = probe.shape[1] >= FEWEST_GENES
    try:
        if many and (difference := units_differ(probe, ids)):
            raise UnitFault(f"its columns are in different units ({difference}); give one unit, or name the samples in source.json")
        finding = find_unit(probe, lengths_of(genes), None, declared, path.name)
    except UnitFault as error:
        said = f"{path}{str(error).removeprefix(path.name)}" if str(error).startswith(path.name) else f"{path}: {error}"
        raise UnitFault(f"{said}; {table.elsewhere}" if table.elsewhere else said) from error
    if declared is None and not many and bool((probe != np.rint(probe)).any()):
        raise UnitFault(
            f"the unit of {path} cannot be told from the values of {probe.shape[1]:,} genes ({'; '.join(finding.reasons)}); declare it"
            " (source.json: unit), see docs/reference/sources.md"
        )
    return finding


def _by_name(name: str, asked: Asked, probe: NDArray[np.float32]) -> Unit | None:
    """What an archive's own file name says of the quantity; whether the logarithm was taken, its values say."""
    quantity = next((word for word in ("fpkm", "rpkm", "tpm", "count", "reads") if word in name.lower()), "") if asked.is_archive else ""
    if not quantity:
        return None
    top = float(probe.max()) if probe.size else 0.0
    is_log = top <= LOG2_CEILING and bool((probe != np.rint(probe)).any())
    unit = parse_unit(("log2-" if is_log else "") + quantity.replace("count", "counts").replace("reads", "counts"))
    is_xena = is_log and abs(float(probe.min()) - np.log2(XENA_PSEUDO_COUNT)) < NOISE
    return replace(unit, offset=XENA_PSEUDO_COUNT) if is_xena else unit


def lengths_of(genes: GeneIds) -> NDArray[np.float64]:
    """Length in bases (g,) of the genes whose name is a present one; NaN for the others."""
    table, n = load_genes(), len(genes)
    ensembl, symbol, entrez = (kind or ("",) * n for kind in (genes.ensembl, genes.symbol, genes.entrez))
    index: list[int] = [
        next(iter(table.by_ensembl.get(plain_ensembl(e)) or table.by_symbol.get(s) or table.by_entrez.get(z or s)), -1)
        for e, s, z in zip(ensembl, symbol, entrez, strict=True)
    ]
    return np.where(np.array(index) >= 0, table.length_bp[index], np.nan)


def refuse_missing(values_ng: NDArray[np.float32], where: Path, genes: Sequence[str], samples: Sequence[str]) -> None:
    """Raise BadValue at the first value that is missing or infinite."""
    if not np.isfinite(values_ng).all():
        sample, gene = np.argwhere(~np.isfinite(values_ng))[0]
        raise BadValue(f"{where} has a missing or infinite value for gene '{genes[gene]}' in sample '{samples[sample]}'; complete it")


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
