"""Anyone's expression matrix, brought to a model's genes and unit, by blocks of samples: `read_cohort`.

What was found and done (layout, ids, unit and why, coverage) is in the cohort's report; nothing is converted without being said.
"""

from __future__ import annotations

import functools
import gzip
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelling.errors import ModellingError
from modelling.geneids import SUMMARY_ROW, GeneMatch, GeneSpace, GenesUnknown
from modelling.tablehead import Limits, TableError
from modelling.tables import GENES_IN_ROWS, SAMPLES_IN_ROWS, Table, open_text
from modelling.units import LOG_CEILING, Unit, UnitFinding, UnitUnknown, find_unit, model_is_per_length, parse_unit, to_model_unit

if TYPE_CHECKING:
    from anndata import AnnData

Array = NDArray[Any]
MIN_COVERAGE = 0.5
LOW_COVERAGE = 0.8
BLOCK = 256
DETECTED_ABOVE = 1e-3  # log2(TPM+1); what a rounded logarithm leaves of zero lies below
MIN_MATCHED_SHARE = 0.05
LAYOUTS = {"auto": "auto", "genes": GENES_IN_ROWS, "samples": SAMPLES_IN_ROWS}


class CoverageTooLow(ModellingError):
    """Too few of the model's genes are in the table."""


class Block(NamedTuple):
    """Some samples: ids, expression (n, g) float32 in the model's unit and gene order (NaN = missing), share of its genes measured (n,).

    Coverage counts zeros as measured; `detected_genes` says how many of them are above zero.
    """

    sample_ids: list[str]
    x_ng: Array
    coverage: Array


@dataclass
class CohortReport:
    """What a table was found to be and what was done with it; complete once all blocks were read."""

    name: str
    format: str
    layout: str
    gene_id_kind: str
    n_gene_ids: int
    n_model_genes: int
    n_matched: int
    gene_ids_by_kind: dict[str, int]
    n_duplicate_ids: int
    unknown_ids: list[str]
    unit: str
    unit_reasons: list[str]
    unit_doubtful: bool
    model_unit: str
    n_samples: int = 0
    n_low_coverage: int = 0
    n_refused: int = 0
    median_coverage: float = float("nan")
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = asdict(self)
        values["median_coverage"] = None if np.isnan(self.median_coverage) else round(self.median_coverage, 4)
        return values

    def lines(self) -> list[str]:
        """The report as sentences for people."""
        said = [
            f"{self.name}: {self.n_samples:,} samples, {self.format}, {self.layout}",
            (
                f"genes: {self.n_matched:,} of the model's {self.n_model_genes:,} found among {self.n_gene_ids:,} ids"
                f" ({', '.join(f'{n:,} by {kind}' for kind, n in self.gene_ids_by_kind.items())})"
            ),
            f"unit: {self.unit} ({'; '.join(self.unit_reasons)}), brought to {self.model_unit}",
        ]
        return [*said, *self.notes, *(f"warning: {warning}" for warning in self.warnings)]


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
        for ids, raw in self.table.blocks(wanted, size):
            _check_values(raw, ids, self.table, wanted, self.finding.unit)
            x_ng, totals = to_model_unit(self._gather(raw, genes), self.finding.unit, self.space)
            coverage = np.isfinite(x_ng).mean(axis=1)
            coverage[~(totals > 0)] = 0.0
            self._coverages.append(coverage)
            yield Block(ids, x_ng, coverage)
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
                values[:, genes[column]] = _logged(total, unit)
        return values

    def _finish(self) -> None:
        report, coverage = self.report, np.concatenate(self._coverages) if self._coverages else np.empty(0)
        if not coverage.size:
            raise TableError(f"{report.name}: holds no samples")
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


def detected_genes(x_ng: Array) -> tuple[Array, Array]:
    """Number of genes above zero (n,), and their share among those measured (n,), of expression (n, g) as a model takes it."""
    n_detected, n_measured = (x_ng > DETECTED_ABOVE).sum(axis=1), np.isfinite(x_ng).sum(axis=1)
    return n_detected, n_detected / np.maximum(n_measured, 1)


def _logged(linear: Array, unit: Unit) -> Array:
    from modelling.units import LOG_BASES

    return np.log(linear + unit.offset) / np.log(LOG_BASES[unit.log]) if unit.log else linear


