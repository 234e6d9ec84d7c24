"""Exact nearest neighbours by cosine similarity: blocked matrix products, in memory bounded by the blocks of both sides.

A full sort of each row of similarities would cost more than the product. The columns are cut into groups, the k groups of largest maximum
must hold the k largest values, and only those are sorted.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from modelling import threads
from modelling.arrays import Array, Floats, Ints
from modelling.forward.blocks import one_blas_thread
from modelling.forward.library import unit_rows

GROUP = 64
QUERY_BLOCK = 256
REFERENCE_BYTES = 256 * 2**20
BUFFER_BYTES = 128 * 2**20  # of the similarities of a block of queries to a block of the reference


def _unit(x_nk: Floats) -> Floats:
    """Rows scaled to length one as float32; rows of zeros stay zero."""
    return np.asarray(unit_rows(np.ascontiguousarray(x_nk, np.float32)))


def cosine_neighbours(query_nk: Floats, reference_mk: Floats, k: int, *, exclude_self: bool = False) -> tuple[Ints, Floats]:
    """The k nearest rows of the reference for each query row, nearest first.

    Args: query (n, k_latent), reference (m, k_latent); exclude_self when both are the same rows in the same order.
    Returns: index (n, k) int64 into the reference, cosine similarity (n, k) float32. Raises ValueError when the reference has too few rows.
    """
    n_reference = reference_mk.shape[0]
    if k + exclude_self > n_reference:
        raise ValueError(f"{k} neighbours asked of {n_reference} reference rows")
    index: Ints = np.zeros((query_nk.shape[0], k), np.int64)
    similarity: Floats = np.full((query_nk.shape[0], k), -np.inf, np.float32)
    per_block = min(REFERENCE_BYTES // (4 * max(1, reference_mk.shape[1])), BUFFER_BYTES // (4 * QUERY_BLOCK))
    per_block = max(GROUP, per_block // GROUP * GROUP)
    for start in range(0, n_reference, per_block):
        block = reference_mk[start : start + per_block]
        found, values = _nearest_of_block(query_nk, block, min(k, len(block)), start if exclude_self else None)
        if start == 0 and found.shape[1] == k:
            index, similarity = found, values
            continue
        candidates = np.concatenate([similarity, values], axis=1)
        order = np.argsort(-candidates, axis=1, kind="stable")[:, :k]
        similarity = np.take_along_axis(candidates, order, axis=1)
        index = np.take_along_axis(np.concatenate([index, found + start], axis=1), order, axis=1)
    return index, similarity


def _nearest_of_block(query_nk: Floats, reference_mk: Floats, k: int, own_start: int | None) -> tuple[Ints, Floats]:
    """The k nearest rows of one block of the reference; with `own_start`, row i of the block is query own_start + i and not its own neighbour."""
    n_reference, n_query = len(reference_mk), len(query_nk)
    padded = np.zeros((-(-n_reference // GROUP) * GROUP, reference_mk.shape[1]), np.float32)
    padded[:n_reference] = _unit(reference_mk)
    index, similarity = np.empty((n_query, k), np.int64), np.empty((n_query, k), np.float32)

    def answer(start: int) -> None:
        product = _unit(query_nk[start : start + QUERY_BLOCK]) @ padded.T
        product[:, n_reference:] = -np.inf
        if own_start is not None:
            row = np.arange(len(product))
            column = row + start - own_start
            inside = (column >= 0) & (column < n_reference)
            product[row[inside], column[inside]] = -np.inf
        rows = slice(start, start + len(product))
        similarity[rows], index[rows] = _top_k(product, k)

    starts = range(0, n_query, QUERY_BLOCK)
    with one_blas_thread(), ThreadPoolExecutor(max(1, min(threads.count(), len(starts))), "neighbours") as pool:
        list(pool.map(answer, starts))
    return index, similarity


def _top_k(product_bm: Array, k: int) -> tuple[Array, Ints]:
    """The k largest of each row and their columns, largest first; the row length is a multiple of GROUP.

    A group is every n_groups-th column: its maxima are then taken of whole rows at once.
    """
    n_groups = product_bm.shape[1] // GROUP
    row = np.arange(len(product_bm))[:, None]
    best_groups = _largest(product_bm.reshape(len(product_bm), GROUP, n_groups).max(axis=1), min(k, n_groups))
    columns = (best_groups[:, :, None] + n_groups * np.arange(GROUP)).reshape(len(product_bm), -1)
    candidates = product_bm[row, columns]
    found = _largest(candidates, k)
    values = candidates[row, found]
    order = np.argsort(-values, axis=1, kind="stable")
    return values[row, order], columns[row, found[row, order]]


def _largest(values_nm: Array, k: int) -> Ints:
    """Columns (n, k) of each row's k largest values, in no order."""
    return np.argpartition(values_nm, values_nm.shape[1] - k, axis=1)[:, values_nm.shape[1] - k :]


def vote(neighbour_class_nk: Ints, n_classes: int) -> Ints:
    """The most frequent class among each row's neighbours; a tie goes to the lower class number, as in scikit-learn."""
    counts = np.zeros((neighbour_class_nk.shape[0], n_classes), np.int32)
    rows = np.arange(neighbour_class_nk.shape[0])
    for column in neighbour_class_nk.T:
        np.add.at(counts, (rows, column), 1)
    return np.asarray(counts.argmax(axis=1))


def knn_classify(query_nk: Floats, reference_mk: Floats, reference_class_m: Ints, n_classes: int, k: int = 5) -> Ints:
    """Class of each query by the vote of its k nearest reference rows (cosine). Returns (n,) class numbers."""
    index, _ = cosine_neighbours(query_nk, reference_mk, min(k, reference_mk.shape[0]))
    return vote(reference_class_m[index], n_classes)
