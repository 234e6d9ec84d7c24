"""Chunks that were fetched, one behind the other in a file of their own, and a journal of the requests that are done: what a killed run goes on with.

Every chunk that is compressed is inflated when it comes, which compares its own checksum (Adler-32 of zlib): nobody publishes one of parts of the
archive. Of what lies here from an earlier run the CRC-32 of the journal is compared.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.excerpt.requests import Requests, in_parallel, plan
from curation.hdf5.inflate import first_corrupt
from curation.remote.ranges import RangeFault, Web

SURPLUS = 0.25  # bytes beside the chunks that may be fetched along, of the chunks' own
GAP = 64 << 10
ENTRY = np.dtype([("request", np.int64), ("crc32", np.uint32)])


@dataclass
class Store:
    """Chunks by their place in the file behind HTTP: `offset` (ascending) and `n_bytes`; chunk i lies at `place[i]` of this store.

    plain_bytes: of a chunk when inflated; 0 where chunks are not compressed by zlib, or where it cannot be told (`is_checked`).
    """

    folder: Path
    web: Web
    url: str
    total: int
    offset: NDArray[np.int64]
    n_bytes: NDArray[np.int64]
    is_checked: NDArray[np.bool_]
    plain_bytes: int

    def __post_init__(self) -> None:
        if self.offset.size and (bool((self.offset[1:] < self.offset[:-1] + self.n_bytes[:-1]).any()) or bool((self.n_bytes <= 0).any())):
            raise RangeFault(f"{self.url}: its chunk index names chunks that overlap; it is damaged")
        if self.offset.size and int(self.offset[-1] + self.n_bytes[-1]) > self.total:
            raise RangeFault(f"{self.url}: its chunk index names a chunk beyond the end of the file; it is cut off or damaged")
        self.place = np.cumsum(self.n_bytes) - self.n_bytes
        self.requests: Requests = plan(self.offset, self.n_bytes, surplus=SURPLUS, gap=GAP)
        self.chunks, self.journal = self.folder / "chunks", self.folder / "chunks.journal"

    @property
    def size(self) -> int:
        """Bytes of all its chunks."""
        return int(self.n_bytes.sum())

    def fill(self, advance: Callable[[int], None]) -> int:
        """Fetch what is not here yet; returns the bytes that were. Raises RangeFault for a chunk that stays damaged, and as Web does."""
        file = os.open(self.chunks, os.O_RDWR | os.O_CREAT, 0o644)
        journal = os.open(self.journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            done = self._done(file, journal)
            n_held = int(sum(self._span(i)[1] for i in done))
            advance(n_held)
            todo = (i for i in range(len(self.requests)) if i not in done)
            for i, content in in_parallel(self._bring, todo, self.web.connections):
                start, size = self._span(i)
                view = memoryview(content)
                while view:
                    view = view[os.pwrite(file, view, start + len(content) - len(view)) :]
                entry = np.array([(i, zlib.crc32(content))], ENTRY)
                os.write(journal, entry.tobytes())
                advance(size)
            os.fsync(file)
            return n_held
        finally:
            os.close(file)
            os.close(journal)

    def _span(self, request: int) -> tuple[int, int]:
        """Where the chunks of a request lie here: first byte, and how many."""
        first, last = int(self.requests.first[request]), int(self.requests.last[request])
        return int(self.place[first]), int(self.n_bytes[first:last].sum())

    def _done(self, file: int, journal: int) -> set[int]:
        """Requests of an earlier run whose chunks still have their checksum."""
        text = os.pread(journal, os.fstat(journal).st_size, 0)
        done = set()
        for request, crc in np.frombuffer(text[: len(text) // ENTRY.itemsize * ENTRY.itemsize], ENTRY).tolist():
            if 0 <= request < len(self.requests):
                start, size = self._span(request)
                if zlib.crc32(os.pread(file, size, start)) == crc:
                    done.add(request)
        if len(text) % ENTRY.itemsize:
            os.ftruncate(journal, len(text) // ENTRY.itemsize * ENTRY.itemsize)
        return done

    def _bring(self, request: int) -> bytes:
        """The chunks of a request, one behind the other, each compared with its checksum; those that came damaged are asked for once more."""
        start, stop = int(self.requests.start[request]), int(self.requests.stop[request])
        some = slice(int(self.requests.first[request]), int(self.requests.last[request]))
        content = np.frombuffer(self.web.part(self.url, start, stop, self.total), np.uint8).copy()
        at, n_bytes, checked = self.offset[some] - start, self.n_bytes[some], np.flatnonzero(self.is_checked[some])
        again: set[int] = set()
        while self.plain_bytes and (bad := first_corrupt(content, at[checked], n_bytes[checked], self.plain_bytes)) >= 0:
            chunk = int(checked[bad])
            first = int(at[chunk] + start)
            if chunk in again:
                raise RangeFault(
                    f"{self.url}: the chunk at bytes {first:,} to {first + int(n_bytes[chunk]):,} cannot be decompressed, asked for twice;"
                    " the file on the server is damaged"
                )
            again.add(chunk)
            piece = self.web.part(self.url, first, first + int(n_bytes[chunk]), self.total)
            content[at[chunk] : at[chunk] + n_bytes[chunk]] = np.frombuffer(piece, np.uint8)
        if stop - start == int(n_bytes.sum()):
            return content.tobytes()
        return b"".join(content[a : a + n].tobytes() for a, n in zip(at.tolist(), n_bytes.tolist(), strict=True))

    def read(self, file: int, chunk: int) -> bytes:
        """One chunk, by its number, from the open store."""
        return os.pread(file, int(self.n_bytes[chunk]), int(self.place[chunk]))
