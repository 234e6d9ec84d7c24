"""The `model` command line: parses, calls, prints."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train, judge and serve a tissue model on a compendium.",
)


@app.callback()
def root() -> None:
    """Train, judge and serve a tissue model on a compendium."""


@app.command()
def train(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad from `curate build`, or any .h5ad with obs `tissue` and `split`")],
    out: Annotated[Path, typer.Option(help="run folder to write")],
    preset: Annotated[str, typer.Option(help="default (ours) or paper (the published model, for comparison)")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="samples a step; the learning rate follows its square root")] = None,
    mask_fraction: Annotated[
        float | None, typer.Option(min=0, max=0.95, help="share of genes hidden at random while training (denoising)")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="every random draw follows from it")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps")] = "auto",
    also_standard: Annotated[
        bool, typer.Option("--also-standard", help="also train without masking, into OUT-standard, as the paper does")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a stopped run")] = False,
    map_method: Annotated[
        str, typer.Option("--map", help="map of the samples for predictions and page: auto, tsne, pca; none leaves the reference out")
    ] = "auto",
) -> None:
    """Train a model and write its run folder."""
    from modelling import config, training_report
    from modelling.data import Compendium

    asked = {"epochs": epochs, "batch_size": batch_size, "mask_fraction": mask_fraction, "seed": seed}
    chosen = config.preset(preset).replace(**{name: value for name, value in asked.items() if value is not None})
    with Compendium.open(compendium) as opened:
        runs = training_report.train_and_tell(opened, out, chosen, device=device, resume=resume, also_standard=also_standard)
        if map_method != "none" and os.environ.get("RANK", "0") == "0":
            from modelling.prediction_commands import make_references

            make_references([run.folder for run in runs], opened, map_method)


@app.command()
def tune(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad; only its train and validation parts are read")],
    out: Annotated[
        Path, typer.Option(help="folder for the study, its table and the run with the best settings; an unfinished search goes on")
    ],
    search: Annotated[str, typer.Option(help="default, or paper: the published search of three trials")] = "default",
    trials: Annotated[int | None, typer.Option(min=1, help="finished trials in all")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs a trial")] = None,
    seed: Annotated[int, typer.Option(help="of the search and of every trial")] = 42,
) -> None:
    """Search settings on the validation part and train the best."""
    from modelling.data import Compendium
    from modelling.training_report import tune_and_tell

    with Compendium.open(compendium) as opened:
        tune_and_tell(opened, out, search, n_trials=trials, epochs=epochs, seed=seed)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="run folder from `model train`")],
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad whose test part is scored")],
    out: Annotated[Path, typer.Option(help="folder for metrics.json, report.html, predictions.tsv and figures/")],
    seed: Annotated[int, typer.Option(help="of hidden cells, bootstrap and map")] = 42,
) -> None:
    """Score a run on the whole test part: metrics.json, report.html and figures."""
    from modelling.evaluate_command import run_evaluate

    run_evaluate(run, compendium, out, seed)


RunFolder = Annotated[Path, typer.Argument(help="run folder of `model train`, or a bundle of `model export`")]
Matrix = Annotated[Path, typer.Argument(help="samples: CSV, TSV, GCT (packed too), .parquet, .h5ad or .xlsx; genes in rows or columns")]
UnitOption = Annotated[str, typer.Option(help="auto, counts, tpm, fpkm, cpm, log2-tpm, log2-counts, ... where the values alone mislead")]
LayoutOption = Annotated[str, typer.Option(help="auto, genes (in rows) or samples (in rows)")]
LayerOption = Annotated[str | None, typer.Option(help="of an .h5ad: a layer, raw or X")]
SamplesOption = Annotated[list[str] | None, typer.Option(help="columns that are samples, by name or pattern; repeatable")]
AnnotationOption = Annotated[list[str] | None, typer.Option(help="columns that are no samples, by name or pattern; repeatable")]
CoverageOption = Annotated[float, typer.Option(min=0.05, max=1, help="refuse samples with a smaller share of the model's genes")]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps")]


@app.command()
def predict(
    run: RunFolder,
    file: Matrix,
    out: Annotated[Path | None, typer.Option(help=".tsv, .parquet or .h5ad to write; TSV to standard output without it")] = None,
    impute: Annotated[
        Path | None, typer.Option(help="also write every gene as the decoder sees it, in log2(TPM+1): .tsv, .parquet or .h5ad")
    ] = None,
    latent: Annotated[bool, typer.Option("--latent", help="add the posterior mean as columns z1, z2, ... (.h5ad always holds it)")] = False,
    unit: UnitOption = "auto",
    layout: LayoutOption = "auto",
    layer: LayerOption = None,
    samples: SamplesOption = None,
    annotation: AnnotationOption = None,
    min_coverage: CoverageOption = 0.5,
    without_reference: Annotated[
        bool, typer.Option("--without-reference", help="no neighbours, map or `unsure`: for runs without reference files")
    ] = False,
    device: DeviceOption = "cpu",
) -> None:
    """Name the tissue of your samples: probability, alternatives, nearest training samples, embedding."""
    from modelling.prediction_commands import predict_file, say
    from modelling.userdata import Reading

    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()), min_coverage)
    say(predict_file(run, file, reading, out, impute, latent=latent, without_reference=without_reference, device=device))


@app.command()
def embed(
    run: RunFolder,
    file: Matrix,
    out: Annotated[Path | None, typer.Option(help=".tsv, .parquet or .h5ad to write; TSV to standard output without it")] = None,
    unit: UnitOption = "auto",
    layout: LayoutOption = "auto",
    layer: LayerOption = None,
    samples: SamplesOption = None,
    annotation: AnnotationOption = None,
    min_coverage: CoverageOption = 0.5,
    device: DeviceOption = "cpu",
) -> None:
    """Write the embedding (posterior mean) of your samples."""
    from modelling.prediction_commands import embed_file, say
    from modelling.userdata import Reading

    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()), min_coverage)
    say(embed_file(run, file, reading, out, device))


@app.command()
def reference(
    run: Annotated[Path, typer.Argument(help="run folder of `model train`")],
    compendium: Annotated[Path, typer.Argument(help="the compendium that the run was trained on")],
    map_method: Annotated[str, typer.Option("--map", help="auto, tsne or pca")] = "auto",
) -> None:
    """Write what predictions are compared with into a run: training embeddings, map, limits measured on the validation part."""
    from modelling.prediction_commands import make_references

    make_references([run], compendium, map_method)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="run folder of `model train`")],
    to: Annotated[Path, typer.Option(help="new folder for the bundle")],
    licence: Annotated[str, typer.Option(help="of the weights: unstated, cc0-1.0, cc-by-4.0, mit")] = "unstated",
    metrics: Annotated[Path | None, typer.Option(help="metrics.json of `model evaluate`, for the model card")] = None,
    without_onnx: Annotated[bool, typer.Option("--without-onnx", help="leave model.onnx out")] = False,
    without_reference: Annotated[
        bool, typer.Option("--without-reference", help="leave ids and embeddings of the training samples out")
    ] = False,
) -> None:
    """Write a run as a bundle for a model hub: weights, tables, model card, ONNX, checksums."""
    from modelling import hub

    names = hub.export(run, to, licence=licence, metrics=metrics, onnx=not without_onnx, reference=not without_reference)
    typer.echo(f"wrote {to}/ ({', '.join(names)})")


@app.command()
def load(bundle: Annotated[Path, typer.Argument(help="bundle of `model export`")]) -> None:
    """Check a bundle file by file, load it, and say what it is."""
    from modelling.prediction_commands import describe_bundle

    typer.echo("\n".join(describe_bundle(bundle)))


@app.command()
def serve(
    run: RunFolder,
    curation: Annotated[
        Path | None, typer.Option(help="release folder of `curate build` (or a file in it): shows the evidence of labels, read-only")
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen on; anything but 127.0.0.1 opens the page to others")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 8000,
    max_upload_mb: Annotated[int, typer.Option(min=1, help="largest table accepted")] = 256,
) -> None:
    """Serve a web page and JSON API for predictions and the map of the compendium, on this machine only unless --host says otherwise."""
    from modelling.web.server import serve as start

    start(run, curation=curation, host=host, port=port, max_upload_mb=max_upload_mb)


@app.command()
def baselines(
    inputs: Annotated[list[Path], typer.Argument(metavar="[RUN] COMPENDIUM", help="a compendium, and before it a run to compare with")],
    out: Annotated[Path, typer.Option(help="folder for baselines.json, report.html and figures/")],
    embedding: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: an outside embedding (.npy, .parquet, .h5ad, .h5ad:OBSM); repeatable")
    ] = None,
    umap: Annotated[bool, typer.Option(help="with the UMAP baseline (slow on many samples)")] = True,
    seed: Annotated[int, typer.Option(help="of bootstrap and methods")] = 42,
) -> None:
    """Score simple methods, and outside embeddings, on the same genes and split."""
    from modelling.baselines_command import run_baselines

    run_baselines(inputs, out, embedding or [], seed, umap=umap)


@app.command()
def transfer(
    run: Annotated[Path, typer.Argument(help="run folder from `model train`")],
    cohort: Annotated[
        Path,
        typer.Argument(help="expression of the cohort: CSV, TSV, GCT, Parquet or .h5ad, any unit and gene id that `model predict` reads"),
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
    seed: Annotated[int, typer.Option(help="of the bootstrap")] = 42,
) -> None:
    """Classify an outside cohort and score it by a rubric."""
    from contextlib import ExitStack

    from modelling.data import Compendium
    from modelling.harmonise import parse_way
    from modelling.rubric import load_rubric
    from modelling.transfer import Question
    from modelling.transfer_command import run_transfer
    from modelling.userdata import Reading

    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()))
    with ExitStack() as stack:
        opened = stack.enter_context(Compendium.open(compendium)) if compendium else None
        asked = Question(
            cohort, load_rubric(rubric), metadata, category, sample_column, tuple(where or ()), reading, parse_way(harmonise), opened
        )
        run_transfer(run, asked, out, seed)


@app.command("audit-labels")
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
) -> None:
    """Find samples whose label the expression contradicts; write decisions to review."""
    from modelling.audit_command import run_audit

    run_audit(compendium, out, labels, truth, folds, seed)


@app.command()
def scale(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad; its training part is cut, its test part stays")],
    out: Annotated[Path, typer.Option(help="folder for scale.json, report.html and figures/")],
    fraction: Annotated[
        list[float] | None, typer.Option(help="share of the training part; repeatable; 0.33, 0.66 and 1 when not given")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings per size")] = 3,
    preset: Annotated[str, typer.Option(help="as in `model train`")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs")] = None,
) -> None:
    """Scores by training size: nested subsets, one fixed test part, several seeds."""
    from modelling.retrain_command import run_scale

    run_scale(compendium, out, fraction or (0.33, 0.66, 1.0), seeds, preset, epochs)


@app.command()
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
) -> None:
    """What cell lines and the cap do to the scores, all else held equal."""
    from modelling.retrain_command import run_ablate

    run_ablate(compendium, out, labels, cap, cell_lines=cell_lines, n_seeds=seeds, preset=preset, epochs=epochs)


def main() -> None:
    """Entry point: our errors become one red line and exit code 1."""
    from profiles.errors import BulkatlasError

    try:
        app()
    except BulkatlasError as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)
