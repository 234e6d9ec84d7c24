"""Conditions of a query: `tissue=brain, sex=female, age=20..40`, and single words whose field they tell themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from curation.query.terms import Meaning, Terms, UnknownName
from profiles.nearest import near

FACTS = ("disease", "sex", "age", "status", "stage", "donor", "treatment", "origin")  # of samples, from schema 2 on
WORDS = {  # field -> {what may be written: what the column holds}
    "sex": {"female": "female", "f": "female", "woman": "female", "pato:0000383": "female"}
    | {"male": "male", "m": "male", "man": "male", "pato:0000384": "male"},
    "status": {"tumour": "tumour", "tumor": "tumour", "cancer": "tumour", "normal": "normal", "healthy": "normal"}
    | {"adjacent normal": "adjacent normal", "adjacent": "adjacent normal"},
}
COLUMN = {
    "source": "source",
    "study": "series_id",
    "split": "split",
    "sex": "sex",
    "status": "tissue_status",
    "stage": "development_stage",
    "donor": "donor_id",
    "origin": "origin_tissue",
    "sample": "sample_id",
}
SYNONYMS = {
    "cell type": "cell_type",
    "cell": "cell_type",
    "series": "study",
    "series_id": "study",
    "tissue_status": "status",
    "development_stage": "stage",
    "donor_id": "donor",
    "origin_tissue": "origin",
    "sample_id": "sample",
}
FIELDS = ("tissue", "cell_type", "disease", "age", *COLUMN)
HEALTHY = {"normal", "healthy", "none", "pato:0000461"}
GUESSED = (
    "source",
    "split",
    "sex",
    "status",
    "tissue",
    "cell_type",
    "disease",
    "study",
    "sample",
)  # the order in which a word's field is looked for
NAMED = "|".join(sorted(map(re.escape, (*FIELDS, *SYNONYMS)), key=len, reverse=True))
CONDITION = re.compile(rf"\s*({NAMED})\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*", re.IGNORECASE | re.DOTALL)
BETWEEN = re.compile(rf"\s*[,;\n]\s*|\s+AND\s+|\s+(?:and\s+)?(?=(?:{NAMED})\s*(?:!=|>=|<=|=|>|<))")
QUOTED = re.compile(r'"([^"]*)"')
RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:\.\.|-)\s*(\d+(?:\.\d+)?)")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
IN_TERMS = "({0} IN (SELECT unnest(${1})))"


@dataclass(frozen=True)
class Condition:
    """One condition: as written, as SQL over `samples` with named parameters, and what it was taken for."""

    text: str
    sql: str
    parameters: dict[str, Any]
    meaning: str


def parse(query: str, terms: Terms) -> list[Condition]:
    """The conditions of a query, all of which must hold. Raises UnknownName with the nearest names."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match.group(1))
        return f"\x00{len(held) - 1}\x00"

    parts = [part for part in BETWEEN.split(QUOTED.sub(hold, query)) if part.strip()]
    whole = [re.sub(r"\x00(\d+)\x00", lambda m: held[int(m.group(1))], part.strip()) for part in parts]
    return [_condition(text, f"p{i}", terms) for i, text in enumerate(whole)]


def _condition(text: str, name: str, terms: Terms) -> Condition:
    match = CONDITION.fullmatch(text)
    if match is None:
        return _guessed(text, name, terms)
    key = match.group(1).lower()
    field, sign, value = SYNONYMS.get(key, key), match.group(2), match.group(3)
    if not value:
        raise UnknownName(f"{text!r} says no value; write {field}=NAME")
    if sign not in ("=", "!=") and field != "age":
        raise UnknownName(f"{text!r}: {field} is a name; only age can be compared with {sign}")
    _refuse_without_facts(field, terms)
    if field == "age":
        return Condition(text, _age(sign, value, text), {}, "years")
    found = [_one(field, part.strip(), f"{name}_{i}", terms) for i, part in enumerate(value.split("|"))]
    if missing := [part for part, one in zip(value.split("|"), found, strict=True) if one is None]:
        raise UnknownName(_unknown(field, missing[0].strip(), terms))
    alternatives = [one for one in found if one is not None]
    sql = " OR ".join(one.sql for one in alternatives)
    parameters = {key: value for one in alternatives for key, value in one.parameters.items()}
    meaning = " or ".join(one.meaning for one in alternatives)
    if sign == "!=":  # three-valued: what does not state it is neither
        stated = {"tissue": "tissue", "cell_type": "cell_type_ontology_term_id", "disease": "disease"}.get(field) or COLUMN[field]
        return Condition(text, f"coalesce({stated}, '') <> '' AND NOT coalesce({sql}, false)", parameters, f"stated, and not {meaning}")
    return Condition(text, sql, parameters, meaning)


def _guessed(word: str, name: str, terms: Terms) -> Condition:
    """A word without a field: the first field that knows it."""
    for field in GUESSED:
        if field in FACTS and "sample_fact" not in terms.tables:
            continue
        if (found := _one(field, word, f"{name}_0", terms)) is not None:
            return Condition(word, found.sql, found.parameters, f"{field}: {found.meaning}")
    if sign := re.search(r"!=|>=|<=|=|>|<", word):
        asked = word[: sign.start()].strip()
        fields = [*FIELDS, *(name for name in SYNONYMS if " " not in name)]
        raise UnknownName(
            f"{word!r}: there is no {asked!r} to ask for{near(asked, fields)}; there are {', '.join(FIELDS)}, and --where for SQL"
        )
    raise UnknownName(f"{word!r} names no {', '.join(GUESSED)} here; near it: {', '.join(_near('tissue', word, terms))}")


