"""The work of an export in independent parts: each makes rows of X from samples of one matrix, on a thread here or on a cluster."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.errors import CurationError
from curation.hdf5.chunks import ChunkTable
from curation.hdf5.gather import Gather
from curation.hdf5.inflate import row_checksums
from curation.hdf5.layout import Layout
from curation.matrix.normalise import Normaliser
from curation.source import Matrix

RECORD = np.dtype(
    [("row", np.int64), ("crc32", np.uint32), ("library_size", np.float64), ("n_genes_detected", np.float64), ("fraction_zero", np.float64)]
)
PIECE_ROWS = 128  # finished at a time, so that a wide chunk needs no second block of its size
QUALITY = ["library_size", "n_genes_detected", "fraction_zero"]


class MatrixFault(CurationError):
    """A matrix gives other samples, genes or values than its source said."""


class Names(Sequence[str]):
    """Names of samples in Arrow's memory: one becomes a Python object when an error needs it."""

    def __init__(self, names: pa.Array) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, at: Any) -> Any:
        return self.names[int(at)].as_py()

    def of(self, positions: NDArray[np.int64]) -> Names:
        """The names at some positions."""
        return Names(self.names.take(pa.array(positions)))


@dataclass(frozen=True)
class MatrixPlan:
    """What an export takes from one matrix: samples `rows` (sorted positions) to rows `destination` of X, genes by `target` (-1: none)."""

    name: str
    matrix: Matrix | Layout  # the layout alone is enough for a dataset in HDF5
    rows: NDArray[np.int64]
    destination: NDArray[np.int64]
    sample_ids: Names
    target: NDArray[np.int64]
    n_columns: int
    normaliser: Normaliser
    table: ChunkTable | None = None  # where the chunks of the rows lie, if that was looked up


