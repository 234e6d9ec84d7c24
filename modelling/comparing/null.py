"""How far from its expectation a normal sample's gene lies by itself: measured on normal samples, each against the others without its donor.

Scores of log2 values have no known law (zeros, few reads, tails), and it changes with how strongly a gene is expressed: the null is the measured one, one for
each level of expression, each tail by itself. Beyond the last measured score the tail goes on as a power law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Floats, Ints

LEVELS = (0.1, 0.5, 1.0, 2.0, 4.0, 6.0)  # of the expected log2 value: where one null ends and the next begins
FRACTIONS = np.concatenate([np.geomspace(1e-6, 1e-2, 200), np.linspace(0.011, 0.5, 200)])
TAIL = 1e-3  # share of scores from which the power law is fitted


@dataclass(frozen=True)
class Null:
    """Scores at FRACTIONS of each tail: lower_lf and upper_lf (levels + 1, fractions), upper ones positive going outwards, as lower ones; n_l scores each."""

    lower_lf: Floats
    upper_lf: Floats
    n_l: Ints

    def p_values(self, score_g: Floats, expected_g: Floats) -> Floats:
        """Two-sided p-values (g): twice the smaller tail, at most 1; NaN for a NaN score."""
        level = np.digitize(expected_g, LEVELS)
        p = np.full(len(score_g), np.nan)
        for one in np.unique(level):
            at = (level == one) & np.isfinite(score_g)
            p[at] = np.minimum(2 * np.minimum(_tail(-score_g[at], self.lower_lf[one]), _tail(score_g[at], self.upper_lf[one])), 1)
        return p


def _tail(outward: Floats, at_f: Floats) -> Floats:
    """Share of scores at least as far out as these (n), given those at FRACTIONS, which fall as the fraction grows."""
    inside = np.exp(np.interp(outward, at_f[::-1], np.log(FRACTIONS)[::-1]))
    inside = np.where(outward < at_f[-1], 1.0, inside)
    far, near = at_f[0], at_f[int(np.searchsorted(FRACTIONS, TAIL))]
    if far <= 0 or near <= 0 or far <= near:
        return inside
    steepness = np.log(TAIL / FRACTIONS[0]) / np.log(far / near)
    beyond = FRACTIONS[0] * (np.maximum(outward, far) / far) ** -steepness
    tail: Floats = np.where(outward > far, beyond, inside)
    return tail


def measure(score_ng: Floats, expected_ng: Floats) -> Null:
    """The null of some normal samples' scores (n, g). A level without enough scores borrows those of all levels."""
    scores, level = score_ng.ravel(), np.digitize(expected_ng.ravel(), LEVELS)
    lower, upper, counts = [], [], []
    for one in range(len(LEVELS) + 1):
        own = scores[level == one]
        counts.append(len(own))
        own = np.sort(own if len(own) >= 1 / TAIL else scores)
        lower.append(-np.quantile(own, FRACTIONS))
        upper.append(np.quantile(own, 1 - FRACTIONS))
    return Null(np.array(lower), np.array(upper), np.array(counts))
