"""How far the sources mix in a latent space: shares of foreign neighbours and LISI, each beside what perfect mixing would give.

Perfect mixing is no fixed number: where one source holds 90% of the samples, a neighbour drawn at random is mostly from that source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Floats, Ints
from modelling.scores.neighbours import cosine_neighbours

N_NEIGHBOURS = 20
PERPLEXITY = 30.0
LISI_BLOCK = 4096
SMALLEST_TISSUE = 10


@dataclass(frozen=True)
class Mixing:
    """Mean share of neighbours from another source, the share under perfect mixing, and the samples it was measured on."""

    observed: float
    expected: float
    n: int
    k: int

    def as_dict(self) -> dict[str, float | int | None]:
        """As metrics.json holds it, with `ratio`: observed over expected, None where nothing else is expected."""
        ratio = self.observed / self.expected if self.expected > 0 else None
        return {"observed": self.observed, "perfect_mixing": self.expected, "ratio": ratio, "n": self.n, "k": self.k}


def source_mixing(z_nk: Floats, source: Ints, k: int = N_NEIGHBOURS) -> Mixing | None:
    """Share of the k nearest neighbours (cosine) that come from another source; None for fewer than two sources or four samples.

    Perfect mixing: each of the other n - 1 samples is as likely a neighbour as any other. Where k is more than a third of them, a third is
    taken: with all others as neighbours every space would look mixed.
    """
    counts = np.bincount(source)
    n = len(source)
    k = min(k, (n - 1) // 3)
    if (counts > 0).sum() < 2 or k < 1:
        return None
    index, _ = cosine_neighbours(z_nk, z_nk, k, exclude_self=True)
    foreign = (source[index] != source[:, None]).mean()
    expected = ((n - counts[source]) / (n - 1)).mean()
    return Mixing(float(foreign), float(expected), n, k)


def mixing_within_tissue(z_nk: Floats, source: Ints, tissue: np.ndarray, k: int = N_NEIGHBOURS) -> tuple[Mixing | None, dict[str, Mixing]]:
    """The same among the samples of one tissue at a time: over all tissues that more than one source holds, and per tissue.

    Unlabelled samples (tissue "") and tissues of fewer than SMALLEST_TISSUE samples are left out.
    """
    per_tissue: dict[str, Mixing] = {}
    for name in sorted(set(tissue) - {""}):
        rows = np.flatnonzero(tissue == name)
        mixing = source_mixing(z_nk[rows], source[rows], k) if len(rows) >= SMALLEST_TISSUE else None
        if mixing is not None:
            per_tissue[name] = mixing
    if not per_tissue:
        return None, {}
    n = np.array([mixing.n for mixing in per_tissue.values()])
    observed = np.average([mixing.observed for mixing in per_tissue.values()], weights=n)
    expected = np.average([mixing.expected for mixing in per_tissue.values()], weights=n)
    return Mixing(float(observed), float(expected), int(n.sum()), k), per_tissue


def lisi_ceiling(label: Ints) -> float:
    """The highest LISI that perfect mixing reaches under these shares: the inverse Simpson index of the labels, not their number."""
    shares = np.bincount(label) / len(label)
    return float(1 / (shares**2).sum())


def lisi(z_nk: Floats, label: Ints, perplexity: float = PERPLEXITY) -> Floats:
    """Local inverse Simpson index of each sample's neighbourhood (Korsunsky et al. 2019), with Gaussian weights of a stated perplexity.

    The 3 x perplexity nearest neighbours by cosine; distances are chords between unit vectors. Returns (n,), from 1 to the number of labels.
    """
    k = min(int(3 * perplexity), len(z_nk) - 1)
    perplexity = min(perplexity, k / 3)
    index, similarity = cosine_neighbours(z_nk, z_nk, k, exclude_self=True)
    distance = np.sqrt(np.maximum(2 - 2 * similarity.astype(np.float64), 0))
    return inverse_simpson(distance, index, label, perplexity)


def inverse_simpson(distance_nk: Floats, index_nk: Ints, label: Ints, perplexity: float) -> Floats:
    """LISI from given neighbours: distances and indices (n, k), label numbers (m,). Returns (n,)."""
    out = np.empty(len(distance_nk))
    for start in range(0, len(out), LISI_BLOCK):
        block = slice(start, start + LISI_BLOCK)
        weight = perplexity_weights(distance_nk[block], perplexity)
        neighbour_label = label[index_nk[block]]
        simpson = np.zeros(len(weight))
        for value in np.unique(label):
            simpson += np.where(neighbour_label == value, weight, 0).sum(1) ** 2
        out[block] = 1 / simpson
    return out


def perplexity_weights(distance_nk: Floats, perplexity: float, n_steps: int = 64) -> Floats:
    """Weights exp(-beta d) that sum to one per row, beta by bisection such that the entropy is log(perplexity)."""
    shifted = distance_nk - distance_nk.min(axis=1, keepdims=True)
    low, high = np.zeros(len(shifted)), np.full(len(shifted), np.inf)
    beta = np.ones(len(shifted))
    for _ in range(n_steps):
        weight = np.exp(-shifted * beta[:, None])
        total = weight.sum(1)
        entropy = np.log(total) + beta * (shifted * weight).sum(1) / total
        too_flat = entropy > np.log(perplexity)
        low, high = np.where(too_flat, beta, low), np.where(too_flat, high, beta)
        beta = np.where(np.isinf(high), beta * 2, (low + high) / 2)
    weight = np.exp(-shifted * beta[:, None])
    return np.asarray(weight / weight.sum(1, keepdims=True))
