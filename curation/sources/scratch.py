"""Turning genes x samples into blocks of samples in fixed memory, through a temporary file of tiles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from curation.sources import SourceFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_BYTES = 64 << 20


class ScratchFull(SourceFault):
    """The temporary folder has no room for the transposed matrix."""


class Tiles:
    """A float32 matrix (n samples, g genes) that arrives a few genes at a time and leaves a few samples at a time.

    Each tile (all samples, some genes) is written once, in order, to an unnamed temporary file (TMPDIR says where), which
    vanishes with the process; a block of samples is one contiguous read from each tile.
    """

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.widths: list[int] = []
        self.file = tempfile.TemporaryFile(prefix="curate-")  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Tiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()

    @property
    def n_genes(self) -> int:
        return sum(self.widths)

    def append(self, tile: NDArray[np.float32]) -> None:
        """Add the next genes of all samples, shape (n samples, some genes). Raises ScratchFull."""
        try:
            self.file.write(np.ascontiguousarray(tile, dtype=np.float32).data)
        except OSError as error:
            gb = self.n_samples * (self.n_genes + tile.shape[1]) * 4 / 1e9
            where = tempfile.gettempdir()
            raise ScratchFull(f"{where} has no room for {gb:.1f} GB ({error}); set TMPDIR to a folder that has") from error
        self.widths.append(tile.shape[1])

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield (positions, values of shape (n, g)) over all samples in order."""
        self.file.flush()
        step = max(1, BLOCK_BYTES // max(4 * self.n_genes, 1))
        for first in range(0, self.n_samples, step):
            last = min(first + step, self.n_samples)
            yield np.arange(first, last, dtype=np.int64), self._read(first, last)

    def _read(self, first: int, last: int) -> NDArray[np.float32]:
        block = np.empty((last - first, self.n_genes), dtype=np.float32)
        offset, gene = 0, 0
        for width in self.widths:
            self.file.seek(offset + 4 * first * width)
            piece = np.fromfile(self.file, dtype=np.float32, count=(last - first) * width)
            block[:, gene : gene + width] = piece.reshape(last - first, width)
            offset += 4 * self.n_samples * width
            gene += width
        return block
