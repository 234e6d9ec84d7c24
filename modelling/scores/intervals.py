"""Intervals where a bootstrap over groups has none: no draw differs because nothing was wrong, or because there is one group only.

Each tissue's recall has a Wilson interval with its groups as the number of trials: the samples of a study are no independent trials. The mean over
tissues takes them together as the sum of squared distances to their limits (Zou and Donner 2008), which is exact for a single tissue and never of
width zero. One group in all says nothing of other groups: its samples are then the trials, and the interval holds for that study alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from modelling.arrays import Floats, Ints

LEVEL = 0.95
NARROW = 1e-9

Interval = tuple[float, float]


def wilson(n_hits: float, n: float) -> Interval | None:
    """Wilson score interval of a share at 95%; None for n = 0."""
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share = n_hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def is_degenerate(interval: Interval | None) -> bool:
    """Whether a bootstrap found no spread at all."""
    return interval is None or interval[1] - interval[0] < NARROW


def of_mean(shares: Floats, trials: Floats) -> Interval:
    """Interval of the mean of independent shares (c), each of so many trials (c)."""
    limits = np.array([wilson(share * n, n) for share, n in zip(shares, trials, strict=True)])
    mean, k = float(shares.mean()), len(shares)
    below, above = np.sqrt(((shares - limits[:, 0]) ** 2).sum()) / k, np.sqrt(((limits[:, 1] - shares) ** 2).sum()) / k
    return max(0.0, mean - float(below)), min(1.0, mean + float(above))


def without_bootstrap(point: Mapping[str, float], truth: Ints, right: Floats, member: Ints) -> dict[str, Interval]:
    """An interval for each of `scores_of_confusion`, from the Wilson intervals of accuracy and of the tissues' recalls.

    truth, right (1.0 or 0.0) and member (group number): (n,). F1 and Matthews correlation have no such form: they take over the distances of
    the score that they follow (weighted F1 accuracy, macro F1 balanced accuracy, MCC accuracy stretched from chance to one).
    """
    one_group = len(set(member.tolist())) == 1
    classes = np.unique(truth)
    trials = np.array([(truth == c).sum() if one_group else len(set(member[truth == c].tolist())) for c in classes], dtype=float)
    recall = np.array([right[truth == c].mean() for c in classes])
    accuracy = of_mean(np.array([right.mean()]), np.array([float(len(truth) if one_group else len(set(member.tolist())))]))
    balanced, k = of_mean(recall, trials), len(classes)

    def around(name: str, follows: str, interval: Interval, stretch: float = 1.0) -> Interval:
        low, high = (stretch * (limit - point[follows]) for limit in interval)
        return max(-1.0 if name == "mcc" else 0.0, point[name] + low), min(1.0, point[name] + high)

    return {
        "accuracy": accuracy,
        "balanced_accuracy": balanced,
        "weighted_f1": around("weighted_f1", "accuracy", accuracy),
        "macro_f1": around("macro_f1", "balanced_accuracy", balanced),
        "mcc": around("mcc", "accuracy", accuracy, k / (k - 1) if k > 1 else 1.0),
    }
