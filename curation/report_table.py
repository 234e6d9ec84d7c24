"""Tables of a query or a list on the terminal, and as a file by its ending."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.errors import CurationError
from profiles import aside

FORMATS = (".tsv", ".csv", ".json", ".parquet")


class OutputFault(CurationError):
    """A result cannot be written where it was asked for."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Aligned columns on a terminal; tab-separated, with a header, into a pipe."""
    if not sys.stdout.isatty():
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
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)}), path)
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
        print(f"{out}: {len(rows):,} rows")
        return
    shown = rows if limit == 0 or not sys.stdout.isatty() else rows[:limit]
    print_table(columns, shown)
    if len(shown) < len(rows):
        print(f"{len(rows) - len(shown):,} more rows; --limit 0 shows all, --out FILE writes them", file=sys.stderr)
