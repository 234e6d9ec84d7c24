"""Hide cells, let a model and three simple imputers restore them, and compare ranks over all hidden cells of the test part.

Scored in two units. Standardised per gene (the published choice): a gene's own mean explains nothing there, so its imputer is a constant
without a rank correlation. In log2 units the gene mean alone scores high, which shows how little an unstandardised score says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.network.pca import Components
from modelling.scores.neighbours import cosine_neighbours
from modelling.scores.spearman import Ranking
from modelling.scratch import Spool

FRACTIONS = (0.1, 0.2, 0.3, 0.5, 0.8)
INTERVAL, NORMAL = 0.9, 1.6449
N_REFINEMENTS = 10
N_NEIGHBOURS = 10
AT_ONCE = 32  # samples whose neighbours are in memory together


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

    def restore(self, scores_nk: Floats) -> Floats:
        """Restored standardised values (n, g) of samples with these scores."""
        return self.components.rebuild(scores_nk)


@dataclass(frozen=True)
class KnnImputer:
    """Fills hidden cells with the mean of the nearest training samples, found by cosine among component scores (m, k) of the visible cells.

    rows: standardised values of some of the training samples.
    """

    reference_mk: Floats
    rows: Callable[[np.ndarray], Floats]

    def restore(self, scores_nk: Floats) -> Floats:
        """Restored standardised values (n, g) of samples with these scores; a cell that no neighbour measured becomes 0, the training mean."""
        k = min(N_NEIGHBOURS, len(self.reference_mk))
        index, _ = cosine_neighbours(scores_nk, self.reference_mk, k)
        return np.concatenate([self._mean(index[start : start + AT_ONCE]) for start in range(0, len(index), AT_ONCE)])

    def _mean(self, index_nk: Ints) -> Floats:
        wanted, place = np.unique(index_nk, return_inverse=True)
        values = self.rows(wanted)
        np.copyto(values, 0, where=np.isnan(values))
        columns = place.reshape(index_nk.shape).T
        total: Floats = values[columns[0]]
        for column in columns[1:]:
            total += values[column]
        total /= np.float32(len(columns))
        return total


@dataclass(frozen=True)
class SimpleImputers:
    """Both from one search for the scores of the samples, which is most of their work."""

    pca: PcaImputer
    knn: KnnImputer

    def restore(self, x_ng: Floats) -> dict[str, Floats]:
        """Name -> restored standardised values (n, g) of rows with hidden cells (NaN)."""
        scores = self.pca.scores(x_ng)
        return {"knn": self.knn.restore(scores), "pca": self.pca.restore(scores)}


class HiddenCells:
    """Collects true and restored values at the hidden cells, block by block, on disk: a large test part hides tens of millions of cells."""

    def __init__(self, mean_g: Floats, std_g: Floats) -> None:
        self._mean, self._std = mean_g, std_g
        self._truth, self._gene = Spool(np.float32), Spool(np.int32)
        self._restored: dict[str, Spool] = {}
        self._n_within = 0

    def add(self, truth_ng: Floats, mask_ng: Bools, restored: dict[str, Floats], sd_ng: Floats) -> None:
        """Truth and restorations are standardised (n, g), `sd_ng` of the model's; cells that were never measured (NaN) do not count."""
        used = np.flatnonzero(mask_ng & np.isfinite(truth_ng))
        hidden = {name: values.ravel()[used] for name, values in restored.items()}
        truth = truth_ng.ravel()[used]
        self._n_within += int((np.abs(hidden["model"] - truth) <= NORMAL * sd_ng.ravel()[used]).sum())
        self._truth.write(truth)
        self._gene.write(used % truth_ng.shape[1])
        for name, values in hidden.items():
            self._restored.setdefault(name, Spool(np.float32)).write(values)

    def scores(self) -> dict[str, Any]:
        """Pooled Spearman per imputer in both units (None where one is constant), the number of cells, and how many of them the model's 90%
        intervals hold."""
        standardised = {"gene_mean": None, **self._correlations(self._restored, self._as_they_are)}
        raw = self._correlations({"gene_mean": None, **self._restored}, self._in_log2)
        within = self._n_within / self._truth.n if self._truth.n else None
        return {"n_cells": self._truth.n, "standardised": standardised, "log2": raw, "interval_90_holds": within}

    def _correlations(
        self, restored: Mapping[str, Spool | None], read: Callable[[Spool | None], Iterator[Floats]]
    ) -> dict[str, float | None]:
        """Of restored and true values, both as `read` gives them; the true ones are ranked once."""
        n = self._truth.n
        truth = Ranking.of(lambda: read(self._truth), n)
        return {name: _defined(Ranking.of(partial(read, values), n).correlation(truth)) for name, values in restored.items()}

    def _as_they_are(self, standardised: Spool | None) -> Iterator[Floats]:
        return standardised.read() if standardised else iter(())

    def _in_log2(self, standardised: Spool | None) -> Iterator[Floats]:
        """Values (None: the gene mean) in the unit of the training matrix."""
        streams = [self._gene.read(), *([standardised.read()] if standardised else [])]
        for gene, *values in zip(*streams, strict=True):
            yield values[0] * self._std[gene] + self._mean[gene] if values else self._mean[gene]


def _defined(value: float) -> float | None:
    return value if np.isfinite(value) else None
