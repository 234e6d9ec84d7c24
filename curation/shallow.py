"""Samples that hold too little to stand for their tissue: known when the matrix is read, after the split and the cap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from curation.checks import run_checks
from curation.database import Connection, fetch_first, insert_arrow, run_sql_file
from curation.resources import sql_folder
from curation.steps import STAGES, run_stage

KEPT = ("kept", "funnel", "exported")  # stages that say what stays: by what the texts say, and again by what was read
SHALLOW = f"{STAGES['kept'][0]}.sql"
BY_SOURCE = """
SELECT source, count(*), min(sample_id) FROM shallow_sample JOIN sample USING (sample_id) GROUP BY source ORDER BY source
"""


def keep_what_was_read(con: Connection, read: pa.Table, parameters: Mapping[str, Any]) -> None:
    """Fill read_sample, and say again what stays in the matrix: a sample with far fewer genes than its source
    leaves. Where none does, nothing else is made again. Raises BrokenPromise."""
    con.execute("DELETE FROM read_sample WHERE sample_id IN (SELECT sample_id FROM kept)")  # read before, with other genes
    insert_arrow(con, "read_sample", read)
    run_sql_file(con, sql_folder() / "build" / SHALLOW, parameters)
    if fetch_first(con, "SELECT count(*) FROM shallow_sample") == (0,):
        return
    for stage in KEPT:
        run_stage(con, stage, parameters)
    run_checks(con, parameters)


def shallow_notes(con: Connection) -> list[str]:
    """What left for want of reads, for the report."""
    told = "samples left when they were read, for want of reads"
    return [
        f"{source}: {n:,} {told} (first: {first}); `exclusion` has the reasons" for source, n, first in con.execute(BY_SOURCE).fetchall()
    ]
