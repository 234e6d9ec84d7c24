"""The `model` command line: parses, calls, prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Train, judge and serve a tissue model on a compendium.")


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
    mask_fraction: Annotated[float | None, typer.Option(min=0, max=0.95, help="share of genes hidden at random while training (denoising)")] = None,
    seed: Annotated[int | None, typer.Option(help="every random draw follows from it")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps")] = "auto",
    also_standard: Annotated[bool, typer.Option("--also-standard", help="also train without masking, into OUT-standard, as the paper does")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a stopped run")] = False,
) -> None:
    """Train a model and write its run folder."""
    from modelling import config, training_report
    from modelling.data import Compendium

    asked = {"epochs": epochs, "batch_size": batch_size, "mask_fraction": mask_fraction, "seed": seed}
    chosen = config.preset(preset).replace(**{name: value for name, value in asked.items() if value is not None})
    with Compendium.open(compendium) as opened:
        training_report.train_and_tell(opened, out, chosen, device=device, resume=resume, also_standard=also_standard)


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


def main() -> None:
    """Entry point: our errors become one red line and exit code 1."""
    from modelling.errors import ModellingError

    try:
        app()
    except ModellingError as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)
