"""Databases on a file system without locks (NFS without its lock service, some FUSE): DuckDB opens no file there that it cannot lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from curation.errors import CurationError
from profiles import aside
from profiles.lock import NO_FLOCK

REFUSED: Final = "Could not set lock on file"  # what DuckDB says, of a file that another process holds too


class PlainFile:
    """A local file with what CachedFiles asks of one: DuckDB reads it through that, and locks nothing."""

    fault = None

    def __init__(self, path: Path) -> None:
        self.path, self.url, self.n_bytes = path, str(path), path.stat().st_size
        self._file = os.open(path, os.O_RDONLY)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes start:stop; nothing beyond the end."""
        return os.pread(self._file, max(0, min(stop, self.n_bytes) - start), start)

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            os.close(self._file)


def is_refusal(said: str, folder: Path) -> bool:
    """Whether DuckDB could not open a file because nothing in its folder can be locked, rather than because somebody holds it."""
    if REFUSED not in said:
        return False
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return _refused(probe.fileno())
    except OSError:  # nothing can be written there: the folder itself is tried
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            return _refused(descriptor)
        finally:
            os.close(descriptor)


def _refused(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in NO_FLOCK
    return False


@contextmanager
def elsewhere(path: Path) -> Iterator[Path]:
    """A path in the temporary folder, for a database that is to stand at `path`; copied there at the end. Raises CurationError, OSError."""
    if is_refusal(REFUSED, Path(tempfile.gettempdir())):
        raise CurationError(
            f"no file can be locked in {path.parent}, nor in {tempfile.gettempdir()}: set TMPDIR to a folder of a local disk"
        )
    with tempfile.TemporaryDirectory(prefix="bulkatlas-") as place:
        draft = Path(place, path.name)
        yield draft
        with aside.written(path) as target:
            shutil.copyfile(draft, target)
