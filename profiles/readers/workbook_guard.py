"""Workbooks looked at before a library in Rust reads them: it takes room for every cell between the first and the last, and ends the process without it.

A workbook of .xlsx, .xlsm or .xlsb is a zip archive of parts; what they inflate to, and where the outermost cells of a sheet stand, is counted here.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from profiles.text.streams import LARGEST_RATIO, UNSUSPICIOUS

PIECE: Final = 1 << 20
MOST_PARTS: Final = 10_000
MOST_BYTES: Final = 4 << 30  # inflated, of all parts; a sheet of all genes and a thousand samples has a tenth
MOST_CELLS: Final = 100_000_000  # as calamine has it for OpenDocument
CELL: Final = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br\s*=\s*["\']([A-Za-z]{1,9})(\d{1,12})["\']')
LONGEST_TAG: Final = 400  # kept of a piece, for a cell that the next one goes on with
SHEETS: Final = re.compile(r"xl/worksheets/[^/]+\.(xml|bin)", re.IGNORECASE)


def workbook_fault(path: Path) -> str:
    """Why a workbook must not be read, empty for one that may; an old .xls, which is no archive and holds few cells, may always."""
    try:
        if not zipfile.is_zipfile(path):
            return ""
        with zipfile.ZipFile(path) as archive:
            return _archive_fault(archive)
    except (OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        return f"its archive is damaged ({str(error)[:160]})"


def _archive_fault(archive: zipfile.ZipFile) -> str:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        return f"it holds {len(parts):,} parts, more than any workbook"
    if sum(part.file_size for part in parts) > MOST_BYTES:
        return f"it inflates to {sum(part.file_size for part in parts):,} bytes, more than any table"
    for part in parts:
        if part.file_size > UNSUSPICIOUS and part.file_size > LARGEST_RATIO * part.compress_size:
            return f"{part.filename} inflates to {part.file_size:,} bytes, {LARGEST_RATIO} times what is packed, as no table does"
        extent = _Extent()
        is_sheet = SHEETS.fullmatch(part.filename)
        with archive.open(part) as file:  # to its end: a part that is longer than its entry says, or damaged, is found
            look = extent.read_xml if is_sheet and part.filename.lower().endswith("xml") else extent.read_bin if is_sheet else _skip
            look(iter(lambda: file.read(PIECE), b""))
        if extent.n_cells > MOST_CELLS:
            return f"the cells of {part.filename} span {extent.n_rows:,} rows and {extent.n_columns:,} columns; delete what stands far outside of the table"
    return ""


def _skip(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


class _Extent:
    """The outermost cells of one sheet."""

    def __init__(self) -> None:
        self.rows, self.columns = (1 << 62, -1), (1 << 62, -1)

    @property
    def n_rows(self) -> int:
        """From the first row with a cell to the last."""
        return max(self.rows[1] - self.rows[0] + 1, 0)

    @property
    def n_columns(self) -> int:
        """From the first column with a cell to the last."""
        return max(self.columns[1] - self.columns[0] + 1, 0)

    @property
    def n_cells(self) -> int:
        """Cells that a dense table of the sheet has."""
        return self.n_rows * self.n_columns

    def _add(self, row: int, column: int) -> None:
        self.rows = min(self.rows[0], row), max(self.rows[1], row)
        self.columns = min(self.columns[0], column), max(self.columns[1], column)

    def read_xml(self, pieces: Iterator[bytes]) -> None:
        """Every `<c r="AB12">`."""
        left = b""
        seen: set[bytes] = set()
        for piece in pieces:
            text = left + piece
            for letters, row in CELL.findall(text):
                if letters not in seen:
                    seen.add(letters)
                    column = 0
                    for letter in letters.upper():
                        column = 26 * column + letter - 64
                    self._add(int(row), column)
                self.rows = min(self.rows[0], int(row)), max(self.rows[1], int(row))
            left = text[-LONGEST_TAG:]

    def read_bin(self, pieces: Iterator[bytes]) -> None:
        """Row headers (record 0) and cells (records 1 to 11) of MS-XLSB: the first four bytes of either are its row or its column."""
        data, at, row = b"".join(pieces), 0, 0
        while at < len(data):
            kind, at = _varint(data, at, 2)
            size, at = _varint(data, at, 4)
            number = int.from_bytes(data[at : at + 4], "little")
            if kind == 0:
                row = number
            elif kind <= 11:
                self._add(row, number)
            at += size


def _varint(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it."""
    value = 0
    for i in range(most):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << 7 * i
        if byte < 128:
            break
    return value, at
