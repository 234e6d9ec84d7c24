"""The chunks of an excerpt that is there already: which of them are whole, so that one of more samples fetches only what is new."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.excerpt.index import Chunks
from curation.hdf5.chunks import chunk_table
from curation.hdf5.inflate import first_corrupt
from curation.sources.archs4 import EXPRESSION, PARTIAL, SAMPLES


@dataclass(frozen=True)
class Earlier:
    """An excerpt of the same file of the server; `has_all`: it names all samples of it, else `sample_ids` (in its order) and no others."""

    path: Path
    has_all: bool
    sample_ids: list[str]


@dataclass(frozen=True)
class HeldChunks:
    """Chunks that lie in `path`, each inflated and compared with its checksum: all of the archive's chunk columns `columns` (ascending)."""

    path: Path | None
    columns: NDArray[np.int64]
    chunks: Chunks

    @property
    def n_bytes(self) -> int:
        """Bytes of its chunks."""
        return int(self.chunks.n_bytes.sum())

    def read(self) -> Iterator[tuple[int, int, bytes, int]]:
        """Chunk column of the archive, chunk along the genes, bytes and filter mask of every chunk."""
        if self.path is None:
            return
        with self.path.open("rb", buffering=0) as file:
            for i, column in enumerate(self.columns.tolist()):
                three = (self.chunks.offset[i].tolist(), self.chunks.n_bytes[i].tolist(), self.chunks.mask[i].tolist())
                for row, (offset, n_bytes, mask) in enumerate(zip(*three, strict=True)):
                    yield column, row, os.pread(file.fileno(), n_bytes, offset), mask


def nothing(n_rows: int) -> HeldChunks:
    """No chunk, of a file with `n_rows` chunks along the genes."""
    none = np.zeros((0, n_rows), np.int64)
    return HeldChunks(None, np.zeros(0, np.int64), Chunks(none, none, none))


def earlier(path: Path, version: Mapping[str, Any]) -> Earlier | None:
    """The excerpt at `path` where it is one of the very file that `version` tells; None for one of another version of it.

    Raises OSError, KeyError, ValueError where something else lies there.
    """
    with h5py.File(path, "r") as file:
        about = json.loads(str(file.attrs[PARTIAL]))
        has_all = bool(about["has_all_metadata"])
        if {name: about[name] for name in version} != dict(version):
            return None
        return Earlier(path, has_all, [] if has_all else file[f"{SAMPLES}/geo_accession"].asstr()[:].tolist())


def held_chunks(excerpt: Path, columns: NDArray[np.int64]) -> HeldChunks:
    """What of an excerpt is whole; its chunk column i is the archive's `columns[i]`. Only chunks with a checksum of their own (zlib's) count.

    Raises ChunkIndexFault.
    """
    with h5py.File(excerpt, "r") as file:
        expression = file[EXPRESSION]
        height, width = expression.chunks
        table = chunk_table(expression, excerpt, np.arange(columns.size), 1)
        is_told = list(expression._filters) in (["gzip"], ["shuffle", "gzip"]) and not table.filter_mask
        plain_bytes = height * width * expression.dtype.itemsize
    whole: NDArray[np.bool_] = np.all(table.offset >= 0, axis=1) if is_told else np.zeros(columns.size, np.bool_)
    with excerpt.open("rb", buffering=0) as raw:
        for i in np.flatnonzero(whole).tolist():
            whole[i] = _is_whole(raw.fileno(), table.offset[i], table.n_bytes[i], plain_bytes)
    offset, n_bytes = table.offset[whole], table.n_bytes[whole]
    return HeldChunks(excerpt, columns[whole], Chunks(offset, n_bytes, np.zeros_like(offset)))


def _is_whole(file: int, offset: NDArray[np.int64], n_bytes: NDArray[np.int64], plain_bytes: int) -> bool:
    pieces = [os.pread(file, n, at) for at, n in zip(offset.tolist(), n_bytes.tolist(), strict=True)]
    if [len(piece) for piece in pieces] != n_bytes.tolist():
        return False
    return first_corrupt(np.frombuffer(b"".join(pieces), np.uint8), np.cumsum(n_bytes) - n_bytes, n_bytes, plain_bytes) < 0
