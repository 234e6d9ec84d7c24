"""Answers as files by their ending, and the first rows of them on the terminal."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from profiles import aside
from profiles.printing import OutputFault, arrow_of, asked_format, print_table, say, use_format

__all__ = ["OutputFault", "print_table", "say", "show_answer", "use_format", "write_table"]
FORMATS = (".tsv", ".csv", ".json", ".parquet")


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

        pq.write_table(arrow_of(columns, rows), path)
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
    shown = rows if limit == 0 or asked_format() or not sys.stdout.isatty() else rows[:limit]
    print_table(columns, shown)
    if len(shown) < len(rows):
        print(f"{len(rows) - len(shown):,} more rows; --limit 0 shows all, --out FILE writes them", file=sys.stderr)
