"""Excel workbooks through python-calamine (extra `excel`): the first sheet that holds a table, as the text that it would be saved as."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
from functools import partial
from pathlib import Path
from typing import Any

from profiles.account import some
from profiles.errors import TableFault
from profiles.limits import Limits
from profiles.readers.text import TextGrid, open_text
from profiles.readers.workbook_guard import workbook_fault


def open_xlsx(path: Path, limits: Limits | None = None, name: str = "") -> TextGrid:
    """The columns of a workbook. Raises TableFault when it cannot be read, or the library is not installed."""
    sheets = read_sheets(path)
    full = [sheet for sheet, rows in sheets if len(rows) > 1 and max(map(len, rows)) > 1]
    if not full:
        raise TableFault(f"{path.name}: no sheet holds a table")
    sheet, rows = next((sheet, rows) for sheet, rows in sheets if sheet == full[0])
    data = as_csv(rows)
    grid = open_text(partial(io.BytesIO, data), name or path.name, str(path), limits)
    if n_above := len(rows) - len(below_titles(rows)):
        titles = [" ".join(filter(None, map(_text, row))) for row in rows[:n_above]]
        grid.notes.append(f"{n_above} rows above the header are no part of the table: {some([title for title in titles if title], 3)}")
    grid.notes.append(f"the sheet {sheet!r} is read" + (f", not {', '.join(repr(other) for other in full[1:])}" if full[1:] else ""))
    return grid


def read_sheets(path: Path) -> list[tuple[str, list[list[Any]]]]:
    """(name, rows) of every sheet."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise TableFault(
            f"{path.name}: Excel workbooks need the extra `excel` (pip install 'bulkatlas[excel]'), or save the sheet as CSV"
        ) from error
    if why := workbook_fault(path):
        raise TableFault(f"{path.name}: {why}; save it again, or as CSV")
    try:
        book = CalamineWorkbook.from_path(str(path))
        return [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=True)) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise TableFault(f"{path.name}: not a readable Excel workbook ({error}); save it again, or as CSV") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a panic of Rust becomes, which is no Exception
            raise
        raise TableFault(f"{path.name}: not a readable Excel workbook (its reader gave up: {error}); save it again, or as CSV") from error


def below_titles(rows: list[list[Any]]) -> list[list[Any]]:
    """The rows from the header on: titles and blank rows above it hold less than two cells."""
    width = max(map(len, rows))
    return list(itertools.dropwhile(lambda row: sum(_text(cell) != "" for cell in row) < min(2, width), rows))


def as_csv(rows: list[list[Any]]) -> bytes:
    """The rows as CSV, without the titles above the header; dates as a spreadsheet shows those of gene names."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_text(cell) for cell in row] for row in below_titles(rows)])
    return out.getvalue().encode()


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.date | datetime.datetime):
        return f"{cell.day}-{cell:%b}"
    return "" if cell is None else str(cell)
