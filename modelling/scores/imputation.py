"""Hide cells, let a model and three simple imputers restore them, and compare ranks over all hidden cells of the test part.

Scored in two units. Standardised per gene (the published choice): a gene's own mean explains nothing there, so its imputer is a constant
without a rank correlation. In log2 units the gene mean alone scores high, which shows how little an unstandardised score says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats
from modelling.network.pca import Components
from modelling.scores.neighbours import cosine_neighbours
from modelling.scores.spearman import streamed_spearman
from modelling.scratch import Spool

FRACTIONS = (0.1, 0.2, 0.3, 0.5, 0.8)
INTERVAL, NORMAL = 0.9, 1.6449
N_REFINEMENTS = 10
N_NEIGHBOURS = 10

Restore = Callable[[Floats], dict[str, Floats]]


def masks(n_genes: int, fraction: float, seed: int, block_sizes: Iterator[int]) -> Iterator[Bools]:
    """One mask (n, g) a block, each cell hidden with probability `fraction`; the same cells whatever the block size."""
    rng = np.random.default_rng([seed, round(fraction * 1000)])
    for n_rows in block_sizes:
        yield rng.random((n_rows, n_genes), dtype=np.float32) < np.float32(fraction)


@dataclass(frozen=True)
class PcaImputer:
    """Fills hidden standardised cells from the training part's principal components, refined until the visible cells agree."""

    components: Components

    def scores(self, x_ng: Floats) -> Floats:
        """Component scores (n, k) of rows with hidden cells (NaN), by alternating projection and filling."""
        hidden = np.isnan(x_ng)
        filled = np.where(hidden, self.components.mean, x_ng)
        scores = self.components.project(filled)
        for _ in range(N_REFINEMENTS):
            filled = np.where(hidden, self.components.rebuild(scores), x_ng)
            scores = self.components.project(filled)
        return scores

    def restore(self, x_ng: Floats) -> Floats:
        """Restored standardised values (n, g)."""
        return self.components.rebuild(self.scores(x_ng))


@dataclass(frozen=True)
class KnnImputer:
    """Fills hidden cells with the mean of the nearest training samples, found by cosine among component scores of the visible cells."""

    reference_mk: Floats
    rows: Callable[[np.ndarray], Floats]

    def restore(self, scores_nk: Floats) -> Floats:
        """Restored standardised values (n, g) of samples with these scores; a cell that no neighbour measured becomes 0, the training mean."""
        index, _ = cosine_neighbours(scores_nk, self.reference_mk, min(N_NEIGHBOURS, len(self.reference_mk)))
        wanted, place = np.unique(index, return_inverse=True)
        values = np.nan_to_num(self.rows(wanted), nan=0.0)
        total = np.zeros((len(index), values.shape[1]), values.dtype)
        for column in place.reshape(index.shape).T:
            total += values[column]
        return total / np.float32(index.shape[1])


@dataclass(frozen=True)
class SimpleImputers:
    """Both, from one look at the components: the refinement is what takes time."""

    pca: PcaImputer
    knn: KnnImputer

    def restore(self, x_ng: Floats) -> dict[str, Floats]:
        """Restored standardised values (n, g) by each."""
        scores_nk = self.pca.scores(x_ng)
        return {"knn": self.knn.restore(scores_nk), "pca": self.pca.components.rebuild(scores_nk)}


class HiddenCells:
    """Collects true and restored values at the hidden cells, block by block, on disk: a large test part hides tens of millions of cells."""

    def __init__(self, mean_g: Floats, std_g: Floats) -> None:
        self._mean, self._std = mean_g, std_g
        self._truth, self._gene = Spool(np.float32), Spool(np.int32)
        self._restored: dict[str, Spool] = {}
        self._n_within = 0

    def add(self, truth_ng: Floats, mask_ng: Bools, restored: dict[str, Floats], sd_ng: Floats) -> None:
        """Truth and restorations are standardised (n, g), `sd_ng` of the model's; cells that were never measured (NaN) do not count."""
        used = mask_ng & np.isfinite(truth_ng)
        self._n_within += int((np.abs(restored["model"][used] - truth_ng[used]) <= NORMAL * sd_ng[used]).sum())
        self._truth.write(truth_ng[used])
        self._gene.write(np.nonzero(used)[1])
        for name, values in restored.items():
            self._restored.setdefault(name, Spool(np.float32)).write(values[used])

    def scores(self) -> dict[str, Any]:
        """Pooled Spearman per imputer in both units (None where one is constant), the number of cells, and how many of them the model's 90%
        intervals hold."""
        n = self._truth.n
        standardised = streamed_spearman({name: spool.read for name, spool in self._restored.items()}, self._truth.read, n)
        several = {"gene_mean": partial(self._in_log2, None)} | {
            name: partial(self._in_log2, spool) for name, spool in self._restored.items()
        }
        raw = streamed_spearman(several, partial(self._in_log2, self._truth), n)
        return {
            "n_cells": n,
            "standardised": {"gene_mean": None} | {name: _defined(value) for name, value in standardised.items()},
            "log2": {name: _defined(value) for name, value in raw.items()},
            "interval_90_holds": self._n_within / n if n else None,
        }

    def _in_log2(self, standardised: Spool | None) -> Iterator[Floats]:
        """Values in pieces; of None, the gene means."""
        streams = [self._gene.read(), *([standardised.read()] if standardised else [])]
        for gene, *values in zip(*streams, strict=True):
            mean = self._mean[gene]
            yield values[0] * self._std[gene] + mean if values else mean


def _defined(value: float) -> float | None:
    return value if np.isfinite(value) else None
