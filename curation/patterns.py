"""The rules that are patterns: regular expressions over whole texts, each compiled once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation.database import Connection

NOTHING = r"\b\B"  # matches no text
BESIDE_A_PHRASE = (
    *("about_the_person", "beside_word", "denial", "denial_behind", "disease_word"),
    *("made_into", "origin_after", "origin_before"),
)  # lists of vocabulary.tsv that are asked about words around a phrase
ANY_NUMBER = r"\[(?:a-z)?0-9\]\+|\)\{\d,\d\}"  # parts of a pattern that hold digits and take one number like another
TELLS_NUMBERS = r"\d|\\d|(?:\\w|[^\\]\.)(?:[^*+]|$)"


def any_pattern(con: Connection) -> str:
    """The alternation of all patterns, for the step suspect."""
    rules = con.execute("SELECT text FROM rule WHERE match = 'pattern' ORDER BY rule_id").fetchall()
    return "|".join(f"(?:{pattern})" for (pattern,) in rules) or NOTHING


def phrasing(con: Connection) -> dict[str, Any]:
    """The patterns of vocabulary.tsv by the name of their list, each the alternation of its rows; and `numbers_differ`, whether a word or
    pattern that is held against the words beside a phrase tells one number from another.

    They are handed to the statements as parameters, because a pattern that comes from a column would be compiled again for every row.
    """
    rows = con.execute(
        "SELECT list, string_agg('(?:' || word || ')', '|' ORDER BY word) FROM vocabulary WHERE match = 'pattern' GROUP BY list"
    )
    patterns = dict(rows.fetchall())
    beside = con.execute("SELECT word FROM vocabulary WHERE list IN (SELECT unnest($lists))", {"lists": list(BESIDE_A_PHRASE)}).fetchall()
    return patterns | {"numbers_differ": any(re.search(TELLS_NUMBERS, re.sub(ANY_NUMBER, "", word)) for (word,) in beside)}


def pattern_hit(con: Connection) -> None:
    """pattern_hit: one row per suspect text and pattern rule that matches it.

    Filled rule by rule, because a pattern that comes from a column would be compiled again for every row.
    """
    con.execute("CREATE OR REPLACE TABLE pattern_hit (text_id UBIGINT, field VARCHAR, rule_id VARCHAR, matched_text VARCHAR)")
    from curation.database import fetch_first

    (n_suspects,) = fetch_first(con, "SELECT count(*) FROM suspect") or (0,)
    rules = con.execute("SELECT rule_id, text, fields FROM rule WHERE match = 'pattern' ORDER BY rule_id").fetchall()
    for rule_id, pattern, fields in rules if n_suspects else []:
        con.execute(
            "INSERT INTO pattern_hit SELECT text_id, field, $rule_id, trim(regexp_extract(repaired, $pattern), ' _') FROM suspect "
            "WHERE regexp_matches(repaired, $pattern) AND ($fields = 'any' OR list_contains(string_split($fields, ','), field))",
            {"rule_id": rule_id, "pattern": pattern, "fields": fields},
        )
