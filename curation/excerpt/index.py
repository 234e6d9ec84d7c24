"""Where the chunks of chosen samples lie in a file behind HTTP, from those parts of its chunk index that can name them.

A version 1 B-tree is read level by level: of each level only the nodes whose keys span a wanted chunk, in few requests, several at a time
(the library would read node after node). Any other kind of index is listed by the library, over the same ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.excerpt.requests import REQUEST, in_parallel, plan
from curation.hdf5.chunks import UNDEFINED, btree_root
from curation.remote.file import RangeFile
from curation.remote.ranges import RangeFault, Web

HEAD, ENTRY, KEY = 24, 40, 32  # bytes of a node: its head, a key with the child after it, the key that closes it
DEFAULT_RANK = 32  # children of a node: at most twice this
BATCH_NODES = 1 << 13  # of leaves, held at a time and kept on this disk when read
DEEPEST = 12


class TooDear(RangeFault):
    """A part of a file would take longer than the whole of it."""


@dataclass(frozen=True)
class Chunks:
    """Where the chunks lie: arrays (chunk columns, chunks along the genes); offset -1: never written. `mask`: filters that the chunk skips."""

    offset: NDArray[np.int64]
    n_bytes: NDArray[np.int64]
    mask: NDArray[np.int64]


@dataclass(frozen=True)
class Wanted:
    """Which chunks of a dataset of genes x samples are wanted: all along the genes, of the chunk columns `columns` (ascending)."""

    n_rows: int  # chunks along the genes
    n_columns: int
    columns: NDArray[np.int64]

    def places(self) -> NDArray[np.int64]:
        """Position of each wanted chunk in the order of the index (row by row), ascending."""
        return (np.arange(self.n_rows)[:, None] * self.n_columns + self.columns[None, :]).ravel()

    def arranged(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values in the order of `places` as (chunk columns, chunks along the genes)."""
        return np.ascontiguousarray(values.reshape(self.n_rows, self.columns.size).T)


