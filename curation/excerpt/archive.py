"""An ARCHS4 file behind HTTP: opened by ranges, its metadata copied, the chunks of chosen samples found, fetched and written as a smaller file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.excerpt.ahead import ReadsAhead
from curation.excerpt.held import Earlier, HeldChunks, earlier, held_chunks, nothing
from curation.excerpt.index import Chunks, Index, TooDear, Wanted
from curation.excerpt.moved import Moved
from curation.excerpt.opening import name_of, opened
from curation.excerpt.store import Store
from curation.excerpt.write import write_chunks, write_metadata
from curation.hdf5.chunks import chunk_table
from curation.mark import discard, put_mark
from curation.progress import Progress
from curation.remote.cache import Cached
from curation.remote.ranges import FIRST, LONGEST, TIMEOUT, RangeFault, Web
from curation.sources.archs4 import EXPRESSION, SAMPLES, refuse_foreign
from profiles import aside
from profiles.fetching.download import Patience
from profiles.lock import Held, lock

CONNECTIONS = 16
ADVICE = "fetch the whole file (`curate fetch archs4`), choose fewer samples, or say --by-ranges where only the bytes count"


@dataclass(frozen=True)
class Located:
    """The chunks to fetch, in the chunk columns `columns` (ascending), each with its `number` in the store; and those that are held."""

    columns: NDArray[np.int64]
    n_samples: int  # of the archive
    width: int  # samples of a chunk column
    chunks: Chunks
    store: Store
    number: NDArray[np.int64]
    held: HeldChunks

    @property
    def all_columns(self) -> NDArray[np.int64]:
        """Chunk columns of the archive of which the excerpt will hold the chunks, ascending."""
        return np.union1d(self.columns, self.held.columns)

    def n_chosen(self) -> int:
        """Samples in them."""
        return int((np.minimum((self.all_columns + 1) * self.width, self.n_samples) - self.all_columns * self.width).sum())

    def pieces(self, place: NDArray[np.int64]) -> Iterator[tuple[int, int, bytes, int]]:
        """Every chunk as `write_chunks` takes it; the archive's chunk column `all_columns[i]` goes to `place[i]`."""
        at = dict(zip(self.all_columns.tolist(), place.tolist(), strict=True))
        for column, row, content, mask in self.held.read():
            yield at[column], row, content, mask
        with self.store.chunks.open("rb", buffering=0) as file:
            for i, column in enumerate(self.columns.tolist()):
                for row, (number, mask) in enumerate(zip(self.number[i].tolist(), self.chunks.mask[i].tolist(), strict=True)):
                    yield at[column], row, self.store.read(file.fileno(), number), mask

    def n_bytes(self) -> NDArray[np.int64]:
        """Bytes of every chunk (chunk columns, chunks along the genes), in the order of `all_columns`."""
        both = np.concatenate([self.columns, self.held.columns])
        return np.concatenate([self.chunks.n_bytes, self.held.chunks.n_bytes])[np.argsort(both)]


