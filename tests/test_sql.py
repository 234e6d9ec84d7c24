"""`curate sql`: one SELECT on a build, read-only, with no way out of the database."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import handmade
import pyarrow.parquet as pq
import pytest

from curation.audit import run_query
from curation.database import DatabaseFault
from curation.report_table import OutputFault, write_table


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    handmade.build(folder / "curation.duckdb").close()
    return folder


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT count(*) FROM sample", 80),
        ("WITH a AS (SELECT 1 AS x) SELECT x FROM a", 1),
        ("FROM sample SELECT count(DISTINCT source)", 3),
        ("VALUES (7)", 7),
        ("SELECT count(*) FROM (DESCRIBE sample)", 17),
    ],
)
def test_a_select_in_any_form_is_answered(release, query, value):
    assert run_query(release, query).rows == [(value,)]


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE sample",
        "DELETE FROM kept",
        "CREATE TEMP TABLE t AS SELECT 1",
        "SELECT 1; DROP TABLE sample",
        "ATTACH '/tmp/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "COPY sample TO '/tmp/sample.csv'",
        "EXPORT DATABASE '/tmp/copy'",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "EXPLAIN SELECT 1",
        "",
        "-- nothing",
    ],
)
def test_anything_but_one_select_is_refused(release, query):
    with pytest.raises(DatabaseFault, match="one SELECT is allowed here"):
        run_query(release, query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "SELECT * FROM query('SELECT * FROM read_blob(''/etc/passwd'')')",
    ],
)
def test_no_file_and_no_network_is_reached(release, query):
    with pytest.raises(DatabaseFault, match=r"disabled by configuration|does not exist"):
        run_query(release, query)


def test_environment_and_secrets_are_not_told(release):
    for query in ("SELECT getenv('HOME')", "FROM duckdb_secrets()"):
        with pytest.raises(DatabaseFault):
            run_query(release, query)


def test_the_database_is_unchanged_by_what_was_refused(release):
    before = (release / "curation.duckdb").read_bytes()
    for query in ("DROP TABLE sample", "SELECT 1; DELETE FROM sample"):
        with pytest.raises(DatabaseFault):
            run_query(release, query)
    assert (release / "curation.duckdb").read_bytes() == before


@pytest.mark.parametrize("ending", [".tsv", ".csv", ".json", ".parquet"])
def test_an_answer_is_written_in_the_format_of_its_ending(tmp_path, ending):
    path = tmp_path / f"answer{ending}"
    write_table(path, ["sample_id", "n"], [("a\tb", 1), (None, 2)])
    if ending == ".parquet":
        assert pq.read_table(path).to_pylist() == [{"sample_id": "a\tb", "n": 1}, {"sample_id": None, "n": 2}]
    elif ending == ".json":
        assert json.loads(path.read_text()) == [{"sample_id": "a\tb", "n": 1}, {"sample_id": None, "n": 2}]
    else:
        mark = "\t" if ending == ".tsv" else ","
        assert path.read_text().splitlines()[0] == f"sample_id{mark}n"
        assert path.read_text().splitlines()[2] == f"{mark}2"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(OutputFault, match=r"must end in one of \.tsv"):
        write_table(tmp_path / "answer.xlsx", ["a"], [])


def test_the_command_prints_one_line_and_returns_one(release):
    def curate(*arguments):
        run = [sys.executable, "-c", "from curation.cli import main; main()", *arguments]
        return subprocess.run(run, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"})

    good = curate("sql", "SELECT source, count(*) AS n FROM sample GROUP BY source ORDER BY source", "--db", str(release))
    assert (good.returncode, good.stdout) == (0, "source\tn\narchs4\t60\ngtex\t12\ntcga\t8\n")
    bad = curate("sql", "SELECT nothing FROM nowhere", "--db", str(release))
    assert bad.returncode == 1
    assert bad.stderr.count("\n") == 1
    assert "nowhere does not exist" in bad.stderr
