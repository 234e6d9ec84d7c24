"""The steps of a build: one order, one table a file, and names that are enough to run them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curation.database import connect, run_sql_file
from curation.resources import sql_folder
from curation.steps import PYTHON, STAGES, run_stage

FILES = sorted((sql_folder() / "build").glob("*.sql"))
STEPS = [step for steps in STAGES.values() for step in steps]
MADE = re.compile(r"^CREATE OR REPLACE (?:TEMP )?(?:TABLE|VIEW) (\w+) AS$", re.M)
LONGEST_LINE, LONGEST_FILE, USUAL_FILE = 120, 60, 25
FUNNEL_STEPS = 7  # without the entries of sources, of which there are none
PARAMETERS = {
    "allowed_sources": ["archs4"],
    "any_pattern": "x",
    "numbers_differ": False,
    **dict.fromkeys(("disease_key", "elsewhere", "made_into", "origin_after", "origin_before", "person_number", "turned"), "x"),
    "cap": 1,
    "cell_line_cap": 0,
    "level": "tissue",
    "preset": "default",
    "reach": 0.004,
    "read_length": 100,
    "seed": "42",
    "single_cell_threshold": 0.5,
    "min_detected": 0.25,
    "subset": None,
    "tiers": False,
    "least": 3,
    "agreeing": 0.95,
}


def made(step: str) -> str:
    """The table or view of a step; two steps that belong together share a number (50, 50b)."""
    return step.split("_", 1)[1]


def statements(text: str) -> int:
    """Statements of a file: semicolons outside comments and quoted text."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", text).count(";")


def faults(name: str, text: str) -> list[str]:
    """What is wrong with the shape of a build file."""
    table = name.split("_", 1)[1]
    told = []
    if not text.startswith(f"-- {table}: one row per "):
        told.append(f"the header is not `-- {table}: one row per ...`")
    if MADE.findall(text) != [table] or statements(text) != 1:
        told.append(f"it is not one statement that makes {table}")
    if (longest := max(map(len, text.splitlines()))) > LONGEST_LINE:
        told.append(f"a line has {longest} characters")
    if (n := text.count("\n")) > LONGEST_FILE:
        told.append(f"it has {n} lines")
    return told


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_makes_the_table_of_its_name_with_one_statement(path: Path) -> None:
    assert faults(path.stem, path.read_text(encoding="utf-8")) == []


def test_most_files_are_short() -> None:
    lengths = sorted(path.read_text(encoding="utf-8").count("\n") for path in FILES)
    assert lengths[len(lengths) // 2] <= USUAL_FILE


def test_the_shape_is_looked_at() -> None:
    good = "-- label: one row per sample.\nCREATE OR REPLACE TABLE label AS\nSELECT ';' AS x;\n"
    assert faults("53_label", good) == []
    assert len(faults("53_label", good.replace("one row per", "rows of"))) == 1
    assert len(faults("53_label", good.replace("TABLE label", "TABLE other"))) == 1
    assert len(faults("53_label", good + "INSERT INTO label SELECT 1;\n")) == 1
    assert len(faults("53_label", good + "-- " + "x" * LONGEST_LINE + "\n" * LONGEST_FILE)) == 2


def test_the_table_of_steps_names_every_file_in_the_order_of_the_numbers() -> None:
    assert sorted(STEPS) == STEPS
    assert len({step.split("_", 1)[0] for step in STEPS}) == len({made(step) for step in STEPS}) == len(STEPS)
    assert set(STEPS) - set(PYTHON) == {path.stem for path in FILES}
    assert {step: PYTHON[step] for step in STEPS if step in PYTHON} == PYTHON
    assert [function.__name__ for function in PYTHON.values()] == [made(step) for step in PYTHON]
    assert all(len({step[0] for step in steps}) == 1 for steps in STAGES.values())


def test_all_steps_run_in_their_order_on_empty_tables_and_make_what_they_are_named_after() -> None:
    """A step that reads a table of a later one, or of none, would fail here; so would one that leaves something unsaid."""
    con = connect(threads=1)
    for path in sorted((sql_folder() / "schema").glob("*.sql")):
        run_sql_file(con, path)

    def tables() -> set[str]:
        return {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}

    before = tables()
    for stage, steps in STAGES.items():
        run_stage(con, stage, PARAMETERS)
        assert tables() - before == {made(step) for step in steps}
        before = tables()
    for step in STEPS:
        (n_rows,) = con.execute(f"SELECT count(*) FROM {made(step)}").fetchall()[0]
        assert n_rows == (FUNNEL_STEPS if step == "80_funnel" else 0), step
    con.close()


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *(p.relative_to(sql_folder().parent).as_posix() for p in (sql_folder().parent / "docs").rglob("*.md")),
    ],
)
def test_a_step_that_a_page_names_by_its_number_exists(page: str) -> None:
    text = (sql_folder().parent / page).read_text(encoding="utf-8")
    assert not [name for name in re.findall(r"\b[1-9][0-9]_[a-z]+(?:_[a-z]+)*(?=\.sql)", text) if name not in STEPS]
