"""Promises about a build: each is a query in sql/checks for the rows that break it; its file name is the promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.database import Connection, run_sql_file
from curation.errors import CurationError
from curation.resources import sql_folder

SHOWN = 5


class BrokenPromise(CurationError):
    """A check found rows that break what the build promises."""


def check_names(part: str = "") -> list[str]:
    """The promises about the tables, or, in the part `exported`, those about the written matrix; in order of their names."""
    return [f"{part}/{path.stem}" if part else path.stem for path in sorted((sql_folder() / "checks" / part).glob("*.sql"))]


def broken_rows(con: Connection, name: str, parameters: Mapping[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows that break one promise."""
    cursor = run_sql_file(con, sql_folder() / "checks" / f"{name}.sql", parameters)
    return [column[0] for column in cursor.description or []], cursor.fetchall()


def run_checks(con: Connection, parameters: Mapping[str, Any], part: str = "") -> list[str]:
    """Run every check of a part; the names of those that held. Raises BrokenPromise with the first rows of the first that did not."""
    names = check_names(part)
    for name in names:
        columns, rows = broken_rows(con, name, parameters)
        if rows:
            first = "; ".join(", ".join(f"{c}={v!r}" for c, v in zip(columns, row, strict=True)) for row in rows[:SHOWN])
            raise BrokenPromise(f"check {name}: {len(rows)} rows break it, first: {first}; the query is sql/checks/{name}.sql")
    return names
