"""A file behind HTTP, of which the blocks that were read lie on this disk: a sparse file of the same size, and which blocks it holds."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from curation.remote.ranges import RangeFault, Web
from profiles.blocks import BLOCK_BYTES, DIGEST_BYTES, block_digests, n_blocks

GAP = 3  # blocks that are fetched along rather than asked for twice
MOST = 64  # blocks of one request
REQUESTS = 4  # at a time

Digests = Callable[[int, int], bytes]
Span = tuple[int, int]


@dataclass
class Cached:
    """One file behind HTTP. `data` is its sparse copy on this disk; `ensure` brings what is to be read of it.

    digests: gives the SHA-256 of the blocks i:j, which everything that comes (and what an earlier process left) is held against; None for a
    file that nobody published checksums of: what comes is then taken as it is.
    """

    web: Web
    url: str
    n_bytes: int
    data: Path
    digests: Digests | None
    fault: RangeFault | None = None  # the last one: DuckDB and HDF5 pass on that reading failed, but not why
    _have: bytearray = field(default_factory=bytearray)
    _checked: bytearray = field(default_factory=bytearray)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        n = n_blocks(self.n_bytes)
        self._file = os.open(self.data, os.O_RDWR | os.O_CREAT, 0o644)
        if os.fstat(self._file).st_size != self.n_bytes:
            self._list.unlink(missing_ok=True)
            os.ftruncate(self._file, self.n_bytes)  # holes; another process that begins the same file loses nothing
        held = self._list.read_bytes() if self._list.exists() else b""
        self._have = bytearray(held if len(held) == n else n)
        self._checked = bytearray(n)

    @property
    def _list(self) -> Path:
        return self.data.with_name(self.data.name + ".blocks")

    def close(self) -> None:
        """Let go of the file on this disk."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self, start: int, stop: int) -> bytes:
        """Bytes start:stop; nothing beyond the end."""
        start, stop = min(start, self.n_bytes), min(stop, self.n_bytes)
        try:
            self.ensure([(start, stop)])
        except RangeFault as fault:
            self.fault = fault
            raise
        return os.pread(self._file, stop - start, start)

    def ensure(self, spans: Iterable[Span]) -> None:
        """Have these bytes on this disk: what is missing is asked for in few requests, several at a time. Raises RangeFault."""
        with self._lock:
            runs = list(self._runs(self._missing(spans)))
            if not runs:
                return
            self._refuse_a_full_disk(sum(stop - first for first, stop in runs) * BLOCK_BYTES)
            if len(runs) == 1:
                self._fetch(*runs[0])
            else:
                with ThreadPoolExecutor(REQUESTS) as pool:
                    list(pool.map(lambda run: self._fetch(*run), runs))
            draft = self._list.with_name(f"{self._list.name}.{os.getpid()}.new")
            draft.write_bytes(self._have)
            draft.replace(self._list)

    def _missing(self, spans: Iterable[Span]) -> list[int]:
        """Blocks of the spans that are not here, or not as they should be."""
        wanted = sorted({block for start, stop in spans if stop > start for block in range(start // BLOCK_BYTES, n_blocks(stop))})
        new = [block for block in wanted if self._have[block] and not self._checked[block]]
        for block in new:
            self._have[block] = self._is_good(block, os.pread(self._file, BLOCK_BYTES, block * BLOCK_BYTES))
        return [block for block in wanted if not self._have[block]]

    def _runs(self, blocks: list[int]) -> Iterator[Span]:
        """Neighbouring blocks as runs first:stop, over small gaps, none longer than a request."""
        first = last = None
        for block in blocks:
            if first is not None and last is not None and block - last <= GAP + 1 and block - first < MOST:
                last = block
                continue
            if first is not None and last is not None:
                yield first, last + 1
            first = last = block
        if first is not None and last is not None:
            yield first, last + 1

    def _fetch(self, first: int, stop: int) -> None:
        """Bring blocks first:stop, ask once more for those that came damaged, and keep them."""
        at, end = first * BLOCK_BYTES, min(stop * BLOCK_BYTES, self.n_bytes)
        content = self.web.part(self.url, at, end, self.n_bytes)
        for block in range(first, stop):
            piece = content[(block - first) * BLOCK_BYTES : (block - first + 1) * BLOCK_BYTES]
            if not self._is_good(block, piece):
                piece = self.web.part(self.url, block * BLOCK_BYTES, block * BLOCK_BYTES + len(piece), self.n_bytes)
                if not self._is_good(block, piece):
                    raise RangeFault(
                        f"{self.url}: bytes {block * BLOCK_BYTES:,} to {block * BLOCK_BYTES + len(piece):,} are not those that the manifest"
                        " has the checksum of; the file on the server is damaged or another one"
                    )
            os.pwrite(self._file, piece, block * BLOCK_BYTES)
            self._have[block] = 1

    def _is_good(self, block: int, content: bytes) -> bool:
        good = self.digests is None or block_digests(content) == self.digests(block, block + 1)
        self._checked[block] = good
        return good

    def _refuse_a_full_disk(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.data.parent).free
        if n_bytes > free:
            raise RangeFault(
                f"{self.data.parent} has {free / 1e9:,.1f} GB free, what is asked of {self.url} needs {n_bytes / 1e9:,.1f} GB more;"
                " make room, or let XDG_CACHE_HOME name another disk"
            )


def listed(hexadecimal: list[str]) -> Digests:
    """Digests that were listed as text."""
    known = bytes.fromhex("".join(hexadecimal))
    return lambda first, stop: known[DIGEST_BYTES * first : DIGEST_BYTES * stop]


def kept_in(other: Cached, first_block: int) -> Digests:
    """Digests that another file holds, from a block on."""
    return lambda first, stop: other.read(DIGEST_BYTES * (first_block + first), DIGEST_BYTES * (first_block + stop))
