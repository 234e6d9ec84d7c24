"""How samples of one tissue differ among themselves: blood in them, their quality, their study, the donor's sex; and distances that do not count it.

Two samples of a tissue differ most along a few directions that all tissues share. A distance that shrinks each of these to the length of an ordinary one
(Mahalanobis, with a covariance of few factors: Tipping and Bishop, probabilistic PCA, 1999) sees what is left: what a tissue does not do by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Floats

FLOOR = 0.5  # log2: the least standard deviation of a gene; what hardly varies counts no more than counting noise lets it
CLIP = 5.0  # standard deviations beyond which one value says no more
ORDINARY = 0.9  # share of samples, those nearest to their tissue, that say what is ordinary: else what is looked for would be taken for it
SAMPLES_PER_DIRECTION = 6  # fewer, and the directions would be those of single samples
MOST_DIRECTIONS = 400
MOST_SAMPLES = 20_000  # a covariance is known from so many


@dataclass(frozen=True)
class Within:
    """What is divided by (v genes): spread_v in log2; directions_kv (orthonormal) and the part shrink_k that is taken away along each."""

    centre_v: Floats
    spread_v: Floats
    directions_kv: Floats
    shrink_k: Floats

    @classmethod
    def of(cls, centre_v: Floats, spread_v: Floats, rest_nv: Floats) -> Within:
        """Args: rest_nv, values of samples less their tissue's middle."""
        rest = np.clip(rest_nv[:: max(1, len(rest_nv) // MOST_SAMPLES)] / spread_v, -CLIP, CLIP).astype(np.float32)
        length = (rest**2).sum(axis=1)
        rest = rest[length <= np.quantile(length, ORDINARY)]
        n, v = rest.shape
        k = min(MOST_DIRECTIONS, n // SAMPLES_PER_DIRECTION, v - 1)
        variance, directions = np.linalg.eigh(rest.T @ rest / n)  # ascending
        ordinary = float(variance[: v - k].mean())
        shrink = 1 - np.sqrt(ordinary / np.maximum(variance[v - k :], ordinary)) if ordinary > 0 else np.zeros(k)
        return cls(centre_v, spread_v, directions[:, v - k :].T, shrink.astype(np.float32))

    def __call__(self, x_nv: Floats) -> Floats:
        """Samples (n, v) in log2 as they lie in this distance."""
        scaled = ((x_nv - self.centre_v) / self.spread_v).astype(np.float32)
        return scaled - (scaled @ self.directions_kv.T * self.shrink_k) @ self.directions_kv


def spread(rest_nv: Floats) -> Floats:
    """Standard deviation of each gene within tissues (v), with the floor that counting sets."""
    found: Floats = np.sqrt((rest_nv**2).mean(axis=0) + FLOOR**2)
    return found
