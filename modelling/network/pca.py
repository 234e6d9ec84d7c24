"""Principal components of a matrix that is only ever seen in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from modelling.arrays import Floats
from modelling.forward.blocks import in_turn
from modelling.forward.library import Values, as_array, like, of

N_OVERSAMPLES = 10
N_ITERATIONS = 4
PASSES = N_ITERATIONS + 2  # over the blocks
NO_DOUBLES = "mps"  # Metal has no float64


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


def fit_components(blocks: Callable[[], Iterable[Values]], n_components: int, seed: int) -> Components:
    """Leading components by subspace iteration (Halko, Martinsson, Tropp 2011), one pass over the blocks per iteration, on the device they are on.

    Args: blocks yields the same float32 rows (n, g) on every call, without NaN, numpy arrays or torch tensors; n_components at most min(n, g).
    """
    n_rows, total = 0, np.zeros(0)
    for block in blocks():
        lib, first = of(block), block
        added = block.sum(0, dtype=lib.float32 if str(block.device).startswith(NO_DOUBLES) else lib.float64)
        total = added + total if n_rows else added
        n_rows += len(block)
    mean = like(as_array(total / n_rows).astype(np.float32), first)
    width = min(n_components + N_OVERSAMPLES, n_rows, len(mean))
    basis = _drawn(first, width, seed)
    for _ in range(N_ITERATIONS):
        basis = _covariance_product(blocks, mean, lib.linalg.qr(basis)[0])
    basis = lib.linalg.qr(basis)[0]
    inner = basis.T @ _covariance_product(blocks, mean, basis)
    vectors = lib.flip(lib.linalg.eigh((inner + inner.T) / 2)[1], (1,))[:, :n_components]
    return Components(as_array(mean), np.ascontiguousarray(as_array((basis @ vectors).T)))


def _drawn(block_ng: Values, width: int, seed: int) -> Values:
    """A random start (g, width), of torch's own generator for its tensors."""
    shape = (block_ng.shape[1], width)
    if isinstance(block_ng, np.ndarray):
        return np.random.default_rng(seed).standard_normal(shape, np.float32)
    torch = of(block_ng)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(block_ng.device)


def _covariance_product(blocks: Callable[[], Iterable[Values]], mean: Values, basis_gk: Values) -> Values:
    """Sum over the blocks of X'X basis, X centred."""

    def product(block: Values) -> Values:
        x = block - mean
        return x.T @ (x @ basis_gk)

    out = of(basis_gk).zeros_like(basis_gk)
    for part in in_turn(product, blocks()):
        out += part
    return out
