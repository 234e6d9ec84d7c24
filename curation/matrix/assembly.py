"""The unfinished file of an export: its rows are written shard by shard, read back, and put in place together."""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.digests import AT_ONCE, Digester, FileDigests
from curation.hdf5.inflate import row_checksums
from curation.mark import NotOurs, discard, is_unfinished, put_mark
from curation.matrix.cluster import ClusterFault, lost_workers
from curation.matrix.compendium import create, writing
from curation.matrix.gaps import close_gaps
from curation.matrix.plan import ExportPlan
from curation.matrix.scaler import Moments
from curation.matrix.shards import RECORD, MatrixFault, Place, PlanReader, rows_checksums, write_from_afar, write_in_place
from curation.progress import Advance
from profiles.plain_json import NoObject, read_object

CHECKSUMS = "compendium.checksums.tsv"
STATE = "state.json"
BLOCK_ROWS = 1024  # of X, per checksum
WINDOW = 64  # shards handed out at a time


def read_whole(file: io.RawIOBase, into: NDArray[np.float32]) -> None:
    """Fill an array from a file; what the file lacks becomes 0, and fails its checksum."""
    view = memoryview(into.data).cast("B")
    while view and (n := file.readinto(view)):
        view = view[n:]
    view[:] = bytes(len(view))


