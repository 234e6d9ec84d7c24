"""`curate term`: find a term by words, a synonym or an id, among tissues, cells, diseases and stages of life."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.errors import CurationError

if TYPE_CHECKING:
    from curation.database import Connection

MOST = 15
NEAR = 3
ID = re.compile(r"[A-Za-z]+:[0-9]+")
ALIKE = 0.88  # Jaro-Winkler; below, names are no longer misspellings of each other


class UnknownTerm(CurationError):
    """Words name no term, or several."""


@dataclass(frozen=True)
class Found:
    """One term: the name or synonym that the words met, and how (0 the same words, 1 all words within, 2 alike)."""

    term_id: str
    name: str
    synonym: str
    tissue: str
    distance: int


NAMES = """
SELECT term.term_id, term.name, term.synonym, coalesce(term_tissue.tissue, '') AS tissue FROM term LEFT JOIN term_tissue USING (term_id)
UNION ALL SELECT term_id, name, synonym, '' FROM disease_name WHERE term_id NOT IN (SELECT term_id FROM term)
UNION ALL SELECT term_id, name, synonym, '' FROM development_stage
"""
SEARCH = f"""
WITH named AS ({NAMES}),
judged AS (
    SELECT *, CASE
        WHEN lower(term_id) = lower(trim($words)) OR words(synonym) = words($words) THEN 0
        WHEN list_has_all(string_split(words(synonym), ' '), string_split(words($words), ' ')) THEN 1
        WHEN jaro_winkler_similarity(words(synonym), words($words)) >= $alike THEN 2
    END AS distance
    FROM named
)
SELECT term_id, any_value(name) AS name, arg_min(synonym, (distance, synonym <> name, length(synonym), synonym)) AS synonym,
    any_value(tissue) AS tissue, min(distance) AS distance
FROM judged WHERE distance IS NOT NULL
GROUP BY term_id
ORDER BY min(judged.distance), min(length(judged.synonym)), term_id
LIMIT $most
"""


def find_terms(con: Connection, words: str, most: int = MOST) -> list[Found]:
    """The terms whose id, name or synonym is `words`, holds all of them, or is spelled alike; the nearest first."""
    if not words.strip():
        raise UnknownTerm("give some words, or an id such as UBERON:0002107")
    rows = con.execute(SEARCH, {"words": words, "alike": ALIKE, "most": most}).fetchall()
    return [Found(*row) for row in rows]


def nearest_terms(con: Connection, words: str) -> list[str]:
    """What is spelled most like words that are like nothing: an id among ids, words among names and synonyms; as `ID (name)`."""
    by = "term_id" if ID.fullmatch(words.strip()) else "synonym"
    rows = con.execute(
        f"SELECT term_id, any_value(name) AS name FROM ({NAMES}) GROUP BY term_id "
        f"ORDER BY min(damerau_levenshtein(lower({by}), lower($words))), term_id LIMIT $most",
        {"words": words.strip(), "most": NEAR},
    ).fetchall()
    return [f"{term_id} ({name})" for term_id, name in rows]


def one_term(con: Connection, words: str) -> str:
    """The id that the words mean: an id itself, or the one term of that name; a name before a synonym. Raises UnknownTerm with the nearest."""
    found = find_terms(con, words)
    same = [term for term in found if term.distance == 0]
    named = [term for term in same if term.name.lower() == words.strip().lower()] or same
    if len(named) == 1:
        return named[0].term_id
    near = ", ".join([f"{term.term_id} ({term.name})" for term in (named or found)[:5]] or nearest_terms(con, words))
    what = f"{len(named)} terms are called so" if named else "no term is called so"
    raise UnknownTerm(f"{words!r}: {what}" + (f"; there are {near}" if near else "") + "; give one id")
