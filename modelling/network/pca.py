"""Principal components of a matrix that is only ever seen in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from modelling.arrays import Floats

N_OVERSAMPLES = 10
N_ITERATIONS = 4
PASSES = N_ITERATIONS + 2  # over the blocks
SUMS = {"mps": torch.float32}  # Metal has no float64


@dataclass(frozen=True)
class Components:
    """`mean`: (g,) of the training rows; `axes`: (k, g) orthonormal, by falling variance."""

    mean: Floats
    axes: Floats

    def project(self, x_ng: Floats) -> Floats:
        """Scores (n, k)."""
        return np.asarray((x_ng - self.mean) @ self.axes.T)

    def rebuild(self, scores_nk: Floats) -> Floats:
        """The nearest point of the subspace (n, g)."""
        return np.asarray(scores_nk @ self.axes + self.mean)


def fit_components(blocks: Callable[[], Iterable[Floats | Tensor]], n_components: int, seed: int) -> Components:
    """Leading components by subspace iteration (Halko, Martinsson, Tropp 2011), one pass over the blocks per iteration, on the device they are on.

    Args: blocks yields the same float32 rows (n, g) on every call, without NaN; n_components at most min(n, g).
    """
    n_rows, total = 0, torch.zeros(0)
    for block in _tensors(blocks):
        total = block.sum(0, dtype=SUMS.get(block.device.type, torch.float64)) + (total if n_rows else 0)
        n_rows += len(block)
    mean = (total / n_rows).float()
    width = min(n_components + N_OVERSAMPLES, n_rows, len(mean))
    generator = torch.Generator().manual_seed(seed)
    basis = torch.randn(len(mean), width, generator=generator).to(mean.device)
    for _ in range(N_ITERATIONS):
        basis = _covariance_product(blocks, mean, torch.linalg.qr(basis).Q)
    basis = torch.linalg.qr(basis).Q
    inner = basis.T @ _covariance_product(blocks, mean, basis)
    vectors = torch.linalg.eigh((inner + inner.T) / 2).eigenvectors.flip(1)[:, :n_components]
    return Components(mean.cpu().numpy(), (basis @ vectors).T.contiguous().cpu().numpy())


def _tensors(blocks: Callable[[], Iterable[Floats | Tensor]]) -> Iterator[Tensor]:
    for block in blocks():
        yield block if isinstance(block, Tensor) else torch.from_numpy(block)


def _covariance_product(blocks: Callable[[], Iterable[Floats | Tensor]], mean: Tensor, basis_gk: Tensor) -> Tensor:
    """Sum over the blocks of X'X basis, X centred."""
    out = torch.zeros_like(basis_gk)
    for block in _tensors(blocks):
        x = block - mean
        out += x.T @ (x @ basis_gk)
    return out
