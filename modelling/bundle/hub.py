"""A run as a folder fit for a model hub: weights, tables, model card, ONNX, and a manifest that names a changed file.

Nothing in a bundle is code, and nothing is run on loading: safetensors, JSON, TSV, Markdown and ONNX only.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from modelling.bundle.card import LICENCES, model_card
from modelling.bundle.manifest import MANIFEST, write_manifest
from modelling.bundle.model import load
from modelling.bundle.reference import FILES as REFERENCE_FILES
from modelling.bundle.reference import ReferenceMissing
from modelling.errors import ModellingError
from modelling.outfolder import new_folder
from profiles.nearest import near

MODEL_FILES = ("model.safetensors", "config.json", "genes.tsv", "tissues.tsv", "scaler.tsv", "levels.tsv")
EXTRA_FILES = ("environment.json", "history.csv", "normals.safetensors")


def export(
    run: str | Path, to: str | Path, *, licence: str = "unstated", metrics: Path | None = None, onnx: bool = True, reference: bool = True
) -> list[str]:
    """Write a bundle of a run into a new folder; returns the names of its files.

    Args: metrics, a metrics.json of `model evaluate`; onnx False leaves the ONNX file out; reference False the training samples' ids and
    embeddings (predictions then need --without-reference). Raises BundleError, ReferenceMissing, OnnxMismatch.
    """
    run, to = Path(run), Path(to)
    if licence not in LICENCES:
        raise ModellingError(f"no licence named {licence!r}{near(licence, LICENCES)}; there are: {', '.join(LICENCES)}")
    model = load(run)
    if reference and (missing := [name for name in REFERENCE_FILES if not (run / name).is_file()]):
        raise ReferenceMissing(
            f"{run}: has no {', '.join(missing)}; make them with `model reference {run} COMPENDIUM`, or export --without-reference"
        )
    with new_folder(to) as folder:
        for name in (*MODEL_FILES, *EXTRA_FILES, *(REFERENCE_FILES if reference else ())):
            if (run / name).is_file():
                shutil.copyfile(run / name, folder / name)
        if onnx:
            from modelling.bundle.onnx import write_onnx  # onnx is an extra

            write_onnx(model, folder / "model.onnx")
        (folder / "README.md").write_text(model_card(model, to.name, folder, licence, metrics), encoding="utf-8")
        names = sorted(path.name for path in folder.iterdir())
        write_manifest(folder, names)
    return [*names, MANIFEST]
