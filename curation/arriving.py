"""The sources and their samples on their way into the database: each sample with an id that is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.catalogue import read_sources
from curation.database import Connection, DatabaseFault, insert_arrow, run_sql_file
from curation.errors import CurationError
from curation.resources import sql_folder

if TYPE_CHECKING:
    from curation.source import Source

NAMES = ("sample_id", "series_id", "donor_id", "matrix_file")
TWICE = """
SELECT sample_id, any_value(source)
FROM (SELECT sample_id, source FROM batch UNION ALL SELECT sample_id, source FROM sample SEMI JOIN batch USING (sample_id))
GROUP BY sample_id HAVING count(*) > 1 ORDER BY sample_id
"""


class BadInput(CurationError):
    """The input folder holds no source, or its samples contradict each other."""


def insert_sources(con: Connection) -> None:
    """source: one row per source that sources.tsv describes."""
    run_sql_file(con, sql_folder() / "schema" / "source.sql")
    cards = [card for card in read_sources().values() if card.is_data]
    rows = {"source": [c.source for c in cards], "role": [c.role for c in cards], "funnel_step": [int(c.funnel_step) for c in cards]}
    insert_arrow(con, "source", pa.table(rows))


def insert_samples(con: Connection, source: Source, advance: Any) -> None:
    """Append the samples of a source. Raises BadInput for one without an id, with NUL in a name, or with an id that is taken."""
    import pyarrow.compute as pc

    for batch in source.samples():
        ids = batch.column("sample_id")
        if n_nameless := ids.null_count + (pc.sum(pc.equal(ids, "")).as_py() or 0):
            raise BadInput(f"{source.name}: {n_nameless} samples have no id; every sample needs one")
        _refuse_nul(source.name, batch)
        try:
            insert_arrow(con, "sample", batch)  # its primary key is looked up, whatever stands in the table already
        except DatabaseFault:
            _refuse_twice(con, source.name, batch)
            raise
        advance(batch.num_rows)


def _refuse_twice(con: Connection, source: str, batch: pa.RecordBatch) -> None:
    """Raise BadInput where ids of a batch stand in it twice, or in the table already."""
    con.register("batch", batch)
    twice = con.execute(TWICE).fetchall()
    con.unregister("batch")
    if twice:
        ids = ", ".join(sample_id for sample_id, _ in twice[:3])
        what = f"{source}: {len(twice)} sample ids stand twice, first: {ids} (also in {twice[0][1]})"
        raise BadInput(f"{what}; every sample must have one id and one source")


def _refuse_nul(source: str, batch: pa.RecordBatch) -> None:
    """Raise BadInput for NUL in what names samples: a reader in C ends the name there, and two become one."""
    import pyarrow.compute as pc

    for name in NAMES:
        if n := pc.sum(pc.match_substring(batch.column(name), "\0")).as_py():
            raise BadInput(f"{source}: {n:,} samples have a NUL character in {name}; correct the metadata")
