"""Turning genes x samples into blocks of samples: in memory while it fits, else through a temporary file of tiles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles.errors import TableFault

Array = NDArray[Any]
IN_MEMORY = 256 << 20
BLOCK_BYTES = 64 << 20


class ScratchFull(TableFault):
    """The temporary folder has no room for the transposed matrix."""


class Tiles:
    """A float32 matrix (n samples, g genes) that arrives a few genes at a time and leaves a few samples at a time.

    Each tile (all samples, some genes) is kept, or beyond IN_MEMORY written once, in order, to an unnamed temporary file (TMPDIR says
    where), which vanishes with the process; a block of samples is one contiguous read from each tile.
    """

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.widths: list[int] = []
        self.kept: list[Array] = []
        self.file: Any = None

    def __enter__(self) -> Tiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kept = []
        if self.file is not None:
            self.file.close()

    @property
    def n_genes(self) -> int:
        """Genes that arrived so far."""
        return sum(self.widths)

    def append(self, tile: Array) -> None:
        """Add the next genes of all samples, shape (n samples, some genes). Raises ScratchFull."""
        tile = np.ascontiguousarray(tile, dtype=np.float32)
        self.widths.append(tile.shape[1])
        if self.file is None and 4 * self.n_samples * self.n_genes <= IN_MEMORY:
            self.kept.append(tile)
            return
        try:
            if self.file is None:
                self.file = tempfile.TemporaryFile(prefix="bulkatlas-")  # noqa: SIM115 - closed by __exit__
                for kept in self.kept:
                    self.file.write(kept.data)
                self.kept = []
            self.file.write(tile.data)
            self.file.flush()  # a full disk is told here, not where the file is read or closed
        except OSError as error:
            gb = self.n_samples * self.n_genes * 4 / 1e9
            raise ScratchFull(f"{tempfile.gettempdir()} has no room for {gb:.1f} GB ({error}); set TMPDIR to a folder that has") from error

    def blocks(self, size: int) -> Iterator[tuple[Array, Array]]:
        """Yield (positions, values of shape (n, g)) over all samples in order, at most `size` at once; read in larger pieces."""
        if self.file is not None:
            self.file.flush()
        step = max(size, BLOCK_BYTES // max(4 * self.n_genes, 1) // size * size)
        for first in range(0, self.n_samples, step):
            piece = self._read(first, min(first + step, self.n_samples))
            for start in range(0, len(piece), size):
                part = piece[start : start + size]
                yield np.arange(first + start, first + start + len(part), dtype=np.int64), part

    def _read(self, first: int, last: int) -> Array:
        if self.file is None:
            return (
                np.concatenate([tile[first:last] for tile in self.kept], axis=1) if self.kept else np.empty((last - first, 0), np.float32)
            )
        block = np.empty((last - first, self.n_genes), dtype=np.float32)
        offset, gene = 0, 0
        for width in self.widths:
            self.file.seek(offset + 4 * first * width)
            piece = np.fromfile(self.file, dtype=np.float32, count=(last - first) * width)
            block[:, gene : gene + width] = piece.reshape(last - first, width)
            offset += 4 * self.n_samples * width
            gene += width
        return block
