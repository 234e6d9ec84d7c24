"""Where the chunks of an HDF5 dataset lie in its file, so that they can be read without the HDF5 library.

The library finds one chunk at a time, or calls back into Python for each (about 1 us); a full ARCHS4 file has 30 million. Files in
the default format index their chunks by a version 1 B-tree, whose nodes are read here directly (HDF5 File Format Specification 3.0,
sections III.A.1 and IV.A.2). Any other index is listed by the library's own `chunk_iter`. Both give the same table; tests compare them.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from curation.errors import CurationError

UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
CONTINUATION, LAYOUT = 0x0010, 0x0008

read_at = types.ExternalFunction("pread", types.intp(types.int32, types.uintp, types.uintp, types.int64))


class ChunkIndexFault(CurationError):
    """The chunk index of a dataset is damaged."""


@dataclass(frozen=True)
class ChunkTable:
    """One entry per (wanted chunk column, chunk along the genes); offset -1: never written, all fill value."""

    offset: NDArray[np.int64]
    n_bytes: NDArray[np.int64]
    filter_mask: int  # any filter that any chunk skips

    def of_columns(self, columns: NDArray[np.int64]) -> ChunkTable:
        """The entries of some of the chunk columns."""
        return ChunkTable(self.offset[columns], self.n_bytes[columns], self.filter_mask)


def chunk_table(dataset: h5py.Dataset, path: Path, columns: NDArray[np.int64], samples_axis: int) -> ChunkTable:
    """The chunks of the chunk columns `columns` (sorted) of a 2-d dataset, `samples_axis` being the axis of the samples.

    Raises ChunkIndexFault when the index cannot be followed.
    """
    width, height = dataset.chunks[samples_axis], dataset.chunks[1 - samples_axis]
    slot = np.full(-(-dataset.shape[samples_axis] // width), -1, np.int64)
    slot[columns] = np.arange(columns.size)
    shape = (columns.size, -(-dataset.shape[1 - samples_axis] // height))
    offset, n_bytes = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    try:
        with path.open("rb") as file:
            root = btree_root(dataset, file)
        if root is None:
            return _by_library(dataset, slot, samples_axis, offset, n_bytes)
        if root == UNDEFINED:
            return ChunkTable(offset, n_bytes, 0)
        mask = _walk_file(path, root, samples_axis, (width, height), slot, offset, n_bytes)
        if mask >= 0:
            table = ChunkTable(offset, n_bytes, mask)
            _compare_with_library(dataset, path, columns, samples_axis, table)
            return table
        reason = "a node is cut short or is none"
    except (OSError, RuntimeError, ValueError, struct.error) as error:
        reason = str(error).splitlines()[0]
    raise ChunkIndexFault(f"{path.name}: the chunk index of {dataset.name} is damaged ({reason}); fetch the file again")


def _walk_file(
    path: Path,
    root: int,
    samples_axis: int,
    chunk: tuple[int, int],
    slot: NDArray[np.int64],
    offset: NDArray[np.int64],
    n_bytes: NDArray[np.int64],
) -> int:
    """Fill `offset` and `n_bytes` from the tree at `root`; the filter masks or-ed, or -1 for a damaged node."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        n_nodes_at_most = path.stat().st_size // 24
        return int(_walk(descriptor, root, samples_axis, chunk[0], chunk[1], slot, offset, n_bytes, n_nodes_at_most))
    finally:
        os.close(descriptor)


