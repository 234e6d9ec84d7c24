"""Anyone's expression matrix, brought to a model's genes and unit, by blocks of samples: `read_cohort`.

What was found and done (layout, ids, unit and why, coverage) is in the cohort's report; nothing is converted without being said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelling.errors import ModellingError
from modelling.predicting.cohort_report import CohortReport
from modelling.predicting.genes import GeneMatch, GeneSpace
from modelling.predicting.units import model_is_per_length, to_model_unit
from profiles.account import some
from profiles.errors import GeneFault, TableFault, UnitFault
from profiles.limits import Limits
from profiles.opening import open_table
from profiles.table import Table
from profiles.unit_columns import units_differ
from profiles.unit_finding import find_unit
from profiles.units import LOG2_CEILING, Unit, UnitFinding, parse_unit

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Array = NDArray[Any]
MIN_COVERAGE = 0.5
LOW_COVERAGE = 0.8
BLOCK = 256
MIN_MATCHED_SHARE = 0.05
NOISE = 0.01  # what rounding leaves below the lowest value
FEWEST_FOR_LOG = 1000  # genes, for a sample's highest value to say something of its scale
N_PROBE = 16
HELD = 64 << 20  # values of a text table that stay in memory between its two passes


class CoverageTooLow(ModellingError):
    """Too few of the model's genes are in the table."""


class Block(NamedTuple):
    """Some samples: ids, expression (n, g) float32 in the model's unit and gene order (NaN = missing), share of its genes measured (n,), reads (n,).

    Coverage counts zeros as measured; `detected_genes` says how many of them are above zero. Reads are those of the model's genes, NaN where the
    table holds no counts.
    """

    sample_ids: list[str]
    x_ng: Array
    coverage: Array
    reads: Array


@dataclass
class Cohort:
    """An opened table: iterate for blocks; `report` is complete afterwards."""

    table: Table
    space: GeneSpace
    match: GeneMatch
    finding: UnitFinding
    report: CohortReport
    min_coverage: float
    _coverages: list[Array] = field(default_factory=list, repr=False)

    def __iter__(self) -> Iterator[Block]:
        return self.blocks()

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        """All samples in file order, at most `size` at once. CoverageTooLow when no sample is usable."""
        wanted = np.flatnonzero(self.match.index >= 0)
        genes = self.match.index[wanted]
        self._coverages = []
        for positions, raw in self.table.blocks(genes=wanted, size=size):
            ids = [self.table.sample_ids[position] for position in positions]
            _check_values(raw, ids, self.table, wanted, self.finding.unit)
            x_ng, totals = to_model_unit(self._gather(raw, genes), self.finding.unit, self.space)
            coverage = np.isfinite(x_ng).mean(axis=1)
            coverage[~(totals > 0)] = 0.0
            self._coverages.append(coverage)
            yield Block(ids, x_ng, coverage, _reads(raw, self.finding.unit))
        self._finish()

    def _gather(self, raw: Array, genes: Array) -> Array:
        """Values (n, g) in model order; ids that name the same gene are added up in linear space."""
        values = np.full((len(raw), len(self.space)), np.nan, np.float32)
        _, first = np.unique(genes, return_index=True)
        values[:, genes[first]] = raw[:, first]
        extra = np.setdiff1d(np.arange(len(genes)), first)
        if extra.size:
            unit = self.finding.unit
            for column in extra:
                both = np.stack([unit.linear(values[:, genes[column]]), unit.linear(raw[:, column])])
                total = np.where(np.isnan(both).all(axis=0), np.nan, np.nansum(both, axis=0))
                values[:, genes[column]] = unit.stored(total)
        return values

    def _finish(self) -> None:
        report, coverage = self.report, np.concatenate(self._coverages) if self._coverages else np.empty(0)
        if not coverage.size:
            raise TableFault(f"{report.name}: holds no samples")
        report.n_samples = len(coverage)
        report.median_coverage = float(np.median(coverage))
        report.n_refused = int((coverage < self.min_coverage).sum())
        report.n_low_coverage = int(((coverage < LOW_COVERAGE) & (coverage >= self.min_coverage)).sum())
        if report.n_refused == len(coverage):
            raise CoverageTooLow(
                f"{report.name}: no sample has a usable value for at least {self.min_coverage:.0%} of the model's {len(self.space):,} genes"
                f" (median {report.median_coverage:.0%}); {report.n_matched:,} genes were found; give a table of all genes, not a selection"
            )
        if report.n_refused:
            report.warnings.append(
                f"{report.n_refused:,} of {len(coverage):,} samples refused: below {self.min_coverage:.0%} of the model's genes, or all"
                " zero"
            )
        if report.n_low_coverage:
            report.warnings.append(
                f"{report.n_low_coverage:,} of {len(coverage):,} samples have less than {LOW_COVERAGE:.0%} of the model's genes:"
                " predictions are less sure than stated"
            )


