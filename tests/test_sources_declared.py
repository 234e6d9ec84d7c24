"""ontology/declared_tissue.tsv: every term is in the ontology and lies in the category that the row says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from curation.database import connect
from curation.ontology import load_reference
from curation.resources import ontology_folder
from curation.sources.declared import COLUMNS, DeclaredTissueFault, declared_tissues, look_up

ROWS = list(csv.DictReader((ontology_folder() / "declared_tissue.tsv").open(encoding="utf-8"), delimiter="\t"))


def test_the_table_is_sorted_and_every_row_without_a_term_has_a_reason() -> None:
    keys = [(row["source"], row["field"], row["text"]) for row in ROWS]
    assert keys == sorted(keys)
    assert not [row for row in ROWS if not row["term_id"] and not row["reason"]]
    assert not [row for row in ROWS if bool(row["term_id"]) != bool(row["tissue"])]


def test_every_term_lies_in_the_category_of_its_row() -> None:
    con = connect()
    load_reference(con)
    tissue = dict(con.execute("SELECT term_id, tissue FROM term_tissue").fetchall())
    name = dict(con.execute("SELECT term_id, name FROM term").fetchall())
    wrong = {
        (row["source"], row["text"]): (name.get(row["term_id"]), tissue.get(row["term_id"]))
        for row in ROWS
        if row["term_id"] and (name.get(row["term_id"]), tissue.get(row["term_id"])) != (row["term_name"], row["tissue"])
    }
    assert wrong == {}


def test_every_category_can_be_named_in_a_users_own_table() -> None:
    with (ontology_folder() / "tissues.tsv").open(encoding="utf-8") as lines:
        categories = {row["tissue"] for row in csv.DictReader(lines, delimiter="\t")}
    assert {row.tissue for row in declared_tissues("table").values()} == categories


def test_case_and_white_space_and_stray_bytes_are_ignored() -> None:
    expected = look_up("tcga", "_primary_site", "Sympathetic Nervous System")
    assert expected is not None
    assert look_up("tcga", "_primary_site", "Sympathetic\xcanervous  SYSTEM ") == expected
    assert look_up("tcga", "_primary_site", None) is look_up("tcga", "_primary_site", "Nowhere") is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["source\tfield\ttext"], "must have the columns source, field, text"),
        (
            ["\t".join(COLUMNS), "gtex\tSMTSD\tLung\tUBERON:1\tx\tlung\t\t", "gtex\tSMTSD\tLUNG\tUBERON:1\tx\tlung\t\t"],
            "gtex SMTSD 'LUNG' stands twice",
        ),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    (tmp_path / "declared_tissue.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DeclaredTissueFault, match=message):
        declared_tissues("gtex", tmp_path)
