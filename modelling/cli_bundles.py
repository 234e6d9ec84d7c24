"""Those of the `model` commands that make a run fit for others: normals, reference, export, load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command(rich_help_panel="Use")
def normals(
    run: Annotated[Path, typer.Argument(help="run folder of `model train`")],
    compendium: Annotated[Path, typer.Argument(help="compendium.h5ad with normal samples (obs `is_tumour` or `condition`)")],
) -> None:
    """Put means and variances of normal samples into a run, for `model compare` without the compendium."""
    from modelling.commands.compare import run_normals

    run_normals(run, compendium)


@app.command(rich_help_panel="Use")
def reference(
    run: Annotated[Path, typer.Argument(help="run folder of `model train`")],
    compendium: Annotated[Path, typer.Argument(help="the compendium that the run was trained on")],
    map_method: Annotated[str, typer.Option("--map", help="auto, tsne or pca")] = "auto",
) -> None:
    """Write what predictions are compared with into a run: training embeddings, map, limits measured on the validation part."""
    from modelling.commands.predict import make_references

    make_references([run], compendium, map_method)


@app.command(rich_help_panel="Use")
def export(
    run: Annotated[Path, typer.Argument(help="run folder of `model train`")],
    to: Annotated[Path, typer.Option("--out", "--to", help="new folder for the bundle")],
    licence: Annotated[str, typer.Option(help="of the weights: unstated, cc0-1.0, cc-by-4.0, mit")] = "unstated",
    metrics: Annotated[Path | None, typer.Option(help="metrics.json of `model evaluate`, for the model card")] = None,
    without_onnx: Annotated[bool, typer.Option("--without-onnx", help="leave model.onnx out")] = False,
    without_reference: Annotated[
        bool, typer.Option("--without-reference", help="leave ids and embeddings of the training samples out")
    ] = False,
) -> None:
    """Write a run as a bundle for a model hub: weights, tables, model card, ONNX, checksums."""
    from modelling.bundle import hub

    names = hub.export(run, to, licence=licence, metrics=metrics, onnx=not without_onnx, reference=not without_reference)
    typer.echo(f"wrote {to}/ ({', '.join(names)})")


@app.command(rich_help_panel="Use")
def load(bundle: Annotated[Path, typer.Argument(help="bundle of `model export`")]) -> None:
    """Check a bundle file by file, load it, and say what it is."""
    from modelling.commands.predict import describe_bundle

    typer.echo("\n".join(describe_bundle(bundle)))