def _reads(raw: Array, unit: Unit) -> Array:
    """Reads (n) of a table's values (n, g), NaN where it holds no counts."""
    return np.nansum(unit.linear(raw.astype(np.float64)), axis=1) if unit.quantity == "counts" else np.full(len(raw), np.nan)


def _check_values(raw: Array, ids: list[str], table: Table, wanted: Array, unit: Unit) -> None:
    """TableFault on infinite values, UnitFault on values that the unit cannot have."""
    for bad, what in (
        (np.isinf(raw), "infinite"),
        (raw < unit.floor - NOISE, "below the lowest value possible"),
        (raw > unit.ceiling, "too high for a logarithm"),
    ):
        if bad.any():
            sample, gene = (int(i[0]) for i in np.nonzero(bad))
            kind = TableFault if what == "infinite" else UnitFault
            raise kind(
                f"{table.name}: sample {ids[sample]!r}, gene {table.gene_names[int(wanted[gene])]!r} holds {raw[sample, gene]:g}, {what} in"
                f" {unit}{'' if kind is TableFault else '; tell the unit with --unit'}"
            )
    low = _looks_logged(raw) if not unit.log and unit.scale == 1.0 and len(wanted) >= FEWEST_FOR_LOG else np.zeros(len(raw), bool)
    if low.any():
        names = [name for name, is_low in zip(ids, low, strict=True) if is_low]
        raise UnitFault(
            f"{table.name}: {len(names)} samples hold no value above {LOG2_CEILING:g}, as logarithms do, where the others are {unit}: "
            f"{', '.join(names[:3])}; give one unit, or leave columns out with --annotation"
        )


def _looks_logged(raw: Array) -> Array:
    """Samples with decimals that never pass what a logarithm can be, (n,); all zeros are none."""
    with np.errstate(invalid="ignore"):
        top = np.nanmax(np.where(np.isfinite(raw), raw, 0), axis=1)
        decimals = (np.abs(raw - np.rint(raw)) > 1e-3).mean(axis=1)
    logged: Array = (top > 0) & (top <= LOG2_CEILING) & (decimals > 0.3)
    return logged


@dataclass(frozen=True)
class Reading:
    """How a matrix is to be read, where its owner says so.

    unit, `auto` or a name of `profiles.units.NAMED`; layout, `auto`, `genes` (in rows) or `samples` (in rows); layer of an AnnData, `raw`
    or `X`; samples and annotation, names or patterns of columns where the reader asks; samples with less than min_coverage are refused.
    """

    unit: str = "auto"
    layout: str = "auto"
    layer: str | None = None
    samples: tuple[str, ...] = ()
    annotation: tuple[str, ...] = ()
    min_coverage: float = MIN_COVERAGE

    def open(self, source: str | Path | bytes | AnnData | pd.DataFrame, name: str = "", limits: Limits | None = None) -> Table:
        """The table, its genes and units still as in the file."""
        return open_table(
            source,
            name,
            layout=self.layout,
            layer=self.layer,
            samples=self.samples,
            annotation=self.annotation,
            is_coverage=self.unit.lower().startswith("coverage"),
            limits=limits,
            hold=HELD,
        )