class Assembly:
    """The unfinished file of an export and what is known of its rows."""

    def __init__(self, path: Path, plan: ExportPlan, *, resume: bool) -> None:
        self.path, self.plan = Path(os.path.abspath(path)), plan  # a worker has another working folder
        self.partial = self.path.with_name(path.name + ".partial")
        self.folder = self.path.with_name(path.name + ".parts")
        self.notes: list[str] = []
        self.n_resumed = 0
        self.run_id = uuid.uuid4().hex  # by which a worker tells this file from one that was begun later in its place
        self.offset = self._resume() if resume else -1
        if self.offset < 0:
            self._start()
        self.records = np.zeros(plan.n_samples, RECORD)

    def _start(self) -> None:
        if self.partial.exists() and not is_unfinished(self.folder):
            raise NotOurs(f"{self.partial} stands where unfinished work goes, and is none of ours; it is left alone: move it away")
        self.remove()
        try:
            with writing(self.folder):
                self.folder.mkdir()
                put_mark(self.folder)  # before the file that it stands for
            self.offset = create(self.partial, self.plan.n_samples, self.plan.n_genes)
            with writing(self.folder):
                state = {"plan": self.plan.fingerprint, "offset": self.offset, "run": self.run_id}
                (self.folder / STATE).write_text(json.dumps(state), encoding="utf-8")
        except BaseException:
            self.remove()
            raise

    def _resume(self) -> int:
        """The byte of X in the file of an interrupted export of the same plan; -1 when there is none."""
        try:
            state = read_object(self.folder / STATE)
        except (FileNotFoundError, NoObject):
            return -1
        if state.get("plan") != self.plan.fingerprint or not self.partial.exists():
            self.notes.append(
                "the interrupted export had another plan (samples, genes, parameters or input files): its matrix was begun again"
            )
            return -1
        self.run_id = str(state.get("run", ""))
        return int(state["offset"])

    def remove(self) -> None:
        """Remove everything unfinished that is ours. The folder is renamed first: a worker that still writes finds no place for a new file."""
        gone = self.folder.with_name(self.folder.name + ".removed")
        discard(gone)
        if os.path.lexists(self.folder):
            if not is_unfinished(self.folder):
                raise NotOurs(f"{self.folder} stands where unfinished work goes, without our mark; it is left alone: move it away")
            self.partial.unlink(missing_ok=True)
            discard(self.folder.rename(gone))

    def run(self, pool: Executor, advance: Advance, *, is_remote: bool) -> None:
        """Do every shard that is not done yet. Raises what a shard raised, when no other one is still writing."""
        descriptor = os.open(self.partial, os.O_RDWR)
        readers = [PlanReader(matrix) for matrix in self.plan.matrices]
        place = Place(self.partial, self.folder / STATE, self.run_id, self.offset)
        waiting: dict[Future[int], Path] = {}
        try:
            with writing(self.partial):
                for reader, positions, done in self._shards(readers):
                    if self._is_whole(done, descriptor, positions.size):
                        self.n_resumed += positions.size
                        advance(positions.size)
                    elif is_remote:
                        waiting[pool.submit(write_from_afar, reader.part(positions), place, done)] = done
                    else:
                        waiting[pool.submit(write_in_place, reader, positions, descriptor, self.offset, done)] = done
                    if len(waiting) >= WINDOW:
                        self._collect(waiting, advance)
                while waiting:
                    self._collect(waiting, advance)
                os.fsync(descriptor)
        finally:
            running = [shard for shard in waiting if not shard.cancel()]
            if not is_remote:
                wait(running)  # they write to the file that is closed next
            for reader in readers:
                reader.close()
            os.close(descriptor)
        for done in sorted(self.folder.glob("*.done")):
            records = np.load(done)
            self.records[records["row"]] = records
        if self.n_resumed:
            self.notes.append(f"{self.n_resumed:,} of {self.plan.n_samples:,} rows were taken over from the interrupted export")

    def _shards(self, readers: list[PlanReader]) -> Iterator[tuple[PlanReader, NDArray[np.int64], Path]]:
        """Every shard, its reader, and the file that says it is done; matrices of one shard, which take longest, come first."""
        shards = [(number, reader.shards()) for number, reader in enumerate(readers)]
        for number, parts in sorted(shards, key=lambda item: len(item[1])):
            for part, positions in enumerate(parts):
                yield readers[number], positions, self.folder / f"{number:05d}-{part:05d}.done"

    def _collect(self, waiting: dict[Future[int], Path], advance: Advance) -> None:
        for shard in wait(waiting, return_when=FIRST_COMPLETED).done:
            waiting.pop(shard)
            try:
                advance(shard.result())
            except lost_workers() as error:
                raise ClusterFault(f"the cluster lost the worker of a shard again and again ({error}); see the workers' logs") from error

    def _is_whole(self, done: Path, descriptor: int, n_rows: int) -> bool:
        """Whether a shard was finished before, and its rows still have their checksums."""
        if not done.exists():
            return False
        records = np.load(done)
        found = rows_checksums(descriptor, self.offset, records["row"], self.plan.n_genes)
        return bool(records.size == n_rows and np.array_equal(found, records["crc32"]))

    def leave_out(self, stays: NDArray[np.bool_], plan: ExportPlan) -> None:
        """Go on without the rows that do not stay (n,); `plan` is that of those that do, of the same genes. An export killed from here on begins again."""
        (self.folder / "state.json").unlink(missing_ok=True)
        with writing(self.partial):
            close_gaps(self.partial, self.folder / "head.h5", self.offset, stays, self.plan.n_genes)
        self.records, self.plan = self.records[stays], plan
        self.records["row"] = np.arange(plan.n_samples)

    def seal(self, is_train: NDArray[np.bool_], at_end_of_x: Callable[[Moments], None], advance: Advance) -> FileDigests:
        """Read the file once, from its first byte to its last.

        Each row of X is held against the checksum of what was to be written, each block of rows gets a line of compendium.checksums.tsv, and the
        moments of the training rows are taken. They are handed to `at_end_of_x`, which may still write behind X. Returns the file's digests.
        Raises MatrixFault.
        """
        moments, lines = Moments(self.plan.n_genes), ["first_row\tn_rows\tsha256\n"]
        room = np.empty(
            (2, min(BLOCK_ROWS, self.plan.n_samples), self.plan.n_genes), np.float32
        )  # new pages for each block would cost a tenth
        with Digester() as digester, ThreadPoolExecutor(1) as pool, self.partial.open("rb", buffering=0) as file:
            digester.update(memoryview(file.read(self.offset)))
            for start in range(0, self.plan.n_samples, BLOCK_ROWS):
                rows = slice(start, start + BLOCK_ROWS)
                block = room[start // BLOCK_ROWS % 2][: self.plan.n_samples - start]  # of the other one the digester may still read
                read_whole(file, block)
                digester.update(block.data.cast("B"))
                digest = pool.submit(lambda b: hashlib.sha256(b.data).hexdigest(), block)
                self._compare(block, start)
                moments.add(block if is_train[rows].all() else block[is_train[rows]])
                lines.append(f"{start}\t{block.shape[0]}\t{digest.result()}\n")
                advance(block.shape[0])
            at_end_of_x(moments)
            while rest := file.read(AT_ONCE):
                digester.update(memoryview(rest))
            found = digester.of(self.partial)
        with writing(self.path):
            self.path.with_name(CHECKSUMS).write_text("".join(lines), encoding="utf-8")
        return found

    def _compare(self, block: NDArray[np.float32], start: int) -> None:
        wrong = np.flatnonzero(row_checksums(block) != self.records["crc32"][start : start + block.shape[0]])
        if wrong.size:
            raise MatrixFault(
                f"{self.partial}: {wrong.size} rows were not read back as they were written, first row {start + wrong[0]}; "
                "the disk or the file system is faulty"
            )

    def put_in_place(self) -> None:
        """Flush and give the file its name."""
        with writing(self.path):
            with self.partial.open("r+b") as file:
                os.fsync(file.fileno())
            self.partial.replace(self.path)
            discard(self.folder)
