"""Exact nearest neighbours by cosine similarity: blocked matrix products, in memory bounded by the blocks of both sides.

A full sort of each row of similarities would cost more than the product. The columns are cut into groups, the k groups of largest maximum
must hold the k largest values, and only those are sorted.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from modelling.arrays import Floats, Ints

GROUP = 64
QUERY_BLOCK = 512
REFERENCE_BYTES = 256 * 2**20
BUFFER_BYTES = 128 * 2**20  # of the similarities of a block of queries to a block of the reference


def unit_rows(x_nk: Floats) -> Tensor:
    """Rows scaled to length one as float32; rows of zeros stay zero."""
    x = torch.from_numpy(np.ascontiguousarray(x_nk, np.float32))
    return torch.nn.functional.normalize(x, dim=1)


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
    reference = unit_rows(reference_mk)
    n_reference, n_query = len(reference), query_nk.shape[0]
    n_groups = -(-n_reference // GROUP)
    padded = torch.zeros(n_groups * GROUP, reference.shape[1])
    padded[:n_reference] = reference
    del reference
    index, similarity = np.empty((n_query, k), np.int64), np.empty((n_query, k), np.float32)
    buffer = torch.empty(min(QUERY_BLOCK, max(n_query, 1)), n_groups * GROUP)
    for start in range(0, n_query, QUERY_BLOCK):
        block = unit_rows(query_nk[start : start + QUERY_BLOCK])
        product = torch.mm(block, padded.T, out=buffer[: block.shape[0]])
        product[:, n_reference:] = -torch.inf
        if own_start is not None:
            column = torch.arange(block.shape[0]) + start - own_start
            inside = (column >= 0) & (column < n_reference)
            product[inside.nonzero()[:, 0], column[inside]] = -torch.inf
        top = _top_k(product, k)
        index[start : start + block.shape[0]] = top[1].numpy()
        similarity[start : start + block.shape[0]] = top[0].numpy()
    return index, similarity


def _top_k(product_bm: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row and their columns; the row length is a multiple of GROUP."""
    n_rows, n_columns = product_bm.shape
    grouped = product_bm.view(n_rows, n_columns // GROUP, GROUP)
    n_kept = min(k, grouped.shape[1])
    best_groups = grouped.amax(dim=2).topk(n_kept, dim=1).indices
    candidates = grouped.gather(1, best_groups[:, :, None].expand(-1, -1, GROUP)).reshape(n_rows, -1)
    values, position = candidates.topk(k, dim=1)
    columns = best_groups.gather(1, position // GROUP) * GROUP + position % GROUP
    return values, columns


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
