"""Compiled ontologies: what they hold, when they are used, and when they must not be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import curation.ontology
from curation import compiled
from curation.database import connect, fetch_arrow
from curation.ontology import KEPT, OBO_FILES, TABLES, USED, OntologyFault, compile_tables, compiled_key, fill_tables, load_reference
from curation.resources import sql_folder


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the small ontology, to be changed."""
    return Path(shutil.copytree(tiny / "ontology", tmp_path / "ontology"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own; the sets that the commands of the test make in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bulkatlas"


def load(folder: Path) -> list[tuple[str, int]]:
    con = connect(threads=1)
    try:
        load_reference(con, folder)
        return [(table, con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]) for table in USED]
    finally:
        con.close()


def no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pronto", None)
    monkeypatch.setattr(curation.ontology, "_parse_terms", lambda *_: pytest.fail("the ontology was parsed again"))


def test_the_compiled_tables_are_those_that_the_files_give(folder: Path, cache: Path) -> None:
    fresh, again = connect(threads=2), connect(threads=1)
    fill_tables(fresh, folder)
    load_reference(again, folder)
    for table in USED:
        query = f"SELECT * FROM {table} ORDER BY ALL"
        assert fetch_arrow(fresh, query).to_pylist() == fetch_arrow(again, query).to_pylist(), table
    assert again.execute("SELECT count(*) FROM lexicon").fetchall()[0][0] > 1000
    fresh.close()
    again.close()


def test_the_second_use_reads_no_ontology(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(folder)
    no_parser(monkeypatch)
    assert load(folder) == first
    assert [path.name for path in cache.iterdir()] == [f"ontology-{compiled_key(folder)}"]


def test_a_copy_elsewhere_is_the_same_ontology(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    load(folder)
    no_parser(monkeypatch)
    load(Path(shutil.copytree(folder, tmp_path / "elsewhere")))


@pytest.mark.parametrize("name", [*OBO_FILES, *(file for table, (file, _, _) in TABLES.items() if table != "override")])
def test_one_other_byte_of_any_file_is_another_key(folder: Path, name: str) -> None:
    before = compiled_key(folder)
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    assert compiled_key(folder) != before


def test_other_sql_another_check_or_another_version_is_another_key(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {compiled_key(folder), compiled_key(folder, "9.9.9")}
    for changed in ("schema/normalise.sql", "build/17_lexicon.sql", "checks/reference/weights_are_shares.sql"):
        sql = Path(shutil.copytree(sql_folder(), tmp_path / Path(changed).stem))
        with (sql / changed).open("a") as file:
            file.write("-- changed\n")
        monkeypatch.setattr(curation.ontology, "sql_folder", lambda sql=sql: sql)
        keys.add(compiled_key(folder))
    assert len(keys) == 5


def test_a_decision_of_a_person_holds_at_once_and_compiles_nothing(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(folder)
    no_parser(monkeypatch)
    with (folder / "overrides.tsv").open("a") as table:
        table.write("O9999\tsample\tGSM1\tUBERON:0002107\t\tA. Curator\t2026-01-31\tseen\t\t\n")
    con = connect(threads=1)
    load_reference(con, folder)
    assert con.execute("SELECT target FROM override WHERE override_id = 'O9999'").fetchall() == [("GSM1",)]
    con.close()


@pytest.mark.parametrize("damage", ["cut", "gone", "unlisted"])
def test_a_damaged_set_is_made_again(folder: Path, cache: Path, damage: str) -> None:
    first = load(folder)
    (place,) = cache.iterdir()
    table = place / "lexicon.parquet"
    if damage == "cut":
        table.write_bytes(table.read_bytes()[:-1])
    elif damage == "gone":
        table.unlink()
    else:
        (place / compiled.COMPLETE).unlink()
    assert not compiled.is_complete(place)
    assert load(folder) == first
    assert compiled.is_complete(place)
    assert list(cache.iterdir()) == [place]


def test_a_wrong_ontology_leaves_nothing(folder: Path, cache: Path) -> None:
    weights = folder / "weights.tsv"
    weights.write_text(weights.read_text().replace("title\tanatomy\t0.", "title\tanatomy\t3."))
    for _ in range(2):  # refused every time, not only when it is compiled
        with pytest.raises(OntologyFault, match="is not between 0 and 1"):
            load(folder)
        assert list(cache.iterdir()) == []


def test_two_processes_at_once_make_one_set(folder: Path, cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from curation.database import connect; from curation.ontology import load_reference; "
        "con = connect(threads=1); print('ready', flush=True); sys.stdin.readline(); load_reference(con, Path(sys.argv[1])); "
        "print(con.execute('SELECT count(*) FROM lexicon').fetchall()[0][0])"
    )
    command = [sys.executable, "-c", code, str(folder)]
    runs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for run in runs:
        assert run.stdout is not None and run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    told = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert told[0][0] == told[1][0] and int(told[0][0]) > 1000
    assert [path.name for path in cache.iterdir()] == [f"ontology-{compiled_key(folder)}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_a_cache_that_can_be_written_it_works_and_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(closed))
    assert dict(load(folder))["lexicon"] > 1000
    assert "the ontology is compiled for this command only" in capsys.readouterr().err


def test_a_file_in_place_of_the_cache_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert dict(load(folder))["lexicon"] > 1000
    assert "set XDG_CACHE_HOME to a folder of yours" in capsys.readouterr().err


def test_the_bytes_are_the_same_wherever_it_is_done(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        compile_tables(folder, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(f"{table}.parquet" for table in USED)
    assert [(tmp_path / "one" / name).read_bytes() for name in files] == [(tmp_path / "two" / name).read_bytes() for name in files]


def test_sets_that_nobody_used_for_long_go_and_a_strangers_folder_stays(folder: Path, cache: Path) -> None:
    load(folder)
    (used,) = cache.iterdir()
    old = Path(shutil.copytree(used, cache / "ontology-0000000000000000"))
    strange = cache / "ontology-of-mine"
    strange.mkdir()
    (strange / "thesis.txt").write_text("years of work")
    for place in (old, strange):
        os.utime(place, (0, 0))
    compiled.find_or_make("1111111111111111", lambda out: compile_tables(folder, out))
    assert {path.name for path in cache.iterdir()} == {used.name, "ontology-1111111111111111", "ontology-of-mine"}


def test_a_release_keeps_what_its_readers_ask_for_and_no_more(tiny: Path) -> None:
    con = connect(tiny / "release" / "curation.duckdb", read_only=True)
    held = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    con.close()
    assert set(KEPT) <= held
    assert not held & (set(USED) - set(KEPT) | {"plain_phrase", "term_phrase", "line_phrase", "cell_name", "term_parent"})
