"""The `model` command line: parses, calls, prints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from modelling import cli_bundles, cli_sharing, cli_studies
from modelling.cli_reading import AnnotationOption, LayerOption, LayoutOption, SamplesOption, UnitOption
from modelling.starting import started
from profiles import __version__
from profiles.command_line import run, say_version
from profiles.table_format import FormatOption

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train, judge and serve a tissue model on a compendium.",
)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="show the version", is_eager=True, callback=say_version)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of a fault; stands anywhere on the line")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="results and errors only; stands anywhere")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="a line on standard error for every stage and epoch; stands anywhere")] = False,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="add these lines, with their time, to a file; stands anywhere")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="compute on this many threads; stands anywhere; all processors without it")
    ] = None,
) -> None:
    """Train, judge and serve a tissue model on a compendium."""


@app.command(rich_help_panel="Train")
def train(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad from `curate build`, or any .h5ad with obs `tissue` and `split`")],
    out: Annotated[Path, typer.Option(help="run folder to write")],
    preset: Annotated[str, typer.Option(help="default (ours) or paper (the published model, for comparison)")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs")] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="samples a step, on CUDA by the size of card and compendium; the learning rate follows its square root"),
    ] = None,
    mask_fraction: Annotated[
        float | None, typer.Option(min=0, max=0.95, help="share of genes hidden at random while training (denoising)")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="every random draw follows from it")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps")] = "auto",
    also_standard: Annotated[
        bool, typer.Option("--also-standard", help="also train without masking, into OUT-standard, as the paper does")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a stopped run")] = False,
    compiled: Annotated[
        bool, typer.Option("--compile", help="steps through torch.compile (needs a C++ compiler, takes a minute): for long runs on CUDA")
    ] = False,
    map_method: Annotated[
        str, typer.Option("--map", help="map of the samples for predictions and page: auto, tsne, pca; none leaves the reference out")
    ] = "auto",
    verify: Annotated[
        bool, typer.Option("--verify", help="read all of the compendium against its release first, not a sample of it")
    ] = False,
) -> None:
    """Train a model and write its run folder."""
    from modelling import config
    from modelling.commands import train as training_report
    from modelling.data import Compendium

    asked = {"epochs": epochs, "batch_size": batch_size, "mask_fraction": mask_fraction, "seed": seed}
    chosen = config.preset(preset).replace(**{name: value for name, value in asked.items() if value is not None})
    if map_method != "none":
        from modelling.bundle.reference import chosen_map

        chosen_map(map_method)  # refused before the hours of training, not after them
    with Compendium.open(compendium, verify=verify) as opened:
        if batch_size is None and preset == "default":
            chosen = training_report.sized(opened, chosen, device)
        runs = training_report.train_and_tell(
            opened, out, chosen, device=device, resume=resume, also_standard=also_standard, compiled=compiled
        )
        if map_method != "none" and os.environ.get("RANK", "0") == "0":
            from modelling.commands.predict import make_references

            make_references([run.folder for run in runs], opened, map_method)


@app.command(rich_help_panel="Train")
def tune(
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad; only its train and validation parts are read")],
    out: Annotated[
        Path, typer.Option(help="folder for the study, its table and the run with the best settings; an unfinished search goes on")
    ],
    search: Annotated[str, typer.Option(help="default, or paper: the published search of three trials")] = "default",
    trials: Annotated[int | None, typer.Option(min=1, help="finished trials in all")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="at most this many epochs a trial")] = None,
    seed: Annotated[int, typer.Option(help="of the search and of every trial")] = 42,
    form: FormatOption = None,
) -> None:
    """Search settings on the validation part and train the best."""
    from modelling.commands.train import tune_and_tell
    from modelling.data import Compendium

    with Compendium.open(compendium) as opened:
        tune_and_tell(opened, out, search, n_trials=trials, epochs=epochs, seed=seed)


RunFolder = Annotated[Path, typer.Argument(help="run folder of `model train`, or a bundle of `model export`")]
Matrix = Annotated[Path, typer.Argument(help="samples: CSV, TSV, GCT (packed too), .parquet, .h5ad or .xlsx; genes in rows or columns")]
CoverageOption = Annotated[float, typer.Option(min=0.05, max=1, help="refuse samples with a smaller share of the model's genes")]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps")]


@app.command(rich_help_panel="Use")
def predict(
    run: RunFolder,
    file: Matrix,
    out: Annotated[Path | None, typer.Option(help=".tsv, .parquet or .h5ad to write; TSV to standard output without it")] = None,
    impute: Annotated[
        Path | None, typer.Option(help="also write every gene with its standard deviation, in log2(TPM+1): .tsv, .parquet or .h5ad")
    ] = None,
    latent: Annotated[bool, typer.Option("--latent", help="add the posterior mean as columns z1, z2, ... (.h5ad always holds it)")] = False,
    unit: UnitOption = "auto",
    layout: LayoutOption = "auto",
    layer: LayerOption = None,
    samples: SamplesOption = None,
    annotation: AnnotationOption = None,
    min_coverage: CoverageOption = 0.5,
    without_reference: Annotated[
        bool, typer.Option("--without-reference", help="no neighbours and map: for runs without reference files")
    ] = False,
    device: DeviceOption = "cpu",
    form: FormatOption = None,
) -> None:
    """Name the tissue of your samples: probability, alternatives, nearest training samples, embedding."""
    from modelling.commands.predict import predict_file, refuse_two_places, say
    from modelling.predicting.cohort import Reading

    refuse_two_places(form, out)
    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()), min_coverage)
    say(predict_file(run, file, reading, out, impute, latent=latent, without_reference=without_reference, device=device))


@app.command(rich_help_panel="Use")
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
    form: FormatOption = None,
) -> None:
    """Write the embedding (posterior mean) of your samples."""
    from modelling.commands.predict import embed_file, refuse_two_places, say
    from modelling.predicting.cohort import Reading

    refuse_two_places(form, out)
    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()), min_coverage)
    say(embed_file(run, file, reading, out, device))


@app.command(rich_help_panel="Use")
def compare(
    run: RunFolder,
    file: Matrix,
    out: Annotated[Path, typer.Option(help="folder for genes.tsv, samples.tsv, comparison.h5ad, report.html and figures/")],
    normals: Annotated[
        Path | None,
        typer.Option(help="compendium.h5ad whose normal samples are compared with; those in the run (`model normals`) without it"),
    ] = None,
    tissue: Annotated[str, typer.Option(help="compare with this tissue, whatever the model calls a sample")] = "",
    fdr: Annotated[float, typer.Option(min=1e-6, max=1, help="false discovery rate below which a gene counts as different")] = 0.05,
    unit: UnitOption = "auto",
    layout: LayoutOption = "auto",
    layer: LayerOption = None,
    samples: SamplesOption = None,
    annotation: AnnotationOption = None,
    min_coverage: CoverageOption = 0.5,
    form: FormatOption = None,
) -> None:
    """Compare your samples, one by one, with the closest normal of their tissue: what differs, by how much, how surely."""
    from modelling.commands.compare import Asked, run_compare
    from modelling.predicting.cohort import Reading

    reading = Reading(unit, layout, layer, tuple(samples or ()), tuple(annotation or ()), min_coverage)
    run_compare(Asked(run, normals, tissue, fdr), file, reading, out)


@app.command(rich_help_panel="Use")
def serve(
    run: RunFolder,
    curation: Annotated[
        Path | None,
        typer.Option(
            "--curation", "--db", help="release folder of `curate build` (or a file in it): shows the evidence of labels, read-only"
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="address to listen on; anything but 127.0.0.1 opens the page to others and needs --allow-host")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", metavar="NAME", help="a name under which others ask for the page; repeatable")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 8000,
    max_upload_mb: Annotated[int, typer.Option(min=1, help="largest table accepted")] = 256,
) -> None:
    """Serve a web page and JSON API for predictions and the map of the compendium, on this machine only unless --host says otherwise."""
    from modelling.web.server import serve as start

    start(run, curation=curation, host=host, port=port, max_upload_mb=max_upload_mb, allow_hosts=allow_host or ())


app.add_typer(cli_bundles.app)
app.add_typer(cli_sharing.app)
app.add_typer(cli_studies.app)


def main() -> None:
    """Entry point; how it ends is documented in `profiles.command_line`."""
    run(started(app), "model", __version__)
