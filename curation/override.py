"""A person's decisions about samples: added, imported, checked against ontology and build, and shown with what they would change."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

from curation.audit import database_of
from curation.database import Connection, connect, reading
from curation.errors import CurationError
from curation.facts import KNOWN, value_fault
from curation.resources import ontology_folder
from profiles import aside
from profiles.lock import Held, lock
from profiles.metadata import is_missing, read_frame
from profiles.nearest import near

TABLE = "overrides.tsv"
SCOPES = ("sample", "series", "text")
SHOWN = 5
WAIT_SECONDS = 120.0  # for another writer of the table: loading an ontology to check against takes seconds


class OverrideFault(CurationError):
    """An override cannot be: its term, its target, its form, or its clash with another one."""


@dataclass(frozen=True)
class Override:
    """One row of overrides.tsv. An empty `term_id` takes the label away; `is_cell_line` is true, false or empty (as the evidence says)."""

    override_id: str
    scope: str
    target: str
    term_id: str
    is_cell_line: str
    curator: str
    date: str
    reason: str
    fact: str = ""  # the fact that is decided about; empty: the label
    value: str = ""


COLUMNS = tuple(field.name for field in fields(Override))
ADDED = ("fact", "value")  # columns that a table written before schema 2 lacks


def read_overrides(folder: Path | None = None) -> list[Override]:
    """The rows of overrides.tsv in an ontology folder; a missing file has none. Raises OverrideFault."""
    path = (folder or ontology_folder()) / TABLE
    return _read_own(path) if path.exists() else []


def read_import(path: Path, known: Iterable[Override]) -> list[Override]:
    """Rows of a table (TSV, CSV, Excel) to import; its override_id column may be missing or empty, ids are then given. Raises OverrideFault."""
    rows = _read_any(path, optional=("override_id", *ADDED))
    taken = {row.override_id for row in known}
    named = []
    for row in rows:
        row = row if row.override_id else Override(**{**asdict(row), "override_id": next_id(taken)})
        if row.override_id in taken:
            raise OverrideFault(f"{path.name}: the id {row.override_id} is taken; leave override_id empty to get a new one")
        taken.add(row.override_id)
        named.append(row)
    return named


def _read_own(path: Path) -> list[Override]:
    """overrides.tsv as write_overrides leaves it: a quote is a quote, and every word is meant."""
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
            names = tuple(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OverrideFault(f"{path} cannot be read: {error}") from error
    _refuse_columns(path, names, ADDED)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise OverrideFault(f"{path.name} line {number} does not have {len(names)} tab-separated fields")
    return [Override(**{name: str(row.get(name) or "").strip() for name in COLUMNS}) for row in rows]


def _refuse_columns(path: Path, names: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in names and name not in optional]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown:
        told = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise OverrideFault(f"{path.name} {' and '.join(told)}; its columns are {', '.join(COLUMNS)}")


def _read_any(path: Path, optional: Sequence[str]) -> list[Override]:
    """Rows of a person's table of decisions, TSV, CSV or Excel; a word such as NA is no decision and read as empty, but not as a target."""
    found = read_frame(path)
    names = [plain_name(name) for name in found.frame.columns]
    _refuse_columns(path, [name for name in names if name], optional)
    rows = [dict(zip(names, row, strict=True)) for row in found.frame.iter_rows()]
    return [Override(**{name: _cell(name, row.get(name)) for name in COLUMNS}) for row in rows if any(row.values())]


def _cell(name: str, text: str | None) -> str:
    """A cell as a decision holds it: spreadsheets write TRUE, and NA where nothing stands."""
    if name in ("target", "curator", "reason"):
        return text or ""
    value = "" if is_missing(text) else text or ""
    return value.lower() if name in ("scope", "is_cell_line") else value


def plain_name(column: str) -> str:
    """A column's name as overrides.tsv has it: spreadsheets give `Is cell line`."""
    return re.sub(r"[\s.]+", "_", column.strip().lower())


def next_id(taken: Iterable[str]) -> str:
    """The first free id O0001, O0002, ..."""
    numbers = [int(name[1:]) for name in taken if name[:1] == "O" and name[1:].isdigit()]
    return f"O{max(numbers, default=0) + 1:04d}"


