"""Room for large arrays that goes away with them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from modelling.arrays import Array, Floats

MEMORY_LIMIT = 512 * 2**20
PIECE = 4 * 2**20


def scratch_array(shape: tuple[int, int]) -> Floats:
    """A float32 array: in memory when small, else in an unnamed temporary file that goes away with it."""
    if shape[0] * shape[1] * 4 <= MEMORY_LIMIT:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=shape)


class Spool:
    """A long vector that is written and read in pieces, kept in an unnamed temporary file that goes away with it."""

    def __init__(self, kind: DTypeLike) -> None:
        self._file, self._kind, self.n = tempfile.TemporaryFile(), np.dtype(kind), 0  # noqa: SIM115 (closed with the spool)

    def write(self, values: Array) -> None:
        """Append values (n)."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(values, self._kind).tobytes())
        self.n += len(values)

    def read(self) -> Iterator[Array]:
        """Everything from the start, in pieces of `PIECE`; the same pieces for every spool of the same length."""
        for start in range(0, self.n, PIECE):
            self._file.seek(start * self._kind.itemsize)
            wanted = min(PIECE, self.n - start)
            yield np.frombuffer(self._file.read(wanted * self._kind.itemsize), self._kind)
