"""Scores of a classification, with intervals: pure functions of arrays.

Every score that is a sum over samples is first summed per group (study, donor, patient), so a bootstrap over groups is one sparse product.
Samples of one study resemble each other: an interval that resamples samples would be too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.sparse import csr_matrix

from modelling.arrays import Floats, Ints
from modelling.scores.intervals import LEVEL, Interval, is_degenerate, wilson, without_bootstrap

N_BOOTSTRAPS = 1000
N_CALIBRATION_BINS = 15
DRAWS = 100  # worked out at a time


@dataclass(frozen=True)
class Groups:
    """Bootstrap weights over groups. `member`: (n,) group number of each sample; `weights`: (b, n_groups) times each group was drawn, as small
    whole numbers: of a thousand draws of all groups the table is the largest of an evaluation.
    """

    member: Ints
    weights: Ints

    @property
    def n(self) -> int:
        """Number of groups."""
        return int(self.weights.shape[1])

    def totals(self, values: Floats) -> Floats:
        """Sum of per-sample values (n, ...) over each group, then over each bootstrap draw: (b, ...)."""
        flat = values.reshape(len(values), -1)
        per_group = np.zeros((self.n, flat.shape[1]))
        np.add.at(per_group, self.member, flat)
        return self.sums(per_group).reshape(-1, *values.shape[1:])

    def sums(self, per_group: Floats) -> Floats:
        """Sum of values per group (n_groups, ...) over each bootstrap draw: (b, ...)."""
        pieces = range(0, len(self.weights), DRAWS)
        return np.concatenate([self.weights[start : start + DRAWS].astype(np.float64) @ per_group for start in pieces])


def draw_groups(group_ids: np.ndarray, seed: int, n_bootstraps: int = N_BOOTSTRAPS) -> Groups:
    """Groups drawn with replacement, as many as there are; an empty id makes its sample a group of its own."""
    names = np.asarray(group_ids, dtype=object)
    filled = np.array([name or f"\0{i}" for i, name in enumerate(names)], dtype=object)
    _, member = np.unique(filled.astype(str), return_inverse=True)
    n_groups = int(member.max()) + 1 if len(member) else 0
    rng = np.random.default_rng(seed)
    weights = np.zeros((n_bootstraps, n_groups), np.uint16)
    for start in range(0, n_bootstraps if n_groups else 0, DRAWS):
        size = min(DRAWS, n_bootstraps - start)
        weights[start : start + size] = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=size)
    return Groups(member, weights)


def percentile_interval(draws: Floats) -> Interval | None:
    """The central 95% of bootstrap draws; None when fewer than half of them are defined."""
    finite = draws[np.isfinite(draws)]
    if len(finite) * 2 < len(draws) or not len(finite):
        return None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def confusion(truth: Ints, predicted: Ints, n_classes: int) -> Ints:
    """Counts (n_classes, n_classes), rows the truth, columns the prediction."""
    return np.bincount(truth * n_classes + predicted, minlength=n_classes * n_classes).reshape(n_classes, n_classes)


def _divide(a: Floats, b: Floats) -> Floats:
    out: Floats = np.divide(a, b, out=np.full(np.broadcast(a, b).shape, np.nan), where=b > 0)
    return out


def scores_of_confusion(counts: Floats | Ints) -> dict[str, Floats]:
    """Accuracy, balanced accuracy, F1 (weighted, macro) and MCC of confusion matrices (..., t, t); definitions of scikit-learn.

    Balanced accuracy averages recall over the classes that have samples; F1 over the classes that have samples or predictions.
    """
    counts = np.asarray(counts, np.float64)
    hit = np.diagonal(counts, axis1=-2, axis2=-1)
    truth, predicted = counts.sum(-1), counts.sum(-2)
    n = truth.sum(-1)
    recall = _divide(hit, truth)
    f1 = _divide(2 * hit, truth + predicted)
    n_present = (truth > 0).sum(-1)
    n_seen = (truth + predicted > 0).sum(-1)
    cross = hit.sum(-1) * n - (truth * predicted).sum(-1)
    spread = np.sqrt((n**2 - (predicted**2).sum(-1)) * (n**2 - (truth**2).sum(-1)))
    return {
        "accuracy": _divide(hit.sum(-1), n),
        "balanced_accuracy": _divide(np.nansum(recall, -1), n_present),
        "weighted_f1": _divide(np.nansum(f1 * truth, -1), n),
        "macro_f1": _divide(np.nansum(f1, -1), n_seen),
        "mcc": np.where(n > 0, np.divide(cross, spread, out=np.zeros_like(spread), where=spread > 0), np.nan),
    }


def classification_scores(truth: Ints, predicted: Ints, n_classes: int, groups: Groups) -> dict[str, tuple[float, Interval | None]]:
    """Each score of `scores_of_confusion` with its interval from the bootstrap over groups; from Wilson intervals where no draw differs."""
    point = {name: float(value) for name, value in scores_of_confusion(confusion(truth, predicted, n_classes)).items()}
    drawn = drawn_scores(truth, predicted, n_classes, groups)
    found = {name: percentile_interval(drawn[name]) for name in point}
    if len(truth) and any(is_degenerate(interval) for interval in found.values()):
        exact = without_bootstrap(point, truth, (truth == predicted).astype(np.float64), groups.member)
        found = {name: exact[name] if is_degenerate(interval) else interval for name, interval in found.items()}
    return {name: (value, found[name]) for name, value in point.items()}


def draws_without_a_class(truth: Ints, groups: Groups) -> float:
    """Share of the bootstrap draws in which a class that has samples has none: its recall is then no part of the draw's mean."""
    classes, number = np.unique(truth, return_inverse=True)
    held = np.zeros((groups.n, len(classes)))
    held[groups.member, number] = 1
    return float((groups.sums(held) == 0).any(axis=1).mean()) if len(truth) else 0.0