@dataclass
class Archive:
    """One file behind HTTP and the folder where its excerpt is made: `target` when it is whole, `work` until then."""

    url: str
    folder: Path
    name: str
    web: Web
    n_bytes: int
    work: Path
    index_web: Web
    chunk_web: Web
    anyway: bool = False  # also where the whole file would take less time
    moved: Moved = field(init=False)

    def __post_init__(self) -> None:
        self.moved = Moved(self.web.traffic, self.index_web.traffic, self.chunk_web.traffic, n_bytes_whole=self.n_bytes)

    @property
    def target(self) -> Path:
        """The excerpt."""
        return self.folder / self.name

    @property
    def version(self) -> dict[str, Any]:
        """What tells one file of the server from another: address, bytes, ETag or date."""
        return {"url": self.url, "n_bytes": self.n_bytes, "version": (self.web.version or {}).get(self.url, "")}

    @classmethod
    @contextmanager
    def open(
        cls, url: str, folder: Path, name: str | None = None, patience: Patience | None = None, *, anyway: bool = False
    ) -> Iterator[Archive]:
        """Ask for its size, and hold the folder of its unfinished excerpt. Raises RangeFault."""
        name = name or name_of(url)
        work = folder / f".{name}.excerpt"
        patience = patience or Patience(first=FIRST, longest=LONGEST, timeout=TIMEOUT)
        versions: dict[str, str] = {}
        webs = [Web(patience, connections=CONNECTIONS, version=versions) for _ in range(3)]
        try:
            n_bytes = webs[0].size(url)
            folder.mkdir(parents=True, exist_ok=True)
            with lock(folder / f".{name}.excerpt.lock"):
                archive = cls(url, folder, name, webs[0], n_bytes, work, webs[1], webs[2], anyway)
                archive._begin()
                yield archive
        except Held as error:
            raise RangeFault(f"{folder / name} is being fetched by another process ({error.holder}); wait for it, or stop it") from error
        finally:
            for web in webs:
                web.close()

    def _begin(self) -> None:
        """Go on with what lies in the working folder if it is of the same file."""
        about = self.work / "about.json"
        try:
            is_same = json.loads(about.read_text(encoding="utf-8")) == self.version
        except (OSError, ValueError):
            is_same = False
        if not is_same:
            discard(self.work)
            self.work.mkdir()
            put_mark(self.work)
            about.write_text(json.dumps(self.version), encoding="utf-8")

    @contextmanager
    def opened(self, web: Web) -> Iterator[tuple[h5py.File, ReadsAhead]]:
        """The file as h5py reads it, its bytes fetched through `web` and kept in the working folder. Raises RangeFault, Archs4Fault."""
        with opened(Cached(web, self.url, self.n_bytes, self.work / "blocks", None)) as found:
            yield found

    def metadata(self, rows: NDArray[np.int64] | None, into: Path, progress: Progress) -> Path:
        """The file `name` in the folder `into` with the metadata of the samples `rows` (all without), and counts without a chunk."""
        path = into / self.name
        if path.exists():  # of an earlier run; written aside, so it is whole
            return path
        into.mkdir(parents=True, exist_ok=True)
        if rows is None and (before := self.earlier()) and before.has_all:
            with progress.stage("metadata of the excerpt") as advance, h5py.File(before.path, "r") as own, aside.written(path) as draft:
                write_metadata(own, draft, None, advance)
            return path
        with progress.stage("metadata over HTTP") as advance, self.opened(self.web) as (file, _):
            self._refuse_unfit(file)
            with aside.written(path) as draft:
                write_metadata(file, draft, rows, advance)
        return path

    def _refuse_unfit(self, file: h5py.File) -> None:
        refuse_foreign(file, Path(self.url), partial=True)
        if file[EXPRESSION].chunks is None:
            raise RangeFault(f"{self.url}: its counts do not lie in chunks, so no part of them can be fetched; fetch the whole file")

    def rows_of(self, sample_ids: set[str]) -> NDArray[np.int64]:
        """Rows of these samples, ascending. Raises RangeFault where one is not in the file."""
        with self.opened(self.web) as (file, _):
            self._refuse_unfit(file)
            names = file[f"{SAMPLES}/geo_accession"].asstr()[:]
        rows = np.flatnonzero(np.isin(names, list(sample_ids)))
        if rows.size < len(sample_ids):
            missing = sorted(sample_ids - set(names[rows].tolist()))
            raise RangeFault(
                f"{len(missing):,} of {len(sample_ids):,} samples are not in {self.url}, first: {', '.join(missing[:3])}; leave them out"
            )
        return rows.astype(np.int64)

    def neighbours(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """`rows`, and every other sample that lies in a chunk with one of them: what a file of whole chunks holds."""
        with self.opened(self.web) as (file, _):
            width, n_samples = file[EXPRESSION].chunks[1], file[EXPRESSION].shape[1]
        columns = np.unique(rows // width)
        wide = (columns[:, None] * width + np.arange(width)[None, :]).ravel()
        return np.asarray(wide[wide < n_samples], np.int64)

    def held(self, progress: Progress) -> HeldChunks | None:
        """The chunks of the excerpt that is there already, each inflated and compared; None without one of this very file."""
        before = self.earlier()
        if before is None:
            return None
        with h5py.File(before.path, "r") as file:
            width, n_columns = file[EXPRESSION].chunks[1], -(-file[EXPRESSION].shape[1] // file[EXPRESSION].chunks[1])
        columns = np.arange(n_columns) if before.has_all else np.unique(self.rows_of(set(before.sample_ids)) // width)
        if columns.size != n_columns:
            raise RangeFault(f"{before.path} holds other samples than a fetch wrote into it; move it away, and fetch again")
        with progress.stage("chunks of the excerpt"):
            found = held_chunks(before.path, columns)
        self.moved = replace(self.moved, n_reused=found.n_bytes)
        return found

    def locate(self, rows: NDArray[np.int64], progress: Progress, held: HeldChunks | None = None) -> Located:
        """Find the chunks of the samples `rows` (ascending) that are not held. Raises RangeFault."""
        with self.opened(self.index_web) as (file, raw), progress.stage("chunk index over HTTP"):
            expression = file[EXPRESSION]
            height, width = expression.chunks
            held = held or nothing(-(-expression.shape[0] // height))
            columns = np.setdiff1d(rows // width, held.columns)
            wanted = Wanted(-(-expression.shape[0] // height), -(-expression.shape[1] // width), columns)
            state = self._state_of(wanted.columns)
            chunks = self._found(Index(expression, raw, self.index_web, self.url, state, np.inf if self.anyway else self.n_bytes), wanted)
            is_zlib, n_plain = list(expression._filters) in (["gzip"], ["shuffle", "gzip"]), height * width * expression.dtype.itemsize
            n_samples = int(expression.shape[1])
        if n := int((chunks.offset < 0).sum()):
            raise RangeFault(
                f"{self.url}: {n:,} chunks of the chosen samples were never written, their values would all be fill; it is no whole archive"
            )
        order = np.argsort(chunks.offset, axis=None, kind="stable")
        offset, n_bytes, mask = (values.ravel()[order] for values in (chunks.offset, chunks.n_bytes, chunks.mask))
        store = Store(state, self.chunk_web, self.url, self.n_bytes, offset, n_bytes, mask == 0, n_plain if is_zlib else 0)
        if store.requests.cost > self.n_bytes and not self.anyway:
            asked = f"{len(store.requests):,} requests for {store.requests.n_bytes:,} bytes"
            raise TooDear(f"{self.url}: the chunks would take {asked}, longer than the whole file of {self.n_bytes:,} bytes; {ADVICE}")
        number = np.empty(order.size, np.int64)
        number[order] = np.arange(order.size)
        self.moved = replace(self.moved, n_chunk_bytes=store.size, n_chunks=order.size, n_planned=store.requests.n_bytes)
        return Located(columns, n_samples, width, chunks, store, number.reshape(chunks.offset.shape), held)

    def _found(self, index: Index, wanted: Wanted) -> Chunks:
        try:
            return index.find(wanted)
        except TooDear as fault:
            raise TooDear(f"{fault}; {ADVICE}") from None

    def fetch(self, metadata: Path, found: Located, *, has_all: bool, progress: Progress) -> Path:
        """Fetch the chunks, put them into the file of `metadata`, compare, and give it its name.

        has_all: it names all samples of the archive; else those of the chunks alone. Raises RangeFault.
        """
        self._refuse_a_full_disk(2 * found.store.size + found.held.n_bytes)
        with progress.stage("chunks over HTTP", found.store.size) as advance:
            n_held = found.store.fill(advance)
        self.moved = replace(self.moved, n_held=n_held)
        about = {**self.version, "n_samples": found.n_chosen(), "of_samples": found.n_samples, "has_all_metadata": has_all}
        place = found.all_columns if has_all else np.arange(found.all_columns.size)
        with progress.stage("excerpt"), aside.written(self.target) as draft:
            shutil.copyfile(metadata, draft)
            write_chunks(draft, found.pieces(place), about)
            self._compare(draft, place, found.n_bytes())
        return self.target

    def _refuse_a_full_disk(self, n_bytes: int) -> None:
        if n_bytes > (free := shutil.disk_usage(self.folder).free):
            raise RangeFault(
                f"{self.folder} has {free / 1e9:,.1f} GB free; the chosen chunks need {n_bytes / 1e9:,.1f} GB until the excerpt is whole: make room"
            )

    def _state_of(self, columns: NDArray[np.int64]) -> Path:
        """A folder for what was read for these chunk columns; that of others goes."""
        state = self.work / hashlib.sha256(columns.tobytes()).hexdigest()[:16]
        for other in self.work.iterdir():
            if other.is_dir() and other != state and (other / "columns").exists():
                discard(other)
        state.mkdir(exist_ok=True)
        put_mark(state)
        (state / "columns").touch()
        return state

    def _compare(self, path: Path, columns: NDArray[np.int64], n_bytes: NDArray[np.int64]) -> None:
        """The written file's own index names every chunk with its size. Raises RangeFault."""
        with h5py.File(path, "r") as file:
            table = chunk_table(file[EXPRESSION], path, columns, 1)
        if not np.array_equal(table.n_bytes, n_bytes) or bool((table.offset < 0).any()):
            raise RangeFault(f"{path} was not written as it should be; the disk or the file system is faulty")

    def earlier(self) -> Earlier | None:
        """The excerpt that is there already, where it is one of this very file. Raises RangeFault where something else has its name."""
        if not os.path.lexists(self.target):
            return None
        try:
            return earlier(self.target, self.version)
        except (OSError, KeyError, ValueError):
            raise RangeFault(
                f"{self.target} is there already and is no excerpt of ours; build without the address, or move it away"
            ) from None

    def has(self, held: HeldChunks | None, rows: NDArray[np.int64]) -> bool:
        """Whether the excerpt that is there names all samples, and holds the chunks of these."""
        if held is None or held.path is None or not (before := self.earlier()) or not before.has_all:
            return False
        with h5py.File(held.path, "r") as file:
            return bool(np.isin(rows // file[EXPRESSION].chunks[1], held.columns).all())

    def finish(self) -> None:
        """Let go of what was kept for a run that goes on."""
        discard(self.work)
