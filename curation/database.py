"""The only module that speaks to DuckDB: connections, and SQL files with named parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from curation.errors import CurationError

Connection = duckdb.DuckDBPyConnection

PARAMETER = re.compile(r"\$([a-z_]+)")
COMMENT = re.compile(r"--[^\n]*")


class DatabaseFault(CurationError):
    """The database file cannot be opened, or a statement on it failed."""


def connect(path: Path | None = None, *, threads: int | None = None, memory: str | None = None, read_only: bool = False) -> Connection:
    """Open a database file, or one in memory. Raises DatabaseFault when the file is missing, locked or no DuckDB file."""
    config: dict[str, Any] = {"preserve_insertion_order": False}
    if threads is not None:
        config["threads"] = threads
    if memory is not None:
        config["memory_limit"] = memory
    try:
        con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    except duckdb.Error as error:
        raise DatabaseFault(f"{path} cannot be opened as a DuckDB database: {str(error).splitlines()[0]}") from error
    con.execute("SET enable_progress_bar = false")
    return con


def run_sql_file(con: Connection, path: Path, parameters: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
    """Run one SQL file with those of the named parameters that it mentions; returns the cursor of its last statement."""
    text = path.read_text(encoding="utf-8")
    named = set(PARAMETER.findall(COMMENT.sub("", text)))
    values = {name: (parameters or {})[name] for name in named}
    try:
        return con.execute(text, values) if values else con.execute(text)
    except duckdb.Error as error:
        raise DatabaseFault(f"{path.name}: {error}") from error
