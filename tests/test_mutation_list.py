"""The list of changes to sql/ that `make mutation` makes fits the files as they are: each place is there, once, and its tests too."""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_listed_change_finds_its_place() -> None:
    with (ROOT / "tests" / "mutation" / "sql.tsv").open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(changes) >= 30
    for change in changes:
        assert (ROOT / change["file"]).read_text(encoding="utf-8").count(change["before"]) == 1, change
        assert change["before"] != change["after"]
        assert all((ROOT / test).is_file() for test in change["tests"].split())
