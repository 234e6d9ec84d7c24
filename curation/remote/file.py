"""A cached file as Python, h5py and fsspec read files: DuckDB and pyarrow take them from a file system of fsspec."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fsspec import AbstractFileSystem

from curation.remote.cache import Cached
from curation.unlocked import PlainFile


class RangeFile(io.RawIOBase):
    """A seekable, read-only file over the blocks of a `Cached`."""

    def __init__(self, cached: Cached | PlainFile) -> None:
        self._cached = cached
        self._at = 0
        self.name = cached.url
        self.mode = "rb"
        self.size = cached.n_bytes

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._cached.n_bytes}[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; all that is left without it."""
        stop = self._cached.n_bytes if size is None or size < 0 else self._at + size
        content = self._cached.read(self._at, stop)
        self._at += len(content)
        return content

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the file goes."""
        content = self.read(len(memoryview(buffer).cast("B")))
        memoryview(buffer).cast("B")[: len(content)] = content
        return len(content)


class CachedFiles(AbstractFileSystem):  # type: ignore[misc, unused-ignore]
    """Cached files under names of our own, read-only: nothing else can be reached through it."""

    protocol = "bulkatlas"
    cachable = False

    def __init__(self, files: Mapping[str, Cached | PlainFile]) -> None:
        super().__init__()
        self.files = dict(files)

    def _name(self, path: str) -> str:
        return str(path).removeprefix(f"{self.protocol}://").strip("/")

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Name and size. Raises FileNotFoundError."""
        name = self._name(path)
        if name not in self.files:
            raise FileNotFoundError(path)
        return {"name": path, "size": self.files[name].n_bytes, "type": "file"}

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """Every file, whatever the path."""
        return [self.info(name) if detail else name for name in self.files]

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is such a file."""
        return self._name(path) in self.files

    def modified(self, path: str) -> datetime:
        """One time for all: a release does not change under its build id."""
        return datetime.fromtimestamp(0, UTC)

    def open(self, path: str, mode: str = "rb", **options: Any) -> RangeFile:
        """A file to read. Raises FileNotFoundError, and PermissionError for any other mode."""
        if mode != "rb":
            raise PermissionError(f"{path} is read only")
        self.info(path)
        return RangeFile(self.files[self._name(path)])
