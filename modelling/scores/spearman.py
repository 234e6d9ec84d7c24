"""Spearman correlation of many pairs at once: a compiled radix rank transform, ties averaged.

Sorting is the whole cost of a rank correlation, so the keys are sorted by digits (three of eleven bits) in place of comparisons.
Equal to scipy.stats.spearmanr on the same float32 values (tested); numba compiles on first use and keeps the result on disk.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numba import config, njit, prange, set_num_threads

from modelling import threads
from modelling.arrays import Floats, Ints

DIGIT_BITS = 11
N_DIGITS = 3
EXACT = 8 * 2**20


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sorted_keys(values: Floats, key: Floats, order: Floats, key_swap: Floats, order_swap: Floats) -> bool:
    """Sort the order-preserving integers of float32 `values`, carrying positions; True when the result lies in the swap pair."""
    n = values.shape[0]
    bits = values.view(np.uint32)
    for i in range(n):
        b = bits[i]
        if b == np.uint32(0x80000000):  # -0.0 ties with 0.0
            b = np.uint32(0)
        key[i] = ~b if b & np.uint32(0x80000000) else b | np.uint32(0x80000000)
        order[i] = i
    swapped = False
    for digit in range(N_DIGITS):
        shift = np.uint32(digit * DIGIT_BITS)
        source_key, source_order, to_key, to_order = (key_swap, order_swap, key, order) if swapped else (key, order, key_swap, order_swap)
        start = np.zeros(1 << DIGIT_BITS, np.int64)
        for i in range(n):
            start[(source_key[i] >> shift) & np.uint32(0x7FF)] += 1
        total = np.int64(0)
        for d in range(1 << DIGIT_BITS):
            count = start[d]
            start[d] = total
            total += count
        for i in range(n):
            d = (source_key[i] >> shift) & np.uint32(0x7FF)
            to_key[start[d]] = source_key[i]
            to_order[start[d]] = source_order[i]
            start[d] += 1
        swapped = not swapped
    return swapped


@njit(cache=True)  # type: ignore[untyped-decorator]
def _centred_ranks(values: Floats) -> Floats:
    """Average ranks of one vector of finite float32 values, minus their mean."""
    n = values.shape[0]
    key, key_swap = np.empty(n, np.uint32), np.empty(n, np.uint32)
    order, order_swap = np.empty(n, np.uint32), np.empty(n, np.uint32)
    if _sorted_keys(values, key, order, key_swap, order_swap):
        key, order = key_swap, order_swap
    ranks = np.empty(n, np.float64)
    centre = (n - 1) / 2
    i = 0
    while i < n:
        j = i + 1
        while j < n and key[j] == key[i]:
            j += 1
        rank = (i + j - 1) / 2 - centre
        for position in range(i, j):
            ranks[order[position]] = rank
        i = j
    return ranks


@njit(cache=True)  # type: ignore[untyped-decorator]
def _correlation(a: Floats, b: Floats) -> float:
    """Spearman correlation of two finite vectors; NaN when either is constant."""
    rank_a, rank_b = _centred_ranks(a), _centred_ranks(b)
    cross, square_a, square_b = 0.0, 0.0, 0.0
    for i in range(a.shape[0]):
        cross += rank_a[i] * rank_b[i]
        square_a += rank_a[i] * rank_a[i]
        square_b += rank_b[i] * rank_b[i]
    if square_a == 0.0 or square_b == 0.0:
        return np.nan
    return float(cross / np.sqrt(square_a * square_b))


@njit(cache=True, parallel=True)  # type: ignore[untyped-decorator]
def _row_correlations(a: Floats, b: Floats) -> Floats:
    out = np.empty(a.shape[0], np.float64)
    for row in prange(a.shape[0]):
        both = np.isfinite(a[row]) & np.isfinite(b[row])
        out[row] = _correlation(a[row][both], b[row][both])
    return out


def row_spearman(a_ng: Floats, b_ng: Floats) -> Floats:
    """Spearman correlation of each row of `a_ng` with the same row of `b_ng`, over the cells finite in both.

    Args: two arrays of one shape (n, g), compared as float32. Returns (n,) float64; NaN where a row is constant or has no common cell.
    """
    if a_ng.shape != b_ng.shape:
        raise ValueError(f"shapes differ: {a_ng.shape} and {b_ng.shape}")
    torch = sys.modules.get("torch")
    n_threads = threads.count() if torch is None else torch.get_num_threads()
    set_num_threads(min(n_threads, config.NUMBA_NUM_THREADS))
    found = np.asarray(_row_correlations(np.ascontiguousarray(a_ng, np.float32), np.ascontiguousarray(b_ng, np.float32)))
    if torch is not None:  # numba and torch share OpenMP's count: left at numba's, every later training step would wait for more threads
        torch.set_num_threads(n_threads)
    return found


def column_spearman(a_ng: Floats, b_ng: Floats, block: int = 1024) -> Floats:
    """Spearman correlation of each column, `block` columns in memory at a time (the inputs may be memory maps). Returns (g,) float64."""
    n_columns = a_ng.shape[1]
    parts = [row_spearman(a_ng[:, start : start + block].T, b_ng[:, start : start + block].T) for start in range(0, n_columns, block)]
    return np.concatenate(parts) if parts else np.empty(0)


@dataclass(frozen=True)
class Ranking:
    """Ranks of a long finite vector, about their mean, worked out once for any number of comparisons.

    `read` yields the vector in the same pieces on every call; `ranks` has one for each value (n), or, of more than `EXACT` values, one for each
    key: values that agree in the first 24 bits of float32 then count as ties, which changes the seventh decimal, and memory is one table of 2^24
    whatever n is. `square`: the sum of the squared ranks of all values.
    """

    read: Callable[[], Iterable[Floats]]
    ranks: Floats
    square: float
    is_exact: bool

    @classmethod
    def of(cls, read: Callable[[], Iterable[Floats]], n: int) -> Ranking:
        """Of the vector of length n that `read` yields."""
        if n <= EXACT:
            pieces = [np.asarray(piece, np.float32) for piece in read()]
            ranks = _centred_ranks(np.concatenate(pieces)) if pieces else np.empty(0)
            return cls(read, ranks, float(ranks @ ranks), is_exact=True)
        counts = np.zeros(1 << 24, np.int64)
        for piece in read():
            _count(np.ascontiguousarray(piece, np.float32), counts)
        ranks = counts.view(np.float64)
        return cls(read, ranks, _counts_to_ranks(counts, ranks, n), is_exact=False)

    def correlation(self, other: Ranking) -> float:
        """Spearman correlation with a vector of the same length in the same pieces; NaN when either is constant."""
        if not self.square > 0 or not other.square > 0:
            return float("nan")
        if self.is_exact:
            cross = float(self.ranks @ other.ranks)
        else:
            both = zip(self.read(), other.read(), strict=True)
            cross = sum(
                _cross(np.ascontiguousarray(a, np.float32), np.ascontiguousarray(b, np.float32), self.ranks, other.ranks) for a, b in both
            )
        return cross / float(np.sqrt(self.square) * np.sqrt(other.square))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _key(bits: np.uint32) -> np.int64:
    """The first 24 bits of float32, in the order of the values."""
    if bits == np.uint32(0x80000000):  # -0.0 ties with 0.0
        bits = np.uint32(0)
    flipped = ~bits if bits & np.uint32(0x80000000) else bits | np.uint32(0x80000000)
    return np.int64(np.uint32(flipped) >> np.uint32(8))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _count(values: Floats, counts: Ints) -> None:
    bits = values.view(np.uint32)
    for i in range(len(bits)):
        counts[_key(bits[i])] += 1


@njit(cache=True)  # type: ignore[untyped-decorator]
def _counts_to_ranks(counts: Ints, ranks: Floats, n: int) -> float:
    """Mean rank about the centre of the values with each key, in the place of their number; returns the sum of squares over all values."""
    before, square = np.int64(0), 0.0
    for key in range(len(counts)):
        here = counts[key]
        rank = before + here / 2 - n / 2
        square += here * rank * rank
        before += here
        ranks[key] = rank
    return square


@njit(cache=True)  # type: ignore[untyped-decorator]
def _cross(a: Floats, b: Floats, rank_a: Floats, rank_b: Floats) -> float:
    total = 0.0
    bits_a, bits_b = a.view(np.uint32), b.view(np.uint32)
    for i in range(len(bits_a)):
        total += rank_a[_key(bits_a[i])] * rank_b[_key(bits_b[i])]
    return total
