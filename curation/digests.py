"""SHA-256 of a file as a whole and of each of its blocks, from one reading, on as many threads as there are digests."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from profiles.blocks import BLOCK_BYTES

AT_ONCE = 1 << 22  # bytes read at a time


@dataclass(frozen=True)
class FileDigests:
    """What a file held when it was read, and what tells whether it was written to since."""

    sha256: str
    blocks: bytes  # DIGEST_BYTES of each block
    n_bytes: int
    changed_ns: int

    def still_hold(self, path: Path) -> bool:
        """Whether size and time of change are those of the file that was read."""
        now = path.stat()
        return (now.st_size, now.st_mtime_ns) == (self.n_bytes, self.changed_ns)


class Digester:
    """Takes the bytes of one file in order. What is handed over must stay as it is until the next call returns."""

    def __init__(self) -> None:
        self._whole, self._block, self._parts = hashlib.sha256(), hashlib.sha256(), bytearray()
        self._n_bytes = 0
        self._pool = ThreadPoolExecutor(2)  # hashlib gives the interpreter's lock back
        self._busy: list[Future[None]] = []

    def update(self, piece: memoryview) -> None:
        """Take the next bytes; returns when those before are done."""
        self._settle()
        self._busy = [self._pool.submit(self._whole.update, piece), self._pool.submit(self._add_blocks, piece)]

    def _settle(self) -> None:
        wait(self._busy)
        for done in self._busy:
            done.result()
        self._busy = []

    def _add_blocks(self, piece: memoryview) -> None:
        at = 0
        while at < len(piece):
            part = piece[at : at + BLOCK_BYTES - self._n_bytes % BLOCK_BYTES]
            self._block.update(part)
            at, self._n_bytes = at + len(part), self._n_bytes + len(part)
            if self._n_bytes % BLOCK_BYTES == 0:
                self._parts += self._block.digest()
                self._block = hashlib.sha256()

    def of(self, path: Path) -> FileDigests:
        """What was taken, which was all of the file at `path`."""
        self._settle()
        rest = self._block.digest() if self._n_bytes % BLOCK_BYTES else b""
        return FileDigests(self._whole.hexdigest(), bytes(self._parts) + rest, self._n_bytes, path.stat().st_mtime_ns)

    def __enter__(self) -> Digester:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown()


def digests(path: Path) -> FileDigests:
    """Those of a file that lies still."""
    with Digester() as digester, path.open("rb", buffering=0) as file:
        while piece := file.read(AT_ONCE):
            digester.update(memoryview(piece))
        return digester.of(path)
