"""Search as people think: names, synonyms, adjectives and ids of UBERON and CL, with all that is within a term."""

from __future__ import annotations

import csv
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from profiles.resources import ontology_folder

WITHIN = "within"


class TermSummary(TypedDict):
    """A term, the word that found it, and how many reference samples are within it."""

    term_id: str
    name: str
    word: str
    n_samples: int


def tissue_terms() -> dict[str, str]:
    """The term that each tissue is named after: of its roots the one with its name, else the first organ."""
    found: dict[str, str] = {}
    with (ontology_folder() / "tissues.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["root_name"] == row["tissue"].replace("_", " ") or (row["tissue"] not in found and row["root_id"].startswith("UBERON")):
                found[row["tissue"]] = row["root_id"]
    return found


@dataclass
class Terms:
    """The terms of the reference samples and all that contains them.

    term_ids: the finest term of each reference sample; tissues: its tissue, whose own term stands for one that the ontologies do not know.
    """

    term_ids: list[str]
    tissues: Sequence[str]
    name: dict[str, str] = field(init=False, default_factory=dict)
    _terms_of: dict[str, set[str]] = field(init=False)
    _parents: dict[str, list[str]] = field(init=False, default_factory=dict)
    _above: dict[str, set[str]] = field(init=False)
    _count: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self._terms_of = defaultdict(set)
        for term_id, name, words, parents in _ontology():
            self.name[term_id], self._parents[term_id] = name, parents
            for word in (term_id, name, *words):
                self._terms_of[word.lower()].add(term_id)
        for word, term_id in _curated_words():
            self._terms_of[word.lower()].add(term_id)
        of_tissue = tissue_terms()
        self.term_ids = [
            term_id if term_id in self.name else of_tissue.get(tissue, "")
            for term_id, tissue in zip(self.term_ids, self.tissues, strict=True)
        ]
        held = Counter(term_id for term_id in self.term_ids if term_id)
        self._above = {term_id: self._containing(term_id) for term_id in held}
        self._count = Counter()
        for term_id, n in held.items():
            self._count.update(dict.fromkeys(self._above[term_id], n))

    def _containing(self, term_id: str) -> set[str]:
        """A term and all above it."""
        found, waiting = {term_id}, [term_id]
        while waiting:
            for parent in self._parents.get(waiting.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found

    def find(self, text: str, most: int) -> list[TermSummary]:
        """Terms that hold reference samples and are called `text`; whose name begins with it; another of their words does, the shortest first; or holds it."""
        wanted = text.strip().lower()
        best: dict[str, tuple[int, int, str]] = {}
        for word, term_ids in self._terms_of.items():
            if wanted not in word:
                continue
            begins = word.startswith(wanted)
            for term_id in term_ids:
                kind = 0 if word == wanted else 1 if begins and word == self.name[term_id].lower() else 2 if begins else 3
                rank = (kind, len(word), word)
                if self._count[term_id] and (term_id not in best or rank < best[term_id]):
                    best[term_id] = rank
        ordered = sorted(
            best, key=lambda term_id: (best[term_id][0], best[term_id][1] if best[term_id][0] == 2 else 0, -self._count[term_id], term_id)
        )
        return [self._summary(term_id, best[term_id][2]) for term_id in ordered[:most]]

    def rows(self, term_id: str) -> list[int]:
        """The reference samples (rows) within a term."""
        return [row for row, held in enumerate(self.term_ids) if held and term_id in self._above[held]]

    def parts(self, rows: Iterable[int]) -> list[TermSummary]:
        """The finest terms of these reference samples, the most frequent first."""
        n_of = Counter(self.term_ids[int(row)] for row in rows)
        return [{**self._summary(term_id, ""), "n_samples": n} for term_id, n in n_of.most_common() if term_id]

    def _summary(self, term_id: str, word: str) -> TermSummary:
        name = self.name.get(term_id, term_id)
        return {
            "term_id": term_id,
            "name": name,
            "word": "" if word in (name.lower(), term_id.lower()) else word,
            "n_samples": self._count[term_id],
        }


def _ontology() -> Iterable[tuple[str, str, list[str], list[str]]]:
    """(id, name, synonyms, parents) of each term in use."""
    import pronto

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held = pronto.Ontology(str(ontology_folder() / "uberon.obo.gz"))
    for term in held.terms():
        if term.obsolete:
            continue
        parents = [other.id for other in term.superclasses(distance=1, with_self=False)]
        parents += [other.id for relation, others in term.relationships.items() if relation.id == WITHIN for other in others]
        yield term.id, term.name or term.id, [synonym.description for synonym in term.synonyms], parents


def _curated_words() -> Iterable[tuple[str, str]]:
    """(phrase, term) of the curation's rules: adjectives and laboratory words that the ontologies lack."""
    with (ontology_folder() / "rules.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["verdict"] == "map" and row["match"] == "phrase" and row["term_id"]:
                yield row["text"], row["term_id"]
