"""Audits: questions that a curator asks, one SQL file each in sql/audits; and SELECTs of a reader's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.database import reading, run_select, tables_of
from curation.errors import CurationError
from curation.facts import refuse_without_facts
from curation.release import refuse_newer
from curation.remote.cache import Cached
from curation.remote.place import Place, Remote
from curation.resources import sql_folder
from profiles.nearest import near

DATABASE = "curation.duckdb"
OLD = "old"
OF_FACTS = re.compile(r"\b(?:FROM|JOIN) (?:fact|sample_fact|fact_rule)\b")


class UnknownAudit(CurationError):
    """There is no audit of that name, or it needs a second build."""


@dataclass(frozen=True)
class Audit:
    """One question: the first comment line of its file; `compares` when it reads a second build, attached as `old`."""

    name: str
    question: str
    path: Path
    compares: bool


@dataclass(frozen=True)
class Answer:
    """Column names and rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def database_of(place: Place) -> Path | Cached:
    """The database file of a release, or the file itself. Raises BadRelease for a release of a newer program."""
    if isinstance(place, Remote):
        return place.file(DATABASE)
    if place.is_dir():
        refuse_newer(place)
        return place / DATABASE
    return place


def list_audits() -> list[Audit]:
    """All audits by name."""
    audits = []
    for path in sorted((sql_folder() / "audits").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        question = text.splitlines()[0].removeprefix("--").partition(":")[2].strip()
        audits.append(Audit(path.stem, question, path, f"{OLD}." in text))
    return audits


def run_audit(place: Place, name: str, against: Place | None = None) -> Answer:
    """Answer one audit on a release; `against` is the older release that it compares with. Raises UnknownAudit, DatabaseFault."""
    known = {audit.name: audit for audit in list_audits()}
    if name not in known:
        raise UnknownAudit(f"no audit is called {name!r}{near(name, known)}; there are {', '.join(known)}")
    audit = known[name]
    if audit.compares and against is None:
        raise UnknownAudit(f"{name} compares two builds; give the older one with --against")
    attached = {OLD: database_of(against)} if audit.compares and against else {}
    with reading(database_of(place), attached) as con:
        question = audit.path.read_text(encoding="utf-8")
        if OF_FACTS.search(question):
            refuse_without_facts(tables_of(con), place)
        return Answer(*run_select(con, question))


def run_query(place: Place, query: str, *, seconds: float = 0, most_rows: int = 0) -> Answer:
    """Answer one SELECT of the reader's own, with no access outside the database, within `seconds` and `most_rows` (0: any). Raises DatabaseFault."""
    with reading(database_of(place)) as con:
        return Answer(*run_select(con, query, seconds=seconds, most_rows=most_rows))