def _check_values(raw: Array, ids: list[str], table: Table, wanted: Array, unit: Unit) -> None:
    """TableError on infinite values, UnitUnknown on values that the unit cannot have."""
    floor = np.log2(unit.offset) - 0.01 if unit.log == "log2" and unit.offset < 1 else 0.0
    for bad, what in (
        (np.isinf(raw), "infinite"),
        (raw < floor, "below the lowest value possible"),
        (raw > LOG_CEILING if unit.log else np.zeros((0, 0), bool), "too high for a logarithm"),
    ):
        if bad.any():
            sample, gene = (int(i[0]) for i in np.nonzero(bad))
            kind = TableError if what == "infinite" else UnitUnknown
            raise kind(
                f"{table.name}: sample {ids[sample]!r}, gene {table.gene_ids[int(wanted[gene])]!r} holds {raw[sample, gene]:g}, {what} in"
                f" {unit}{'' if kind is TableError else '; tell the unit with --unit'}"
            )


def read_cohort(
    source: str | Path | AnnData,
    space: GeneSpace,
    *,
    unit: str = "auto",
    layout: str = "auto",
    layer: str | None = None,
    min_coverage: float = MIN_COVERAGE,
    limits: Limits | None = None,
) -> Cohort:
    """Open a matrix of any supported kind for a model.

    Args: source, a path (CSV, TSV, GCT, also gzipped; .parquet; .h5ad) or an AnnData; space, the model's genes (`GeneSpace.of(model)`);
    unit, `auto` or a name of `units.NAMED`; layout, `auto`, `genes` (in rows) or `samples` (in rows); layer of an AnnData.
    Returns a Cohort: iterate over it for (sample_ids, x_ng, coverage). Raises TableError, GenesUnknown, UnitUnknown, CoverageTooLow.
    """
    return cohort(_open(source, space, layout, layer, limits), space, unit=unit, min_coverage=min_coverage)


def read_text(
    content: bytes,
    name: str,
    space: GeneSpace,
    *,
    unit: str = "auto",
    layout: str = "auto",
    min_coverage: float = MIN_COVERAGE,
    limits: Limits | None = None,
) -> Cohort:
    """The same for the bytes of a text table: nothing but text is ever opened by this function."""
    table = open_text(lambda: io.BytesIO(content), name, space, _layout(layout), limits)
    return cohort(table, space, unit=unit, min_coverage=min_coverage)


def cohort(table: Table, space: GeneSpace, *, unit: str = "auto", min_coverage: float = MIN_COVERAGE) -> Cohort:
    """Match the genes and tell the unit of an opened table."""
    match = space.match(table.gene_ids)
    if match.n_human == 0 or match.n_matched < MIN_MATCHED_SHARE * len(space):
        raise GenesUnknown(
            f"{table.name}: only {match.n_matched:,} of the model's {len(space):,} genes are among its {match.n_ids:,} ids (first:"
            f" {', '.join(table.gene_ids[:3])})" + "".join(f"; {note}" for note in match.notes)
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
    if unit != "auto":
        return UnitFinding(parse_unit(unit), ("as you said",))
    probe = np.array(table.probe(), np.float32)
    probe[:, [i for i, name in enumerate(table.gene_ids) if SUMMARY_ROW.fullmatch(name)]] = np.nan
    return find_unit(probe, match.index, space, table.name)


def _layout(name: str) -> str:
    if name not in LAYOUTS:
        raise TableError(f"no layout named {name!r}; there are: auto, genes (genes in rows), samples (samples in rows)")
    return LAYOUTS[name]


def _open(source: str | Path | AnnData, space: GeneSpace, layout: str, layer: str | None, limits: Limits | None) -> Table:
    from modelling import containers

    if not isinstance(source, str | Path):
        return containers.open_anndata(source, "AnnData", space, layer)
    path = Path(source)
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix == ".h5ad":
        return containers.open_h5ad(path, space, layer)
    if layer is not None:
        raise TableError(f"{path.name}: --layer is for .h5ad files")
    if suffix in (".parquet", ".pq"):
        return containers.open_parquet(path, space, _layout(layout))
    return open_text(functools.partial(_reopen, path), path.name, space, _layout(layout), limits)


def _reopen(path: Path) -> BinaryIO:
    """The file's text, unpacked where it is gzipped."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]
