"""docs/reference/files.md has every column of the files that a build writes, with its type, and no others; the demo's run and
predictions are held against it by test_readme_numbers.py."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
import tiny_world
from files_page import PAGE, described, differences, of_release, without_meaning


@pytest.fixture(scope="module")
def release(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("files") / "release"
    tiny_world.build_tiny(tiny / "world", out, with_counts=True, by_gene=True)
    return out


def test_the_page_has_the_columns_of_a_release(release: Path) -> None:
    found = of_release(release)
    assert {
        "labels.parquet",
        "evidence.parquet",
        "facts.parquet",
        "samples.parquet",
        "obs",
        "var",
        "uns",
        "counts.h5",
        "by_gene.h5",
    } <= set(found)
    assert differences(found, described()) == []


def test_every_file_of_a_release_is_on_the_page(release: Path) -> None:
    named = PAGE.read_text(encoding="utf-8").partition("## labels.parquet")[0]
    assert [path.name for path in release.iterdir() if f"`{path.name}`" not in named] == []


def test_every_row_has_a_meaning_and_a_changed_page_is_noticed(release: Path) -> None:
    assert without_meaning() == []
    page = described()
    page["obs"] = {"sample_number" if name == "sample_id" else name: kind for name, kind in page["obs"].items()} | {"age": "text"}
    assert sorted(differences(of_release(release), page)) == [
        "obs: age is float32, not text",
        "obs: sample_id is on one side only",
        "obs: sample_number is on one side only",
    ]


def test_the_sql_of_the_page_for_r_runs(tiny: Path) -> None:
    """R is not here; what it would send is."""
    page = (PAGE.parent.parent / "how-to" / "r.md").read_text(encoding="utf-8")
    asked = [*re.findall(r'dbGetQuery\(con, "([^"]+)"\)', page), *re.findall(r"`(SELECT [^`]+)`", page)]
    assert len(asked) >= 2
    with duckdb.connect(str(tiny / "release" / "curation.duckdb"), read_only=True) as con:
        for sql in asked:
            assert con.execute(sql.replace("'release/", f"'{tiny}/release/")).fetchall() or "WHERE" in sql
    columns = re.findall(r"col_select = c\(([^)]+)\)", page)[0]
    assert set(re.findall(r'"(\w+)"', columns)) <= set(pyarrow.parquet.read_schema(tiny / "release" / "labels.parquet").names)
