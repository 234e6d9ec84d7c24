"""Checksums of a build's input files, taken while its metadata steps run."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.ontology import content_files
from curation.progress import Progress

if TYPE_CHECKING:
    from curation.source import Source

BLOCK = 1 << 22
KEPT_SHARE = (
    4  # a file of over a KEPT_SHARE-th of the memory leaves the page cache as it is read: the gather's files and the tables need the room
)


class Stopped(Exception):
    """The build ended before its inputs were read."""


class InputChecksums:
    """Reads every file that decides a release's content on a thread of its own."""

    def __init__(self, sources: Mapping[str, Source], ontology: Path, studies: Path | None) -> None:
        self._files = [(name, p) for name, source in sources.items() for p in sorted(source.input_files())]
        self._files += [("ontology", p) for p in content_files(ontology)]
        self._files += [("studies", studies)] if studies else []
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._found: list[Future[tuple[int, str]]] = [self._pool.submit(self._read, path) for _, path in self._files]

    def rows(self, progress: Progress) -> list[dict[str, Any]]:
        """Source, name, size and sha256 of every file, in order; waits for them."""
        rows = []
        with progress.stage("checksums of inputs", len(self._files)) as advance:
            for (source, path), found in zip(self._files, self._found, strict=True):
                n_bytes, digest = found.result()
                rows.append({"source": source, "file": path.name, "bytes": n_bytes, "sha256": digest})
                advance(1)
        return rows

    def stop(self) -> None:
        """Read no further."""
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def _read(self, path: Path) -> tuple[int, str]:
        digest, n_bytes = hashlib.sha256(), 0
        with path.open("rb", buffering=0) as file:
            is_large = os.fstat(file.fileno()).st_size > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // KEPT_SHARE
            while piece := file.read(BLOCK):
                digest.update(piece)
                if is_large and hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(file.fileno(), n_bytes, len(piece), os.POSIX_FADV_DONTNEED)
                n_bytes += len(piece)
                if self._stopped.is_set():
                    raise Stopped
        return n_bytes, digest.hexdigest()


@contextmanager
def input_checksums(sources: Mapping[str, Source], ontology: Path, studies: Path | None) -> Iterator[InputChecksums]:
    """Checksums that stop with the block. Raises OntologyFault for a file of the ontology that nothing reads."""
    reading = InputChecksums(sources, ontology, studies)
    try:
        yield reading
    finally:
        reading.stop()