class PlanReader:
    """Reads one plan shard by shard; the shards of a plan are the same on every machine. May be used by several threads."""

    def __init__(self, plan: MatrixPlan) -> None:
        self.plan = plan
        self._gather: Gather | None = None
        if isinstance(plan.matrix, Layout):
            self._gather = Gather(
                plan.matrix, plan.rows, target=plan.target, n_columns=plan.n_columns, names=plan.sample_ids, table=plan.table
            )

    def shards(self) -> list[NDArray[np.int64]]:
        """Positions into the plan's rows. A matrix that can only be read from its first line to its last is one shard."""
        return self._gather.shards() if self._gather else [np.arange(self.plan.rows.size)]

    def part(self, positions: NDArray[np.int64]) -> MatrixPlan:
        """The plan of one shard alone, small enough to be sent to a worker."""
        plan, table = self.plan, self._gather.table_of(positions) if self._gather else None
        ids = plan.sample_ids.of(positions)
        return replace(plan, rows=plan.rows[positions], destination=plan.destination[positions], sample_ids=ids, table=table)

    def close(self) -> None:
        """Close the file."""
        if self._gather:
            self._gather.close()

    def blocks(self, positions: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.void], NDArray[np.float32]]]:
        """Yield (records, X) of finished rows of one shard. Raises MatrixFault, GatherFault."""
        for at, sums, total in self.sums(positions):
            for start in range(0, at.size, PIECE_ROWS):
                piece = slice(start, start + PIECE_ROWS)
                x, quality = self.plan.normaliser.rows(sums[piece], total[piece])
                records = np.empty(len(x), RECORD)
                records["row"] = self.plan.destination[at[piece]]
                records["crc32"] = row_checksums(x)
                for i, name in enumerate(QUALITY):
                    records[name] = quality[:, i]
                yield records, x

    def sums(self, positions: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
        """Yield (positions, sums (n, columns) per gene of the export, totals (n,) over all genes of the input). Raises MatrixFault, GatherFault."""
        if self._gather:
            yield positions, *self._gather.read(positions)
            return
        plan, seen = self.plan, np.zeros(positions.size, np.int64)
        assert not isinstance(plan.matrix, Layout)
        for at, values in plan.matrix.blocks(plan.rows[positions]):
            if values.shape != (at.size, plan.target.size):
                raise MatrixFault(
                    f"{plan.name}: a block of {values.shape[1]:,} genes came for {plan.target.size:,} gene names; its gene column and its values disagree"
                )
            self._refuse_bad_values(values, positions[at])
            seen[at] += 1
            yield positions[at], sum_genes(values, plan.target, plan.n_columns), values.sum(axis=1, dtype=np.float64)
        wrong = np.flatnonzero(seen != 1)
        if wrong.size:
            raise MatrixFault(
                f"{plan.name}: {wrong.size} of {positions.size} samples came {seen[wrong[0]]} times instead of once, "
                f"first {plan.sample_ids[positions[wrong[0]]]}; metadata and matrix disagree"
            )

    def _refuse_bad_values(self, values: NDArray[np.float32], positions: NDArray[np.int64]) -> None:
        bad = ~(values >= 0) | np.isinf(values)
        if bad.any():
            sample, gene = np.argwhere(bad)[0]
            raise MatrixFault(
                f"{self.plan.name}: {int(bad.sum()):,} negative, missing (NaN) or infinite values, first {values[sample, gene]} in sample "
                f"{self.plan.sample_ids[positions[sample]]}, gene {gene + 1:,} of the file; correct the file, or leave these samples out"
            )


def sum_genes(values: NDArray[np.float32], target: NDArray[np.int64], n_columns: int) -> NDArray[np.float64]:
    """Sums (n, n_columns) in float64 of the input genes (n, g) that share a target; target -1 is left out."""
    order = np.argsort(target, kind="stable")
    order = order[target[order] >= 0]
    sums = np.zeros((values.shape[0], n_columns))
    if order.size:
        columns, starts = np.unique(target[order], return_index=True)
        sums[:, columns] = np.add.reduceat(values[:, order], starts, axis=1, dtype=np.float64)
    return sums


def write_in_place(reader: PlanReader, positions: NDArray[np.int64], descriptor: int, offset: int, done: Path) -> int:
    """Write the rows of one shard into X at their places, then say so in `done`. Returns the number of rows."""
    records = []
    for part, x in reader.blocks(positions):
        write_rows(descriptor, offset, part["row"], x)
        records.append(part)
    save_records(done, np.concatenate(records))
    return positions.size


def write_rows(descriptor: int, offset: int, rows: NDArray[np.int64], x: NDArray[np.float32]) -> None:
    """Put rows of X (n, g) at their places in a file whose X begins at byte `offset`."""
    n_bytes = x.shape[1] * x.itemsize
    for row, values in zip(rows, x, strict=True):
        place, view = offset + int(row) * n_bytes, memoryview(values.data).cast("B")
        while view:
            written = os.pwrite(descriptor, view, place)
            place, view = place + written, view[written:]


@dataclass(frozen=True)
class Place:
    """Where a worker on another machine writes: the file, the file that names the run, the run, and the byte at which X begins."""

    path: Path
    state: Path
    run_id: str
    offset: int

    @contextmanager
    def opened(self) -> Iterator[int]:
        """The file to write. Raises MatrixFault where it is gone, or another export's: a worker may come late, when its build has ended."""
        try:
            descriptor = os.open(self.path, os.O_RDWR)  # before the look at the run: what is exchanged later is not this file
        except FileNotFoundError as error:
            raise MatrixFault(
                f"{self.path} is not to be seen on {socket.gethostname()}; every worker needs the same folders, see docs/matrix.md"
            ) from error
        try:
            if not self.state.exists() or json.loads(self.state.read_text(encoding="utf-8")).get("run") != self.run_id:
                raise MatrixFault(f"{self.path} is of another export by now; nothing was written")
            yield descriptor
        finally:
            os.close(descriptor)


def write_from_afar(plan: MatrixPlan, place: Place, done: Path) -> int:
    """What a cluster worker does: write the rows of one shard into X at their places, read them back, compare, then say so in `done`.

    May be done again at any time, also twice at once: the bytes are the same. Returns the number of rows. Raises MatrixFault.
    """
    reader, records = PlanReader(plan), []
    try:
        with place.opened() as descriptor:
            for part, x in reader.blocks(np.arange(plan.rows.size)):
                write_rows(descriptor, place.offset, part["row"], x)
                records.append(part)
            os.fsync(descriptor)
            written = np.concatenate(records)
            if wrong := int((rows_checksums(descriptor, place.offset, written["row"], plan.n_columns) != written["crc32"]).sum()):
                raise MatrixFault(
                    f"{place.path}: {wrong} rows were not read back as they were written on {socket.gethostname()}; its disk is faulty"
                )
    finally:
        reader.close()
    save_records(done, written)
    return plan.rows.size


def rows_checksums(descriptor: int, offset: int, rows: NDArray[np.int64], n_genes: int) -> NDArray[np.uint32]:
    """CRC-32 of rows of X as they stand in a file; 0 for one that the file does not hold whole."""
    found = np.zeros(rows.size, np.uint32)
    for i, row in enumerate(rows.tolist()):
        values = np.frombuffer(os.pread(descriptor, 4 * n_genes, offset + 4 * n_genes * row), np.uint8)
        if values.size == 4 * n_genes:
            found[i] = row_checksums(values.view(np.float32)[None])[0]
    return found


def save_records(path: Path, records: NDArray[np.void]) -> None:
    """Write the records of finished rows so that the file exists only when whole."""
    scratch = path.with_name(f"{path.name}.{socket.gethostname()}.{os.getpid()}")
    with scratch.open("wb") as file:
        np.save(file, records)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
