"""Trains on chosen training rows of a compendium and scores on its one test part: what `model scale` and `model ablate` share."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Ints
from modelling.bundle.model import TissueModel
from modelling.bundle.reference import write_reference
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.scores.metrics import calibration_error, confusion, draw_groups, scores_of_confusion
from modelling.scores.reconstruction import sample_errors
from modelling.scores.spearman import column_spearman, row_spearman
from modelling.studies.held_out import HeldOut, read_held_out
from modelling.studies.imputation import score_imputation
from modelling.studies.peak import peak_memory
from modelling.studies.subset import write_subset
from modelling.studies.transfer import Question, transfer
from modelling.training.train import train

HIDDEN = 0.2
SCORES = {
    "balanced_accuracy": "balanced accuracy",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "r2": "variance restored (R²)",
    "per_gene_spearman": "Spearman per gene",
    "per_sample_spearman": "Spearman per sample",
    "imputation": f"{HIDDEN:.0%} hidden, restored",
    "ece": "calibration error",
}
COSTS = {"seconds": "seconds of training", "memory_mib": "peak memory (MiB)"}
COHORT = "cohort_"
MASK_SEED = 42


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


def score_arm(
    compendium: Compendium, arm: Arm, config: TrainConfig, question: Question | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Train on the arm's rows, stop on the whole validation part, score on the whole test part, and on an outside cohort where one is asked about;
    nothing is kept but the scores.
    """
    with tempfile.TemporaryDirectory(prefix="bulkatlas-") as name:
        folder = Path(name)
        rows = np.concatenate([np.sort(arm.rows), compendium.rows("validation")])
        path = write_subset(compendium, rows, folder / "part.h5ad")
        with Compendium.open(path) as part, peak_memory() as peak:
            started = time.perf_counter()
            model = train(part, folder / "run", config.replace(seed=arm.seed), device=device).model
            costs = {"seconds": time.perf_counter() - started, "memory_mib": peak()}
            outside = cohort_scores(folder / "run", part, question) if question else {}
    tested = read_held_out(model, compendium)
    return {
        "arm": arm.name,
        "seed": arm.seed,
        "n_train": len(arm.rows),
        "n_tissues": len(set(compendium.obs["tissue"][arm.rows])),
        "n_test": len(tested.rows),
        **_of_test_part(model, tested),
        **outside,
        **costs,
    }


def _of_test_part(model: TissueModel, tested: HeldOut) -> dict[str, float]:
    """Scores of one training on the whole test part; the same cells are hidden for every training."""
    known = tested.labelled
    counts = confusion(tested.truth[known], tested.predicted[known], len(tested.classes))
    confidence, correct = tested.probability_nt[known].max(1), (tested.predicted == tested.truth)[known].astype(np.float64)
    restored = score_imputation(model, tested, None, MASK_SEED, fractions=(HIDDEN,))[str(HIDDEN)]["standardised"]["model"]
    return {
        **{key: float(value) for key, value in scores_of_confusion(counts).items()},
        "ece": calibration_error(confidence, correct, draw_groups(tested.group_id[known], MASK_SEED))[0],
        "r2": sample_errors(tested.truth_ng, tested.restored_ng).r2(),
        "per_gene_spearman": float(np.nanmedian(column_spearman(tested.truth_ng, tested.restored_ng))),
        "per_sample_spearman": float(np.nanmedian(row_spearman(tested.truth_ng, tested.restored_ng))),
        "imputation": float("nan") if restored is None else restored,
    }


def cohort_scores(run: Path, part: Compendium, question: Question) -> dict[str, float]:
    """Scores of an outside cohort, the head's over all samples, one for each of the rubric's ways of counting."""
    write_reference(run, part, "pca")
    found = transfer([run], question)
    head = found.calls.names[0]
    of_head = {row["rubric"]: row["score"] for row in found.overall if row["classifier"] == head}
    return {f"{COHORT}{way}": float("nan") if score is None else score for way, score in of_head.items()}


def words_of(scores: Iterable[str]) -> dict[str, str]:
    """What people call the scores of a training, those of an outside cohort and what it cost last."""
    there = list(scores)
    outside = {key: f"cohort, {key.removeprefix(COHORT)}" for key in there if key.startswith(COHORT)}
    return {key: word for key, word in (SCORES | outside | COSTS).items() if key in there}


def mean_interval(values: np.ndarray) -> tuple[float, tuple[float, float] | None]:
    """Mean over seeds and its 95% t interval; None for one seed."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return float(values.mean()), None
    half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return float(values.mean()), (float(values.mean() - half), float(values.mean() + half))
