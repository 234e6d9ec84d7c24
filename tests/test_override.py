"""Overrides: refused when they cannot be, shown with what they would change, and obeyed by the next build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import tiny_world
from typer.testing import CliRunner

from curation.audit import run_query
from curation.cli import app
from curation.override import COLUMNS, Override, OverrideFault, check_form, editing, next_id, read_import, read_overrides, write_overrides
from profiles.errors import BulkatlasError

LUNG = "UBERON:0002048"


@pytest.fixture
def ontology(tiny, tmp_path):
    return shutil.copytree(tiny / "ontology", tmp_path / "ontology")


def run(*arguments):
    """The command with its errors raised, as main() would turn them into a red line."""
    return CliRunner().invoke(app, ["override", *map(str, arguments)], catch_exceptions=True)


def add(ontology, db, target, *arguments):
    options = ["--by", "A. Curator", "--reason", "the authors say so", "--ontology", ontology, "--db", db]
    return run("add", target, *options, *arguments)


def test_a_dry_run_shows_the_change_and_writes_nothing(tiny, ontology):
    before = (ontology / "overrides.tsv").read_bytes()
    result = add(ontology, tiny / "release", "GSM0012", "--term", LUNG, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "O0001\tGSM0012\tkidney\tUBERON:0002113\ttissue\tlung\tUBERON:0002048" in result.stdout
    assert "1 samples touched, 1 of them change" in result.stdout
    assert (ontology / "overrides.tsv").read_bytes() == before


def test_an_added_override_decides_the_next_build(tiny, ontology, tmp_path):
    assert add(ontology, tiny / "release", "GSM0012", "--term", LUNG).exit_code == 0
    assert add(ontology, tiny / "release", "GSE4", "--scope", "series", "--unlabel").exit_code == 0
    assert [row.override_id for row in read_overrides(ontology)] == ["O0001", "O0002"]
    tiny_world.build_tiny(tiny / "world", tmp_path / "next", ontology=ontology)
    labels = dict(run_query(tmp_path / "next", "SELECT sample_id, coalesce(tissue, '') || ' ' || decided_by FROM label").rows)
    assert labels["GSM0012"] == "lung override"
    assert {labels[f"GSM{i:04}"] for i in range(16, 20)} == {" override"}
    assert run_query(tmp_path / "next", "SELECT curator, reason FROM override ORDER BY override_id LIMIT 1").rows == [
        ("A. Curator", "the authors say so")
    ]
    listed = run("list", "--ontology", ontology).stdout.splitlines()
    assert listed[0].split("\t") == list(COLUMNS)
    assert len(listed) == 3


def test_an_override_that_matches_nothing_is_refused(tiny, ontology):
    result = add(ontology, tiny / "release", "GSM9999", "--term", LUNG)
    assert isinstance(result.exception, OverrideFault)
    assert "O0001 (sample GSM9999)" in str(result.exception)
    assert read_overrides(ontology) == []


def test_a_text_override_reaches_every_sample_with_that_text(tiny, ontology):
    result = add(ontology, tiny / "release", "kidney", "--scope", "text", "--term", LUNG, "--dry-run")
    n = run_query(
        tiny / "release",
        "SELECT count(DISTINCT sample_id) FROM sample WHERE source_name = 'kidney' OR characteristics LIKE 'tissue: kidney,%'",
    ).rows[0][0]
    assert f"{n} samples touched" in result.stdout


def test_a_term_that_the_ontology_lacks_is_refused_and_a_withdrawn_one_names_its_successor(tiny, ontology):
    assert "UBERON:0000000" in str(add(ontology, tiny / "release", "GSM0012", "--term", "UBERON:0000000").exception)
    old, new = run_query(tiny / "release", "SELECT term_id, replaced_by FROM obsolete_term WHERE replaced_by IS NOT NULL LIMIT 1").rows[0]
    assert f"{old} (withdrawn, now {new})" in str(add(ontology, tiny / "release", "GSM0012", "--term", old).exception)


def test_either_a_term_or_no_label_must_be_said(tiny, ontology):
    assert "--unlabel" in str(add(ontology, tiny / "release", "GSM0012").exception)
    assert "--unlabel" in str(add(ontology, tiny / "release", "GSM0012", "--term", LUNG, "--unlabel").exception)


def sound(**changes):
    row = {
        "override_id": "O1",
        "scope": "sample",
        "target": "GSM1",
        "term_id": LUNG,
        "is_cell_line": "",
        "curator": "A",
        "date": "2026-01-31",
    }
    return Override(**{**row, "reason": "because", **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope": "donor"}, "scope is 'donor'"),
        ({"target": ""}, "has no target"),
        ({"curator": ""}, "has no curator"),
        ({"reason": ""}, "has no reason"),
        ({"reason": "a\tb"}, "holds a tab"),
        ({"reason": "a\nb"}, "a line break"),
        ({"reason": "a\0b"}, "NUL"),
        ({"is_cell_line": "maybe"}, "is_cell_line is 'maybe'"),
        ({"date": "31.01.2026"}, "date is '31.01.2026'"),
        ({"date": "2999-01-01"}, "lies ahead"),
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused(changes, told):
    check_form([sound()])
    with pytest.raises(OverrideFault, match=told):
        check_form([sound(**changes)])


def test_two_decisions_about_one_target_are_refused():
    with pytest.raises(OverrideFault, match="O2 and O1 both decide about sample GSM1"):
        check_form([sound(), sound(override_id="O2")])


def test_ids_go_on_from_the_highest():
    assert next_id([]) == "O0001"
    assert next_id(["O0009", "O0031", "mine"]) == "O0032"


def test_an_import_takes_all_rows_or_none(tiny, ontology, tmp_path):
    columns = [name for name in COLUMNS if name != "override_id"]
    good = ["sample", "GSM0012", LUNG, "", "B", "2026-01-31", 'it\'s 100% "lung"; DROP TABLE sample', "", ""]
    table = tmp_path / "import.tsv"
    table.write_text("\n".join(["\t".join(columns), "\t".join(good), "\t".join([*good[:1], "GSM0013", "UBERON:1", *good[3:]])]) + "\n")
    assert "1 of 2 terms are not in the ontology: UBERON:1" in str(
        run("import", table, "--ontology", ontology, "--db", tiny / "release").exception
    )
    assert read_overrides(ontology) == []
    table.write_text("\n".join(["\t".join(columns), "\t".join(good)]) + "\n")
    assert run("import", table, "--ontology", ontology, "--db", tiny / "release").exit_code == 0
    assert read_overrides(ontology)[0].reason == good[6]
    assert (
        "1 overrides are sound; 1 samples of the build would change"
        in run("check", "--ontology", ontology, "--db", tiny / "release").stdout
    )


@pytest.mark.parametrize(("name", "separator", "start"), [("t.csv", ",", "\ufeff"), ("t.tsv", "\t", ""), ("t.csv", ";", "")])
def test_a_table_of_a_spreadsheet_is_imported(tmp_path, name, separator, start):
    columns = ["Scope", *COLUMNS[2:4], "Is cell line", *COLUMNS[5:8]]  # decisions of before facts have no more
    cells = ["sample", "GSM1", LUNG, "TRUE", "A", "2026-01-31", f'"paper says ""lung""{separator} whole"']
    cells_na = ["series", "GSE1", "NA", "", "A", "2026-01-31", "none of them"]
    lines = [separator.join(row) for row in (columns, cells, cells_na)]
    (tmp_path / name).write_text(start + "\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    first, second = read_import(tmp_path / name, [])
    assert (first.term_id, first.is_cell_line, first.reason) == (LUNG, "true", f'paper says "lung"{separator} whole')
    assert (second.term_id, second.reason, second.override_id) == ("", "none of them", "O0002")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scope\ttarget\n", "lacks term_id"),
        ("\t".join([*COLUMNS, "extra"]) + "\n", "unknown extra"),
        ("\t".join(COLUMNS) + "\nO1\tsample\n", "line 2 has 2 cells where the header has 10"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path, text, told):
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(BulkatlasError, match=told):
        read_import(tmp_path / "t.tsv", [])


def test_commands_at_the_same_time_are_all_kept(ontology):
    """Three processes; before, the last writer won and the others were told that theirs was added."""
    options = ["--term", LUNG, "--by", "A. Curator", "--reason", "the authors say so", "--ontology", str(ontology)]
    command = [sys.executable, "-c", "from curation.cli import main; main()", "override", "add"]
    started = [subprocess.Popen([*command, f"GSM{i}", *options], stdout=subprocess.PIPE, text=True) for i in range(3)]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * 3
    rows = read_overrides(ontology)
    assert {row.target for row in rows} == {"GSM0", "GSM1", "GSM2"}
    assert sorted(text.partition("added (")[2][:5] for text in said) == [row.override_id for row in rows] == ["O0001", "O0002", "O0003"]
    assert not [path.name for path in ontology.iterdir() if path.name.startswith(".")]


def test_ten_at_once_have_ten_ids(ontology):
    def decide(number):
        with editing(ontology) as known:
            time.sleep(0.01)  # the others read meanwhile, where nothing holds them
            new = Override(
                next_id(row.override_id for row in known), "sample", f"GSM{number}", LUNG, "", "A. Curator", "2026-01-31", "so they say"
            )
            write_overrides([*known, new], ontology)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(decide, range(10)))
    rows = read_overrides(ontology)
    assert [row.override_id for row in rows] == [f"O{i:04d}" for i in range(1, 11)]
    assert {row.target for row in rows} == {f"GSM{i}" for i in range(10)}


def test_nothing_is_left_when_the_table_cannot_be_written(ontology, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("profiles.aside.os.replace", full)
    before = sorted(path.name for path in ontology.iterdir())
    with pytest.raises(OverrideFault, match="No space left"):
        write_overrides([], ontology)
    assert sorted(path.name for path in ontology.iterdir()) == before


def test_whoever_waits_too_long_is_told_for_whom(ontology):
    with (
        editing(ontology),
        pytest.raises(OverrideFault, match=f"is being changed by process {os.getpid()} on"),
        editing(ontology, wait=0.05),
    ):
        pass
