"""The tissue head: cosine similarity to one prototype a tissue, in a space where every tissue scatters alike. Closed form, nothing trained.

    u = unit vector of (z - centre) W       centre: mean of the tissues' means; W: inverse root of the pooled within-tissue covariance of z
    similarity = cosine(u, prototype)       prototype: unit mean of a tissue's u

Study and donor effects are part of the scatter within a tissue, so W shrinks the directions in which laboratories differ. A trained head on the
same u is no better on its own archive and worse in other laboratories (docs/logs/experiments.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.forward.library import Values, unit_rows

SCALE = 20.0
SHRINKAGE = 0.02
ABSENT = -1.0
RARE, FEW = 0.3, 5  # a prototype of n < FEW samples must be nearer by RARE / sqrt(n): two samples of a tissue must not swallow a common one


class Head:
    """Tensors of the head: centre (k), whiten (k, k), prototypes (t, k), allowance (t); a tissue without samples has a prototype of zeros."""

    lib: Any
    centre_k: Values
    whiten_kk: Values
    prototypes_tk: Values
    allowance_t: Values

    def unit(self, z_nk: Values) -> Values:
        """Whitened directions (n, k), rows of length one."""
        return unit_rows((z_nk - self.centre_k) @ self.whiten_kk)

    def certainty(self, z_nk: Values, wider_n: Values) -> Values:
        """Expected cosine (n) between a direction and its mean at z, where the whitened z scatters by a total variance of `wider` (n)."""
        squared_n = self.lib.square((z_nk - self.centre_k) @ self.whiten_kk).sum(1)
        return self.lib.sqrt(squared_n / (squared_n + wider_n).clip(1e-12, None))

    def similarity(self, z_nk: Values, certainty_n: Values | None = None) -> Values:
        """Cosine to each tissue's prototype (n, t), less where z is less certain; `ABSENT` for a tissue without one."""
        cosine = self.unit(z_nk) @ self.prototypes_tk.T
        if certainty_n is not None:
            cosine = cosine * certainty_n[:, None]
        return self.lib.where(self.present_t, cosine, ABSENT)

    @property
    def present_t(self) -> Values:
        """Which tissues have a prototype (t)."""
        return abs(self.prototypes_tk).sum(1) > 0

    def forward(self, z_nk: Values, certainty_n: Values | None = None) -> Values:
        """Logits (n, t): similarity less what a prototype of few samples is uncertain by."""
        return SCALE * (self.similarity(z_nk, certainty_n) - self.allowance_t)

    def second(self, z_nk: Values) -> tuple[Values, Values]:
        """What a sample holds beside its nearest tissue: the tissue (n) towards which the rest of u points most, and how much (n), a cosine.

        The rest is u without its part along the nearest prototype. Of a pure sample it is scatter, which is alike in all directions of this
        space; of a mixture it points to the other tissue.
        """
        unit, prototypes = self.unit(z_nk), self.prototypes_tk
        first = self.forward(z_nk).argmax(1)
        own = prototypes[first]
        rest = unit_rows(unit - (unit * own).sum(1, keepdims=True) * own)
        overlap = prototypes @ prototypes.T
        # cosine of the rest with each prototype without its part along the nearest one; the rest is orthogonal to that already
        length = self.lib.sqrt((1 - self.lib.square(overlap[first])).clip(1e-6, None))
        cosine = rest @ prototypes.T / length
        numbered = self.lib.arange(len(prototypes), device=cosine.device)
        cosine = self.lib.where(self.present_t & (numbered != first[:, None]), cosine, ABSENT)
        tissue = cosine.argmax(1)
        return tissue, self.lib.amax(cosine, 1)


def fitted(z_nk: Array, target_n: Ints, n_tissues: int, power: float, copies: int = 1) -> dict[str, Floats]:
    """Centre, whitening, prototypes and allowance from latents with known tissue (target -1 is left out).

    Args: power, a sample's weight in the covariance is (samples of its tissue) ** -power: 0 counts samples alike, 1 tissues alike; copies, how
    many rows each sample has.
    """
    known = target_n >= 0
    z, y = z_nk[known].astype(np.float64), target_n[known]
    counts = np.bincount(y, minlength=n_tissues)
    present = counts > 0
    means = _means(z, y, counts)
    centre = means[present].mean(axis=0)
    scatter = z - means[y]
    weight = counts[y].astype(np.float64) ** -power
    covariance = (scatter * (weight / weight.sum())[:, None]).T @ scatter
    values, vectors = np.linalg.eigh(covariance)
    floor = SHRINKAGE * values.mean() + 1e-9
    whiten = vectors / np.sqrt(values.clip(0) + floor)
    prototypes = unit_rows(_means(unit_rows((z - centre) @ whiten), y, counts)) * present[:, None]
    samples = (counts / copies).clip(1)
    allowance = np.where(samples < FEW, RARE * samples**-0.5, 0.0)
    return {"centre_k": centre, "whiten_kk": whiten, "prototypes_tk": prototypes, "allowance_t": allowance}


def _means(values_nk: Floats, target_n: Ints, counts_t: Ints) -> Floats:
    """Mean of each tissue's rows (t, k), zeros where there is none."""
    own_tn = (np.arange(len(counts_t))[:, None] == target_n).astype(np.float64)
    return np.asarray(own_tn @ values_nk / counts_t.clip(1)[:, None])
