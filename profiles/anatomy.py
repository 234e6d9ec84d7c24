"""Where a tissue or term lies: ontology/uberon.obo.gz (is_a and part_of, one relation there), tissues.tsv, and the levels of levels.tsv."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from profiles.resources import ontology_folder


@dataclass(frozen=True)
class Level:
    """A part of the body that several tissues lie in; `organ_system` as tissues.tsv names it, empty where the ontology's relations decide."""

    level_id: str
    name: str
    organ_system: str


@dataclass
class Anatomy:
    """Terms with their names and the terms they lie in, the tissues with their root terms and organ systems, and the levels above them."""

    name: dict[str, str]
    parents: dict[str, tuple[str, ...]]
    roots: dict[str, tuple[str, ...]]
    system: dict[str, str]
    levels: list[Level]
    _above: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _by_name: dict[str, str] = field(default_factory=dict, repr=False)

    def above(self, term: str) -> frozenset[str]:
        """A term and all that it lies in; itself alone where the ontology does not know it."""
        if term not in self._above:
            seen, waiting = {term}, [term]
            while waiting:
                new = [parent for parent in self.parents.get(waiting.pop(), ()) if parent not in seen]
                seen.update(new)
                waiting += new
            self._above[term] = frozenset(seen)
        return self._above[term]

    def places(self, tissue: str) -> tuple[str, ...]:
        """The terms that stand for a tissue: the one of its name, else those roots whose name holds it, else all of its roots; () if unknown."""
        words = tissue.replace("_", " ")
        self._by_name = self._by_name or {name: term for term, name in self.name.items()}
        roots = self.roots.get(tissue, ())
        if words in self._by_name:
            return (self._by_name[words],)
        return tuple(root for root in roots if words in self.name.get(root, "")) or roots

    def organ_system(self, tissue: str) -> str:
        """As tissues.tsv says; of a tissue that it does not list, that of the tissue whose root it is. Empty if unknown."""
        if tissue in self.system:
            return self.system[tissue]
        places = self.places(tissue)
        return next((self.system[other] for other, roots in self.roots.items() if set(roots) & set(places)), "")

    def lies_in(self, tissue: str, level: Level) -> bool:
        """Whether a tissue lies in a level, in every place that it has."""
        if level.organ_system:
            return self.organ_system(tissue) == level.organ_system
        places = self.places(tissue)
        return bool(places) and all(level.level_id in self.above(place) for place in places)


def load_anatomy() -> Anatomy:
    """From the folder in use; each folder is read once (a tenth of a second)."""
    return _read(ontology_folder())


@cache
def _read(folder: Path) -> Anatomy:
    name: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    term = ""
    with gzip.open(folder / "uberon.obo.gz", "rt", encoding="utf-8") as file:
        for line in file:
            if line.startswith("id: "):
                term = line[4:].strip()
            elif line.startswith("name: ") and term:
                name[term] = line[6:].strip()
            elif line.startswith("relationship: within ") and term:
                parents[term] = (*parents.get(term, ()), line.split()[2])
            elif line.startswith("is_obsolete: true"):
                name.pop(term, None)
    roots: dict[str, tuple[str, ...]] = {}
    system: dict[str, str] = {}
    for row in _rows(folder / "tissues.tsv"):
        roots[row["tissue"]] = (*roots.get(row["tissue"], ()), row["root_id"])
        system[row["tissue"]] = row["organ_system"]
    levels = [Level(row["level_id"], row["level_name"], row["organ_system"]) for row in _rows(folder / "levels.tsv")]
    return Anatomy(name, parents, roots, system, levels)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
