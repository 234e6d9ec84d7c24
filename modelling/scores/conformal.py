"""Sets of tissues that hold the truth as often as they claim, from probabilities of samples that were held out.

Tissues stand in order of probability; each is in the set while those before it sum to no more than a limit. The limit is what the true tissues
of held-out samples need (Romano, Sesia and Candes 2020, without the random tie): the set grows with doubt and is never empty.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Bools, Floats, Ints


def mass_above(probability_nt: Floats) -> Floats:
    """Sum of the probabilities that are larger than each one's (n, t)."""
    order = np.argsort(-probability_nt, axis=1, kind="stable")
    ordered = np.take_along_axis(probability_nt, order, axis=1).astype(np.float64)
    before = np.cumsum(ordered, axis=1) - ordered
    out = np.empty_like(before)
    np.put_along_axis(out, order, before, axis=1)
    return out


def needed(probability_nt: Floats, truth_n: Ints) -> Floats:
    """The limit from which each sample's set holds its true tissue (n)."""
    return np.asarray(mass_above(probability_nt)[np.arange(len(truth_n)), truth_n])


def limit(needed_n: Floats, alpha: float, weight_n: Floats | None = None) -> float:
    """The smallest limit whose sets hold the truth of 1 - alpha of the samples drawn like these, one more than there are; 1.0 if none does.

    Args: weight (n), how much each sample counts, with a mean of one.
    """
    n = len(needed_n)
    weight = np.ones(n) if weight_n is None else weight_n
    order = np.argsort(needed_n, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, (1 - alpha) * (n + 1) - 1e-9))
    return float(needed_n[order[place]]) if place < n else 1.0


def in_set(probability_nt: Floats, limit: float) -> Bools:
    """Which tissues are in each sample's set (n, t)."""
    return np.asarray(mass_above(probability_nt) <= limit + 1e-9)


def even_weights(group_n: Ints) -> Floats:
    """Weights (n) by which every group counts alike, with a mean of one."""
    _, member, counts = np.unique(group_n, return_inverse=True, return_counts=True)
    return np.asarray(len(group_n) / len(counts) / counts[member])
