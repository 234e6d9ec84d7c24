"""Which genes are missing where: samples that lack the same genes share their k x k matrix, others are reached over the fewest genes."""

from __future__ import annotations

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.forward.blocks import one_blas_thread
from modelling.forward.library import Values, as_array


def same_patterns(seen_ng: Bools) -> tuple[Ints, Ints]:
    """First sample of each pattern (p), and the pattern of each sample (n)."""
    packed = np.packbits(seen_ng, axis=1)
    _, first, pattern = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_inverse=True)
    return first, pattern.reshape(-1)


def gram_matrices(weight_gk: Values, seen_pg: Bools, complete_kk: Floats) -> Floats:
    """Sum over the genes that each pattern holds of w w' (p, k, k), in float64 on the CPU.

    Args: complete_kk, the sum over all genes. A pattern is reached from none of the genes, all of them, or those that most patterns hold, by
    adding and taking away: 20% missing costs a fifth.
    """
    seen, whole = seen_pg, complete_kk
    gram = _Gram(weight_gk, int(seen.shape[1]))
    every_g = np.ones(seen.shape[1], bool)
    starts = [(~every_g, np.zeros_like(whole)), (every_g, whole)]
    if len(seen) > 1:
        common_g = np.count_nonzero(seen, axis=0) * 2 > len(seen)
        start_g, matrix = min(starts, key=lambda start: np.count_nonzero(common_g ^ start[0]))
        starts.append((common_g, gram.moved(common_g, start_g, matrix)))
    away = np.stack([np.count_nonzero(seen ^ start_g, axis=1) for start_g, _ in starts])
    out = np.empty((len(seen), *whole.shape))
    with one_blas_thread():  # products this small take longer on several threads, and many times longer on a busy machine
        for number, (seen_g, start) in enumerate(zip(seen, away.argmin(0), strict=True)):
            start_g, matrix = starts[start]
            gram.moved(seen_g, start_g, matrix, out=out[number])
    return out


class _Gram:
    """w' w over some genes. On the CPU by numpy: it knows that the product is symmetric, and takes half the time; one buffer serves all."""

    def __init__(self, weight_gk: Values, n_genes: int) -> None:
        self.weight_gk = weight_gk
        on_cpu = isinstance(weight_gk, np.ndarray) or weight_gk.device.type == "cpu"
        self.rows = np.ascontiguousarray(as_array(weight_gk)) if on_cpu else None
        self.buffer = np.empty((n_genes, weight_gk.shape[1]), np.float32) if on_cpu else np.empty(0)

    def moved(self, seen_g: Bools, start_g: Bools, matrix: Floats, out: Floats | None = None) -> Floats:
        """The matrix of the genes seen, from that of others: what is new is added, what is gone taken away."""
        out = np.empty_like(matrix) if out is None else out
        out[:] = matrix
        different = np.flatnonzero(seen_g ^ start_g)
        added = seen_g[different]
        for genes, is_new in ((different[added], True), (different[~added], False)):
            if len(genes):
                (np.add if is_new else np.subtract)(out, self._of(genes), out=out)
        return out

    def _of(self, genes: Ints) -> Floats:
        if self.rows is None:
            rows_mk = self.weight_gk[genes]
            return as_array(rows_mk.T @ rows_mk)
        rows = self.buffer[: len(genes)]
        np.take(self.rows, genes, axis=0, out=rows, mode="clip")
        return np.asarray(rows.T @ rows)
