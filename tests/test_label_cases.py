"""Rows of the shared folder that once were labelled wrong, each with its right answer; skipped where the folder is absent."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from labelling import label

CASES = Path(__file__).resolve().parent.parent.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(not (CASES / "labels" / "RIGHT.tsv").is_file(), reason=f"{CASES} is absent: no shared cases here")
# answers that the table leaves to a written policy (ontology/README.md)
BY_POLICY = {
    ("lines", "rajisrc"): "lymphoid",
    ("lines", "rajisrc2"): "lymphoid",
    ("faults", "raji"): "lymphoid",
    ("faults", "ascites"): "soft_tissue",
    ("faults", "tall"): "bone_marrow",
}


def read(path: Path, delimiter: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def texts(row: dict[str, str]) -> dict[str, str]:
    columns = {"title": "title", "source_name_ch1": "source_name", "characteristics_ch1": "characteristics", "description": "description"}
    return {ours: row[theirs] for theirs, ours in columns.items() if row.get(theirs)}


def test_rows_that_were_wrong_are_right() -> None:
    right = read(CASES / "labels" / "RIGHT.tsv", "\t")
    samples = {
        (file, row["sample_id"]): texts(row) for file in {r["file"] for r in right} for row in read(CASES / "labels" / f"{file}.tsv", "\t")
    }
    found = label([{"sample_id": "~".join(key), **row} for key, row in samples.items()])
    wrong = []
    for row in right:
        key = (row["file"], row["sample_id"])
        got = found["~".join(key)]
        if ((got["tissue"] or ""), str(got["is_cell_line"]).lower()) != (BY_POLICY.get(key, row["tissue"]), row["is_cell_line"]):
            wrong.append((key, got["tissue"], got["is_cell_line"], row["note"]))
    assert wrong == []


def test_pluripotent_cells_beside_their_donors_tissue() -> None:
    (folder,) = CASES.glob("curation/18-*")
    found = label([{"sample_id": row["sample_id"], **texts(row)} for row in read(folder / "samples.csv", ",")])
    assert [found[f"s{i}"]["tissue"] for i in (1, 2, 3, 4)] == ["stem_cell", "stem_cell", "brain", "heart"]
    assert not any(row["is_cell_line"] for row in found.values())


def test_a_cell_line_key_that_holds_a_specimen() -> None:
    (folder,) = CASES.glob("curation/20-*")
    found = label([{"sample_id": row["sample_id"], **texts(row)} for row in read(folder / "samples.csv", ",")])
    assert {name for name, row in found.items() if row["is_cell_line"]} == {"s6"}
    assert found["s7"]["tissue"] == "skin"
