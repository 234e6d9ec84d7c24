"""`model compare` and `model normals` as people see them: genes.tsv, samples.tsv, comparison.h5ad, figures and a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from modelling.bundle.model import TissueModel, load
from modelling.commands.telling import console, tell_table
from modelling.comparing.cohort import Compared, Comparer
from modelling.comparing.compare import background
from modelling.comparing.folder import FILE, load_background, save_background
from modelling.comparing.listing import gene_table
from modelling.comparing.normals import normal_rows
from modelling.data import Compendium
from modelling.figures.canvas import FigureFolder
from modelling.figures.compare import ranks, volcano
from modelling.outfolder import new_folder
from modelling.predicting.cohort import Cohort, Reading
from modelling.predicting.cohort import cohort as open_cohort
from modelling.predicting.predict import Predictor
from modelling.predicting.results import tsv
from modelling.reports.json import plain
from modelling.reports.page import Report, Section, Table, number, shown
from profiles import __version__

if TYPE_CHECKING:
    import polars as pl
    from anndata import AnnData

MOST_WHOLE = 20  # samples whose every gene goes into genes.tsv
MOST_DRAWN = 6
LAYERS = ("expected", "difference", "standard_error", "p_value", "fdr")


@dataclass(frozen=True)
class Asked:
    """What is compared, and how."""

    run: Path
    normals: Path | None = None
    tissue: str = ""
    fdr: float = 0.05


def run_compare(asked: Asked, file: Path, reading: Reading, out: Path) -> None:
    """Compare every sample of a file and write the folder."""
    with comparer(load(asked.run), asked.run, asked.normals, asked.tissue) as comparing, new_folder(out) as folder:
        cohort = open_cohort(reading.open(file), comparing.predictor.space, unit=reading.unit, min_coverage=reading.min_coverage)
        genes = np.array(comparing.predictor.model.genes, dtype=object)
        found = list(comparing.samples(cohort))
        write(folder, found, genes, cohort, comparing, asked)
    _tell(found, cohort, out, asked)


def run_normals(run: Path, compendium: Path) -> None:
    """Put the normal samples of a compendium into a run."""
    import typer

    model = load(run)
    with Compendium.open(compendium) as opened:
        made = background(opened, model.genes)
    save_background(run, made)
    typer.echo(
        f"{run}/{FILE}: {int(made.normals.sums.n_t.sum()):,} normal samples of {int((made.normals.sums.n_t > 0).sum()):,} tissues as means and variances;"
        f" chance measured on {made.n_judged:,} of them, each against other donors"
    )


@contextmanager
def comparer(model: TissueModel, run: Path, normals: Path | None, tissue: str) -> Iterator[Comparer]:
    """What compares: with the normal samples of a compendium, or with those that the run holds."""
    predictor = Predictor.of(model, without_reference=True)
    if normals is None:
        yield Comparer(predictor, load_background(run, model.genes), tissue)
        return
    with Compendium.open(normals) as compendium:
        rows = normal_rows(compendium)
        yield Comparer(predictor, background(compendium, model.genes, rows), tissue, compendium, rows)


def write(folder: Path, found: list[Compared], genes: Any, cohort: Cohort, comparing: Comparer, asked: Asked) -> None:
    """genes.tsv, samples.tsv, comparison.h5ad, compare.json, figures and report.html."""
    n_compared = sum(one.found is not None for one in found)
    whole = n_compared <= MOST_WHOLE
    with (folder / "genes.tsv").open("wb") as file:
        _write_genes(file, found, genes, None if whole else asked.fdr)
    samples = sample_table(found, asked.fdr)
    (folder / "samples.tsv").write_bytes(tsv(samples))
    in_anndata(found, genes.tolist(), samples).write_h5ad(folder / "comparison.h5ad")
    content = {
        "format": 1, "run": asked.run.resolve().name, "tissue": asked.tissue or None, "fdr": asked.fdr, "genes_tsv_holds_all_genes": whole,
        "n_normal_samples": int(comparing.background.normals.sums.n_t.sum()), "chance_measured_on": comparing.background.n_judged,
        "reads_of_normals": comparing.background.normals.reads, "cohort": cohort.report.as_dict(),
    }  # fmt: skip
    (folder / "compare.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    _write_page(folder, found, genes, samples, cohort, asked)


def _write_genes(file: IO[bytes], found: list[Compared], genes: Any, below: float | None) -> None:
    import polars as pl

    first = True
    for one in found:
        if one.found is not None:
            table = gene_table(one, genes)
            file.write(tsv(table if below is None else table.filter(pl.col("fdr") < below), header=first))
            first = False


def sample_table(found: list[Compared], fdr: float) -> pl.DataFrame:
    """One row per sample: with what it was compared, and how many genes differ."""
    import polars as pl

    rows = []
    for one in found:
        f = one.found
        rows.append(
            {
                "sample_id": one.sample_id, "status": one.status, "called_tissue": one.called or None, "unsure_because": one.unsure_because or None,
                "compared_with": f.tissue if f else None, "sex": f.sex if f else None, "normal_samples": f.expected.n if f else None,
                "left_out_of_own_donor": one.n_left_out if f else None, "also": f.expected.neighbour if f else None,
                "also_counts_for": f.expected.weight if f else None, "genes_higher": int(((f.fdr_g < fdr) & (f.difference_g > 0)).sum()) if f else None,
                "genes_lower": int(((f.fdr_g < fdr) & (f.difference_g <= 0)).sum()) if f else None,
                "share_p_below_0.05": float(np.nanmean(f.p_g < 0.05)) if f else None,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def in_anndata(found: list[Compared], genes: list[str], samples: pl.DataFrame) -> AnnData:
    """AnnData: X observed log2 values, one layer for each of LAYERS, obs as in samples.tsv; samples that were not compared are NaN."""
    import anndata
    import pandas as pd

    nothing = np.full(len(genes), np.nan)
    obs = samples.to_pandas().set_index("sample_id")
    for name in obs.columns[[kind.kind == "O" or str(kind).startswith("str") for kind in obs.dtypes]]:
        obs[name] = pd.Categorical(obs[name])
    rows = [layers_of(one) for one in found]
    values = {key: np.array([row.get(key, nothing) for row in rows], dtype=np.float32) for key in ("observed", *LAYERS)}
    var = pd.DataFrame(index=pd.Index(genes, name="symbol"))
    return anndata.AnnData(values.pop("observed"), obs=obs, var=var, layers=values)


def layers_of(one: Compared) -> dict[str, Any]:
    """The arrays (g) of a comparison under the names of LAYERS, and observed; empty for a sample that was not compared."""
    if (f := one.found) is None:
        return {}
    return {
        "observed": f.observed_g, "expected": f.expected.mean_g, "difference": f.difference_g, "standard_error": f.error_g, "p_value": f.p_g,
        "fdr": f.fdr_g,
    }  # fmt: skip


def _write_page(folder: Path, found: list[Compared], genes: Any, samples: pl.DataFrame, cohort: Cohort, asked: Asked) -> None:
    figures = FigureFolder(folder / "figures")
    sections = []
    drawn = [one for one in found if one.found is not None][:MOST_DRAWN]
    for i, one in enumerate(drawn, 1):
        f = one.found
        assert f is not None
        volcano(figures, f"volcano_{i}", genes, f.difference_g, f.p_g, f.fdr_g, asked.fdr)
        ranks(figures, f"ranks_{i}", genes, f.difference_g, f.error_g)
        said = f"{f.n_found(asked.fdr):,} genes below a false discovery rate of {asked.fdr:g}, against {f.expected.n:,} normal samples of {f.tissue}"
        plots = [
            shown(figures.folder, f"volcano_{i}", f"{one.sample_id}: {said}"),
            shown(figures.folder, f"ranks_{i}", "Genes by difference."),
        ]
        head = ["gene", "observed", "expected", "difference", "standard error", "p", "FDR"]
        rows = [
            [row[1], *(number(v, 2) for v in row[2:6]), f"{row[6]:.2g}", f"{row[7]:.2g}"] for row in gene_table(one, genes).head(30).rows()
        ]
        sections.append(Section(one.sample_id, [], plots, [Table(head, rows, "The surest genes", folded=True)]))
    table = Table(
        samples.columns, [["–" if v is None else number(v, 2) if isinstance(v, float) else str(v) for v in row] for row in samples.rows()]
    )
    Report(
        title="Against the closest normal",
        subject=f"{len(found):,} samples of {cohort.report.name}, run “{asked.run.resolve().name}”",
        lead="Each gene beside what normal samples of the same tissue let one expect; p-values by how far normal samples of other donors lie from it.",
        simulated=False,
        sections=[Section("Samples", [], [], [table]), *sections],
        notes=[*cohort.report.notes, *cohort.report.warnings],
        colophon=f"Made by bulkatlas {__version__}, `model compare`. All genes: genes.tsv and comparison.h5ad.",
    ).write(folder / "report.html")


def _tell(found: list[Compared], cohort: Cohort, out: Path, asked: Asked) -> None:
    people = console()
    for line in cohort.report.lines():
        people.print(line, style="yellow" if line.startswith("warning") else None, markup=False)
    for one in found[:MOST_WHOLE]:
        f = one.found
        what = (
            f"{f.n_found(asked.fdr):,} genes differ (FDR {asked.fdr:g}) from {f.expected.n:,} normal samples of {f.tissue}"
            if f
            else one.status
        )
        people.print(f"  {one.sample_id}: {what}{f'; unsure: {one.unsure_because}' if one.unsure_because else ''}", markup=False)
    if len(found) > MOST_WHOLE:
        people.print(f"  ... and {len(found) - MOST_WHOLE:,} more (samples.tsv)")
    people.print(f"wrote {out}/ (genes.tsv, samples.tsv, comparison.h5ad, report.html, figures/)")
    tell_table(sample_table(found, asked.fdr).rows(named=True))
