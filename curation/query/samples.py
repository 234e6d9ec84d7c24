"""The view `samples` of a release, and the rows of it that meet conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.audit import database_of
from curation.database import Connection, DatabaseFault, fetch_arrow, reading, run_select, run_sql_file
from curation.errors import CurationError
from curation.query.conditions import Condition, parse
from curation.query.terms import Terms
from curation.resources import sql_folder

if TYPE_CHECKING:
    import pyarrow as pa

TEXT, YES = "VARCHAR", "BOOLEAN"
# Columns that releases of an earlier schema lack: they are there, and empty.
LABEL_COLUMNS = {"tissue_ontology_term_id": TEXT, "cell_type_ontology_term_id": TEXT, "is_cell_line": YES}
FACT_COLUMNS = {
    "sample_id": TEXT,
    "disease": TEXT,
    "disease_ontology_term_id": TEXT,
    "tissue_status": TEXT,
    "is_tumour": YES,
    "sex": TEXT,
    "age": "FLOAT",
    "age_unit": TEXT,
    "development_stage": TEXT,
    "treatment": TEXT,
    "is_control": YES,
    "is_xenograft": YES,
    "is_organoid": YES,
    "donor_id": TEXT,
    "origin_tissue": TEXT,
}


class NothingFound(CurationError):
    """No sample meets the conditions; the message says which of them emptied the answer."""


@dataclass(frozen=True)
class Selection:
    """The samples that meet all conditions.

    samples: the rows of the view, in the order of the matrix, those outside it last (only where they were asked for); conditions: what each
    was taken for, and how many samples meet it alone; n_outside: samples that meet all, but are not in the matrix and were not asked for;
    notes: what was missing in the release, and done instead.
    """

    samples: pa.Table
    conditions: list[tuple[Condition, int]]
    n_outside: int
    notes: list[str]

    def __len__(self) -> int:
        return int(self.samples.num_rows)


@contextmanager
def asking(place: Path) -> Iterator[Connection]:
    """A release's database, read-only, with the view `samples`. Raises DatabaseFault, also for a database that is none of a release."""
    with reading(database_of(place)) as con:
        tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()}
        if missing := {"sample", "label", "kept", "split", "exclusion", "sample_group", "term"} - tables:
            raise DatabaseFault(
                f"{place} is no release: its database has no table {', '.join(sorted(missing))}; build it with `curate build`"
            )
        _complete(con, "label", LABEL_COLUMNS, tables)
        _complete(con, "sample_fact", FACT_COLUMNS, tables)
        run_sql_file(con, sql_folder() / "query" / "samples.sql")
        yield con


def _complete(con: Connection, table: str, columns: Mapping[str, str], tables: set[str]) -> None:
    """stated_label, stated_fact: a table with the columns that it lacks, or without rows where there is no such table."""
    rows = con.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = $table AND NOT internal", {"table": table}).fetchall()
    present = {name for (name,) in rows} if table in tables else set()
    missing = [f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items() if name not in present]
    source = f"SELECT {', '.join(['*', *missing])} FROM {table}" if present else f"SELECT {', '.join(missing)} WHERE false"
    con.execute(f"CREATE OR REPLACE TEMP VIEW stated_{table.removeprefix('sample_')} AS {source}")


def select(place: Path, query: str = "", *, where: str = "", exact: bool = False, outside: bool = False) -> Selection:
    """The samples of a release that meet every condition of `query` and the SQL condition `where` over the view `samples`.

    With `exact`, a name means its own term and not those below it. With `outside`, samples that are not in the matrix are found too.
    Raises UnknownName (with the nearest names), DatabaseFault (of `where`), NothingFound.
    """
    with asking(place) as con:
        terms = Terms(con, place, exact=exact)
        conditions = parse(query, terms)
        if where:
            conditions.append(_sql_condition(con, where))
        return _select(con, terms, conditions, outside=outside)


def _sql_condition(con: Connection, where: str) -> Condition:
    """A condition of the reader's own, which must be one, and about one row."""
    run_select(con, f"SELECT count(*) FROM samples WHERE (\n{where}\n)")
    return Condition(where, f"(\n{where}\n)", {}, "SQL over `samples`")


def _select(con: Connection, terms: Terms, conditions: Sequence[Condition], *, outside: bool) -> Selection:
    parameters: dict[str, Any] = {}
    for condition in conditions:
        parameters |= condition.parameters
    all_of = " AND ".join(f"({c.sql})" for c in conditions) or "true"
    found = fetch_arrow(con, f"SELECT * FROM samples WHERE {all_of} ORDER BY row NULLS LAST, sample_id", parameters)
    n_outside = int(found["row"].null_count)
    kept = found if outside else found.slice(0, found.num_rows - n_outside)
    alone = [_count(con, [condition], outside=outside) for condition in conditions]
    if kept.num_rows == 0:
        raise NothingFound(_why_empty(con, terms.place, conditions, alone, n_outside, outside=outside))
    return Selection(kept, list(zip(conditions, alone, strict=True)), 0 if outside else n_outside, terms.notes)


def _count(con: Connection, conditions: Sequence[Condition], *, outside: bool) -> int:
    parameters: dict[str, Any] = {}
    for condition in conditions:
        parameters |= condition.parameters
    parts = [f"({c.sql})" for c in conditions] + ([] if outside else ["row IS NOT NULL"])
    ((n,),) = con.execute(f"SELECT count(*) FROM samples WHERE {' AND '.join(parts) or 'true'}", parameters).fetchall()
    return int(n)


def _why_empty(
    con: Connection, place: Path, conditions: Sequence[Condition], alone: Sequence[int], n_outside: int, *, outside: bool
) -> str:
    """Which condition no sample meets, or which one to leave out, and how many samples are then left."""
    what = f"no sample of {place} meets {' and '.join(c.text for c in conditions) or 'this'}"
    if n_outside and not outside:
        return f"{what} and is in the matrix; {n_outside:,} that are not do: --all shows them"
    if never := [f"{c.text} ({c.meaning})" for c, n in zip(conditions, alone, strict=True) if n == 0]:
        return f"{what}: alone, {' and '.join(never)} {'is met' if len(never) == 1 else 'are met'} by none; leave it out or name another"
    left = [(_count(con, [o for o in conditions if o is not c], outside=outside), c.text) for c in conditions]
    parts = [f"{n:,} without {text}" for n, text in sorted(left, key=lambda one: -one[0]) if n]
    each = ", ".join(f"{c.text} alone {n:,}" for c, n in zip(conditions, alone, strict=True))
    return f"{what}: {each}; all but one: {', '.join(parts) or 'none either'}"
