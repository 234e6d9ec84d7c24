"""The only module that speaks to DuckDB: connections, and SQL files with named parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import pyarrow as pa

from curation import unlocked
from curation.errors import CurationError

if TYPE_CHECKING:
    from curation.remote.cache import Cached

Connection = duckdb.DuckDBPyConnection
T = TypeVar("T")

NO_EXTENSIONS = {"autoload_known_extensions": False, "autoinstall_known_extensions": False, "allow_community_extensions": False}
PARAMETER = re.compile(r"\$([a-z_]+)")
COMMENT = re.compile(r"--[^\n]*")
PROPOSED = re.compile(r"(?:Did you mean|Candidate bindings:|Candidate tables:)[ :]*(.*?)\??")


class DatabaseFault(CurationError):
    """The database file cannot be opened, or a statement on it failed."""


class DiskFull(DatabaseFault):
    """The database could not be written: no space is left where it lies, or for its temporary files."""


@contextmanager
def writing(path: Path, *, threads: int | None = None, memory: str | None = None) -> Iterator[Connection]:
    """A database to fill, closed at the end. Whatever DuckDB raises becomes a DatabaseFault; a full disk a DiskFull, wherever noticed."""
    try:
        with ExitStack() as stack:
            try:
                con = connect(path, threads=threads, memory=memory)
            except DatabaseFault as error:
                if not unlocked.is_refusal(str(error), path.parent):
                    raise
                path.unlink(missing_ok=True)  # DuckDB makes the file before it asks for the lock
                con = connect(stack.enter_context(unlocked.elsewhere(path)), threads=threads, memory=memory)
            stack.callback(con.close)
            yield con
    except (duckdb.Error, CurationError) as error:
        if "No space left on device" in str(error):
            raise DiskFull(f"{path} cannot be written: no space left on device; free space or choose another --out") from error
        if isinstance(error, CurationError):
            raise
        raise DatabaseFault(f"{path}: {first_line(error)}") from error


def connect(
    path: Path | None = None,
    *,
    threads: int | None = None,
    memory: str | None = None,
    read_only: bool = False,
    config: Mapping[str, Any] | None = None,
) -> Connection:
    """Open a database file, or one in memory. Raises DatabaseFault when the file is missing, locked or no DuckDB file."""
    config = {"preserve_insertion_order": False, **(config or {})}
    if threads is not None:
        config["threads"] = threads
    if memory is not None:
        config["memory_limit"] = memory
    if read_only:
        config = config | NO_EXTENSIONS
    str(path).encode()  # DuckDB says std::bad_cast of a name that is no UTF-8: this says which
    try:
        con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    except duckdb.Error as error:
        raise DatabaseFault(f"{path} cannot be opened as a DuckDB database: {first_line(error)}") from error
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


def first_line(error: duckdb.Error) -> str:
    """What DuckDB says, in one line: the names that it proposes for a misspelt one stand in its second."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    proposed = next((match.group(1) for line in lines[1:] if (match := PROPOSED.fullmatch(line))), "")
    return lines[0].rstrip("!.") + f"; near it: {proposed.replace(chr(34), '')}" if proposed else lines[0]


def insert_arrow(con: Connection, table: str, rows: pa.RecordBatch | pa.Table) -> None:
    """Append Arrow rows by column name. Raises DatabaseFault when a constraint of the table does not hold."""
    con.register("arriving", rows)
    try:
        con.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM arriving')
    except duckdb.Error as error:
        raise DatabaseFault(f"table {table}: {first_line(error)}") from error
    finally:
        con.unregister("arriving")


def quoted(path: Path) -> str:
    """A path as a text of SQL, where no parameter can stand."""
    return "'" + str(path).replace("'", "''") + "'"


def matching_texts(con: Connection, pattern: str, texts: Sequence[str]) -> list[str]:
    """The texts in which an RE2 pattern is found. Raises DatabaseFault when it is no pattern."""
    try:
        rows = con.execute(
            "SELECT text FROM (SELECT unnest($texts) AS text) WHERE regexp_matches(text, $pattern)",
            {"texts": list(texts), "pattern": pattern},
        )
        return [row[0] for row in rows.fetchall()]
    except duckdb.Error as error:
        raise DatabaseFault(f"{pattern!r} is no RE2 pattern: {first_line(error)}") from error


