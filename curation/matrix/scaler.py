"""Mean and standard deviation per gene in one pass over the training rows, and which genes vary at all."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Near-zero variance, absolute: a gene at 1 TPM in one sample of a hundred and silent in the others has a standard deviation of
# 0.1 in log2(TPM + 1). What varies less carries no tissue of 1% of the samples, and dividing by it would blow noise up.
SMALLEST_STD = 0.1


class Moments:
    """Running mean and variance per gene (Welford 1962, stable for any mean); missing values (NaN) are left out."""

    def __init__(self, n_genes: int) -> None:
        self.n = np.zeros(n_genes, np.int64)
        self.mean_g = np.zeros(n_genes)
        self._squares = np.zeros(n_genes)

    def add(self, x_ng: NDArray[np.float32]) -> None:
        """Take in further rows."""
        _welford(x_ng, self.n, self.mean_g, self._squares)

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
def _welford(x_ng, n, mean_g, squares_g):  # type: ignore[no-untyped-def]  # pragma: no cover
    for row in range(x_ng.shape[0]):
        for gene in range(x_ng.shape[1]):
            value = np.float64(x_ng[row, gene])
            is_there = value == value  # without a branch, so that the compiler takes several genes at once
            n[gene] += is_there
            difference = value - mean_g[gene] if is_there else 0.0
            mean_g[gene] += difference / max(n[gene], 1)
            squares_g[gene] += difference * (value - mean_g[gene]) if is_there else 0.0
