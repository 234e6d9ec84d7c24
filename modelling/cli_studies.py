"""Those of the `model` commands that ask a question of a model or a compendium: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelling.cli_reading import AnnotationOption, LayerOption, LayoutOption, SamplesOption, UnitOption
from profiles.table_format import FormatOption

if TYPE_CHECKING:
    from modelling.studies.transfer import Question

app = typer.Typer()
PANEL = "Studies"
EmbeddingsOption = Annotated[
    list[str] | None,
    typer.Option(help="NAME=FILE: embedding of training samples and cohort (.npy, .parquet or .h5ad[:OBSM]), repeatable"),
]
OfCohort = Annotated[str, typer.Option(help="of the cohort, as in `model transfer`")]
OfTrainings = Annotated[str, typer.Option(help="auto, cpu, cuda, mps")]
FileOfCohort = Annotated[Path | None, typer.Option(help="of the cohort, as in `model transfer`")]


def cohort_question(cohort: Path | None, rubric: str, metadata: Path | None, category: str, unit: str) -> Question | None:
    """What is asked of an outside cohort; None without one."""
    from modelling.predicting.cohort import Reading
    from modelling.studies.rubric import load_rubric
    from modelling.studies.transfer import Question

    counted = load_rubric(rubric)  # a wrong name is refused without a cohort too, before anything is trained
    return Question(cohort, counted, metadata, category, reading=Reading(unit)) if cohort else None


@app.command(rich_help_panel="Train")
def evaluate(
    run: Annotated[Path, typer.Argument(help="run folder from `model train`")],
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad whose test part is scored")],
    out: Annotated[Path, typer.Option(help="folder for metrics.json, report.html, predictions.tsv and figures/")],
    across: Annotated[
        str | None, typer.Option(help="study, source or any obs column: also score each of its values by a head that never saw it")
    ] = None,
    also_standard: Annotated[
        bool, typer.Option("--also-standard", help="also score RUN-standard, of `model train --also-standard`, in the same pictures")
    ] = False,
    beside: Annotated[list[Path] | None, typer.Option(help="another run of the same genes, in the same pictures; repeatable")] = None,
    embedding: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: an outside embedding, as `model baselines` takes it; repeatable")
    ] = None,
    seed: Annotated[int, typer.Option(help="of hidden cells, bootstrap and map")] = 42,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps")] = "cpu",
    no_figures: Annotated[
        bool, typer.Option("--no-figures", help="scores and tables only, no pictures and report: half the time on a small test part")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="read all of the compendium against its release first, not a sample of it")
    ] = False,
    form: FormatOption = None,
) -> None:
    """Score a run on the whole test part: metrics.json, report.html and figures."""
    from modelling.commands.evaluate import run_evaluate
    from modelling.studies.beside import standard_of

    others = [*([standard_of(run)] if also_standard else []), *(beside or [])]
    outside = {}
    if embedding:
        from modelling.commands.baselines import named_files

        outside = named_files(embedding)
    run_evaluate(
        run, compendium, out, seed, across=across, device=device, beside=others, embeddings=outside, verify=verify, figures=not no_figures
    )


@app.command(rich_help_panel=PANEL)
def baselines(
    inputs: Annotated[list[Path], typer.Argument(metavar="[RUN] COMPENDIUM", help="a compendium, and before it a run to compare with")],
    out: Annotated[Path, typer.Option(help="folder for baselines.json, report.html and figures/")],
    embedding: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: an outside embedding (.npy, .parquet, .h5ad, .h5ad:OBSM); repeatable")
    ] = None,
    umap: Annotated[bool, typer.Option(help="with the UMAP baseline (slow on many samples)")] = True,
    seed: Annotated[int, typer.Option(help="of bootstrap and methods")] = 42,
    form: FormatOption = None,
) -> None:
    """Score simple methods, and outside embeddings, on the same genes and split."""
    from modelling.commands.baselines import run_baselines

    run_baselines(inputs, out, embedding or [], seed, umap=umap)


@app.command(rich_help_panel=PANEL)
def transfer(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN... COHORT",
            help="run folders of `model train`, then the cohort's expression: any table, unit and gene id that `model predict` reads",
        ),
    ],
    rubric: Annotated[str, typer.Option(help="which tissues count as right for which category: a TSV, or a shipped one (target, tissues)")],
    out: Annotated[Path, typer.Option(help="folder for transfer.json, predictions.tsv, report.html and figures/")],
    metadata: Annotated[Path | None, typer.Option(help="table with one row per sample; for .h5ad the obs when not given")] = None,
    category: Annotated[str, typer.Option(help="column with the category")] = "category",
    sample_column: Annotated[
        str | None, typer.Option("--id", "--sample-column", help="column with the sample id; found by itself when not given")
    ] = None,
    where: Annotated[list[str] | None, typer.Option(help="COLUMN=VALUE: only such samples; repeatable")] = None,
    unit: UnitOption = "auto",
    layout: LayoutOption = "auto",
    layer: LayerOption = None,
    samples: SamplesOption = None,
    annotation: AnnotationOption = None,
    harmonise: Annotated[
        str, typer.Option(help="none, quantile (needs --compendium) or zscore (within the cohort, transductive)")
    ] = "none",
    compendium: Annotated[Path | None, typer.Option(help="compendium that the run was trained on, for --harmonise quantile")] = None,
    embedding: EmbeddingsOption = None,
    seed: Annotated[int, typer.Option(help="of the bootstrap")] = 42,
    form: FormatOption = None,
) -> None:
    """Classify an outside cohort by one or more runs, and by outside embeddings, and score all by a rubric."""
    from contextlib import ExitStack

    from modelling.commands.baselines import named_files
    from modelling.commands.transfer import run_transfer, runs_and_cohort
    from modelling.data import Compendium
    from modelling.predicting.cohort import Reading
    from modelling.studies.harmonise import parse_way
    from modelling.studies.rubric import load_rubric
    from modelling.studies.transfer import Question

    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()))
    runs, cohort = runs_and_cohort(inputs)
    with ExitStack() as stack:
        opened = stack.enter_context(Compendium.open(compendium)) if compendium else None
        asked = Question(
            cohort, load_rubric(rubric), metadata, category, sample_column, tuple(where or ()), reading, parse_way(harmonise), opened
        )
        run_transfer(runs, asked, out, seed, named_files(embedding or []))


@app.command("audit-labels", rich_help_panel=PANEL)
def audit_labels(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad whose labels are judged by the expression")],
    out: Annotated[Path, typer.Option(help="folder for suspects.tsv, overrides.tsv and report.html")],
    labels: Annotated[
        Path | None, typer.Option(help="labels.parquet with each label's evidence; taken from beside the compendium when not given")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="TSV with sample_id and true_tissue, where the truth is known: states precision and recall")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="folds of the cross-validation, by study, donor and patient")] = 5,
    seed: Annotated[int, typer.Option(help="of the folds")] = 42,
    form: FormatOption = None,
) -> None:
    """Find samples whose label the expression contradicts; write decisions to review."""
    from modelling.commands.audit_labels import run_audit

    run_audit(compendium, out, labels, truth, folds, seed)


@app.command("audit-samples", rich_help_panel=PANEL)
def audit_samples(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad whose samples are judged by their own expression")],
    out: Annotated[Path, typer.Option(help="folder for one TSV an audit, overrides.tsv, audit.json and report.html")],
    truth: Annotated[
        Path | None, typer.Option(help="TSV with sample_id and audit, where the faults are known: states precision and recall")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the projections that find duplicates")] = 42,
    form: FormatOption = None,
) -> None:
    """Find samples of another sex than stated, twins, cell lines, single cells, mixtures, other species; write decisions to review."""
    from modelling.commands.audit_samples import run_audit_samples

    run_audit_samples(compendium, out, truth, seed)


@app.command(rich_help_panel=PANEL)
def scale(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad; its training part is cut, its test part stays")],
    out: Annotated[Path, typer.Option(help="folder for scale.json, report.html and figures/")],
    fraction: Annotated[
        list[float] | None, typer.Option(help="share of the training part; repeatable; 0.33, 0.66 and 1 when not given")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings per size")] = 3,
    preset: Annotated[str, typer.Option(help="as in `model train`")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs")] = None,
    cohort: Annotated[
        Path | None, typer.Option(help="expression of an outside cohort that every training is also scored on, by --rubric")
    ] = None,
    rubric: OfCohort = "tissues",
    metadata: FileOfCohort = None,
    category: OfCohort = "category",
    unit: UnitOption = "auto",
    device: OfTrainings = "auto",
    form: FormatOption = None,
) -> None:
    """Scores by training size: nested subsets, one fixed test part, several seeds."""
    from modelling.commands.scale import run_scale

    asked = cohort_question(cohort, rubric, metadata, category, unit)
    run_scale(compendium, out, fraction or (0.33, 0.66, 1.0), seeds, preset, epochs, asked, device)


@app.command(rich_help_panel=PANEL)
def ablate(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad, for --cell-lines built with --cell-line-cap none")],
    out: Annotated[Path, typer.Option(help="folder for ablate.json, report.html and figures/")],
    cell_lines: Annotated[bool, typer.Option("--cell-lines", help="train with and without cell lines")] = False,
    cap: Annotated[int | None, typer.Option(min=1, help="train with at most this many samples of a tissue, and without")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="labels.parquet of the build (which samples are cell lines); beside the compendium if not given")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings per arm")] = 3,
    preset: Annotated[str, typer.Option(help="as in `model train`")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs")] = None,
    cohort: Annotated[
        Path | None, typer.Option(help="expression of an outside cohort that every arm is also scored on, by --rubric")
    ] = None,
    rubric: OfCohort = "tissues",
    metadata: FileOfCohort = None,
    category: OfCohort = "category",
    unit: UnitOption = "auto",
    device: OfTrainings = "auto",
    form: FormatOption = None,
) -> None:
    """What cell lines and the cap do to the scores, all else held equal, on the test part and on an outside cohort."""
    from modelling.commands.ablate import run_ablate

    asked = cohort_question(cohort, rubric, metadata, category, unit)
    run_ablate(
        compendium, out, labels, cap, cell_lines=cell_lines, n_seeds=seeds, preset=preset, epochs=epochs, question=asked, device=device
    )


@app.command(rich_help_panel=PANEL)
def paper(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad with training, validation and test part")],
    out: Annotated[Path, typer.Option(help="folder for the page and one folder a step; asked again, it goes on where it stopped")],
    quick: Annotated[bool, typer.Option("--quick", help="few epochs, one seed, two sizes: shows that all of it works, in minutes")] = False,
    preset: Annotated[str, typer.Option(help="as in `model train`")] = "default",
    cohort: Annotated[
        Path | None, typer.Option(help="expression of an outside cohort (TARGET); without it a source is held out and stands in for one")
    ] = None,
    rubric: Annotated[str, typer.Option(help="of the cohort, as in `model transfer`")] = "target",
    metadata: FileOfCohort = None,
    category: OfCohort = "category",
    unit: UnitOption = "auto",
    held_out: Annotated[str | None, typer.Option(help="the source to hold out; the smallest that can be when not given")] = None,
    embedding: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: an outside embedding (scGPT, BulkFormer) for Figures 5 and 6; repeatable")
    ] = None,
    seed: Annotated[int, typer.Option(help="every random draw follows from it")] = 42,
    device: OfTrainings = "auto",
    form: FormatOption = None,
) -> None:
    """Every figure and table of the published study from one compendium, its numbers beside ours."""
    from modelling.commands.baselines import named_files
    from modelling.commands.paper import Asked, run_paper

    question = cohort_question(cohort, rubric, metadata, category, unit)
    run_paper(Asked(compendium, out, preset, quick, question, held_out, named_files(embedding or []), seed, device))
