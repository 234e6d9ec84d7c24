"""From texts to facts: the stage facts, and its patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.errors import CurationError
from profiles.nearest import near

if TYPE_CHECKING:
    from collections.abc import Collection, Container

    from curation.database import Connection
    from curation.remote.place import Place

KNOWN = (
    "disease",
    "tissue_status",
    "sex",
    "age",
    "development_stage",
    "treatment",
    "is_control",
    "is_xenograft",
    "is_organoid",
    "donor_id",
    "origin_tissue",
)


BOOLEANS = ("true", "false")
CLOSED = {
    "sex": ("female", "male"),
    "tissue_status": ("tumour", "adjacent normal", "normal"),
    "is_control": BOOLEANS,
    "is_xenograft": BOOLEANS,
    "is_organoid": BOOLEANS,
}
UNITS = ("year", "month", "week", "day", "week of gestation")


SUSPECTS = "CREATE OR REPLACE TEMP TABLE fact_suspect AS SELECT text_id, field, repaired FROM text LIMIT 0"
SUSPECT = """
INSERT INTO fact_suspect SELECT text_id, field, repaired FROM text
WHERE list_contains($fields, field) AND regexp_matches(repaired, $any_pattern)
    AND split_part(normalised, ' | ', 1) NOT IN (SELECT word FROM vocabulary WHERE list = 'says_nothing')
"""


class NoFacts(CurationError):
    """A release was built before facts were read."""


def refuse_without_facts(tables: Container[str], place: Place) -> None:
    """Raise NoFacts when the database of `place` has no table of facts."""
    if "fact" not in tables:
        raise NoFacts(
            f"{place} was built by schema 1 and has no facts; build it again with `curate build`, or label again with `curate label`"
        )


def value_fault(fact: str, value: str, tissues: Collection[str]) -> str:
    """What is wrong with the value that a person gives a fact, empty where nothing is; an age is a number and, unless years, its unit."""
    if fact in CLOSED:
        return "" if value in CLOSED[fact] else f"{fact} is one of {', '.join(CLOSED[fact])}, not {value!r}{near(value, CLOSED[fact])}"
    if fact == "origin_tissue":
        return "" if value in tissues else f"origin_tissue is one of the tissues of tissues.tsv, not {value!r}{near(value, tissues)}"
    if fact == "age":
        number, _, unit = value.partition(" ")
        is_age = number.replace(".", "", 1).isdigit() and unit in ("", *UNITS)
        return "" if is_age else f"an age is a number, with a unit unless it counts years ({', '.join(UNITS)}): not {value!r}"
    return ""


def fact_pattern_hit(con: Connection) -> None:
    """fact_pattern_hit: one row per text and pattern of fact_rules.tsv that matches it, with the value that its brackets cut out.

    Filled rule by rule, because a pattern that comes from a column would be compiled again for every row; each rule reads the few texts only
    that the alternation of the patterns of their field matches.
    """
    con.execute(
        "CREATE OR REPLACE TABLE fact_pattern_hit (text_id UBIGINT, field VARCHAR, fact VARCHAR, value VARCHAR, ontology_term_id VARCHAR, "
        "unit VARCHAR, rule VARCHAR, matched_text VARCHAR)"
    )
    rules = con.execute(
        "SELECT rule_id AS rule, fact, text AS pattern, string_split(fields, ',') AS fields, coalesce(value, '') AS value, ontology_term_id AS term, "
        "unit FROM fact_rule WHERE match = 'pattern' ORDER BY rule_id"
    ).fetchall()
    present = _fact_suspect(con, [(pattern, fields) for _, _, pattern, fields, *_ in rules])
    found: set[str] = set()  # facts of which a text has one already
    for rule, fact, pattern, fields, value, term, unit in rules:
        if present.isdisjoint(fields):
            continue
        group = int(value[1:]) if value[:1] == "\\" else None
        ((n_found,),) = con.execute(
            "INSERT INTO fact_pattern_hit SELECT text_id, field, $fact, "
            + ("$value" if group is None else f"trim(regexp_extract(repaired, $pattern, {group}))")
            + ", $term, $unit, $rule, trim(regexp_extract(repaired, $pattern)) FROM fact_suspect "
            "WHERE list_contains($fields, field) AND regexp_matches(repaired, $pattern)"
            + (" AND text_id NOT IN (SELECT text_id FROM fact_pattern_hit WHERE fact = $fact)" if fact in found else ""),
            {"rule": rule, "fact": fact, "pattern": pattern, "fields": fields, "term": term, "unit": unit}
            | ({"value": value} if group is None else {}),
        ).fetchall()
        found |= {fact} if n_found else set()
    con.execute("DROP TABLE fact_suspect")


def _fact_suspect(con: Connection, patterns: list[tuple[str, list[str]]]) -> set[str]:
    """fact_suspect: one row per text that a pattern of its field matches. Returns the fields that any text has."""
    present = {field for (field,) in con.execute("SELECT DISTINCT field FROM text").fetchall()}
    asked: dict[str, list[str]] = {}  # alternation of the patterns of a field -> the fields that have it
    for name in sorted(present):
        asked.setdefault("|".join(f"(?:{pattern})" for pattern, fields in patterns if name in fields), []).append(name)
    con.execute(SUSPECTS)
    for any_pattern, names in asked.items():
        if any_pattern:
            con.execute(SUSPECT, {"any_pattern": any_pattern, "fields": names})
    return present
