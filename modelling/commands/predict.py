"""What `model predict` and `model embed` do: read, predict, write, block by block, and say what was found."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl

from modelling.bundle.model import load
from modelling.data import Compendium
from modelling.predicting.cohort import Reading, cohort
from modelling.predicting.cohort_report import CohortReport
from modelling.predicting.predict import PredictedBlock, Predictor
from modelling.predicting.results import OutputError, open_writer


def predict_file(
    run: Path,
    file: Path,
    reading: Reading,
    out: Path | None,
    impute: Path | None = None,
    *,
    latent: bool = False,
    without_reference: bool = False,
    device: str = "cpu",
) -> CohortReport:
    """Predict every sample of a file into `out` (None: TSV to standard output); `impute` takes every gene and its standard deviation."""
    predictor = Predictor.of(load(run, device), without_reference=without_reference)
    samples = cohort(reading.open(file), predictor.space, unit=reading.unit, min_coverage=reading.min_coverage)
    with ExitStack() as stack:
        writer = stack.enter_context(open_writer(out))
        filled = [stack.enter_context(open_writer(path)) for path in imputed_files(impute)] if impute else []
        for block in predictor.blocks(samples, impute=bool(filled)):
            arrays = latent_columns(block) if latent or (out and out.suffix.lower() == ".h5ad") else {}
            writer.write(predictor.table(block), arrays)
            for opened, arrays in zip(filled, imputed_arrays(predictor.model.genes, block, len(filled)), strict=True):
                opened.write(_ids(block), arrays)
        for opened in (writer, *filled):
            opened.close(samples.report.as_dict())
    return samples.report


def embed_file(run: Path, file: Path, reading: Reading, out: Path | None, device: str = "cpu") -> CohortReport:
    """Write the posterior mean of every sample of a file; refused samples have none."""
    predictor = Predictor.of(load(run, device), without_reference=True)
    samples = cohort(reading.open(file), predictor.space, unit=reading.unit, min_coverage=reading.min_coverage)
    with open_writer(out) as writer:
        for block in predictor.blocks(samples):
            writer.write(_ids(block), latent_columns(block))
        writer.close(samples.report.as_dict())
    return samples.report


def refuse_two_places(form: str | None, out: Path | None) -> None:
    """Raise OutputError: --format is of the table on standard output, a file is what its ending says."""
    if form and out:
        raise OutputError(f"--format {form} is for the table on standard output; {out} is written by its ending: leave one of them out")


def say(report: CohortReport) -> None:
    """What was found and done, on standard error: standard output may hold the table."""
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True)
    for line in report.lines():
        console.print(line, style="yellow" if line.startswith("warning") else None, markup=False, highlight=False)


def make_references(runs: Sequence[Path], compendium: Path | Compendium, map_method: str = "auto") -> None:
    """Write the reference files of runs and say what they are."""
    import typer

    from modelling.bundle.reference import write_reference

    for run in runs:
        about = write_reference(run, compendium, map_method, say=lambda text: typer.echo(f"{text} ..."))
        typer.echo(f"{run}: {about.n_neighbours} nearest training samples beside each prediction; map: {about.map_method}")


def describe_bundle(folder: Path) -> list[str]:
    """Verify and load a bundle; what it is, as lines."""
    from modelling.bundle.manifest import verify

    manifest, model = verify(folder), load(folder)
    details = model.details
    has_reference = (folder / "reference.json").is_file()
    return [
        (
            f"{folder}: {len(manifest['files'])} files as they were exported by {manifest['made_by']} (schema version"
            f" {manifest['schema_version']})"
        ),
        (
            f"{len(model.tissues)} tissues, {len(model.genes):,} genes in {model.unit}, {model.n_latent} dimensions,"
            f" {details.get('n_train', 0):,} training samples"
        ),
        (
            "with reference samples, map and confidence limits"
            if has_reference
            else "without reference samples: predict with --without-reference"
        ),
        f"try it: model predict {folder} {folder / 'example.tsv' if has_reference else 'YOUR_TABLE'}",
    ]


def latent_columns(block: PredictedBlock) -> dict[str, tuple[list[str], np.ndarray]]:
    """The posterior means as columns z1, z2, ...; NaN for refused samples."""
    z_nk = np.where(block.refused[:, None], np.float32(np.nan), block.z_nk)
    return {"latent": ([f"z{k + 1}" for k in range(z_nk.shape[1])], z_nk)}


def imputed_files(path: Path) -> list[Path]:
    """Where imputed genes and their standard deviations go: layer `sd` of an .h5ad, a second file NAME.sd.SUFFIX beside a table."""
    return [path] if path.suffix.lower() == ".h5ad" else [path, path.with_name(f"{path.stem}.sd{path.suffix}")]


def imputed_arrays(genes: list[str], block: PredictedBlock, n_files: int) -> list[dict[str, tuple[list[str], np.ndarray]]]:
    """What each of the files of `imputed_files` takes."""
    if not n_files:
        return []
    values, sd = every_gene(block)
    return [{"genes": (genes, values), "sd": (genes, sd)}] if n_files == 1 else [{"genes": (genes, values)}, {"genes": (genes, sd)}]


def every_gene(block: PredictedBlock) -> tuple[np.ndarray, np.ndarray]:
    """All genes (n, g) in the training unit, not below zero, and their standard deviations; NaN for refused samples."""
    assert block.imputed is not None
    refused = block.refused[:, None]
    values, sd = np.maximum(block.imputed.values_ng, 0), block.imputed.sd_ng
    return np.where(refused, np.float32(np.nan), values), np.where(refused, np.float32(np.nan), sd)


def _ids(block: PredictedBlock) -> pl.DataFrame:
    return pl.DataFrame({"sample_id": block.sample_ids})
