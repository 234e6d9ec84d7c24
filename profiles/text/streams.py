"""Bytes of a text file: unpacked by what they are, not by the name, and turned into UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from profiles.errors import TableFault

BLOCK_BYTES = 4 << 20
UNSUSPICIOUS = 64 << 20  # inflated bytes that are read whatever they were packed to
LARGEST_RATIO = 200  # of inflated to packed bytes beyond that: tables of counts have 3 to 20, gzip can do 1,000
COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}
# What is not text is named as what it is: "is no table" helps nobody.
SIGNATURES = {
    b"PK\x03\x04": "a zip archive (an .xlsx is one too)",
    b"\x89HDF": "HDF5 (.h5, .h5ad)",
    b"\x80\x04": "a Python pickle",
    b"PAR1": "Parquet",
    b"\x93NUMPY": "NumPy data",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"RDX": "an R data file",
    b"X\n\x00\x00": "an R data file (.rds)",
    b"{\\rtf": "a rich text document",
}
# Text that is no table, by how it starts, and where the table is.
RECORDS = {
    rb"\^(DATABASE|SERIES|SAMPLE|PLATFORM|DATASET|SUBSET|Annotation)\b": "a GEO SOFT file: `curate label` reads its samples; the values of"
    " RNA-seq are in the series' supplementary files",
    rb"%%MatrixMarket": "a sparse matrix (MatrixMarket, as 10x writes it), its genes and cells are named in files beside it: read the folder with"
    " scanpy.read_10x_mtx and write it as .h5ad",
}
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
BOM_BYTES = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, OSError)


def compression_of(start: bytes) -> str:
    """Name of the compression by the first bytes; "" for none."""
    return next((name for magic, name in COMPRESSIONS.items() if start.startswith(magic)), "")


def unpacked(handle: BinaryIO, compression: str) -> BinaryIO:
    """The stream behind the compression."""
    if compression == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=handle))
    if compression == "xz":
        return cast(BinaryIO, lzma.LZMAFile(handle))
    if compression == "bzip2":
        return cast(BinaryIO, bz2.BZ2File(handle))
    if compression == "zstd":
        import pyarrow as pa

        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(handle, mode="r"), "zstd"))
    return handle


def unpacked_blocks(reopen: Callable[[], BinaryIO], compression: str, name: str) -> Iterator[bytes]:
    """The file in blocks. Raises TableFault when it is damaged, cut off, or inflates without end."""
    n_bytes = 0
    with reopen() as handle:
        stream = unpacked(handle, compression)
        while True:
            try:
                block = stream.read(BLOCK_BYTES)
            except DAMAGE as error:
                raise TableFault(f"{name}: is damaged or cut off ({error}); fetch it again") from error
            if not block:
                return
            n_bytes += len(block)
            if compression and n_bytes > UNSUSPICIOUS and n_bytes > LARGEST_RATIO * handle.tell():
                raise TableFault(
                    f"{name}: inflates to more than {n_bytes:,} bytes, {LARGEST_RATIO} times what is packed, as no table does; unpack it to see what it holds"
                )
            yield bytes(block)


def refuse_binary(start: bytes, name: str) -> None:
    """TableFault when the first bytes are no text."""
    if not start.strip():
        raise TableFault(f"{name}: is empty")
    for start_of, what in RECORDS.items():
        if re.match(start_of, start):
            raise TableFault(f"{name}: is {what}")
    for signature, what in SIGNATURES.items():
        if start.startswith(signature):
            if "an R data" in what:
                raise TableFault(f"{name}: is {what}; in R, write its matrix as text: write.csv(as.matrix(x), 'x.csv')")
            raise TableFault(f"{name}: is {what}, not a text table (CSV or TSV); its name should say so")
    if b"\x00" in start[:4096] and encoding_of(start) == "utf-8":
        raise TableFault(f"{name}: holds binary data (zero bytes), not a text table")
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|[a-z]+[ >])", start, re.IGNORECASE):
        raise TableFault(f"{name}: is a web page (HTML or XML), not a table; the download returned an error page? fetch the file itself")
    if re.match(rb'(\xef\xbb\xbf)?\s*(\{\s*"|\[\s*[\{\["])', start):
        raise TableFault(f"{name}: is JSON, not a table; write it as CSV or TSV")


def encoding_of(start: bytes) -> str:
    """By the byte order mark, or the zeros that UTF-16 puts beside Latin letters; UTF-8 until a byte says otherwise."""
    for bom, encoding in BOMS.items():
        if start.startswith(bom):
            return encoding
    even, odd = start[0:4096:2], start[1:4096:2]
    if len(odd) > 1 and odd.count(0) > 0.4 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(even) > 1 and even.count(0) > 0.4 * len(even) and not odd.count(0):
        return "utf-16-be"
    return "utf-8"


def utf8_blocks(blocks: Iterator[bytes], encoding: str, newline: str = "\n") -> Iterator[bytes]:
    """The same text as UTF-8 without byte order mark; a lone CR that ends lines becomes LF."""
    bom = BOM_BYTES.get(encoding, b"")
    decode = None if encoding == "utf-8" else codecs.getincrementaldecoder("cp1252" if encoding == "latin-1" else encoding)
    decoder = decode("replace") if decode else None
    first = True
    for block in blocks:
        if first and bom:
            block = block.removeprefix(bom)
        first = False
        if decoder:
            block = decoder.decode(block).encode()
        yield block.replace(b"\r", b"\n") if newline == "\r" else block


class Stream(io.RawIOBase):
    """Blocks of bytes as a file that can be read once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._left = blocks, memoryview(b"")

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """See io.RawIOBase."""
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = memoryview(block)
        n = min(len(buffer), len(self._left))
        buffer[:n] = self._left[:n]
        self._left = self._left[n:]
        return n

    def close(self) -> None:
        """See io.RawIOBase; closes what gives the blocks as well."""
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()
        super().close()
