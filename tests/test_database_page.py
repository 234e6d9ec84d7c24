"""docs/reference/database.md names the columns that the public tables of a release have, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curation.audit import run_query

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "reference" / "database.md").read_text(encoding="utf-8")


def described() -> dict[str, set[str]]:
    """Table -> the columns that its part of the page has in code."""
    heads = list(re.finditer(r"\*\*(\w+)\*\*:", PAGE))
    ends = [head.start() for head in heads[1:]] + [PAGE.index("The tables of rules and reference")]
    parts = {head.group(1): PAGE[head.end() : end] for head, end in zip(heads, ends, strict=True)}
    return {
        table: {
            name for line in part.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0] if line.startswith("|") else line)
        }
        for table, part in parts.items()
    }


@pytest.mark.parametrize("table", sorted(described()))
def test_the_page_has_the_columns_of_the_table(table: str, tiny: Path) -> None:
    rows = run_query(tiny / "release", f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{table}' AND NOT internal").rows
    assert described()[table] == {name for (name,) in rows}


def test_the_tables_that_a_curator_asks_are_on_the_page() -> None:
    assert {
        "sample",
        "label",
        "fact",
        "sample_fact",
        "evidence",
        "kept",
        "split",
        "exclusion",
        "quality",
        "funnel",
        "gene_ledger",
        "term",
        "build",
    } <= set(described())


KIND = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "DOUBLE": "float64",
    "FLOAT": "float32",
    "UBIGINT": "uint64",
}


def test_the_page_has_the_types_of_the_columns(tiny: Path) -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+: .*) \|$", PAGE.partition("## Types")[2], re.M)
    typed = {
        table: {name: kind for kind, names in re.findall(r"(\w+): ((?:`\w+`(?:, )?)+)", text) for name in re.findall(r"`(\w+)`", names)}
        for table, text in rows
    }
    assert set(typed) == set(described())
    found = run_query(tiny / "release", "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal").rows
    for table, names in typed.items():
        assert names == {name: KIND.get(kind, kind) for of, name, kind in found if of == table}, table
