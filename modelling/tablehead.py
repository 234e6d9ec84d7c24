"""What the first lines of a text table say: delimiter, encoding, header, first rows, GCT head. Errors and bounds of all readers."""

from __future__ import annotations

import csv
import io
import re
import time
from dataclasses import dataclass
from typing import BinaryIO

from modelling.errors import ModellingError

MISSING = ["", "NA", "N/A", "NaN", "nan", "na", "null", "NULL", "None", "-"]
LINE_LIMIT = 256 << 20
N_SNIFFED_LINES = 200
N_WHOLE_LINES = 20
N_HEAD = 8
SIGNATURES = {
    b"PK": "a zip archive",
    b"\x1f\x8b": "gzip data",
    b"\x89HDF": "HDF5",
    b"BZh": "bzip2 data",
    b"\x80\x04": "a Python pickle",
    b"PAR1": "Parquet",
    b"\x93NUMPY": "NumPy data",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


class TableError(ModellingError):
    """The file is not a table of expression that can be read."""


class LimitExceeded(ModellingError):
    """The table is larger, or takes longer, than this reader was allowed."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one table; None bounds nothing. `deadline` is on time.monotonic's clock."""

    samples: int | None = None
    columns: int | None = None
    rows: int | None = None
    cells: int | None = None
    deadline: float | None = None

    def check(self, what: str, value: int) -> None:
        """Raise LimitExceeded when `value` passes the bound named `what`."""
        bound = getattr(self, what)
        if bound is not None and value > bound:
            raise LimitExceeded(
                f"the table has more than {bound:,} {what}: split it, or use `model predict` on the command line, which has no such limit"
            )

    def check_time(self) -> None:
        """Raise LimitExceeded after the deadline."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise LimitExceeded("the table took longer than allowed: split it, or use `model predict` on the command line")


@dataclass
class Sniffed:
    """What the first lines of a text table say: `rows` are its first ones, `heads` the first cells of some more."""

    delimiter: str
    encoding: str
    header: list[str]
    rows: list[list[str]]
    heads: list[list[str]]
    n_skipped: int
    n_after_names: int
    widest: int
    decimal: str = "."
    promised: tuple[int, int] | None = None
    format: str = "text"

    @property
    def numeric(self) -> list[bool]:
        """Per column: whether the first rows hold numbers (or nothing)."""
        return [all(_is_number(row[column], self.decimal) for row in self.rows) for column in range(len(self.header))]


def _is_number(text: str, decimal: str = ".") -> bool:
    if text.strip() in MISSING:
        return True
    try:
        float(text.replace(decimal, ".") if decimal != "." else text)
    except ValueError:
        return False
    return True


def refuse_binary(start: bytes, name: str) -> None:
    """TableError when the first bytes are no text."""
    for signature, what in SIGNATURES.items():
        if start.startswith(signature):
            raise TableError(f"{name}: is {what}, not a text table (CSV, TSV or GCT)")
    if start.lstrip()[:1] == b"<":
        raise TableError(f"{name}: looks like HTML or XML, not a table; was a web page saved in place of the file?")
    if b"\x00" in start[:4096] and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError(f"{name}: holds binary data, not a text table")


def sniff(handle: BinaryIO, name: str, limits: Limits) -> Sniffed:
    """Read the first lines: comments, GCT head, delimiter, header, first rows. TableError says what is wrong."""
    start = handle.read(4096)
    if not start.strip():
        raise TableError(f"{name}: is empty")
    refuse_binary(start, name)
    encoding = _encoding(start)
    handle.seek(0)
    text = io.TextIOWrapper(handle, encoding=encoding, errors="replace", newline=None)
    try:
        lines = _Lines(text, name)
        return _sniff_lines(lines, name, encoding, limits)
    finally:
        text.detach()


def _encoding(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        start[: start.rfind(b"\n") + 1 or len(start)].decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.end >= len(start) - 3 else "latin-1"
    return "utf-8"


class _Lines:
    """Lines of a text with their count; an endless line is refused."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self.text, self.name, self.n = text, name, 0

    def next(self) -> str:
        line = self.text.readline(LINE_LIMIT)
        if len(line) >= LINE_LIMIT:
            raise TableError(f"{self.name}: line {self.n + 1} is longer than {LINE_LIMIT >> 20} MB")
        self.n += bool(line)
        return line

    def skip(self, n: int, limits: Limits) -> None:
        """Pass over `n` rows of metadata that a GCT head promises; TableError as soon as the file ends before them."""
        for number in range(n):
            if not self.next():
                raise TableError(
                    f"{self.name}: its head promises {n:,} rows of sample metadata, {number:,} are there; is the file cut short?"
                )
            limits.check_time()


def _holds_values(cells: list[str]) -> bool:
    """Whether a first line is data: numbers with decimals, or the same number often; Entrez ids and numbered samples are neither."""
    numbers = cells[1:]
    if not cells[0] or not all(_is_number(cell) for cell in numbers):
        return False
    return any("." in cell for cell in numbers) or len(set(numbers)) < 0.95 * len(numbers)


def _sniff_lines(lines: _Lines, name: str, encoding: str, limits: Limits) -> Sniffed:
    line, comment, promised, n_after = lines.next(), "", None, 0
    is_gct = line.startswith(("#1.2", "#1.3"))
    if is_gct:
        sizes = [int(part) for part in lines.next().split() if re.fullmatch(r"[0-9]{1,18}", part)]
        if len(sizes) < 2:
            raise TableError(f"{name}: a GCT file needs its numbers of rows and columns on line 2")
        promised, n_after = (sizes[0], sizes[1]), sizes[3] if len(sizes) > 3 else 0
        limits.check("rows", n_after)
        line = lines.next()
    while line and (not line.strip() or line.startswith("#")):
        comment, line = line, lines.next()
    n_skipped = lines.n - 1
    delimiter = max("\t,;", key=line.count)
    if not line.count(delimiter):
        raise TableError(f"{name}: line {lines.n} holds no tab, comma or semicolon; give a CSV, TSV or GCT table with a header line")
    limits.check("columns", line.count(delimiter) + 1)
    header = next(csv.reader([line.rstrip("\n")], delimiter=delimiter))
    lines.skip(n_after, limits)
    body = [following for following in (lines.next() for _ in range(N_SNIFFED_LINES)) if following.strip()]
    widest = max(len(line), *(len(row) for row in body)) if body else len(line)
    rows = list(csv.reader([row.rstrip("\n") for row in body[:N_WHOLE_LINES]], delimiter=delimiter))
    heads = [[cell.strip('"') for cell in row.rstrip("\n").split(delimiter, N_HEAD)[:N_HEAD]] for row in body]
    if not rows:
        raise TableError(f"{name}: holds a header line and nothing below it")
    if _holds_values(header) and len(header) == len(rows[0]):
        candidate = next(csv.reader([comment.lstrip("#").rstrip("\n")], delimiter=delimiter), [])
        if len(candidate) != len(header):
            raise TableError(f"{name}: line {n_skipped + 1} holds numbers where the column names should stand; add a header line")
        header, rows, n_skipped = candidate, [header, *rows], n_skipped - 1
    if len(rows[0]) == len(header) + 1:
        header = ["", *header]
    uneven = next((n for n, row in enumerate(rows) if len(row) != len(header)), None)
    if uneven is not None:
        raise TableError(f"{name}: data row {uneven + 1} has {len(rows[uneven])} cells, the header has {len(header)}")
    decimal = "," if delimiter == ";" and any(re.fullmatch(r"-?\d+,\d+", cell) for cell in rows[0]) else "."
    return Sniffed(
        delimiter,
        encoding,
        [h.strip() for h in header],
        rows,
        heads,
        n_skipped,
        n_after,
        widest,
        decimal,
        promised,
        "GCT" if is_gct else {"\t": "TSV", ",": "CSV", ";": "CSV"}[delimiter],
    )