def read_cohort(
    source: str | Path | AnnData | pd.DataFrame,
    space: GeneSpace,
    *,
    unit: str = "auto",
    layout: str = "auto",
    layer: str | None = None,
    samples: Sequence[str] = (),
    annotation: Sequence[str] = (),
    min_coverage: float = MIN_COVERAGE,
    limits: Limits | None = None,
) -> Cohort:
    """Open a matrix of any supported kind for a model.

    Args: source, a path (text tables in any dialect, GCT, .parquet, .h5ad, .xlsx; packed or not), an AnnData or a pandas frame; space, the
    model's genes (`GeneSpace.of(model)`); the others are those of `Reading`.
    Returns a Cohort: iterate over it for (sample_ids, x_ng, coverage). Raises TableFault, GeneFault, UnitFault, CoverageTooLow.
    """
    reading = Reading(unit, layout, layer, tuple(samples), tuple(annotation), min_coverage)
    return cohort(reading.open(source, limits=limits), space, unit=unit, min_coverage=min_coverage)


def read_text(content: bytes, name: str, space: GeneSpace, reading: Reading | None = None, limits: Limits | None = None) -> Cohort:
    """The same for the bytes of a text table: nothing but text is ever opened by this function."""
    reading = reading or Reading()
    return cohort(reading.open(content, name, limits), space, unit=reading.unit, min_coverage=reading.min_coverage)


def cohort(table: Table, space: GeneSpace, *, unit: str = "auto", min_coverage: float = MIN_COVERAGE) -> Cohort:
    """Match the genes and tell the unit of an opened table."""
    match = space.match(table.gene_names, table.gene_symbols)
    if match.n_human == 0 or match.n_matched < MIN_MATCHED_SHARE * len(space):
        raise GeneFault(
            f"{table.name}: only {match.n_matched:,} of the model's {len(space):,} genes are among its {match.n_ids:,} ids (first:"
            f" {', '.join(table.gene_names[:3])})" + "".join(f"; {note}" for note in match.notes)
        )
    finding = _finding(table, match, space, unit)
    report = CohortReport(
        name=table.name,
        format=table.format,
        layout=table.layout,
        gene_id_kind=match.kind,
        n_gene_ids=match.n_ids,
        n_model_genes=len(space),
        n_matched=match.n_matched,
        gene_ids_by_kind=match.via,
        n_duplicate_ids=match.n_duplicate,
        unknown_ids=list(match.unknown),
        unit=str(finding.unit),
        unit_reasons=list(finding.reasons),
        unit_doubtful=finding.doubtful,
        model_unit=space.unit,
        notes=list(table.notes),
        warnings=list(match.notes),
    )
    if n_unknown_ids := match.n_ids - match.n_human:
        report.notes.append(f"{n_unknown_ids:,} ids name no gene that HGNC knows and are not read: {some(match.unknown)}")
    if match.n_duplicate:
        report.notes.append(f"{match.n_duplicate:,} ids name a gene that another id names too: their values are added")
    if finding.doubtful:
        report.warnings.append(f"the unit is not certain: taken as {finding.unit}; say it with --unit if that is wrong")
    if model_is_per_length(space.unit) and finding.unit.quantity in ("counts", "CPM"):
        n_unknown = int(np.isnan(space.length_bp[np.unique(match.index[match.index >= 0])]).sum())
        if n_unknown:
            report.notes.append(f"{n_unknown:,} genes have no known length: taken as missing")
    return Cohort(table, space, match, finding, report, min_coverage)


def _finding(table: Table, match: GeneMatch, space: GeneSpace, unit: str) -> UnitFinding:
    """The unit that is said, that the layout declares, or that the values tell. Raises UnitFault."""
    if unit != "auto":
        return UnitFinding(parse_unit(unit), ("as you said",))
    ids, probe = table.probe(N_PROBE)
    known = match.index >= 0
    lengths, means = (np.where(known, values[match.index], np.nan) for values in (space.length_bp, space.mean_g))
    try:
        if probe.shape[1] >= FEWEST_FOR_LOG and (difference := units_differ(probe, ids)):
            raise UnitFault(f"{table.name}: its columns are in different units ({difference}); give one unit, or choose with --samples")
        declared = parse_unit(table.quantity) if table.quantity else None
        finding = find_unit(probe, lengths, means, declared, table.name, mean_per_length=model_is_per_length(space.unit))
    except UnitFault as error:
        raise UnitFault(f"{error}; {table.elsewhere}" if table.elsewhere else str(error)) from error
    if declared is None:
        return finding
    return UnitFinding(finding.unit, (f"by the layout: {table.quantity} is what this column holds", *finding.reasons[1:]), finding.doubtful)
