"""The model card of a bundle, filled from the run, and the licences that its weights may have."""

from __future__ import annotations

from pathlib import Path

from modelling.bundle.model import TissueModel
from modelling.errors import ModellingError
from profiles.plain_json import NoObject, read_object

LICENCES = {
    "unstated": ("unknown", "The publisher of this bundle has stated no licence for the weights (`model export --licence`)."),
    "cc0-1.0": ("cc0-1.0", "Weights: CC0 1.0, public domain."),
    "cc-by-4.0": ("cc-by-4.0", "Weights: Creative Commons Attribution 4.0."),
    "mit": ("mit", "Weights: MIT."),
}


def model_card(model: TissueModel, name: str, folder: Path, licence: str, metrics: Path | None) -> str:
    """The README.md of a bundle, filled from the run."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    identifier, text = LICENCES[licence]
    details = model.details
    template = Environment(
        loader=PackageLoader("modelling.bundle.model", ""), undefined=StrictUndefined, keep_trailing_newline=True
    ).get_template("model_card.md.j2")
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
        calibration=model.calibration,
        metrics=_scores(metrics, model) if metrics else [],
        metrics_from=metrics.name if metrics else "",
        float=float,
    )


def _scores(path: Path, model: TissueModel) -> list[tuple[str, str]]:
    """The single-number measures of a metrics.json; it must be of this model's compendium."""
    try:
        content = read_object(path)
    except FileNotFoundError:
        raise ModellingError(f"{path}: no such file; give the metrics.json of `model evaluate`") from None
    except NoObject as error:
        raise ModellingError(f"{path}: {error}; give the metrics.json of `model evaluate`") from error
    compendium = content.get("compendium")
    build_id, trained_on = compendium.get("build_id") if isinstance(compendium, dict) else None, model.details.get("build_id")
    if build_id and trained_on and build_id != trained_on:
        raise ModellingError(f"{path}: measured on compendium build {build_id}, the model was trained on {trained_on}; evaluate this run")
    names = ("balanced_accuracy", "weighted_f1", "macro_f1", "r2", "per_gene_spearman", "per_sample_spearman", "ece")
    scores = [(name.replace("_", " "), f"{content[name]:.3f}") for name in names if isinstance(content.get(name), int | float)]
    if not scores:
        raise ModellingError(f"{path}: holds none of {', '.join(names)}; give the metrics.json of `model evaluate`")
    return scores
