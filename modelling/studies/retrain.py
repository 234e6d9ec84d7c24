"""Trains on chosen training rows of a compendium and scores on its one test part: what `model scale` and `model ablate` share."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Ints
from modelling.bundle.reference import write_reference
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.scores.metrics import confusion, scores_of_confusion
from modelling.scores.reconstruction import sample_errors
from modelling.scores.spearman import column_spearman
from modelling.studies.held_out import read_held_out
from modelling.studies.subset import write_subset
from modelling.studies.transfer import Question, transfer
from modelling.training.train import train

SCORES = {
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "r2": "variance restored (R²)",
    "per_gene_spearman": "Spearman per gene",
}
COHORT = "cohort_"


@dataclass(frozen=True)
class Arm:
    """One training: a name, the compendium rows of its training part, the seed of its draw and of its training."""

    name: str
    rows: Ints
    seed: int


def in_random_order(compendium: Compendium, rows: Ints, seed: int) -> Ints:
    """Rows ordered by a checksum of seed and sample id: the same on any machine, and adding samples does not reorder the others."""
    ids = compendium.sample_ids[rows].astype(str)
    keys = [hashlib.md5(f"{seed}{name}".encode(), usedforsecurity=False).digest() for name in ids]
    return rows[sorted(range(len(rows)), key=lambda i: keys[i])]


def labelled_training_rows(compendium: Compendium) -> dict[str, Ints]:
    """Training rows of each tissue."""
    rows = compendium.rows("train", labelled=True)
    tissue = compendium.obs["tissue"][rows].astype(str)
    return {str(name): rows[tissue == name] for name in sorted(set(tissue))}


def score_arm(compendium: Compendium, arm: Arm, config: TrainConfig, question: Question | None = None) -> dict[str, Any]:
    """Train on the arm's rows, stop on the whole validation part, score on the whole test part, and on an outside cohort where one is asked about;
    nothing is kept but the scores.
    """
    with tempfile.TemporaryDirectory(prefix="bulkatlas-") as name:
        folder = Path(name)
        rows = np.concatenate([np.sort(arm.rows), compendium.rows("validation")])
        path = write_subset(compendium, rows, folder / "part.h5ad")
        with Compendium.open(path) as part:
            model = train(part, folder / "run", config.replace(seed=arm.seed)).model
            outside = cohort_scores(folder / "run", part, question) if question else {}
    tested = read_held_out(model, compendium)
    known = tested.labelled
    counts = confusion(tested.truth[known], tested.predicted[known], len(tested.classes))
    found = {key: float(value) for key, value in scores_of_confusion(counts).items()}
    per_gene = column_spearman(tested.truth_ng, tested.restored_ng)
    return {
        "arm": arm.name,
        "seed": arm.seed,
        "n_train": len(arm.rows),
        "n_tissues": len(set(compendium.obs["tissue"][arm.rows])),
        "n_test": len(tested.rows),
        **found,
        "r2": sample_errors(tested.truth_ng, tested.restored_ng).r2(),
        "per_gene_spearman": float(np.nanmedian(per_gene)),
        **outside,
    }


def cohort_scores(run: Path, part: Compendium, question: Question) -> dict[str, float]:
    """Scores of an outside cohort, the head's over all samples, one for each of the rubric's ways of counting."""
    write_reference(run, part, "pca")
    found = transfer([run], question)
    head = found.calls.names[0]
    of_head = {row["rubric"]: row["score"] for row in found.overall if row["classifier"] == head}
    return {f"{COHORT}{way}": float("nan") if score is None else score for way, score in of_head.items()}


def words_of(scores: Iterable[str]) -> dict[str, str]:
    """What people call the scores of a training, those of an outside cohort last where there are any."""
    return SCORES | {key: f"cohort, {key.removeprefix(COHORT)}" for key in scores if key.startswith(COHORT)}


def mean_interval(values: np.ndarray) -> tuple[float, tuple[float, float] | None]:
    """Mean over seeds and its 95% t interval; None for one seed."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return float(values.mean()), None
    half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return float(values.mean()), (float(values.mean() - half), float(values.mean() + half))
