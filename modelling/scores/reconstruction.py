"""How well a model restores expression: R2, mean squared error, and rank correlation per gene and per sample, over measured cells only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.scores.intervals import Interval
from modelling.scores.metrics import Groups, fold_of_groups, jackknife_interval, median_with_interval, percentile_interval
from modelling.scores.spearman import row_spearman
from modelling.scratch import let_go

GENE_BYTES = 64 * 2**20  # of the values of a block of genes in all samples
ROW_BLOCK = 256


@dataclass(frozen=True)
class Errors:
    """Per sample: squared error, squared distance from the test part's gene means, and measured cells. All (n,)."""

    residual: Floats
    total: Floats
    n_cells: Ints

    def r2(self, rows: Bools | None = None) -> float:
        """1 - SSE / SST over the chosen samples."""
        chosen = slice(None) if rows is None else rows
        total = self.total[chosen].sum()
        return float(1 - self.residual[chosen].sum() / total) if total > 0 else float("nan")

    def r2_interval(self, groups: Groups) -> Interval | None:
        """Bootstrap over groups, the gene means held."""
        residual, total = groups.totals(self.residual), groups.totals(self.total)
        return percentile_interval(1 - np.divide(residual, total, out=np.full_like(total, np.nan), where=total > 0))

    def mse(self) -> float:
        """Mean squared error over measured cells, in training standard deviations squared."""
        n = int(self.n_cells.sum())
        return float(self.residual.sum() / n) if n else float("nan")


def sample_errors(truth_ng: Floats, restored_ng: Floats, clip: float | None = None) -> Errors:
    """Errors of each sample; both (n, g) standardised, NaN = not measured, possibly memory maps.

    With `clip` both within +-clip: of genes that hardly vary in training a few cells lie hundreds of standard deviations out, and rule the sum.
    """

    def within(values: Floats) -> Floats:
        return values if clip is None else np.clip(values, -clip, clip)

    n_samples, n_genes = truth_ng.shape
    total, count = np.zeros(n_genes), np.zeros(n_genes, np.int64)
    for start in range(0, n_samples, ROW_BLOCK):
        block = within(truth_ng[start : start + ROW_BLOCK])
        total += np.nansum(block, axis=0, dtype=np.float64)
        count += np.isfinite(block).sum(0)
        let_go(truth_ng)
    mean = np.divide(total, count, out=np.zeros(n_genes), where=count > 0).astype(np.float32)
    residual, distance, n_cells = np.empty(n_samples), np.empty(n_samples), np.empty(n_samples, np.int64)
    for start in range(0, n_samples, ROW_BLOCK):
        rows = slice(start, start + ROW_BLOCK)
        block = within(truth_ng[rows])
        residual[rows] = np.nansum((block - within(restored_ng[rows])) ** 2, axis=1, dtype=np.float64)
        distance[rows] = np.nansum((block - mean) ** 2, axis=1, dtype=np.float64)
        n_cells[rows] = np.isfinite(block).sum(1)
        let_go(truth_ng, restored_ng)
    return Errors(residual, distance, n_cells)


@dataclass(frozen=True)
class RankScores:
    """Spearman per gene (g,) and per sample (n,), NaN where undefined, with medians and their intervals."""

    per_gene: Floats
    per_sample: Floats
    gene_median: float
    gene_interval: Interval | None
    sample_median: float
    sample_interval: Interval | None


def rank_scores(truth_ng: Floats, restored_ng: Floats, groups: Groups) -> RankScores:
    """Rank correlation of truth and restoration per gene (jackknife over ten folds of groups) and per sample (bootstrap over groups)."""
    fold = fold_of_groups(groups.member)
    n_folds = int(fold.max()) + 1 if len(fold) else 0
    n_samples, n_genes = truth_ng.shape
    per_gene, left_out = np.empty(n_genes), np.empty((n_folds, n_genes))
    at_once = max(1, GENE_BYTES // (4 * max(1, n_samples)))
    for start in range(0, n_genes, at_once):
        genes = slice(start, start + at_once)
        truth, restored = _of_genes(truth_ng, genes), _of_genes(restored_ng, genes)
        per_gene[genes] = row_spearman(truth, restored)
        for number in range(n_folds):
            left_out[number, genes] = row_spearman(truth[:, fold != number], restored[:, fold != number])
    per_sample = np.empty(n_samples)
    for start in range(0, n_samples, ROW_BLOCK):
        rows = slice(start, start + ROW_BLOCK)
        per_sample[rows] = row_spearman(truth_ng[rows], restored_ng[rows])
        let_go(truth_ng, restored_ng)
    gene_median = _median(per_gene)
    sample_median, sample_interval = median_with_interval(per_sample, groups)
    gene_interval = jackknife_interval(gene_median, np.array([_median(row) for row in left_out]))
    return RankScores(per_gene, per_sample, gene_median, gene_interval, sample_median, sample_interval)


def _of_genes(values_ng: Floats, genes: slice) -> Floats:
    """Values of some genes in all samples (genes, n), one after the other, read row by row."""
    n_samples = len(values_ng)
    out = np.empty((values_ng[:1, genes].shape[1], n_samples), np.float32)
    for start in range(0, n_samples, ROW_BLOCK):
        out[:, start : start + ROW_BLOCK] = values_ng[start : start + ROW_BLOCK, genes].T
        let_go(values_ng)
    return out


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")
