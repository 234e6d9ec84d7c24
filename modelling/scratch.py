"""Room for large arrays that goes away with them."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike

from modelling.arrays import Array, Floats
from modelling.errors import ModellingError

MEMORY_LIMIT = 64 * 2**20
PIECE = 2**20


class ScratchFull(ModellingError):
    """The temporary folder has no room for intermediate results."""


def scratch_array(shape: tuple[int, int]) -> Floats:
    """A float32 array: in memory when small, else in an unnamed temporary file that goes away with it. Raises ScratchFull.

    The room is taken before the file is mapped: a full disk that shows when a page is written back ends the process (SIGBUS).
    """
    n_bytes = shape[0] * shape[1] * 4
    if n_bytes <= MEMORY_LIMIT:
        return np.empty(shape, np.float32)
    with scratch_file(n_bytes) as file:
        return np.memmap(file, np.float32, "r+", shape=shape)


def let_go(*arrays: Floats) -> None:
    """Give the memory back that pages of scratch arrays took; what they hold stays, on the disk. Nothing happens to arrays in memory."""
    for array in arrays:
        if isinstance(array, np.memmap) and array._mmap is not None:  # type: ignore[attr-defined]
            array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


@contextmanager
def scratch_file(n_bytes: int) -> Iterator[IO[bytes]]:
    """An unnamed, unbuffered temporary file of `n_bytes` that are all there on the disk. Raises ScratchFull."""
    with tempfile.TemporaryFile(prefix="bulkatlas-", buffering=0) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(n_bytes, 1))
        except OSError as error:
            raise _full(n_bytes, error) from error
        yield file


def _full(n_bytes: int, error: OSError) -> ScratchFull:
    return ScratchFull(
        f"{tempfile.gettempdir()} has no room for {n_bytes / 1e9:.1f} GB of intermediate results ({error.strerror or error}); set TMPDIR to a folder that has"
    )


class Spool:
    """A long vector that is written and read in pieces, kept in an unnamed temporary file that goes away with it."""

    def __init__(self, kind: DTypeLike) -> None:
        self._file: Any = tempfile.TemporaryFile(prefix="bulkatlas-", buffering=0)  # noqa: SIM115 (closed with the spool)
        self._kind, self.n = np.dtype(kind), 0

    def write(self, values: Array) -> None:
        """Append values (n). Raises ScratchFull."""
        self._file.seek(0, 2)
        left = memoryview(np.ascontiguousarray(values, self._kind).tobytes())
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _full((self.n + len(values)) * self._kind.itemsize, error) from error
        self.n += len(values)

    def read(self) -> Iterator[Array]:
        """Everything from the start, in pieces of `PIECE`; the same pieces for every spool of the same length."""
        for start in range(0, self.n, PIECE):
            self._file.seek(start * self._kind.itemsize)
            wanted = min(PIECE, self.n - start)
            yield np.frombuffer(self._file.read(wanted * self._kind.itemsize), self._kind)
