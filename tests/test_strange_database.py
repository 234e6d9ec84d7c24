"""A database that a stranger made can ask for files, servers and extensions in its views; whoever reads it gives it none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from curation.audit import run_audit, run_query
from curation.cli import app
from curation.database import DatabaseFault, reading
from curation.diff import diff
from curation.explain import explain
from curation.validate import validate

FILE = "SELECT column0 FROM read_csv('{secret}', header = false, columns = {{'column0': 'VARCHAR'}})"
OUTSIDE = {
    "a file": "SELECT * FROM read_text('/etc/hostname')",
    "a folder": "SELECT * FROM glob('{folder}/*')",
    "a server": "SELECT * FROM read_text('http://127.0.0.1:9/x.csv')",
    "an extension": "SELECT * FROM sqlite_scan('{folder}/x', 't')",
}


def overrides(release: Path) -> None:
    (release.parent / "ontology").mkdir()
    columns = "override_id\tscope\ttarget\tterm_id\tis_cell_line\tcurator\tdate\treason"
    (release.parent / "ontology" / "overrides.tsv").write_text(f"{columns}\nO1\tsample\tx\t\t\tme\t2026-01-31\tso\n")
    result = CliRunner().invoke(app, ["override", "check", "--ontology", str(release.parent / "ontology"), "--db", str(release)])
    if result.exception is not None:
        raise result.exception


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {  # the table whose place the view takes, and the reader
    "explain": ("label", lambda release: explain(release, "GSM0012")),
    "sql": ("label", lambda release: run_query(release, "SELECT * FROM label")),
    "audit": ("label", lambda release: run_audit(release, "what_changed", release)),
    "diff": ("label", lambda release: diff(release, release)),
    "override check": ("sample", overrides),
}


def poisoned(tiny: Path, tmp_path: Path, table: str) -> Path:
    """A copy of a release in whose database a view stands in for a table, made with every right."""
    release = shutil.copytree(tiny / "release", tmp_path / "release")
    secret = tmp_path / "secret.txt"
    secret.write_text("the password\n")
    with duckdb.connect(str(release / "curation.duckdb")) as con:
        names = [name for (name,) in con.execute(f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{table}'").fetchall()]
        con.execute(f"DROP TABLE {table} CASCADE")
        told = ", ".join(f"(SELECT any_value(COLUMNS(*))::VARCHAR FROM ({FILE.format(secret=secret)})) AS {name}" for name in names[:1])
        rest = "".join(f", NULL AS {name}" for name in names[1:])
        con.execute(f"CREATE VIEW {table} AS SELECT {told}{rest}")
    return release


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_lets_a_view_read_a_file(reader: str, tiny: Path, tmp_path: Path) -> None:
    table, read = READERS[reader]
    release = poisoned(tiny, tmp_path, table)
    with pytest.raises(DatabaseFault) as told:
        read(release)
    assert "disabled" in str(told.value)
    assert "the password" not in str(told.value)


def test_validate_says_so_of_a_view_and_goes_on(tiny: Path, tmp_path: Path) -> None:
    said = [str(finding) for finding in validate(poisoned(tiny, tmp_path, "gene_ledger")) if not finding.is_good]
    assert any("disabled" in one for one in said), said
    assert not [one for one in said if "the password" in one]


@pytest.mark.parametrize("what", OUTSIDE)
def test_nothing_outside_is_reached(what: str, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(DatabaseFault) as told, reading(tmp_path / "x.duckdb") as con:
        con.execute(OUTSIDE[what].format(folder=tmp_path)).fetchall()
    assert "automatically install" not in str(told.value)
    assert "download" not in str(told.value)
    assert "disabled" in str(told.value) or "not in the catalog" in str(told.value) or "does not exist" in str(told.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SET enable_external_access = true", "RESET lock_configuration", "SET autoload_known_extensions = true", "LOAD httpfs", "INSTALL httpfs",
        "LOAD sqlite", "CREATE TABLE main.t AS SELECT 1", "DROP TABLE label", "COPY label TO '/tmp/label.csv'", "ATTACH ':memory:' AS more",
        "FROM read_text('/etc/hostname')", "FROM '/etc/passwd'", "SET home_directory = '/tmp'",
    ],
)  # fmt: skip
def test_the_connection_itself_gives_nothing(statement: str, tiny: Path) -> None:
    with pytest.raises(DatabaseFault), reading(tiny / "release" / "curation.duckdb", {"old": tiny / "release" / "curation.duckdb"}) as con:
        con.execute(statement).fetchall()


def test_extensions_are_neither_loaded_nor_installed_by_themselves(tiny: Path) -> None:
    wanted = {"autoload_known_extensions": "false", "autoinstall_known_extensions": "false", "allow_community_extensions": "false",
              "enable_external_access": "false", "lock_configuration": "true", "allow_unsigned_extensions": "false"}  # fmt: skip
    with reading(tiny / "release" / "curation.duckdb") as con:
        found = dict(con.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert {name: found[name] for name in wanted} == wanted


def test_a_database_of_another_kind_is_named(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "x.duckdb") as con:
        con.execute("CREATE TABLE t (a)")
    with pytest.raises(DatabaseFault, match=r"x\.duckdb"), reading(tmp_path / "x.duckdb"):
        pass
