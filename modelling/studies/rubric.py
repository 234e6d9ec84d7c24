"""A rubric: which tissues count as right for each category of an outside cohort, in one or more ways of counting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelling.errors import ModellingError
from profiles.metadata import read_frame
from profiles.nearest import near
from profiles.resources import ontology_folder

NOT_A_WAY = ("category", "reason")


class RubricError(ModellingError):
    """A rubric cannot be found or read."""


@dataclass(frozen=True)
class Rubric:
    """`accepted`: way of counting -> category -> tissues."""

    name: str
    accepted: dict[str, dict[str, frozenset[str]]]

    @property
    def categories(self) -> list[str]:
        """The categories of the cohort, in the order of the table."""
        return list(next(iter(self.accepted.values())))

    def notes(self, tissues: list[str], categories: set[str]) -> list[str]:
        """What is accepted for these categories that the model cannot say: single tissues, and categories that it can never get right."""
        known, notes = set(tissues), []
        for way, rows in self.accepted.items():
            asked = {category: named for category, named in rows.items() if category in categories}
            unknown = sorted({tissue for named in asked.values() for tissue in named} - known)
            lost = [category for category, named in asked.items() if not named & known]
            if unknown:
                notes.append(f"rubric {self.name}, {way}: the model does not know {', '.join(unknown)} and can never call it")
            if lost:
                notes.append(
                    f"rubric {self.name}, {way}: no accepted tissue of {', '.join(lost)} is known to the model; left out of this column's scores"
                )
        return notes


def load_rubric(name: str) -> Rubric:
    """A rubric by path, or by the name of a shipped one. Raises RubricError."""
    path = Path(name)
    if not path.is_file():
        path = (ontology_folder() / "rubrics") / f"{name}.tsv"
    if not path.is_file():
        shipped = sorted(file.stem for file in (ontology_folder() / "rubrics").glob("*.tsv"))
        raise RubricError(f"no rubric {name!r}: neither a file nor one of the shipped ones ({', '.join(shipped)}){near(name, shipped)}")
    table = read_frame(path, str(path)).raw
    rows, header = list(table.iter_rows(named=True)), table.columns
    ways = [column for column in header if column not in NOT_A_WAY]
    if "category" not in header or not ways or not rows:
        raise RubricError(f"{path}: needs a header with `category` and at least one column of accepted tissues, and rows; found {header}")
    accepted: dict[str, dict[str, frozenset[str]]] = {way: {} for way in ways}
    for number, row in enumerate(rows, start=2):
        category = (row["category"] or "").strip()
        if not category or category in accepted[ways[0]]:
            raise RubricError(f"{path}, line {number}: category {category!r} is empty or occurs twice")
        for way in ways:
            tissues = frozenset(word.strip() for word in (row[way] or "").split("|") if word.strip())
            if not tissues:
                raise RubricError(f"{path}, line {number}: {category!r} accepts no tissue in column {way!r}")
            accepted[way][category] = tissues
    return Rubric(path.stem, accepted)