def _refuse_without_facts(field: str, terms: Terms) -> None:
    if field in FACTS and "sample_fact" not in terms.tables:
        hint = "; `--where is_tumour` works" if field == "status" else ""
        raise UnknownName(f"{terms.place} was built by schema 1 and has no facts, so no {field}; build it again with `curate build`{hint}")


def _one(field: str, value: str, name: str, terms: Terms) -> Condition | None:
    """One alternative of one field; None where the field does not know the value."""
    reader: Callable[..., Condition | None] = {"tissue": _tissue, "cell_type": _cell_type, "disease": _disease}.get(field, _plain)
    return reader(field, value, name, terms)


def _tissue(field: str, value: str, name: str, terms: Terms) -> Condition | None:
    """A category is all that was put into it; any other name is its term and those below, of whichever column."""
    category = re.sub(r"[ -]+", "_", value.strip().lower())
    if category in terms.categories and not terms.exact:
        return Condition(value, f"tissue = ${name}", {name: category}, f"the category {category} with all its parts")
    found = terms.anatomy(value)
    if found is None and category in terms.categories:
        found = Meaning(terms.categories[category], f"{', '.join(terms.categories[category])}, nothing below")
    if found is None:
        return None
    columns = ("term_id", "tissue_ontology_term_id", "cell_type_ontology_term_id")
    return Condition(value, f"({' OR '.join(IN_TERMS.format(column, name) for column in columns)})", {name: found.ids}, found.said)


def _cell_type(field: str, value: str, name: str, terms: Terms) -> Condition | None:
    found = terms.anatomy(value)
    ids = [one for one in found.ids if one.startswith("CL:")] if found else []
    if found is None or not ids:
        return None
    columns = ("term_id", "cell_type_ontology_term_id")
    return Condition(value, f"({' OR '.join(IN_TERMS.format(column, name) for column in columns)})", {name: ids}, found.said)


def _disease(field: str, value: str, name: str, terms: Terms) -> Condition | None:
    if value.lower() in HEALTHY:
        return Condition(value, "disease = 'normal'", {}, "stated to be healthy")
    found = terms.disease(value)
    if found is None:
        return _stated("disease", value, name, terms)
    return Condition(value, IN_TERMS.format("disease_ontology_term_id", name), {name: found.ids}, found.said)


def _plain(field: str, value: str, name: str, terms: Terms) -> Condition | None:
    if field in WORDS:
        word = WORDS[field].get(value.lower())
        return (word and Condition(value, f"{COLUMN[field]} = ${name}", {name: word}, word)) or None
    if field == "study":  # a sample may belong to several series
        sql = f"list_contains(string_split(upper(series_id), ','), upper(${name})) OR upper(group_id) = upper(${name})"
        known = terms.con.execute(f"SELECT 1 FROM samples WHERE {sql} LIMIT 1", {name: value}).fetchall()
        return Condition(value, f"({sql})", {name: value}, "study") if known else None
    return _stated(COLUMN[field], value, name, terms)


def _stated(column: str, value: str, name: str, terms: Terms) -> Condition | None:
    """A value that the column of some sample holds, in any letters."""
    rows = terms.con.execute(f"SELECT min({column}) FROM samples WHERE lower({column}) = lower($value)", {"value": value}).fetchall()
    return Condition(value, f"lower({column}) = lower(${name})", {name: value}, str(rows[0][0])) if rows[0][0] is not None else None


def _age(sign: str, value: str, text: str) -> str:
    if (match := RANGE.fullmatch(value)) and sign == "=":
        return f"age_years BETWEEN {match.group(1)} AND {match.group(2)}"
    if NUMBER.fullmatch(value):
        return f"age_years {'<>' if sign == '!=' else sign} {value}"
    raise UnknownName(f"{text!r} is no age; write age=20..40, age>=60 or age=35, in years")


def _unknown(field: str, value: str, terms: Terms) -> str:
    alike = _near(field, value, terms)
    return f"{value!r} names no {field.replace('_', ' ')} of this release" + (
        f"; near it: {', '.join(alike)}" if alike else "; it states none"
    )


def _near(field: str, value: str, terms: Terms) -> list[str]:
    if field in WORDS:
        return sorted(set(WORDS[field].values()))
    anatomy = "SELECT name FROM term WHERE scope = 'NAME' UNION ALL SELECT synonym FROM term"
    if field == "tissue":
        return terms.near(value, f"SELECT tissue AS name FROM tissue UNION ALL {anatomy}")
    if field == "cell_type":
        return terms.near(
            value, "SELECT name FROM term WHERE term_id LIKE 'CL:%' UNION ALL SELECT synonym FROM term WHERE term_id LIKE 'CL:%'"
        )
    if field == "disease" and "disease_name" in terms.tables:
        return terms.near(value, "SELECT name FROM disease_name UNION ALL SELECT synonym FROM disease_name")
    return terms.near(value, f"SELECT {COLUMN.get(field, field)} AS name FROM samples")
