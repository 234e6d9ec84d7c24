"""`model evaluate`: scores one run on the whole test part of a compendium and writes metrics.json, tables, figures and the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelling.bundle.inference import Inferred
from modelling.bundle.model import TissueModel, load
from modelling.data import Compendium
from modelling.progress import Stage, silent
from modelling.scores.imputation import FRACTIONS
from modelling.scores.metrics import draw_groups
from modelling.scores.reconstruction import Errors, RankScores, rank_scores, sample_errors
from modelling.studies import scorecard
from modelling.studies.across import score_across
from modelling.studies.cautions import part_notes, provenance_notes, shared_group_notes
from modelling.studies.held_out import HeldOut, read_held_out, shared_genes
from modelling.studies.imputation import score_imputation, simple_imputers
from modelling.studies.latent_knn import latent_knn
from modelling.studies.levels import score_levels

SEED = 42
CLIP = 10.0


@dataclass(frozen=True)
class Evaluation:
    """Everything that one evaluation found: metrics.json as a dict, and the arrays that tables and figures are drawn from."""

    metrics: dict[str, Any]
    part: HeldOut
    errors: Errors
    ranks: RankScores
    model: TissueModel


def evaluate(
    run: str | Path,
    compendium: Compendium,
    seed: int = SEED,
    stage: Stage = silent,
    *,
    across: str | None = None,
    device: str = "cpu",
    simple: bool = True,
) -> Evaluation:
    """Score the run in folder `run` on the whole test part.

    Args: stage(name, total) announces a stage and returns a function that advances it; across, an obs field whose values are left out one at a
    time; simple, whether the simple imputers restore hidden cells too. Raises TooFewGenes, NothingHeldOut, NothingAcross, BundleError.
    """
    model = load(run, device)
    notes = [*compendium.notes, *provenance_notes(Path(run), compendium)]
    warning = shared_genes(model, compendium.var["symbol"], compendium.path.name)
    notes += [warning] if warning else []
    n_test = len(compendium.rows("test"))
    left_out = _across(model, compendium, across, seed, stage)  # first: a field that is not there is told before anything is computed
    part = read_held_out(model, compendium, stage("test samples through the model", n_test))
    imputers, z_train = simple_imputers(model, compendium, seed, stage)
    advance = stage("hiding and restoring cells", n_test * len(FRACTIONS))
    imputation = score_imputation(model, part, imputers if simple else None, seed, advance)
    errors = sample_errors(part.truth_ng, part.restored_ng)
    clipped = sample_errors(part.truth_ng, part.restored_ng, clip=CLIP)
    groups = draw_groups(part.group_id, seed)
    ranks = rank_scores(part.truth_ng, part.restored_ng, groups)
    metrics = {
        "format": 1,
        "simulated": compendium.simulated,
        "run": str(Path(run).resolve().name),
        "compendium": {"file": compendium.path.name, "build_id": compendium.uns.get("build_id"), "unit": compendium.unit},
        "n": counts(part, model),
        **scorecard.classification(part, seed),
        "latent_knn": latent_knn(part, z_train, compendium.obs["tissue"][compendium.rows("train")], seed),
        "across": left_out,
        **scorecard.reconstruction(part, errors, ranks, groups),
        "r2_clipped": clipped.r2(),
        "r2_clipped_interval": clipped.r2_interval(groups),
        "levels": score_levels(model, Inferred(part.z_nk, part.certainty_n), part.tissue, part.term_id),
        "imputation": {fraction: scores["standardised"]["model"] for fraction, scores in imputation.items()},
        "imputation_detail": imputation,
        **scorecard.mixing(part),
        "settings": _settings(seed, len(groups.weights)),
        "notes": notes + shared_group_notes(compendium, part) + part_notes(part, model),
    }
    return Evaluation(metrics, part, errors, ranks, model)


def _across(model: TissueModel, compendium: Compendium, field: str | None, seed: int, stage: Stage) -> dict[str, Any] | None:
    """The values of a field left out one at a time; None where that was not asked for."""
    if field is None:
        return None
    n_labelled = sum(len(compendium.rows(split, labelled=True)) for split in ("train", "validation", "test"))
    return score_across(model, compendium, field, seed, stage(f"leaving out each {field}", n_labelled))


def _settings(seed: int, n_bootstraps: int) -> dict[str, Any]:
    return {"seed": seed, "k_mixing": 20, "perplexity": 30, "calibration_bins": 15, "bootstraps": n_bootstraps, "level": 0.95}


def counts(part: HeldOut, model: TissueModel) -> dict[str, int]:
    """How much of everything there was."""
    return {
        "test": len(part.rows),
        "labelled": int(part.labelled.sum()),
        "unlabelled": int((~part.labelled).sum()),
        "groups": len(set(part.group_id)),
        "sources": len(set(part.source)),
        "genes": len(model.genes),
        "latent": model.n_latent,
        "classes_of_model": len(model.tissues),
        "classes_in_test": len(set(part.tissue) - {""}),
        "in_classes_unknown_to_model": int((part.truth >= len(model.tissues)).sum()),
    }
