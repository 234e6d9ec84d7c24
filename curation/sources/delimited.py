"""Text tables of numbers, tab- or comma-separated, plain or gzip."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pc

from curation.sources.folder import GZIP_MAGIC
from curation.sources.grid import MatrixFault

MISSING = ["", "NA", "NaN", "nan", "N/A", "null", "NULL"]
# Larger blocks read no faster, and the full GTEx matrix (17,382 columns) would pass 1 GB.
TEXT_BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class DelimitedGrid:
    """A delimited file: its header, and what stands above it."""

    path: Path
    names: tuple[str, ...]  # one per column of the rows
    lines_above: int = 0  # before the first row of values, the header included

    @property
    def separator(self) -> str:
        return "," if ".csv" in self.path.name.lower() else "\t"

    def batches(self, text: Sequence[int], numbers: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """The text columns, then the number columns as float32 (missing ones null), a few rows at a time, in file order.

        Raises MatrixFault naming the line for a row of another length or a cell that is no number.
        """
        columns = [f"c{i}" for i in range(len(self.names))]
        wanted = [columns[i] for i in (*text, *numbers)]
        kinds = {columns[i]: pa.string() for i in text} | {columns[i]: pa.float32() for i in numbers}
        block = max(TEXT_BLOCK_BYTES, 32 * len(self.names))
        try:
            with pa.input_stream(str(self.path), compression="gzip" if is_gzip(self.path) else None) as stream:
                yield from pc.open_csv(
                    stream,
                    read_options=pc.ReadOptions(column_names=columns, skip_rows=self.lines_above, block_size=block),
                    parse_options=pc.ParseOptions(delimiter=self.separator, quote_char='"' if self.separator == "," else False),
                    convert_options=pc.ConvertOptions(
                        column_types=kinds, include_columns=wanted, null_values=MISSING, strings_can_be_null=False
                    ),
                )
        except (pa.ArrowInvalid, OSError) as error:
            raise self._explain(error, numbers) from error

    def _explain(self, error: Exception, numbers: Sequence[int]) -> MatrixFault:
        """Find the first bad line by reading the file again, slowly: the fast reader does not say where it was."""
        try:
            with open_bytes(self.path) as lines:
                text = io.TextIOWrapper(cast(BinaryIO, lines), encoding="utf-8", errors="replace", newline="")
                for _ in range(self.lines_above):
                    text.readline()
                rows = _cells(text, self.separator)
                for number, row in enumerate(rows, start=self.lines_above + 1):
                    if row and len(row) != len(self.names):
                        return MatrixFault(
                            f"{self.path} line {number} has {len(row)} fields where the header has {len(self.names)} "
                            f"(it begins with '{row[0]}'); the file is damaged, download it again"
                        )
                    for i in numbers if row else ():
                        if row[i] not in MISSING and not _is_number(row[i]):
                            return MatrixFault(f"{self.path} line {number} column '{self.names[i]}' holds '{row[i]}', which is no number")
        except (EOFError, OSError) as cut:
            return MatrixFault(f"{self.path} is damaged or cut off ({cut}); download it again")
        return MatrixFault(f"{self.path} cannot be read as a table: {error}")


def _cells(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The fields of each line; only comma-separated files use quotes."""
    if separator == ",":
        return csv.reader(lines)
    return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def open_bytes(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if is_gzip(path) else path.open("rb")


def head(path: Path, n_lines: int) -> list[str]:
    """The first lines of a text file, gzip or not. Raises MatrixFault for a web page, an empty or a cut-off file."""
    try:
        with open_bytes(path) as file:
            lines = [file.readline().decode("utf-8", errors="replace").rstrip("\r\n") for _ in range(n_lines)]
    except (EOFError, gzip.BadGzipFile) as error:
        raise MatrixFault(f"{path} is a damaged or cut-off gzip file ({error}); download it again") from error
    if lines[0].lstrip().startswith("<"):
        raise MatrixFault(f"{path} is a web page, not a matrix; the download returned an error page, fetch it again")
    if not lines[0]:
        raise MatrixFault(f"{path} is empty; download it again")
    return lines


def read_grid(path: Path, header_line: int = 0) -> DelimitedGrid:
    """The column names of a delimited file whose header is the given line (from 0); R leaves out the name of the first column."""
    lines = head(path, header_line + 2)
    separator = DelimitedGrid(path, ()).separator
    names, first = (next(_cells([line], separator), []) for line in lines[header_line : header_line + 2])
    if not first:
        raise MatrixFault(f"{path} has no row of values below its header; download it again")
    if len(first) == len(names) + 1:
        names = ["", *names]
    return DelimitedGrid(path, tuple(name.strip().strip('"') for name in names), header_line + 1)
