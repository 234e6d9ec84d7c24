"""Checks of the ontology folder before anything is labelled: each refused row is named with its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.database import DatabaseFault, matching_texts, run_sql_file
from curation.errors import CurationError
from curation.resources import sql_folder

if TYPE_CHECKING:
    from curation.database import Connection

MAX_PATTERNS = 500  # phrases are joined and may be many; each pattern reads texts of its own
HARMLESS = ("", "sample 1", "GSM000001", "rep2", "control", "total RNA", "patient 12", "treated", "untreated", "F", "54", "n/a", "zzyzx")
SHOWN = 3


class OntologyFault(CurationError):
    """A file of the ontology folder is missing, or a row of it cannot be used."""


def check_reference(con: Connection, part: str = "reference") -> None:
    """Raise OntologyFault with file, line and reason for the first row that makes no sense, and how many there are.

    `part` is a folder of sql/checks: `reference` for what is compiled, `overrides` for the decisions that are read with every command.
    """
    for path in sorted((sql_folder() / "checks" / part).glob("*.sql")):
        rows = run_sql_file(con, path).fetchall()
        if rows:
            file, line, what = rows[0]
            more = f" ({len(rows)} rows are wrong in this way)" if len(rows) > 1 else ""
            raise OntologyFault(f"{file} line {line}: {what}{more}; correct the row")


def check_patterns(con: Connection) -> None:
    """Raise OntologyFault for too many patterns, one that RE2 cannot compile, and one that matches what says nothing."""
    rules = con.execute("SELECT line, rule_id, text FROM rule WHERE match = 'pattern' ORDER BY line").fetchall()
    if len(rules) > MAX_PATTERNS:
        raise OntologyFault(f"rules.tsv holds {len(rules)} patterns, more than {MAX_PATTERNS}; write words as phrases, they cost nothing")
    for line, rule_id, pattern in rules:
        try:
            hits = matching_texts(con, pattern, HARMLESS)
        except DatabaseFault as error:
            raise OntologyFault(f"rules.tsv line {line}: {rule_id}: {error}") from error
        if hits:
            raise OntologyFault(
                f"rules.tsv line {line}: {rule_id}: {pattern!r} matches {hits[0]!r}, so it would match everything; make it narrower"
            )
