"""A parser's refusal in words: which line of the file, which column, which cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from profiles.errors import TableFault
from profiles.text.dialect import Dialect

SHOWN = 40


def explain(dialect: Dialect, error: Exception) -> TableFault:
    """pyarrow's error as a TableFault; where it tells no row, the body is read again to find it."""
    message = str(error)
    value = re.search(r"CSV column #(\d+).*?invalid value '(.*?)'?$", message, re.DOTALL)
    if value:
        name = dialect.header[int(value[1])]
        where, cell = _line_of_cell(dialect, int(value[1]), value[2]), value[2]
        return TableFault(f"{dialect.name}: column {name!r}{where}: {cell[:SHOWN]!r} is no number")
    if "columns" in message or "straddl" in message:
        found = ragged_line(dialect)
        if found:
            line, n_cells, begins = found
            return TableFault(
                f"{dialect.name}: line {line} has {n_cells} cells where the header has {len(dialect.header)} (it begins with {begins!r});"
                " is the file cut off or pasted together?"
            )
    return TableFault(f"{dialect.name}: cannot be read as a table: {message.splitlines()[0] if message else type(error).__name__}")


def ragged_line(dialect: Dialect) -> tuple[int, int, str] | None:
    """(line in the file, number of cells, its beginning) of the first row that is not as wide as the header."""
    with _numbered_rows(dialect) as rows:
        for line, row in rows:
            if row and len(row) != len(dialect.header):
                return line, len(row), row[0][:SHOWN]
    return None


def _line_of_cell(dialect: Dialect, column: int, cell: str) -> str:
    with _numbered_rows(dialect) as rows:
        for line, row in rows:
            if len(row) > column and row[column] == cell:
                return f", line {line}"
    return ""


@contextmanager
def _numbered_rows(dialect: Dialect) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The rows of the body, each with the line of the file that it begins in."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    with io.TextIOWrapper(io.BufferedReader(dialect.body()), encoding="utf-8", errors="replace", newline="") as text:  # type: ignore[type-var]
        reader = csv.reader(text, delimiter=dialect.separator, quoting=quoting)

        def rows() -> Iterator[tuple[int, list[str]]]:
            line = 0
            for row in reader:
                yield dialect.n_skip + line + 1, row
                line = reader.line_num

        yield rows()