@dataclass
class Index:
    """The chunk index of one dataset of a file behind HTTP. `file` reads small parts of it, `web` (whose traffic is the index's) its nodes."""

    dataset: h5py.Dataset
    file: RangeFile
    web: Web
    url: str
    folder: Path  # keeps what was read of the leaves, for a run that goes on
    most: float = np.inf  # cost of the requests for the nodes of one level

    def find(self, wanted: Wanted) -> Chunks:
        """Raises RangeFault for an index that is damaged, or too large to be read by ranges."""
        root = btree_root(self.dataset, self.file)  # type: ignore[arg-type]
        if root is None:
            return self._by_library(wanted)
        places = wanted.places()
        found = np.full((3, places.size), -1, np.int64)
        if root != UNDEFINED:
            self._walk(root, wanted, places, found)
        return Chunks(*(wanted.arranged(values) for values in found))

    def _walk(self, root: int, wanted: Wanted, places: NDArray[np.int64], found: NDArray[np.int64]) -> None:
        """Go down from the root, of each level only to nodes that can hold one of `places`; fill `found` (offset, bytes, mask)."""
        n_bytes = HEAD + 2 * self._rank() * ENTRY + KEY
        level = _Level(np.array([root], np.int64), np.array([-1]), np.array([np.iinfo(np.int64).max]))
        for depth in range(DEEPEST):
            self._refuse_dear(level, n_bytes)
            is_leaf, below = False, []
            for number, batch in enumerate(level.batches()):
                kept = self.folder / f"{depth}-{number}.npy"
                taken = _taken(kept)
                if taken is None:
                    nodes = _Nodes.of(self._fetched(batch.address, n_bytes), batch, self._shape(wanted))
                    self._refuse_damaged(nodes, batch.address)
                    if nodes.level > 0:
                        below.append(nodes.children(places))
                        continue
                    taken = nodes.chunks(places)
                    np.save(kept, taken)
                is_leaf = True
                found[:, taken[0]] = taken[1:]
            if is_leaf or not below:
                return
            level = _Level(*(np.concatenate([getattr(part, name) for part in below]) for name in ("address", "lower", "upper")))
        raise RangeFault(f"{self.url}: the chunk index is deeper than any; the file is damaged")

    def _refuse_dear(self, level: _Level, n_bytes: int) -> None:
        address = np.sort(level.address)
        asked = plan(address, np.full(address.size, n_bytes), surplus=np.inf, gap=REQUEST)
        if asked.cost > self.most:
            raise TooDear(
                f"{self.url}: the chunk index alone would take {len(asked):,} requests for {asked.n_bytes:,} bytes ({address.size:,} nodes),"
                f" longer than the whole file of {self.file.size:,} bytes"
            )

    def _shape(self, wanted: Wanted) -> tuple[int, int, int]:
        """Height and width of a chunk, and chunks in one row of them."""
        return (*self.dataset.chunks, wanted.n_columns)

    def _fetched(self, address: NDArray[np.int64], n_bytes: int) -> NDArray[np.uint8]:
        """The nodes at `address` (ascending), a row each."""
        total = self.file.size
        if address[0] < 0 or address[-1] > total or bool((np.diff(address) <= 0).any()):
            raise RangeFault(f"{self.url}: the chunk index names nodes twice, or outside of the file; it is damaged")
        asked = plan(address, np.minimum(n_bytes, total - address), surplus=np.inf, gap=REQUEST)
        nodes = np.zeros((address.size, n_bytes), np.uint8)

        def bring(i: int) -> None:
            start = int(asked.start[i])
            content = np.frombuffer(self.web.part(self.url, start, int(asked.stop[i]), total), np.uint8)
            for node in range(int(asked.first[i]), int(asked.last[i])):
                piece = content[address[node] - start :][:n_bytes]
                nodes[node, : piece.size] = piece

        for _ in in_parallel(bring, iter(range(len(asked))), self.web.connections):
            pass
        return nodes

    def _refuse_damaged(self, nodes: _Nodes, address: NDArray[np.int64]) -> None:
        if nodes.n_wrong:
            raise RangeFault(
                f"{self.url}: {nodes.n_wrong} of {address.size} nodes of the chunk index, from byte {address[0]:,} on, are none; it is damaged"
            )

    def _rank(self) -> int:
        """Half the children of a node: only a superblock of version 1 has another number than the library's own."""
        self.file.seek(0)
        start = self.file.read(26)
        return int.from_bytes(start[24:26], "little") if start[8] == 1 else DEFAULT_RANK

    def _by_library(self, wanted: Wanted) -> Chunks:
        """Every chunk of the dataset, one after the other."""
        slot = np.full(wanted.n_columns, -1, np.int64)
        slot[wanted.columns] = np.arange(wanted.columns.size)
        found = np.full((3, wanted.columns.size, wanted.n_rows), -1, np.int64)
        height, width = self.dataset.chunks

        def note(entry: Any) -> None:
            column = slot[entry.chunk_offset[1] // width]
            if column >= 0:
                found[:, column, entry.chunk_offset[0] // height] = entry.byte_offset, entry.size, entry.filter_mask

        self.dataset.id.chunk_iter(note)
        return Chunks(*found)


@dataclass(frozen=True)
class _Level:
    """Nodes of one level by their address; node i holds places from lower[i] to below upper[i]."""

    address: NDArray[np.int64]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]

    def batches(self) -> Iterator[_Level]:
        """In the order of the file, so many at a time as may be held."""
        order = np.argsort(self.address, kind="stable")
        for start in range(0, order.size, BATCH_NODES):
            some = order[start : start + BATCH_NODES]
            yield _Level(self.address[some], self.lower[some], self.upper[some])


@dataclass(frozen=True)
class _Nodes:
    """The entries of nodes of one level: place of each key in the order of the index, child, bytes and filter mask (n nodes, entries)."""

    level: int
    n_wrong: int
    used: NDArray[np.bool_]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    child: NDArray[np.int64]
    n_bytes: NDArray[np.int64]
    mask: NDArray[np.int64]

    @classmethod
    def of(cls, nodes: NDArray[np.uint8], where: _Level, shape: tuple[int, int, int]) -> _Nodes:
        height, width, n_columns = shape
        most = (nodes.shape[1] - HEAD - KEY) // ENTRY
        n_used = nodes[:, 6].astype(np.int64) + 256 * nodes[:, 7].astype(np.int64)
        is_node = (nodes[:, :4] == np.frombuffer(b"TREE", np.uint8)).all(axis=1) & (nodes[:, 4] == 1)
        is_node &= (nodes[:, 5] == nodes[0, 5]) & (n_used <= most) & (n_used > 0)
        words = np.ascontiguousarray(nodes[:, HEAD:-KEY]).view("<u8").reshape(len(nodes), most, ENTRY // 8).astype(np.int64)
        key = words[:, :, 1] // height * n_columns + words[:, :, 2] // width
        used = np.arange(most) < n_used[:, None]
        key[~used] = np.iinfo(np.int64).max
        lower = key.copy()
        lower[:, 0] = np.minimum(key[:, 0], np.maximum(where.lower, 0))
        upper = np.concatenate([key[:, 1:], np.full((len(nodes), 1), np.iinfo(np.int64).max)], axis=1)
        upper = np.minimum(upper, where.upper[:, None])
        first = words[:, :, 0]
        return cls(
            int(nodes[0, 5]),
            int((~is_node).sum()),
            used,
            lower if nodes[0, 5] else key,
            upper,
            words[:, :, 4],
            first & 0xFFFFFFFF,
            first >> 32,
        )

    def children(self, places: NDArray[np.int64]) -> _Level:
        """The nodes below in which a place can lie."""
        holds = self.used & (np.searchsorted(places, self.upper) > np.searchsorted(places, self.lower))
        return _Level(self.child[holds], self.lower[holds], self.upper[holds])

    def chunks(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of the leaves: (4, n) which of `places` are there, and their offset, bytes and mask."""
        at = np.minimum(np.searchsorted(places, self.lower), places.size - 1)
        holds = self.used & (places[at] == self.lower)
        return np.stack([at[holds], self.child[holds], self.n_bytes[holds], self.mask[holds]])


def _taken(path: Path) -> NDArray[np.int64] | None:
    """What an earlier run read of a batch of leaves."""
    try:
        return np.asarray(np.load(path), np.int64)
    except (OSError, ValueError, EOFError):
        return None
