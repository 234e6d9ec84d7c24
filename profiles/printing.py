"""Tables on standard output, for people or, with `--format`, for a program; of either package."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from profiles.errors import BulkatlasError


class OutputFault(BulkatlasError):
    """A result cannot be written where, or as, it was asked for."""


_form: ContextVar[str | None] = ContextVar("form", default=None)
_n_printed: ContextVar[int] = ContextVar("n_printed", default=0)


def use_format(form: str | None) -> None:
    """Print every table of this command as `json`, `tsv` or `parquet`; None: for people."""
    _form.set(form)
    _n_printed.set(0)


def asked_format() -> str | None:
    """What a program asked for: `json`, `tsv` or `parquet`; None for people."""
    return _form.get()


def say(line: str) -> None:
    """A line that is no table: to standard output, or out of a program's way."""
    print(line, file=sys.stderr if _form.get() else sys.stdout)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Aligned columns on a terminal; tab-separated, with a header, into a pipe; or as `use_format` said. Raises OutputFault."""
    form = _form.get()
    if form == "json":
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str, ensure_ascii=False))
        return
    if form == "parquet":
        _print_parquet(columns, rows)
        return
    if form == "tsv" or not sys.stdout.isatty():
        writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
        writer.writerows([columns, *(["" if value is None else value for value in row] for row in rows)])
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    Console().print(table)


def refuse_parquet_on_terminal() -> None:
    """Raise OutputFault: bytes are nothing for a terminal."""
    if sys.stdout.isatty():
        raise OutputFault("--format parquet is bytes, which a terminal cannot show: send it into a file or a pipe")


def _print_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """One table, as bytes: a second one would make both unreadable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    refuse_parquet_on_terminal()
    if _n_printed.get():
        raise OutputFault("this command prints several tables, and a Parquet file holds one; use --format json or tsv")
    _n_printed.set(1)
    pq.write_table(arrow_of(columns, rows), pa.PythonFile(sys.stdout.buffer))


def arrow_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """Rows as an Arrow table."""
    import pyarrow as pa

    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})
