"""Mean and standard deviation per gene in one pass over the training rows, and which genes vary at all."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Near-zero variance, absolute: a gene at 1 TPM in one sample of a hundred and silent in the others has a standard deviation of
# 0.1 in log2(TPM + 1). What varies less carries no tissue of 1% of the samples, and dividing by it would blow noise up.
SMALLEST_STD = 0.1
ROWS = 64  # taken at a time: read twice, they should not have left the cache


class Moments:
    """Running mean and variance per gene, stable for any mean; missing values (NaN) are left out. The rows in other pieces may give other last bits."""

    def __init__(self, n_genes: int) -> None:
        self.n = np.zeros(n_genes, np.int64)
        self.mean_g = np.zeros(n_genes)
        self._squares = np.zeros(n_genes)

    def add(self, x_ng: NDArray[np.float32]) -> None:
        """Take in further rows."""
        for start in range(0, len(x_ng), ROWS):
            _add(x_ng[start : start + ROWS], self.n, self.mean_g, self._squares)

    def mean(self) -> NDArray[np.float32]:
        """NaN for a gene that no row measures."""
        return np.where(self.n > 0, self.mean_g, np.nan).astype(np.float32)

    def std(self) -> NDArray[np.float32]:
        """Population standard deviation (divided by n, as scikit-learn's StandardScaler); NaN for a gene that no row measures."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(np.where(self.n > 0, self._squares / self.n, np.nan)).astype(np.float32)


def varies(std_g: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether a gene is to be kept by a model: False for near-zero variance on the training rows, and where none measures it."""
    return np.nan_to_num(std_g, nan=0.0) >= SMALLEST_STD


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _add(x_ng, n, mean_g, squares_g):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Rows that fit the cache: their mean, then their squares about it, and both joined to what was there (Chan, Golub and LeVeque 1979)."""
    n_genes = x_ng.shape[1]
    here, centre, squares = np.zeros(n_genes, np.int64), np.zeros(n_genes), np.zeros(n_genes)
    for row in range(x_ng.shape[0]):
        for gene in range(n_genes):
            value = np.float64(x_ng[row, gene])
            is_there = value == value  # without a branch, so that the compiler takes several genes at once
            here[gene] += is_there
            centre[gene] += value if is_there else 0.0
    for gene in range(n_genes):
        centre[gene] /= max(here[gene], 1)
    for row in range(x_ng.shape[0]):
        for gene in range(n_genes):
            value = np.float64(x_ng[row, gene])
            difference = value - centre[gene] if value == value else 0.0
            squares[gene] += difference * difference
    for gene in range(n_genes):
        both = n[gene] + here[gene]
        delta, share = centre[gene] - mean_g[gene], here[gene] / max(both, 1)
        mean_g[gene] += delta * share
        squares_g[gene] += squares[gene] + delta * delta * n[gene] * share
        n[gene] = both