def _by_library(
    dataset: h5py.Dataset, slot: NDArray[np.int64], samples_axis: int, offset: NDArray[np.int64], n_bytes: NDArray[np.int64]
) -> ChunkTable:
    width, height = dataset.chunks[samples_axis], dataset.chunks[1 - samples_axis]
    mask = 0

    def note(chunk: Any) -> None:
        nonlocal mask
        column = slot[chunk.chunk_offset[samples_axis] // width]
        if column >= 0:
            at = column, chunk.chunk_offset[1 - samples_axis] // height
            offset[at], n_bytes[at] = chunk.byte_offset, chunk.size
            mask |= chunk.filter_mask

    dataset.id.chunk_iter(note)
    return ChunkTable(offset, n_bytes, mask)


def btree_root(dataset: h5py.Dataset, file: IO[bytes]) -> int | None:
    """The address of the B-tree of a dataset of `file`, UNDEFINED where no chunk was ever written; None for any other kind of index."""
    creation = dataset.file.id.get_create_plist()
    if creation.get_sizes() != (8, 8) or creation.get_userblock() != 0:
        return None
    file.seek(h5py.h5g.get_objinfo(dataset.id).objno[0])  # h5o.get_info would visit the whole index
    version, _, n_messages, _, n_bytes = struct.unpack("<BBHII", file.read(12))
    if version != 1:
        return None
    file.read(4)
    blocks = [(file.tell(), n_bytes)]
    for start, length in blocks:
        file.seek(start)
        header, at = file.read(length), 0
        while at + 8 <= len(header) and n_messages > 0:
            kind, size = struct.unpack_from("<HH", header, at)
            body, n_messages = header[at + 8 : at + 8 + size], n_messages - 1
            if kind == CONTINUATION:
                blocks.append(struct.unpack_from("<QQ", body))
            elif kind == LAYOUT:
                is_chunked_btree = body[0] == 3 and body[1] == 2 and body[2] == 3
                return int(struct.unpack_from("<Q", body, 3)[0]) if is_chunked_btree else None
            at += 8 + size
    return None


def _compare_with_library(dataset: h5py.Dataset, path: Path, columns: NDArray[np.int64], samples_axis: int, table: ChunkTable) -> None:
    """The bytes at one entry must be the chunk that the library finds, which goes down the index for it. Raises ValueError."""
    found = np.argwhere(table.offset >= 0)
    if not len(found):
        return
    column, row = found[len(found) // 2]
    start = [0, 0]
    start[samples_axis] = int(columns[column]) * dataset.chunks[samples_axis]
    start[1 - samples_axis] = int(row) * dataset.chunks[1 - samples_axis]
    with path.open("rb") as file:
        file.seek(table.offset[column, row])
        ours = file.read(table.n_bytes[column, row])
    if dataset.id.read_direct_chunk(tuple(start))[1] != ours:
        raise ValueError(f"the chunk at {start} does not lie at byte {table.offset[column, row]}")


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _walk(descriptor, root, samples_axis, width, height, slot, offset, n_bytes, n_nodes_at_most):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Visit every leaf of the tree below `root` (2-d dataset, 8-byte addresses). Returns the filter masks or-ed; -1: damaged."""
    head, entry = 24, 40  # signature .. siblings; key (size, mask, three offsets) and child
    node = np.empty(head + entry * 65536, np.uint8)
    stack = np.empty(1 << 16, np.int64)
    stack[0], depth, mask, n_nodes = root, 1, np.int64(0), 0
    while depth > 0:
        depth -= 1
        n_nodes += 1
        at = stack[depth]
        got = read_at(descriptor, node.ctypes.data, head + entry * 64 + 32, at)
        if got < head or node[0] != 84 or node[1] != 82 or node[2] != 69 or node[3] != 69 or node[4] != 1 or n_nodes > n_nodes_at_most:
            return -1
        level, used = node[5], np.int64(node[6]) + 256 * np.int64(node[7])
        need = head + entry * used
        if got < need:
            got = read_at(descriptor, node.ctypes.data, need, at)
            if got < need:
                return -1
        words = node[: head + entry * used].view(np.uint32)
        for i in range(used):
            key = (head + entry * i) // 4
            child = np.int64(words[key + 8]) | (np.int64(words[key + 9]) << 32)
            if level > 0:
                if depth == stack.size:
                    return -1
                stack[depth] = child
                depth += 1
                continue
            sample = np.int64(words[key + 2 + 2 * samples_axis]) | (np.int64(words[key + 3 + 2 * samples_axis]) << 32)
            gene = np.int64(words[key + 2 + 2 * (1 - samples_axis)]) | (np.int64(words[key + 3 + 2 * (1 - samples_axis)]) << 32)
            if sample // width >= slot.size or gene // height >= offset.shape[1]:
                continue  # left behind by a dataset that was made smaller
            column = slot[sample // width]
            if column >= 0:
                offset[column, gene // height] = child
                n_bytes[column, gene // height] = words[key]
                mask |= np.int64(words[key + 1])
    return mask