def fetch_first(con: Connection, query: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
    """The first row of a query, None where there is none. All rows are fetched: a result left open blocks the connection (DuckDB 2)."""
    rows = (con.execute(query, dict(parameters)) if parameters else con.execute(query)).fetchall()
    return rows[0] if rows else None


def tables_of(con: Connection) -> set[str]:
    """The names of the tables of a connection, those of what is attached to it left out."""
    return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()").fetchall()}


def fetch_arrow(con: Connection, query: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
    """The rows of a query as an Arrow table."""
    return con.sql(query, params=dict(parameters) if parameters else None).to_arrow_table()


def stream_arrow(con: Connection, query: str, order: str, rows: int) -> Iterator[pa.Table]:
    """The rows of a query by the column `order` (each value once), `rows` at a time and at least one table.

    They are put into a table first, which may lie on the disk: what DuckDB hands over as a stream it holds whole, or loses its order.
    """
    con.execute(f'CREATE OR REPLACE TEMP TABLE streamed AS SELECT row_number() OVER (ORDER BY "{order}") AS place, * FROM ({query})')
    ((n,),) = con.execute("SELECT count(*) FROM streamed").fetchall()
    for start in range(0, max(n, 1), rows):
        part = "SELECT * EXCLUDE (place) FROM streamed WHERE place BETWEEN $first AND $last ORDER BY place"
        yield fetch_arrow(con, part, {"first": start + 1, "last": start + rows})
    con.execute("DROP TABLE streamed")


def write_parquet(con: Connection, query: str, path: Path, order: str) -> None:
    """Write the rows of a query as Parquet by the column `order`. DuckDB sorts and writes them; on the way through Arrow they cost twice as much.

    Raises DiskFull where no space is left, and DatabaseFault.
    """
    try:
        con.execute(f'COPY ({query} ORDER BY "{order}") TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)')
    except duckdb.Error as error:
        if "No space left on device" in str(error):
            raise DiskFull(f"{path.name} cannot be written: no space left on device; free space or choose another --out") from error
        raise DatabaseFault(f"{path.name}: {first_line(error)}") from error


@contextmanager
def reading(
    path: Path | Cached, attached: Mapping[str, Path | Cached] | None = None, beside: Mapping[str, Cached] | None = None
) -> Iterator[Connection]:
    """A database that a stranger may have made (and those attached under a name), and nothing else: no file, no network, no extension, no setting.

    A view in it may ask for any of these; it then fails. The only way in for whatever reads a release. A file behind HTTP is read in place;
    `beside` are others there, which SQL may read as `at(name)`. Whatever DuckDB raises becomes a DatabaseFault, as a file that is missing,
    locked or no DuckDB file; what went wrong on the way to a server is raised as it was told.
    """
    files = {"database": path, **(attached or {})}
    for file in files.values():
        if isinstance(file, Path) and not file.is_file():
            raise DatabaseFault(f"{file} is no DuckDB database; give a release folder, or its curation.duckdb")
    remote = {name: file for name, file in files.items() if not isinstance(file, Path)} | dict(beside or {})
    try:
        con = _opened(files, beside or {})
    except DatabaseFault as error:
        places = [file for file in files.values() if isinstance(file, Path)]
        if not any(unlocked.is_refusal(str(error), file.parent) for file in places):
            raise
        con = _opened({name: unlocked.PlainFile(file) if isinstance(file, Path) else file for name, file in files.items()}, beside or {})
    try:
        yield con
    except duckdb.Error as error:
        for one in remote.values():
            if one.fault is not None:
                raise one.fault from error
        raise DatabaseFault(f"{path if isinstance(path, Path) else path.url}: {first_line(error)}") from error
    finally:
        con.close()


def _opened(files: Mapping[str, Path | Cached | unlocked.PlainFile], beside: Mapping[str, Cached]) -> Connection:
    """The database and what is attached to it, and no way to anything else. Raises DatabaseFault, RangeFault."""
    remote = {name: file for name, file in files.items() if not isinstance(file, Path)} | dict(beside)
    path = files["database"]
    con = connect(path, read_only=True) if isinstance(path, Path) else connect(config=NO_EXTENSIONS)
    try:
        if remote:
            from curation.remote.file import CachedFiles

            con.register_filesystem(CachedFiles(remote))
        for name, file in files.items():
            if name != "database" or name in remote:
                place = quoted(file) if isinstance(file, Path) else f"'{at(name)}'"
                con.execute(f'ATTACH {place} AS "{name}" (READ_ONLY, TYPE duckdb)')
        if "database" in remote:
            con.execute("USE database")
        if beside:
            con.execute("SET allowed_paths = $names", {"names": [at(name) for name in beside]})
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        con.close()
        for one in remote.values():
            if one.fault is not None:
                raise one.fault from error
        raise DatabaseFault(f"{path if isinstance(path, Path) else path.url}: {first_line(error)}") from error
    return con


def at(name: str) -> str:
    """What SQL calls a file behind HTTP that `reading` was given under a name."""
    return f"bulkatlas://{name}"


def run_select(con: Connection, query: str, *, seconds: float = 0, most_rows: int = 0) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of one SELECT (also FROM, WITH, DESCRIBE, SUMMARIZE, SHOW). Raises DatabaseFault for anything else, for an answer
    that takes longer than `seconds`, and for one of more than `most_rows` rows (0: any).
    """
    try:
        statements = con.extract_statements(query)
        kinds = [statement.type.name for statement in statements]
        if kinds != ["SELECT"]:
            raise DatabaseFault(f"one SELECT is allowed here, this is {' and '.join(kinds) or 'no statement'}; nothing was run")

        def answer() -> tuple[list[str], list[tuple[Any, ...]]]:
            cursor = con.execute(statements[0])
            rows = cursor.fetchmany(most_rows + 1) if most_rows else cursor.fetchall()
            return [column[0] for column in cursor.description or []], rows

        names, rows = _interruptible(con, answer, seconds)
    except duckdb.Error as error:
        raise DatabaseFault(first_line(error)) from error
    if most_rows and len(rows) > most_rows:
        raise DatabaseFault(f"the answer has more than {most_rows:,} rows; ask for fewer (LIMIT, count(*)), or allow more with --max-rows")
    return names, rows


def _interruptible(con: Connection, work: Callable[[], T], seconds: float) -> T:
    """The result of `work`, which asks `con`, in a thread of its own: DuckDB heeds no signal while rows are fetched. Ctrl-C, and the end of
    `seconds` (0: none), interrupt it here. Raises DatabaseFault for the time, KeyboardInterrupt.
    """
    with ThreadPoolExecutor(1, "duckdb") as pool:
        asked = pool.submit(work)
        try:
            return asked.result(seconds or None)
        except TimeoutError as error:
            con.interrupt()
            raise DatabaseFault(f"the answer took longer than {seconds:g} s; ask for less, or allow more with --timeout") from error
        except KeyboardInterrupt:
            con.interrupt()
            raise
