"""The little in which numpy and torch differ here: of which of the two an array is, and how it becomes one of the other."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from modelling.arrays import Array

Values = Any
"""A numpy array or a torch tensor: what a computation is given is of one kind."""


def of(values: Values) -> Any:
    """The library that the values belong to. Who holds a tensor has imported torch."""
    return np if isinstance(values, np.ndarray) else sys.modules["torch"]


def as_array(values: Values) -> Array:
    """As a numpy array; a tensor without what training needs of it."""
    return values if isinstance(values, np.ndarray) else np.asarray(values.detach().cpu())


def doubles(values: Values) -> Array:
    """As a numpy array of float64."""
    return as_array(values).astype(np.float64)


def like(array: Array, reference: Values) -> Values:
    """A numpy array as the reference is: its library, type and device."""
    if isinstance(reference, np.ndarray):
        return array.astype(reference.dtype, copy=False)
    return of(reference).from_numpy(np.ascontiguousarray(array)).to(reference)


def numbers(mask: Values, reference: Values) -> Values:
    """Truth as 0 and 1 in the reference's type."""
    return mask.astype(reference.dtype) if isinstance(mask, np.ndarray) else mask.to(reference.dtype)


def unit_rows(rows_nk: Values) -> Values:
    """Rows scaled to length one; rows of zeros stay zero."""
    return rows_nk / of(rows_nk).sqrt((rows_nk * rows_nk).sum(1, keepdims=True)).clip(1e-12, None)


def softmax(logits_nt: Array) -> Array:
    """Probabilities (n, t)."""
    weight = np.exp(logits_nt - logits_nt.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