def check_form(rows: Iterable[Override]) -> None:
    """Raise OverrideFault for a row that says nothing, nobody, no reason or no day, and for two rows about one target."""
    seen: dict[tuple[str, str, str], str] = {}
    for row in rows:
        where = f"override {row.override_id}"
        if row.scope not in SCOPES:
            raise OverrideFault(f"{where}: scope is {row.scope!r}, it must be one of {', '.join(SCOPES)}")
        empty = [name for name in ("override_id", "target", "curator", "reason") if not getattr(row, name)]
        if empty:
            raise OverrideFault(f"{where} has no {', '.join(empty)}; every decision has a target, a person and a reason")
        if any(character in value for value in asdict(row).values() for character in "\t\r\n\0"):
            raise OverrideFault(f"{where} holds a tab, a line break or NUL; a row is one line of tab-separated fields")
        if row.is_cell_line not in ("", "true", "false"):
            raise OverrideFault(f"{where}: is_cell_line is {row.is_cell_line!r}, it must be true, false or empty")
        if row.fact and row.fact not in KNOWN:
            raise OverrideFault(f"{where}: there is no fact {row.fact!r}{near(row.fact, KNOWN)}; the facts are {', '.join(KNOWN)}")
        if bool(row.fact) != bool(row.value or (row.fact and row.term_id)):
            raise OverrideFault(f"{where}: a decision about a fact names it (--fact) and a value or a term for it")
        try:
            day = date.fromisoformat(row.date)
        except ValueError:
            raise OverrideFault(f"{where}: date is {row.date!r}, it must be a day such as 2026-01-31") from None
        if day > date.today():
            raise OverrideFault(f"{where}: its date {row.date} lies ahead")
        if (twin := seen.setdefault((row.scope, row.target, row.fact), row.override_id)) != row.override_id:
            raise OverrideFault(f"{where} and {twin} both decide about {row.scope} {row.target}; keep one")


def check_terms(con: Connection, rows: Iterable[Override]) -> None:
    """Raise OverrideFault for a term that the ontology does not have, with its successor where it was withdrawn, and for a value that a fact has not."""
    rows = list(rows)
    tissues = {tissue for (tissue,) in con.execute("SELECT DISTINCT tissue FROM tissue").fetchall()}
    for row in rows:
        if row.value and (fault := value_fault(row.fact, row.value, tissues)):
            raise OverrideFault(f"override {row.override_id}: {fault}")
    of_anatomy = ("", "origin_tissue")
    _check_fact_terms(con, {row.term_id for row in rows if row.term_id and row.fact not in of_anatomy})
    wanted = sorted({row.term_id for row in rows if row.term_id and row.fact in of_anatomy})
    live = {
        name for (name,) in con.execute("SELECT DISTINCT term_id FROM term WHERE list_contains($ids, term_id)", {"ids": wanted}).fetchall()
    }
    gone = con.execute("SELECT term_id, replaced_by FROM obsolete_term WHERE list_contains($ids, term_id)", {"ids": wanted}).fetchall()
    successor = {term: next_term for term, next_term in gone if next_term}
    bad = [f"{term} (withdrawn, now {successor[term]})" if term in successor else term for term in wanted if term not in live]
    if bad:
        raise OverrideFault(f"{len(bad)} of {len(wanted)} terms are not in the ontology: {', '.join(bad[:SHOWN])}")


def _check_fact_terms(con: Connection, wanted: set[str]) -> None:
    """Raise OverrideFault for a term that is no disease, quality or stage of life which facts may have."""
    if not wanted:
        return
    known = con.execute(
        "SELECT term_id FROM disease_name UNION SELECT term_id FROM development_stage "
        "UNION SELECT ontology_term_id FROM fact_rule WHERE ontology_term_id IS NOT NULL"
    ).fetchall()
    if bad := sorted(wanted - {name for (name,) in known}):
        raise OverrideFault(f"{len(bad)} terms of facts are not in the ontology folder: {', '.join(bad[:SHOWN])}; see `curate term WORDS`")


@contextmanager
def open_checks(folder: Path | None, db: Path | None) -> Iterator[Connection]:
    """A connection that knows the ontology: that of a build where one is given, else the ontology folder loaded in memory."""
    if db is not None:
        with reading(database_of(db)) as con:
            yield con
        return
    from curation.ontology import load_reference

    con = connect()
    try:
        load_reference(con, folder or ontology_folder())
        yield con
    finally:
        con.close()


def write_overrides(rows: Iterable[Override], folder: Path | None = None) -> Path:
    """Write overrides.tsv sorted by id, in one step. Raises OverrideFault when the folder cannot be written."""
    path = (folder or ontology_folder()) / TABLE
    ordered = sorted(rows, key=lambda row: row.override_id)
    lines = ["\t".join(COLUMNS), *("\t".join(asdict(row).values()) for row in ordered)]
    try:
        aside.write_text(path, "\n".join(lines) + "\n")
    except OSError as error:
        raise OverrideFault(f"{path} cannot be written: {error.strerror}; copy the ontology folder and give it with --ontology") from error
    return path


@contextmanager
def editing(folder: Path | None = None, *, wait: float = WAIT_SECONDS) -> Iterator[list[Override]]:
    """The rows of overrides.tsv, which nobody else changes until the block ends. Raises OverrideFault after `wait` seconds of somebody else's block."""
    path = (folder or ontology_folder()) / TABLE
    with ExitStack() as stack:
        try:
            stack.enter_context(lock(path.with_name(f".{TABLE}.lock"), wait=wait))
        except Held as error:
            raise OverrideFault(f"{path} is being changed by {error.holder}; try again when it has ended") from error
        except OSError as error:
            advice = "copy the ontology folder and give it with --ontology"
            raise OverrideFault(f"{path} cannot be written: {error.strerror}; {advice}") from error
        yield read_overrides(folder)
