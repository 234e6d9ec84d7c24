"""The view `samples` over the tables of a release, whatever its schema lacks."""

from __future__ import annotations

from collections.abc import Mapping

from curation.database import Connection, run_sql_file
from curation.resources import sql_folder

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
NEEDED = {"sample", "label", "kept", "split", "exclusion", "sample_group", "term"}
ORDERED = "SELECT * FROM samples ORDER BY row NULLS LAST, sample_id"


def make_view(con: Connection, tables: set[str]) -> None:
    """Make the view of a release that has these tables, NEEDED among them."""
    _complete(con, "label", LABEL_COLUMNS, tables)
    _complete(con, "sample_fact", FACT_COLUMNS, tables)
    run_sql_file(con, sql_folder() / "query" / "samples.sql")


def _complete(con: Connection, table: str, columns: Mapping[str, str], tables: set[str]) -> None:
    """viewed_label, viewed_fact: a table with the columns that it lacks, or without rows where there is no such table."""
    rows = con.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = $table AND NOT internal", {"table": table}).fetchall()
    present = {name for (name,) in rows} if table in tables else set()
    missing = [f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items() if name not in present]
    source = f"SELECT {', '.join(['*', *missing])} FROM {table}" if present else f"SELECT {', '.join(missing)} WHERE false"
    con.execute(f"CREATE OR REPLACE TEMP VIEW viewed_{table.removeprefix('sample_')} AS {source}")
