"""The view `samples` of a release, and the rows of it that meet conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.audit import database_of
from curation.database import Connection, DatabaseFault, at, fetch_arrow, reading, run_select
from curation.errors import CurationError
from curation.query.conditions import Condition, parse
from curation.query.terms import Terms
from curation.query.view import NEEDED, make_view
from curation.remote.place import Place, Remote

if TYPE_CHECKING:
    import pyarrow as pa
SAMPLES = "samples.parquet"  # the view as a file of the release: what is read of a release behind HTTP


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
def asking(place: Place) -> Iterator[Connection]:
    """A release's database, read-only, with the view `samples`. Raises DatabaseFault, also for a database that is none of a release."""
    is_remote = isinstance(place, Remote) and place.has(SAMPLES)
    with reading(database_of(place), beside={SAMPLES: place.file(SAMPLES)} if isinstance(place, Remote) and is_remote else None) as con:
        tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()}
        if missing := NEEDED - tables:
            raise DatabaseFault(
                f"{place} is no release: its database has no table {', '.join(sorted(missing))}; build it with `curate build`"
            )
        if is_remote:  # its rows lie in the order of the matrix, so those outside it are not read
            con.execute(f"CREATE OR REPLACE TEMP VIEW samples AS SELECT * FROM read_parquet('{at(SAMPLES)}')")
        else:
            make_view(con, tables)
        yield con


def select(place: Place, query: str = "", *, where: str = "", exact: bool = False, outside: bool = False) -> Selection:
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


def n_in_matrix(place: Place) -> int:
    """Samples that have a row in the matrix. Raises DatabaseFault."""
    with asking(place) as con:
        return _count(con, [], outside=False)


def _sql_condition(con: Connection, where: str) -> Condition:
    """A condition of the reader's own, which must be one, and about one row."""
    run_select(con, f"SELECT count(*) FROM samples WHERE (\n{where}\n)")
    return Condition(where, f"(\n{where}\n)", {}, "SQL over `samples`")


def _select(con: Connection, terms: Terms, conditions: Sequence[Condition], *, outside: bool) -> Selection:
    parameters: dict[str, Any] = {}
    for condition in conditions:
        parameters |= condition.parameters
    all_of = " AND ".join(f"({c.sql})" for c in conditions) or "true"
    inside = "true" if outside else "row IS NOT NULL"
    found = fetch_arrow(con, f"SELECT * FROM samples WHERE {all_of} AND {inside} ORDER BY row NULLS LAST, sample_id", parameters)
    n_outside = 0 if outside else _count(con, conditions, outside=True) - found.num_rows
    alone = [_count(con, [condition], outside=outside) for condition in conditions]
    if found.num_rows == 0:
        raise NothingFound(_why_empty(con, terms.place, conditions, alone, n_outside, outside=outside))
    return Selection(found, list(zip(conditions, alone, strict=True)), n_outside, terms.notes)


def _count(con: Connection, conditions: Sequence[Condition], *, outside: bool) -> int:
    parameters: dict[str, Any] = {}
    for condition in conditions:
        parameters |= condition.parameters
    parts = [f"({c.sql})" for c in conditions] + ([] if outside else ["row IS NOT NULL"])
    ((n,),) = con.execute(f"SELECT count(*) FROM samples WHERE {' AND '.join(parts) or 'true'}", parameters).fetchall()
    return int(n)


def _why_empty(
    con: Connection, place: Place, conditions: Sequence[Condition], alone: Sequence[int], n_outside: int, *, outside: bool
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
