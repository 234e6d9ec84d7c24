"""Reads chosen samples of a large HDF5 expression dataset: every chunk that holds one is read and decompressed once, in file order.

Chunks go from the file to the sums of the wanted genes in one compiled loop outside the GIL (pread, libdeflate, unshuffle, sum), so
plain threads use all cores and no gene is held that is not wanted. A dataset whose filters or type this loop does not know is read
through the HDF5 library, a slab of whole chunks at a time, into the same sums.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.hdf5.chunks import ChunkTable, chunk_table
from curation.hdf5.inflate import OK, add_chunks, add_plain, fault_text
from curation.hdf5.layout import GatherFault, Layout, open_hdf5

BLOCK_BYTES = 256 << 20  # of sums held at a time by one worker
PIECE_BYTES = 2 << 20  # of sums, where all genes are asked for and nothing else is done with them
SHARD_ROWS = 256  # enough to keep a worker busy; a chunk wider than this is still read once
SLAB_BYTES = 16 << 20  # read at a time through the HDF5 library, where it has to be used
NEAR = 1 << 12  # bytes between two wanted chunks that are read along rather than asked for twice


@dataclass(frozen=True)
class _Work:
    """Samples to read at once: chunk column i holds rows first[i]..last[i] of the sums, at `within` in the chunk."""

    positions: NDArray[np.int64]
    column: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    within: NDArray[np.int64]
    sums: NDArray[np.float64]
    total: NDArray[np.float64]


class Gather:
    """The samples `rows` (sorted, distinct positions on the sample axis) of one dataset, to be read shard by shard.

    `target[gene]` is the column of the sums that a gene adds to, -1 for none; without it every gene is its own column.
    A `Gather` may be used by several threads at once; close it, or use it as a context manager.
    """

    def __init__(
        self,
        layout: Layout,
        rows: NDArray[np.int64],
        *,
        target: NDArray[np.int64] | None = None,
        n_columns: int | None = None,
        names: Sequence[str] | None = None,
        table: ChunkTable | None = None,
    ) -> None:
        """Find the chunks, unless `table` has them. Raises GatherFault when a row is not in the dataset; `names` of the rows are for errors."""
        if rows.size and (rows[0] < 0 or rows[-1] >= layout.n_samples or bool((np.diff(rows) <= 0).any())):
            raise GatherFault(
                f"{layout.path.name}: rows {rows.min()} to {rows.max()} were asked for, to be ascending and each once; "
                f"{layout.dataset} has {layout.n_samples:,} samples"
            )
        self.layout, self.rows, self.names = layout, rows, names
        self.target = np.arange(layout.n_genes) if target is None else target
        self.n_columns = int(self.target.max(initial=-1)) + 1 if n_columns is None else n_columns
        self.chunk_columns, self.slot = np.unique(rows // layout.chunk_samples, return_inverse=True)
        self.table = table if table is not None else self._table() if layout.native or layout.is_partial else None
        self._refuse_unwritten()
        self.native = layout.native and self.table is not None and self.table.filter_mask == 0
        self.descriptor = os.open(layout.path, os.O_RDONLY) if self.native else -1
        if self.native and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_RANDOM)  # what is wanted is said chunk by chunk (_announce)

    def __enter__(self) -> Gather:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def table_of(self, positions: NDArray[np.int64]) -> ChunkTable | None:
        """The chunks of some of the rows only, for a `Gather` of these elsewhere."""
        return self.table.of_columns(np.unique(self.slot[positions])) if self.table is not None else None

    def _table(self) -> ChunkTable:
        layout = self.layout
        if layout.contiguous_at >= 0:
            return self._contiguous_table()
        with open_hdf5(layout.path) as file:
            return chunk_table(file[layout.dataset], layout.path, self.chunk_columns, layout.samples_axis)

    def _refuse_unwritten(self) -> None:
        """Raise GatherFault for samples of which a chunk was never written: fill values are no counts."""
        if self.table is None:
            return
        missing = np.flatnonzero((self.table.offset < 0).any(axis=1))
        if missing.size:
            positions = np.flatnonzero(np.isin(self.slot, missing))
            raise self._fault(
                positions, f"{int((self.table.offset < 0).sum()):,} chunks were never written, their values would all be fill"
            )

    def _contiguous_table(self) -> ChunkTable:
        """Pieces of the rows of the file, as if they were uncompressed chunks."""
        layout, size = self.layout, self.layout.dtype.itemsize
        first = self.chunk_columns * layout.chunk_samples
        if layout.samples_axis == 1:
            width = np.minimum(layout.chunk_samples, layout.n_samples - first)
            offset = layout.contiguous_at + (np.arange(layout.n_genes)[None, :] * layout.n_samples + first[:, None]) * size
            return ChunkTable(offset, np.broadcast_to((width * size)[:, None], offset.shape).copy(), 0)
        offset = layout.contiguous_at + first[:, None] * layout.n_genes * size
        return ChunkTable(offset, np.full(offset.shape, layout.n_genes * size), 0)

    @cached_property
    def _row_limit(self) -> int:
        return max(1, BLOCK_BYTES // (8 * max(self.n_columns, 1)))

    def shards(self, n_rows: int | None = None) -> list[NDArray[np.int64]]:
        """Positions into `rows`, in parts of at least `n_rows` (SHARD_ROWS) that cut no chunk, unless the samples of one chunk exceed the memory of a block."""
        starts = np.flatnonzero(np.diff(self.slot, prepend=-1))
        bounds, size = [0], min(n_rows or SHARD_ROWS, self._row_limit)
        for start, stop in zip(starts, np.append(starts[1:], self.rows.size), strict=True):
            if start - bounds[-1] >= size or (start > bounds[-1] and stop - bounds[-1] > self._row_limit):
                bounds.append(int(start))
            while stop - bounds[-1] > self._row_limit:
                bounds.append(bounds[-1] + self._row_limit)
        return [np.arange(a, b) for a, b in zip(bounds, [*bounds[1:], self.rows.size], strict=True) if b > a]

    def read(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums (n, columns) of the samples at `positions` (sorted), and their totals (n,) over all genes of the file, wanted or not.

        Raises GatherFault naming file, dataset and sample for a chunk that cannot be read, and for a negative or missing (NaN) value.
        """
        work = self._work(positions)
        if self.native:
            self._read_native(work)
        else:
            self._read_by_library(work)
        bad = np.flatnonzero(~np.isfinite(work.total))
        if bad.size:
            raise self._fault(positions[bad], "a negative or missing (NaN) value, or infinity")
        return work.sums, work.total

    def _work(self, positions: NDArray[np.int64]) -> _Work:
        column, first = np.unique(self.slot[positions], return_index=True)
        return _Work(
            positions=positions,
            column=column,
            first=first,
            last=np.append(first[1:], positions.size),
            within=self.rows[positions] % self.layout.chunk_samples,
            sums=np.zeros((positions.size, self.n_columns)),
            total=np.zeros(positions.size),
        )

    def _read_native(self, work: _Work) -> None:
        layout, table = self.layout, self.table
        assert table is not None
        offset, n_bytes = table.offset[work.column].ravel(), table.n_bytes[work.column].ravel()
        order = np.argsort(offset, kind="stable")
        order = order[offset[order] >= 0]
        owner, gene = order // table.offset.shape[1], order % table.offset.shape[1] * layout.chunk_genes
        self._announce(offset[order], n_bytes[order])
        plain = np.empty(layout.chunk_genes * layout.chunk_samples, layout.dtype)
        spare, raw = np.empty(plain.nbytes, np.uint8), np.empty(max(int(n_bytes.max(initial=0)), plain.nbytes), np.uint8)
        status, at = add_chunks(
            self.descriptor, offset[order], n_bytes[order], gene, work.first[owner], work.last[owner], work.within,
            self.target, work.sums, work.total, plain, spare, raw, layout.chunk_genes, layout.chunk_samples,
            layout.samples_axis == 1, layout.zlib, layout.shuffle, layout.contiguous_at >= 0,
        )  # fmt: skip
        if status != OK:
            samples = work.positions[work.first[owner[at]] : work.last[owner[at]]]
            raise self._fault(samples, f"genes {gene[at]:,} and on, byte {offset[order[at]]:,}: {fault_text(status)}")

    def _announce(self, offset: NDArray[np.int64], n_bytes: NDArray[np.int64]) -> None:
        """Ask the system for chunks (by offset) that are read next, near ones in one piece: by itself it reads far more than those, or each alone."""
        if not offset.size or not hasattr(os, "posix_fadvise"):
            return
        end = np.maximum.accumulate(offset + n_bytes)
        first = np.flatnonzero(np.append(True, offset[1:] - end[:-1] > NEAR))
        last = np.append(first[1:], offset.size) - 1
        for start, stop in zip(offset[first].tolist(), end[last].tolist(), strict=True):
            os.posix_fadvise(self.descriptor, start, stop - start, os.POSIX_FADV_WILLNEED)

    def _read_by_library(self, work: _Work) -> None:
        layout = self.layout
        height = layout.chunk_genes * max(1, SLAB_BYTES // (layout.chunk_genes * layout.chunk_samples * layout.dtype.itemsize))
        with open_hdf5(layout.path) as file:
            data = file[layout.dataset]
            for column, first, last in zip(work.column, work.first, work.last, strict=True):
                start = int(self.chunk_columns[column]) * layout.chunk_samples
                samples = slice(start, min(start + layout.chunk_samples, layout.n_samples))
                for gene in range(0, layout.n_genes, height):
                    genes = slice(gene, min(gene + height, layout.n_genes))
                    try:
                        slab = data[genes, samples] if layout.samples_axis == 1 else data[samples, genes].T
                    except OSError as error:
                        raise self._fault(work.positions[first:last], f"genes {gene:,} and on: {str(error).splitlines()[0]}") from error
                    slab = np.ascontiguousarray(slab, slab.dtype.newbyteorder("="))
                    add_plain(
                        slab.ravel(),
                        gene,
                        slab.shape[0],
                        slab.shape[1],
                        1,
                        int(first),
                        int(last),
                        work.within,
                        self.target,
                        work.sums,
                        work.total,
                    )

    def _fault(self, positions: NDArray[np.int64], what: str) -> GatherFault:
        names = [self.names[p] if self.names is not None else f"row {self.rows[p]}" for p in positions[:3]]
        more = f" and {positions.size - 3:,} more" if positions.size > 3 else ""
        return GatherFault(
            f"{self.layout.path.name}, {self.layout.dataset}, sample {', '.join(names)}{more}: {what}; fetch the file again, or leave the samples out"
        )


def gather(
    path: Path, dataset: str, rows: NDArray[np.int64], *, n_genes: int, names: Sequence[str] | None = None, workers: int = 2
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield (positions into `rows`, values (n, n_genes)) of the samples `rows` (sorted), read by `workers` threads; at most `workers` blocks are held."""
    with Gather(Layout.of(path, dataset, n_genes=n_genes), rows, names=names) as work, ThreadPoolExecutor(workers) as pool:
        shards = work.shards(max(1, PIECE_BYTES // (8 * n_genes)))
        ahead = [pool.submit(work.read, shard) for shard in shards[:workers]]
        for i, shard in enumerate(shards):
            values = ahead.pop(0).result()[0]
            if i + workers < len(shards):
                ahead.append(pool.submit(work.read, shards[i + workers]))
            yield shard, values.astype(np.float32)
