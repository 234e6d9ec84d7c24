"""`model evaluate`: scores one run on the whole test part of a compendium and writes metrics.json, tables, figures and the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Floats
from modelling.bundle.model import TissueModel, load
from modelling.data import Compendium
from modelling.network.pca import fit_components
from modelling.scores.imputation import FRACTIONS, KnnImputer, PcaImputer, Restore
from modelling.scores.metrics import classification_scores, draw_groups
from modelling.scores.neighbours import knn_classify
from modelling.scores.reconstruction import Errors, RankScores, rank_scores, sample_errors
from modelling.stages import Stage, silent
from modelling.studies import scorecard
from modelling.studies.testpart import BLOCK, TestPart, read_test_part, score_imputation, shared_genes

SEED = 42
N_COMPONENTS = 121


@dataclass(frozen=True)
class Evaluation:
    """Everything that one evaluation found: metrics.json as a dict, and the arrays that tables and figures are drawn from."""

    metrics: dict[str, Any]
    part: TestPart
    errors: Errors
    ranks: RankScores
    model: TissueModel


def evaluate(run: str | Path, compendium: Compendium, seed: int = SEED, stage: Stage = silent) -> Evaluation:
    """Score the run in folder `run` on the whole test part.

    Args: stage(name, total) announces a stage and returns a function that advances it. Raises TooFewGenes, NoTestPart, BundleError.
    """
    model = load(run)
    notes = [*compendium.notes, *provenance_notes(Path(run), compendium)]
    warning = shared_genes(model, compendium.var["symbol"], compendium.path.name)
    notes += [warning] if warning else []
    n_test = len(compendium.rows("test"))
    part = read_test_part(model, compendium, stage("test samples through the model", n_test))
    imputers, knn = simple_imputers(model, compendium, part, seed, stage)
    imputation = score_imputation(model, part, imputers, seed, stage("hiding and restoring cells", n_test * len(FRACTIONS)))
    errors = sample_errors(part.truth_ng, part.restored_ng)
    groups = draw_groups(part.group_id, seed)
    ranks = rank_scores(part.truth_ng, part.restored_ng, groups)
    metrics = {
        "format": 1,
        "simulated": compendium.simulated,
        "run": str(Path(run).resolve().name),
        "compendium": {"file": compendium.path.name, "build_id": compendium.uns.get("build_id"), "unit": compendium.unit},
        "n": counts(part, model),
        **scorecard.classification(part, seed),
        "latent_knn": knn,
        **scorecard.reconstruction(part, errors, ranks, groups),
        "imputation": {fraction: scores["standardised"]["model"] for fraction, scores in imputation.items()},
        "imputation_detail": imputation,
        **scorecard.mixing(part),
        "settings": {
            "seed": seed,
            "k_mixing": 20,
            "perplexity": 30,
            "calibration_bins": 15,
            "bootstraps": len(groups.weights),
            "level": 0.95,
        },
        "notes": notes + shared_group_notes(compendium, part) + part_notes(part, model),
    }
    return Evaluation(metrics, part, errors, ranks, model)


def counts(part: TestPart, model: TissueModel) -> dict[str, int]:
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


def provenance_notes(run: Path, compendium: Compendium) -> list[str]:
    """Say so when the run was trained on another compendium: its training samples may then be among these test samples."""
    path = run / "environment.json"
    if not path.is_file():
        return ["the run has no environment.json: it cannot be told which compendium it was trained on"]
    environment = json.loads(path.read_text(encoding="utf-8"))
    trained_on = environment.get("compendium", {}).get("sha256")
    if trained_on is None:
        return ["environment.json names no compendium: it cannot be told which one the run was trained on"]
    if trained_on == compendium.sha256():
        return []
    return ["the run was trained on another compendium than this one: samples of this test part may have been in its training part"]


def shared_group_notes(compendium: Compendium, part: TestPart) -> list[str]:
    """Say so when a study, donor or patient has samples on both sides, or when nobody can tell."""
    seen = set(compendium.text("group_id", compendium.rows("train"))) | set(compendium.text("group_id", compendium.rows("validation")))
    if seen == {""}:
        return ["the compendium has no group_id: whether a study or donor is on both sides cannot be told, and intervals are too narrow"]
    n = int(np.isin(part.group_id.astype(str), [name for name in seen if name]).sum())
    return (
        [
            f"{n:,} of {len(part.rows):,} test samples share a study, donor or patient with training or validation samples: scores flatter the model"
        ]
        if n
        else []
    )


def part_notes(part: TestPart, model: TissueModel) -> list[str]:
    """What a reader of the scores must know about this test part."""
    notes = []
    n_unlabelled = int((~part.labelled).sum())
    if n_unlabelled:
        notes.append(f"{n_unlabelled:,} test samples have no tissue: they count for reconstruction, not for classification")
    for number in range(len(model.tissues), len(part.classes)):
        n = int((part.truth == number).sum())
        notes.append(
            f"{part.classes[number]} ({n} samples) is only in the test part: the model cannot name it, every one of them counts as wrong"
        )
    single = [name for number, name in enumerate(part.classes) if (part.truth == number).sum() == 1]
    if single:
        notes.append(
            f"one test sample only: {', '.join(single)}; recall there is 0 or 1 and weighs in balanced accuracy as much as any other class"
        )
    absent = sorted(set(model.tissues) - set(part.tissue))
    if absent:
        notes.append(f"no test sample: {', '.join(absent)}; balanced accuracy is the mean over the other classes")
    n_empty = int(np.isnan(part.truth_ng).all(axis=0).sum())
    if n_empty:
        notes.append(
            f"{n_empty:,} of {len(model.genes):,} genes are measured in no test sample: they are left out of reconstruction scores"
        )
    if len(set(part.source)) < 2:
        notes.append("the test part holds one source: source mixing and LISI are not defined")
    return notes


def simple_imputers(
    model: TissueModel, compendium: Compendium, part: TestPart, seed: int, stage: Stage
) -> tuple[dict[str, Restore], dict[str, Any]]:
    """PCA and kNN imputers fitted on the training part, and the kNN (k = 5) classification of the model's latent space."""
    rows = compendium.rows("train")
    advance = stage("training samples for the imputers", len(rows) * 7)

    def standardised(chosen: np.ndarray) -> Floats:
        return np.asarray((compendium.x(chosen, model.genes) - model.mean_g) / model.std_g)

    def blocks() -> Iterable[Floats]:
        for start in range(0, len(rows), BLOCK):
            block = np.nan_to_num(standardised(rows[start : start + BLOCK]), nan=0.0)
            advance(len(block))
            yield block

    n_components = min(N_COMPONENTS, len(rows) - 1, len(model.genes))
    pca = PcaImputer(fit_components(blocks, n_components, seed))
    scores = np.concatenate([pca.components.project(block) for block in blocks()])
    knn_imputer = KnnImputer(pca, scores, lambda index: standardised(rows[index]))
    z = np.concatenate([model.embed(x) for _, x in compendium.blocks(rows, BLOCK, model.genes)])
    return {"knn": knn_imputer.restore, "pca": pca.restore}, latent_knn(part, z, compendium.obs["tissue"][rows], seed)


