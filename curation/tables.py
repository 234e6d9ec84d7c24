"""The neighbours of the compendium that are views of the database: labels.parquet, funnel.md, and the record of the build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.config import BuildConfig
from curation.database import Connection, fetch_arrow, insert_arrow
from curation.query.samples import SAMPLES
from curation.query.view import ORDERED, make_view

LABELS = "labels.parquet"
EVIDENCE = "evidence.parquet"
FACTS = "facts.parquet"
FUNNEL = "funnel.md"
ROW_GROUP = 65_536
SAMPLES_GROUP = 16_384  # smaller: who asks for samples of the matrix from afar reads no others


def write_labels(con: Connection, folder: Path) -> None:
    """labels.parquet, evidence.parquet and facts.parquet: every sample with its label, every proposal about it, every fact, in the order of sample ids.

    samples.parquet: the view `samples` of a release (docs/reference/query.md), in the order of the matrix, those outside it last.
    """
    import pyarrow.parquet as pq

    for name, query in (
        (LABELS, "SELECT * FROM exported_label ORDER BY sample_id"),
        (EVIDENCE, "SELECT * FROM exported_evidence ORDER BY sample_id, weight DESC, evidence_id"),
        (FACTS, "SELECT * FROM exported_fact ORDER BY sample_id, fact"),
    ):
        pq.write_table(fetch_arrow(con, query), folder / name, compression="zstd", row_group_size=ROW_GROUP)
    tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()}
    make_view(con, tables)
    pq.write_table(fetch_arrow(con, ORDERED), folder / SAMPLES, compression="zstd", row_group_size=SAMPLES_GROUP)


def write_funnel(con: Connection, path: Path, config: BuildConfig, *, is_simulated: bool) -> None:
    """funnel.md: the steps with their numbers, and the samples by tissue, source and split."""
    lines = ["# Funnel", ""]
    if is_simulated:
        lines += ["**Simulated data: these numbers describe no real archive.**", ""]
    lines += [f"Parameters: `{json.dumps(config.parameters(), sort_keys=True)}`", ""]
    lines += markdown(fetch_arrow(con, "SELECT * FROM funnel ORDER BY step"))
    lines += ["", "n_out = n_in + n_added - n_dropped - n_aside; n_aside are samples without a tissue.", "", "## Samples by tissue", ""]
    lines += markdown(fetch_arrow(con, TISSUES))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


TISSUES = """
SELECT
    if(tissue = '', '(unlabelled)', tissue) AS tissue,
    count(*) AS n_samples,
    count_if(split = 'train') AS train,
    count_if(split = 'validation') AS validation,
    count_if(split = 'test') AS test,
    count(DISTINCT group_id) AS n_groups,
    string_agg(DISTINCT source, ', ' ORDER BY source) AS sources
FROM kept
GROUP BY kept.tissue
ORDER BY n_samples DESC, tissue
"""


def markdown(table: pa.Table) -> list[str]:
    """The lines of a Markdown table; numbers with thousands separators."""
    rows = [table.column_names, ["---"] * table.num_columns]
    rows += [[_cell(value) for value in row.values()] for row in table.to_pylist()]
    return ["| " + " | ".join(row) + " |" for row in rows]


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def insert_ledger(con: Connection, ledger: pa.Table) -> None:
    """gene_ledger: one row per gene of every input matrix, and what became of it."""
    con.register("arriving", ledger)
    con.execute("CREATE OR REPLACE TABLE gene_ledger AS SELECT * FROM arriving")
    con.unregister("arriving")


def insert_quality(con: Connection, quality: pa.Table) -> None:
    """quality: one row per sample of the matrix, with what was measured on its values."""
    con.register("arriving", quality)
    con.execute("CREATE OR REPLACE TABLE quality AS SELECT * FROM arriving")
    con.unregister("arriving")


def read_back(con: Connection, compendium: Path) -> None:
    """matrix_row: one row per row of the written compendium, as the file itself names it."""
    import h5py
    from anndata.io import read_elem

    with h5py.File(compendium, "r") as file:
        names = [str(name) for name in read_elem(file["obs"]).index]
        n_rows = file["X"].shape[0]
    named = pa.array([*names[:n_rows], *[None] * (n_rows - len(names))], pa.string())
    con.register("arriving", pa.table({"row": pa.array(range(n_rows), pa.int64()), "sample_id": named}))
    con.execute("CREATE OR REPLACE TABLE matrix_row AS SELECT * FROM arriving")
    con.unregister("arriving")


def record_build(con: Connection, facts: Mapping[str, Any]) -> None:
    """build: one row per fact about this build."""
    con.execute("CREATE OR REPLACE TABLE build (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)")
    values = [value if isinstance(value, str) else json.dumps(value) for value in facts.values()]
    insert_arrow(con, "build", pa.table({"key": list(facts), "value": values}))
