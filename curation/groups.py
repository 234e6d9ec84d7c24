"""Samples that belong together over any number of steps: the connected groups of the studies and donors that they share.

In SQL this is a recursion with as many rounds as the longest chain of studies has links; here it is one pass over the pairs (union-find), in
numbers: whatever the number of samples, no Python object is made for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from curation.database import fetch_arrow, insert_arrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.database import Connection

NUMBERED = """
CREATE OR REPLACE TEMP TABLE numbered_key AS
SELECT key, row_number() OVER (ORDER BY key) - 1 AS number FROM (SELECT DISTINCT key FROM sample_key)
"""
# A sample ties each of its keys to the first of them: the same groups as all pairs.
PAIRS = """
SELECT DISTINCT first, number FROM (
    SELECT min(number) OVER (PARTITION BY sample_id) AS first, number FROM sample_key JOIN numbered_key USING (key)
) WHERE first <> number
"""
LINKED = """
CREATE OR REPLACE TABLE linked_group AS
SELECT sample.sample_id, coalesce(any_value(root.key), sample.sample_id) AS group_id
FROM sample
LEFT JOIN sample_key USING (sample_id)
LEFT JOIN numbered_key USING (key)
LEFT JOIN key_root ON numbered_key.number = key_root.number
LEFT JOIN numbered_key AS root ON key_root.root = root.number
GROUP BY sample.sample_id
"""


def linked_group(con: Connection) -> None:
    """linked_group: one row per sample; group_id joins all that share a study or donor, over any number of steps.

    The group is named by its smallest key. A sample with neither study nor donor is a group of its own.
    """
    con.execute(NUMBERED)
    ((n_keys,),) = con.execute("SELECT count(*) FROM numbered_key").fetchall()
    pairs = fetch_arrow(con, PAIRS)
    root = smallest_of_group(n_keys, *(pairs[name].to_numpy().astype(np.int64) for name in ("first", "number")))
    con.execute("CREATE OR REPLACE TEMP TABLE key_root (number BIGINT, root BIGINT)")
    insert_arrow(con, "key_root", pa.table({"number": np.arange(n_keys), "root": root}))
    con.execute(LINKED)
    for name in ("key_root", "numbered_key"):
        con.execute(f"DROP TABLE {name}")


def smallest_of_group(n: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of 0..n-1 the smallest number that it is connected with, over the pairs (one[i], other[i])."""
    from curation.connected import join  # numba takes longer to import than ten rows take to be labelled

    root = np.arange(n)
    join(root, one, other)
    return root
