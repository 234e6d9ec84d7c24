"""The compiled inner loops of the gather: read a chunk, inflate it, undo the shuffle filter, add its values to the sums of their samples.

libdeflate comes inside the `deflate` package, whose extension module exports its C functions. They are called here from compiled code,
without the GIL and without a Python object per chunk: a tall chunk of ARCHS4 takes about 10 us to inflate, a Python loop as much again.
"""

from __future__ import annotations

import zlib

import deflate._deflate
import llvmlite.binding
import numpy as np
from numba import njit, types
from numpy.typing import NDArray

OK, SHORT, CORRUPT, WRONG_SIZE = 0, 1, 2, 3
TILE = 16  # genes summed for all samples of a chunk before the next ones: values of one cache line, read once

llvmlite.binding.load_library_permanently(deflate._deflate.__file__)
# Whether this platform's build exports what the loops call; without it the HDF5 library reads the chunks.
NATIVE = all(
    llvmlite.binding.address_of_symbol(name)
    for name in ("libdeflate_zlib_decompress", "libdeflate_alloc_decompressor", "libdeflate_free_decompressor", "libdeflate_crc32", "pread")
)

new_inflater = types.ExternalFunction("libdeflate_alloc_decompressor", types.uintp())
free_inflater = types.ExternalFunction("libdeflate_free_decompressor", types.void(types.uintp))
inflate = types.ExternalFunction(
    "libdeflate_zlib_decompress", types.int32(types.uintp, types.uintp, types.uintp, types.uintp, types.uintp, types.uintp)
)
crc32 = types.ExternalFunction("libdeflate_crc32", types.uint32(types.uint32, types.uintp, types.uintp))
read_at = types.ExternalFunction("pread", types.intp(types.int32, types.uintp, types.uintp, types.int64))


def row_checksums(x_ng: NDArray[np.float32]) -> NDArray[np.uint32]:
    """CRC-32 of the bytes of each row of a C-contiguous matrix."""
    if not NATIVE:
        return np.array([zlib.crc32(row) for row in x_ng], np.uint32)
    result = np.empty(x_ng.shape[0], np.uint32)
    _row_checksums(x_ng, result)
    return result


def first_corrupt(content: NDArray[np.uint8], start: NDArray[np.int64], n_bytes: NDArray[np.int64], plain_bytes: int) -> int:
    """The first of the zlib streams start[i]:start[i] + n_bytes[i] of `content` that does not inflate to `plain_bytes` with its own checksum; -1."""
    if NATIVE:
        return int(_first_corrupt(content, start, n_bytes, np.empty(plain_bytes, np.uint8)))
    for i, (at, n) in enumerate(zip(start.tolist(), n_bytes.tolist(), strict=True)):
        try:
            if len(zlib.decompress(content[at : at + n].tobytes())) != plain_bytes:
                return i
        except zlib.error:
            return i
    return -1


def fault_text(status: int) -> str:
    """What a status of `add_chunks` other than OK means."""
    return {
        SHORT: "the file ends inside the chunk",
        CORRUPT: "the chunk is corrupt and cannot be decompressed",
        WRONG_SIZE: "the chunk has another size than the dataset says",
    }[status]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def add_plain(plain, gene, n_genes, gene_stride, sample_stride, first, last, within, target, sums, total):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Add a decompressed chunk to `sums` (n, columns) and `total` (n,). A negative or NaN value makes the sample's total NaN."""
    tile = n_genes if last - first == 1 else TILE
    for start in range(0, n_genes, tile):
        stop = min(start + tile, n_genes)
        for row in range(first, last):
            at = within[row] * sample_stride + start * gene_stride
            subtotal = 0.0
            for g in range(start, stop):
                value = plain[at]
                at += gene_stride
                if not value >= 0:
                    subtotal = np.nan
                subtotal += value
                column = target[gene + g]
                if column >= 0:
                    sums[row, column] += value
            total[row] += subtotal


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _unshuffle(shuffled, plain, size):  # type: ignore[no-untyped-def]  # pragma: no cover
    n = plain.size // size
    for byte in range(size):
        for i in range(n):
            plain[i * size + byte] = shuffled[byte * n + i]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def add_chunks(  # type: ignore[no-untyped-def]
    descriptor,
    offset,
    n_bytes,
    gene,
    first,
    last,
    within,
    target,
    sums,
    total,
    plain,
    spare,
    raw,
    chunk_genes,
    chunk_samples,
    genes_first,
    zlib,
    shuffle,
    is_cut,
):  # pragma: no cover
    """Read chunk i (bytes `offset[i]`, `n_bytes[i]`; genes from `gene[i]`) for the rows first[i]..last[i], in the given order.

    `is_cut`: the last piece along the samples is shorter than `chunk_samples` (a dataset without chunks). Returns (status, i).
    """
    inflater = new_inflater()
    size = plain.nbytes // plain.size
    plain_bytes = plain.view(np.uint8)
    status, i = OK, 0
    for i in range(offset.size):
        into = raw if zlib else (spare if shuffle else plain_bytes)
        if read_at(descriptor, into.ctypes.data, n_bytes[i], offset[i]) != n_bytes[i]:
            status = SHORT
            break
        if not zlib and n_bytes[i] != plain_bytes.size and not is_cut:
            status = WRONG_SIZE
            break
        if (
            zlib
            and inflate(inflater, raw.ctypes.data, n_bytes[i], (spare if shuffle else plain_bytes).ctypes.data, plain_bytes.size, 0) != 0
        ):
            status = CORRUPT
            break
        if shuffle:
            _unshuffle(spare, plain_bytes, size)
        n_genes = min(chunk_genes, target.size - gene[i])
        if genes_first:
            add_plain(plain, gene[i], n_genes, chunk_samples, 1, first[i], last[i], within, target, sums, total)
        else:
            add_plain(plain, gene[i], n_genes, 1, chunk_genes, first[i], last[i], within, target, sums, total)
    free_inflater(inflater)
    return status, i


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _first_corrupt(content, start, n_bytes, plain):  # type: ignore[no-untyped-def]  # pragma: no cover
    inflater = new_inflater()
    found = -1
    for i in range(start.size):
        if inflate(inflater, content.ctypes.data + start[i], n_bytes[i], plain.ctypes.data, plain.size, 0) != 0:
            found = i
            break
    free_inflater(inflater)
    return found


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _row_checksums(x_ng, result):  # type: ignore[no-untyped-def]  # pragma: no cover
    for row in range(x_ng.shape[0]):
        result[row] = crc32(0, x_ng[row].ctypes.data, x_ng.shape[1] * x_ng.itemsize)