def latent_knn(part: TestPart, reference_z: Floats, reference_tissue: np.ndarray, seed: int) -> dict[str, Any]:
    """Balanced accuracy of the vote of the five nearest training samples (cosine) in the latent space."""
    number = {name: i for i, name in enumerate(part.classes)}
    target = np.array([number.get(name, -1) for name in reference_tissue])
    known, rows = target >= 0, np.flatnonzero(part.labelled)
    predicted = knn_classify(part.z_nk[rows], reference_z[known], target[known], len(part.classes))
    found = classification_scores(part.truth[rows], predicted, len(part.classes), draw_groups(part.group_id[rows], seed))
    value, interval = found["balanced_accuracy"]
    return {
        "k": 5,
        "n": len(rows),
        "n_reference": int(known.sum()),
        "balanced_accuracy": value,
        "interval": interval,
        "accuracy": found["accuracy"][0],
    }


def write_tables(evaluation: Evaluation, folder: Path) -> None:
    """metrics.json, predictions.tsv (one row per test sample) and genes.tsv (one row per gene)."""
    part = evaluation.part
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(plain(evaluation.metrics), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    order = np.argsort(-part.probability_nt, axis=1)[:, :3]
    ranked = [[part.classes[c] for c in row] + [f"{part.probability_nt[i, c]:.4f}" for c in row] for i, row in enumerate(order)]
    padded = [row[: len(row) // 2] + [""] * (3 - len(row) // 2) + row[len(row) // 2 :] for row in ranked]
    with (folder / "predictions.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(
            [
                "sample_id",
                "source",
                "group_id",
                "condition",
                "tissue",
                "predicted",
                "second",
                "third",
                "probability",
                "probability_second",
                "probability_third",
                "spearman",
            ]
        )
        for i, row in enumerate(padded):
            writer.writerow(
                [
                    part.sample_id[i],
                    part.source[i],
                    part.group_id[i],
                    part.condition[i],
                    part.tissue[i],
                    *row,
                    f"{evaluation.ranks.per_sample[i]:.4f}",
                ]
            )


def plain(value: Any) -> Any:
    """The same with numpy scalars as Python numbers and undefined numbers as null, for JSON."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
