"""From sample to evidence and label: runs the labelling steps of sql/build and the rules that are patterns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from curation.database import run_sql_file
from curation.errors import CurationError
from curation.resources import sql_folder

if TYPE_CHECKING:
    from curation.database import Connection

TEXT_STEPS = ("23_piece", "24_text", "24_sample_text", "25_hit")
EVIDENCE_STEPS = ("27_evidence", "28_declared", "29_override")
LABEL_STEPS = ("30_proposal", "31_candidate_label", "32_cell_line", "33_winner", "33_finest", "33_place", "34_label", "34_explained_label")
READ_LENGTH = 4_000  # characters of one text in which words are read
REACH = 0.004  # tissues whose best evidence differs by less are ambiguous; a step between neighbouring weights is 0.005


class UnusedOverride(CurationError):
    """An override applies to no sample, or two of them contradict each other."""


def label_samples(con: Connection, *, every_override_applies: bool = True) -> list[str]:
    """Fill text, evidence and label from `sample` and the reference tables (see ontology.load_reference); returns notes for the report.

    The same rows in another order give the same labels. Raises UnusedOverride when an override matches no sample (unless told that some may not,
    as for a table of one's own) or contradicts another.
    """
    _run(con, TEXT_STEPS, {"read_length": READ_LENGTH})
    match_patterns(con)
    _run(con, EVIDENCE_STEPS)
    _check_overrides(con, every_override_applies)
    _run(con, LABEL_STEPS, {"reach": REACH})
    ((n_cut,),) = con.execute("SELECT count(DISTINCT sample_id) FROM sample_text JOIN text USING (text_id) WHERE is_cut").fetchall()
    return [f"{n_cut:,} samples have a text of more than {READ_LENGTH:,} characters; its words were read up to there"] if n_cut else []


def match_patterns(con: Connection) -> None:
    """Fill pattern_hit: every pattern rule over the texts that at least one of them matches."""
    rules = con.execute("SELECT rule_id, text, fields FROM rule WHERE match = 'pattern' ORDER BY rule_id").fetchall()
    any_pattern = "|".join(f"(?:{pattern})" for _, pattern, _ in rules) or r"\b\B"
    run_sql_file(con, sql_folder() / "build" / "26_pattern.sql", {"any_pattern": any_pattern})
    for rule_id, pattern, fields in rules:
        con.execute(
            "INSERT INTO pattern_hit SELECT text_id, field, $rule_id, regexp_extract(repaired, $pattern) FROM suspect "
            "WHERE regexp_matches(repaired, $pattern) AND ($fields = 'any' OR list_contains(string_split($fields, ','), field))",
            {"rule_id": rule_id, "pattern": pattern, "fields": fields},
        )


def _run(con: Connection, steps: tuple[str, ...], parameters: Mapping[str, Any] | None = None) -> None:
    for step in steps:
        run_sql_file(con, sql_folder() / "build" / f"{step}.sql", parameters)


def _check_overrides(con: Connection, every_one_applies: bool) -> None:
    unused = con.execute(
        "SELECT line, override_id, scope, target FROM override ANTI JOIN override_hit USING (override_id) ORDER BY line"
    ).fetchall()
    if unused and every_one_applies:
        line, override_id, scope, target = unused[0]
        raise UnusedOverride(
            f"overrides.tsv line {line}: {override_id} matches no {scope} {target!r} ({len(unused)} rows match nothing); correct the target or delete the row"
        )
    clash = con.execute(
        "SELECT sample_id, list(override_id ORDER BY override_id), min(line) FROM override_hit WHERE is_effective "
        "GROUP BY sample_id HAVING count(DISTINCT coalesce(term_id, '')) > 1 OR count(DISTINCT is_cell_line) > 1 ORDER BY sample_id"
    ).fetchall()
    if clash:
        sample_id, ids, line = clash[0]
        raise UnusedOverride(
            f"overrides.tsv line {line}: {' and '.join(ids)} contradict each other for {sample_id} ({len(clash)} samples); keep one"
        )