def drawn_scores(truth: Ints, predicted: Ints, n_classes: int, groups: Groups) -> dict[str, Floats]:
    """Each score of `scores_of_confusion` in every bootstrap draw: (b,)."""
    cell = truth * n_classes + predicted
    per_group = csr_matrix((np.ones(len(cell)), (groups.member, cell)), shape=(groups.n, n_classes * n_classes))
    used = np.flatnonzero(np.bincount(cell, minlength=n_classes * n_classes))
    drawn: dict[str, list[Floats]] = {}
    for start in range(0, len(groups.weights), DRAWS):
        weights = groups.weights[start : start + DRAWS].astype(np.float64)
        counts = np.zeros((len(weights), n_classes * n_classes))
        counts[:, used] = (per_group[:, used].T @ weights.T).T
        for name, values in scores_of_confusion(counts.reshape(-1, n_classes, n_classes)).items():
            drawn.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in drawn.items()}


def mean_with_interval(values: Floats, groups: Groups) -> tuple[float, Interval | None]:
    """Mean of per-sample values with its interval from the bootstrap over groups."""
    if not len(values):
        return float("nan"), None
    draws = _divide(groups.totals(values), groups.totals(np.ones(len(values))))
    interval = percentile_interval(draws)
    if is_degenerate(interval) and np.isin(values, (0.0, 1.0)).all():
        interval = wilson(float(values.mean()) * (trials := groups.n if groups.n > 1 else len(values)), trials)
    return float(values.mean()), interval


def top_hits(truth: Ints, probability_nt: Floats, k: int) -> Floats:
    """1.0 where the true class is among the k most probable ones. A class number outside the columns is never hit."""
    k = min(k, probability_nt.shape[1])
    top = np.argpartition(-probability_nt, k - 1, axis=1)[:, :k]
    return np.asarray((top == truth[:, None]).any(axis=1), np.float64)


def _bin_of(confidence: Floats) -> Ints:
    return np.minimum((confidence * N_CALIBRATION_BINS).astype(np.int64), N_CALIBRATION_BINS - 1)


def reliability(confidence: Floats, correct: Floats) -> list[dict[str, float | int | Interval | None]]:
    """One row per filled bin of equal width: n, mean confidence, accuracy and its Wilson interval."""
    bins = _bin_of(confidence)
    rows: list[dict[str, float | int | Interval | None]] = []
    for number in np.unique(bins):
        inside = bins == number
        n, hits = int(inside.sum()), int(correct[inside].sum())
        rows.append({
            "low": number / N_CALIBRATION_BINS, "high": (number + 1) / N_CALIBRATION_BINS, "n": n,
            "confidence": float(confidence[inside].mean()), "accuracy": hits / n, "interval": wilson(hits, n),
        })  # fmt: skip
    return rows


def calibration_error(confidence: Floats, correct: Floats, groups: Groups) -> tuple[float, Interval | None]:
    """Expected calibration error of the top probability over 15 bins of equal width (Guo et al. 2017), with its interval."""
    if not len(confidence):
        return float("nan"), None
    gap = np.zeros((len(confidence), N_CALIBRATION_BINS))
    gap[np.arange(len(confidence)), _bin_of(confidence)] = correct - confidence
    draws = np.abs(groups.totals(gap)).sum(1) / groups.totals(np.ones(len(gap)))
    return float(np.abs(gap.sum(0)).sum() / len(gap)), percentile_interval(draws)


def median_with_interval(values: Floats, groups: Groups) -> tuple[float, Interval | None]:
    """Median of per-sample values (NaN left out) with its interval from the bootstrap over groups."""
    finite = np.isfinite(values)
    if not finite.any():
        return float("nan"), None
    order = np.argsort(values[finite])
    ordered, member = values[finite][order], groups.member[finite][order]
    draws = np.full(len(groups.weights), np.nan)
    for draw, weights in enumerate(groups.weights):
        mass = np.cumsum(weights[member])
        if mass[-1] > 0:
            draws[draw] = ordered[np.searchsorted(mass, mass[-1] / 2)]
    return float(np.median(ordered)), percentile_interval(draws)


def jackknife_interval(estimate: float, left_out: Floats) -> Interval | None:
    """Interval of a costly statistic from its values with one fold of groups left out at a time; None for fewer than two folds."""
    n_folds = len(left_out)
    if n_folds < 2:
        return None
    error = np.sqrt((n_folds - 1) / n_folds * ((left_out - left_out.mean()) ** 2).sum())
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return (float(estimate - half), float(estimate + half)) if np.isfinite(half) else None


def fold_of_groups(member: Ints, n_folds: int = 10) -> Ints:
    """Fold number of each sample; the samples of one group share a fold, and no fold is empty."""
    n_groups = int(member.max()) + 1 if len(member) else 0
    return np.asarray(member % max(1, min(n_folds, n_groups)))
