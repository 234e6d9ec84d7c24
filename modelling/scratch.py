"""Room for one large array that goes away with it."""

from __future__ import annotations

import tempfile

import numpy as np

from modelling.arrays import Floats

MEMORY_LIMIT = 512 * 2**20


def scratch_array(shape: tuple[int, int]) -> Floats:
    """A float32 array: in memory when small, else in an unnamed temporary file that goes away with it."""
    if shape[0] * shape[1] * 4 <= MEMORY_LIMIT:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=shape)
