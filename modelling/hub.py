"""A run as a folder fit for a model hub: weights, tables, model card, ONNX, and a manifest that names a changed file.

Nothing in a bundle is code, and nothing is run on loading: safetensors, JSON, TSV, Markdown and ONNX only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelling import __version__, bundle
from modelling.bundle import BundleError, TissueModel
from modelling.errors import ModellingError
from modelling.outfolder import new_folder
from modelling.reference import FILES as REFERENCE_FILES
from modelling.reference import ReferenceMissing
from profiles import names

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
MODEL_FILES = ("model.safetensors", "config.json", "genes.tsv", "tissues.tsv", "scaler.tsv")
EXTRA_FILES = ("environment.json", "history.csv")
LICENCES = {
    "unstated": ("unknown", "The publisher of this bundle has stated no licence for the weights (`model export --licence`)."),
    "cc0-1.0": ("cc0-1.0", "Weights: CC0 1.0, public domain."),
    "cc-by-4.0": ("cc-by-4.0", "Weights: Creative Commons Attribution 4.0."),
    "mit": ("mit", "Weights: MIT."),
}


class BundleDamaged(BundleError):
    """A file of a bundle is missing, cut short or changed."""


def export(
    run: str | Path, to: str | Path, *, licence: str = "unstated", metrics: Path | None = None, onnx: bool = True, reference: bool = True
) -> list[str]:
    """Write a bundle of a run into a new folder; returns the names of its files.

    Args: metrics, a metrics.json of `model evaluate`; onnx False leaves the ONNX file out; reference False the training samples' ids and
    embeddings (predictions then need --without-reference). Raises BundleError, ReferenceMissing, OnnxMismatch.
    """
    run, to = Path(run), Path(to)
    if licence not in LICENCES:
        raise ModellingError(f"no licence named {licence!r}; there are: {', '.join(LICENCES)}")
    model = bundle.load(run)
    if reference and (missing := [name for name in REFERENCE_FILES if not (run / name).is_file()]):
        raise ReferenceMissing(
            f"{run}: has no {', '.join(missing)}; make them with `model reference {run} COMPENDIUM`, or export --without-reference"
        )
    with new_folder(to) as folder:
        for name in (*MODEL_FILES, *EXTRA_FILES, *(REFERENCE_FILES if reference else ())):
            if (run / name).is_file():
                shutil.copyfile(run / name, folder / name)
        if onnx:
            from modelling.onnx_export import write_onnx

            write_onnx(model, folder / "model.onnx")
        (folder / "README.md").write_text(model_card(model, to.name, folder, licence, metrics), encoding="utf-8")
        written = sorted(path.name for path in folder.iterdir())
        _write_manifest(folder, written)
    return [*written, MANIFEST]


def _write_manifest(folder: Path, written: Sequence[str]) -> None:
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)} for name in written}
    content = {"format": "bulkatlas bundle", "schema_version": SCHEMA_VERSION, "made_by": f"bulkatlas {__version__}", "files": files}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: str | Path) -> dict[str, Any]:
    """Check every file of a bundle against its manifest and return the manifest. BundleDamaged names what is wrong."""
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise BundleError(f"{folder}: has no {MANIFEST}: not a bundle; make one from a run with `model export RUN --to FOLDER`")
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version, files = manifest["schema_version"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleDamaged(f"{folder}/{MANIFEST}: is damaged ({error!r}); get the bundle again") from error
    if version != SCHEMA_VERSION:
        advice = "install a newer bulkatlas" if version > SCHEMA_VERSION else f"its run is needed: `model export RUN --to {folder}-new`"
        raise BundleError(f"{folder}: bundle of schema version {version}, this program reads version {SCHEMA_VERSION}; {advice}")
    # Links are not followed up: the cache of a model hub holds every file as a link to a folder of blobs, and files are read here, not written.
    if outside := [f"{names.shown(name)}: {why}" for name in files if (why := names.fault(name))]:
        raise BundleDamaged(f"{folder}/{MANIFEST}: names files outside the bundle ({outside[0]}); get the bundle again")
    wrong = [said for name, stated in files.items() if (said := _wrong(folder / name, stated))]
    if wrong:
        raise BundleDamaged(
            f"{folder}: {len(wrong)} of {len(files)} files are not as they were exported: {'; '.join(wrong[:5])}; get the bundle again"
        )
    return manifest


def _wrong(path: Path, stated: dict[str, Any]) -> str:
    if not path.is_file():
        return f"{path.name} is missing"
    size = path.stat().st_size
    if size != stated["bytes"]:
        return f"{path.name} has {size:,} bytes, {stated['bytes']:,} were exported"
    return "" if _sha256(path) == stated["sha256"] else f"{path.name} was changed"


def model_card(model: TissueModel, name: str, folder: Path, licence: str, metrics: Path | None) -> str:
    """The README.md of a bundle, filled from the run."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    identifier, text = LICENCES[licence]
    calibration = folder / "reference.json"
    details = model.details
    template = Environment(loader=PackageLoader("modelling"), undefined=StrictUndefined, keep_trailing_newline=True).get_template(
        "model_card.md.j2"
    )
    return template.render(
        name=name,
        licence_id=identifier,
        licence_text=text,
        tissues=model.tissue_rows,
        n_latent=model.n_latent,
        n_genes=len(model.genes),
        n_train=details.get("n_train", 0),
        unit=model.unit,
        simulated=details.get("simulated", False),
        build_id=details.get("build_id", ""),
        compendium_sha256=details.get("compendium_sha256", "not stated"),
        validation=details.get("validation", {}),
        calibration=json.loads(calibration.read_text(encoding="utf-8")) if calibration.is_file() else None,
        metrics=_scores(metrics, model) if metrics else [],
        metrics_from=metrics.name if metrics else "",
        float=float,
    )


def _scores(path: Path, model: TissueModel) -> list[tuple[str, str]]:
    """The single-number measures of a metrics.json; it must be of this model's compendium."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModellingError(f"{path}: not a metrics.json of `model evaluate` ({error})") from error
    build_id, trained_on = content.get("compendium", {}).get("build_id"), model.details.get("build_id")
    if build_id and trained_on and build_id != trained_on:
        raise ModellingError(f"{path}: measured on compendium build {build_id}, the model was trained on {trained_on}; evaluate this run")
    measures = ("balanced_accuracy", "weighted_f1", "macro_f1", "r2", "per_gene_spearman", "per_sample_spearman", "ece")
    scores = [(name.replace("_", " "), f"{content[name]:.3f}") for name in measures if isinstance(content.get(name), int | float)]
    if not scores:
        raise ModellingError(f"{path}: holds none of {', '.join(measures)}; give the metrics.json of `model evaluate`")
    return scores
