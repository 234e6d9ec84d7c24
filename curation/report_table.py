"""Tables of a query or a list on the terminal, and as a file by its ending."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from curation.errors import CurationError
from profiles import aside

FORMATS = (".tsv", ".csv", ".json", ".parquet")


class OutputFault(CurationError):
    """A result cannot be written where it was asked for."""


_form: ContextVar[str | None] = ContextVar("form", default=None)
_n_printed: ContextVar[int] = ContextVar("n_printed", default=0)


def use_format(form: str | None) -> None:
    """Print every table of this command as `json`, `tsv` or `parquet`; None: for people."""
    _form.set(form)
    _n_printed.set(0)


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


def _print_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """One table, as bytes: a second one would make both unreadable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise OutputFault("--format parquet is bytes, which a terminal cannot show: send it into a file or a pipe")
    if _n_printed.get():
        raise OutputFault("this command prints several tables, and a Parquet file holds one; use --format json or tsv")
    _n_printed.set(1)
    pq.write_table(_arrow(columns, rows), pa.PythonFile(sys.stdout.buffer))


def _arrow(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    import pyarrow as pa

    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as TSV, CSV, JSON or Parquet, by the ending of `path`. Raises OutputFault."""
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise OutputFault(f"{path.name} must end in one of {', '.join(FORMATS)}")
    try:
        with aside.written(path) as draft:
            _write(draft, ending, columns, rows)
    except OSError as error:
        raise OutputFault(f"{path} cannot be written: {error.strerror or error}") from error


def _write(path: Path, ending: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if ending == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(_arrow(columns, rows), path)
        return
    with path.open("w", encoding="utf-8", newline="") as handle:
        if ending == ".json":
            json.dump([dict(zip(columns, row, strict=True)) for row in rows], handle, indent=1, default=str)
            handle.write("\n")
        else:
            writer = csv.writer(handle, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
            writer.writerows([columns, *(["" if value is None else value for value in row] for row in rows)])


def show_answer(columns: Sequence[str], rows: Sequence[Sequence[Any]], out: Path | None, limit: int) -> None:
    """Print the first `limit` rows (all into a pipe), or write all of them to `out`."""
    if out is not None:
        write_table(out, columns, rows)
        say(f"{out}: {len(rows):,} rows")
        return
    shown = rows if limit == 0 or _form.get() or not sys.stdout.isatty() else rows[:limit]
    print_table(columns, shown)
    if len(shown) < len(rows):
        print(f"{len(rows) - len(shown):,} more rows; --limit 0 shows all, --out FILE writes them", file=sys.stderr)
