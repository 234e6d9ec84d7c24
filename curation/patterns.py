"""The rules that are patterns: regular expressions over whole texts, each compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation.database import Connection

NOTHING = r"\b\B"  # matches no text


def any_pattern(con: Connection) -> str:
    """The alternation of all patterns, for the step suspect."""
    rules = con.execute("SELECT text FROM rule WHERE match = 'pattern' ORDER BY rule_id").fetchall()
    return "|".join(f"(?:{pattern})" for (pattern,) in rules) or NOTHING


def phrasing(con: Connection) -> dict[str, str]:
    """The patterns of vocabulary.tsv by the name of their list, each the alternation of its rows.

    They are handed to the statements as parameters, because a pattern that comes from a column would be compiled again for every row.
    """
    rows = con.execute(
        "SELECT list, string_agg('(?:' || word || ')', '|' ORDER BY word) FROM vocabulary WHERE match = 'pattern' GROUP BY list"
    )
    return dict(rows.fetchall())


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
