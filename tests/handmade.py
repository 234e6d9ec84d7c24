"""A small build by hand: sources, terms and labels are typed here, everything after them comes from the real files of sql/build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.arriving import insert_sources
from curation.build import sql_parameters
from curation.config import BuildConfig
from curation.database import Connection, connect, insert_arrow, run_sql_file
from curation.resources import sql_folder
from curation.source import SAMPLE_SCHEMA
from curation.steps import run_stage
from curation.tables import record_build

SOURCES = ["archs4", "gtex", "tcga"]
TISSUES = {"liver": "UBERON:0002107", "brain": "UBERON:0000955", "lung": "UBERON:0002048"}

LABEL = """
CREATE OR REPLACE TABLE label (sample_id VARCHAR, term_id VARCHAR, tissue VARCHAR, evidence_id VARCHAR, decided_by VARCHAR,
    runner_up VARCHAR, margin DOUBLE, is_cell_line BOOLEAN, cell_line VARCHAR, origin_tissue VARCHAR,
    origin_term_id VARCHAR, tissue_ontology_term_id VARCHAR, cell_type_ontology_term_id VARCHAR, cell_line_id VARCHAR, cell_line_name VARCHAR,
    cell_line_disease VARCHAR, cell_line_tissue VARCHAR, single_cell_words VARCHAR);
CREATE OR REPLACE TABLE evidence (evidence_id VARCHAR, sample_id VARCHAR, field VARCHAR, matched_text VARCHAR, rule_id VARCHAR,
    synonym VARCHAR, scope VARCHAR, term_id VARCHAR, weight DOUBLE);
CREATE OR REPLACE TABLE term (term_id VARCHAR, name VARCHAR, synonym VARCHAR, scope VARCHAR);
CREATE OR REPLACE TABLE term_name (term_id VARCHAR, name VARCHAR);
CREATE OR REPLACE TABLE obsolete_term (term_id VARCHAR, name VARCHAR, replaced_by VARCHAR);
CREATE OR REPLACE TABLE term_tissue (term_id VARCHAR, tissue VARCHAR);
CREATE OR REPLACE TABLE tissue (tissue VARCHAR, root_id VARCHAR, root_name VARCHAR, organ_system VARCHAR, priority INTEGER);
CREATE OR REPLACE TABLE override (override_id VARCHAR, scope VARCHAR, target VARCHAR, term_id VARCHAR, is_cell_line BOOLEAN,
    curator VARCHAR, date DATE, reason VARCHAR, fact VARCHAR, value VARCHAR);
INSERT INTO override VALUES ('O0001', 'sample', 'GSM040', 'UBERON:0002048', NULL, 'A. Curator', '2026-01-31', 'said by the authors', NULL, NULL);
CREATE OR REPLACE TABLE override_hit AS SELECT target AS sample_id, *, 3 AS reach, TRUE AS is_effective FROM override;
CREATE OR REPLACE TABLE fact (sample_id VARCHAR, fact VARCHAR, value VARCHAR, ontology_term_id VARCHAR, unit VARCHAR, field VARCHAR,
    matched_text VARCHAR, rule VARCHAR, decided_by VARCHAR);
CREATE OR REPLACE TABLE proposal (sample_id VARCHAR, evidence_id VARCHAR, kind VARCHAR, tissue VARCHAR, weight DOUBLE, n_tokens INTEGER);
"""


def sample_rows() -> list[dict[str, Any]]:
    """60 archive samples of 20 series, 12 GTEx samples of 6 donors, 8 tumours; one single cell, one cell line, one unlabelled, one twin."""
    tissues = list(TISSUES)
    rows = []
    for i in range(60):
        series = f"GSE{i // 3}" + (",GSE100" if i % 21 == 0 else "")
        rows.append(row(f"GSM{i:03}", "archs4", tissues[(i // 3) % 3], series_id=series, single_cell_probability=0.9 if i == 5 else 0.1))
    for i in range(12):
        tissue = tissues[i % 3]
        rows.append(
            row(f"GTEX-AAA{i // 2}-0226-SM-5GZZ{i % 10}", "gtex", tissue, donor_id=f"GTEX-AAA{i // 2}", declared_term_id=TISSUES[tissue])
        )
    for i in range(8):
        tissue = tissues[i % 3]
        rows.append(
            row(f"TCGA-AA-{i:04}-01A", "tcga", tissue, donor_id=f"TCGA-AA-{i:04}", is_tumour=True, declared_term_id=TISSUES[tissue])
        )
    rows[10] |= {"title": "HepG2 cells", "tissue": "liver"}
    rows[40] |= {"title": "liver sample", "tissue": "lung"}  # overridden
    rows[11] |= {"title": "something", "tissue": ""}
    rows[12] |= {"title": f"GTEx donor, sample {rows[60]['sample_id'].lower()}"}
    for i, item in enumerate(rows):
        item |= {"matrix_file": f"{item['source']}.h5", "matrix_row": i}
    return rows


def row(sample_id: str, source: str, tissue: str, **values: Any) -> dict[str, Any]:
    """One sample; `tissue` is what it will be labelled as."""
    return {"sample_id": sample_id, "source": source, "title": f"{tissue} sample", "unit": "counts", "tissue": tissue, **values}


def build(path: Path | None = None, config: BuildConfig | None = None, rows: list[dict[str, Any]] | None = None) -> Connection:
    """Run the build on hand-made labels. Returns the open connection."""
    config = config or BuildConfig(cap=12)
    rows = rows if rows is not None else sample_rows()
    con = connect(path, threads=1)
    for name in ("sample", "previous_split", "read_sample"):
        run_sql_file(con, sql_folder() / "schema" / f"{name}.sql")
    fields = SAMPLE_SCHEMA.names
    insert_arrow(con, "sample", pa.Table.from_pylist([{name: item.get(name) for name in fields} for item in rows], schema=SAMPLE_SCHEMA))
    parameters = sql_parameters(config, SOURCES)
    insert_sources(con)
    run_stage(con, "groups")
    label(con, rows)
    for stage in ("exclusion", "split", "kept", "funnel"):
        run_stage(con, stage, parameters)
    con.execute("CREATE OR REPLACE TABLE matrix_row AS SELECT row, sample_id FROM kept")
    con.execute("INSERT INTO read_sample SELECT sample_id, 100, 50 FROM kept")
    con.execute("CREATE OR REPLACE TABLE quality AS SELECT sample_id, 50 AS n_genes_detected FROM kept")
    con.execute("CREATE OR REPLACE TABLE gene_ledger (source VARCHAR, matrix VARCHAR, fate VARCHAR)")
    record_build(con, {"build_id": "handmade", "parameters": config.parameters()})
    return con


def label(con: Connection, rows: list[dict[str, Any]]) -> None:
    """Write the tables that the labels area writes, in one pass over the typed tissues."""
    con.execute(LABEL)
    for tissue, term in TISSUES.items():
        con.execute("INSERT INTO term VALUES (?, ?, ?, 'NAME')", [term, tissue, tissue])
        con.execute("INSERT INTO term_name VALUES (?, ?)", [term, tissue])
        con.execute("INSERT INTO term_tissue VALUES (?, ?)", [term, tissue])
        con.execute("INSERT INTO tissue VALUES (?, ?, ?, 'organs', 1)", [tissue, term, tissue])
    con.execute("INSERT INTO obsolete_term VALUES ('UBERON:9999999', 'old liver', 'UBERON:0002107')")
    for item in rows:
        identifier, tissue = item["sample_id"], item["tissue"]
        if item.get("is_tumour"):
            con.execute(
                "INSERT INTO fact VALUES (?, 'tissue_status', 'tumour', NULL, NULL, 'source', 'tumour', NULL, 'declared')", [identifier]
            )
        if not tissue:
            continue
        decided = "override" if identifier == "GSM040" else "declared" if item.get("declared_term_id") else "title"
        is_line = item["title"] == "HepG2 cells"
        words = item["title"].split()[0] if identifier == "GSM040" else tissue
        con.execute("INSERT INTO proposal VALUES (?, ?, 'anatomy', ?, 0.9, 1)", [identifier, f"E{identifier}", words])
        con.execute(
            "INSERT INTO evidence VALUES (?, ?, 'title', ?, 'R1', ?, 'NAME', ?, 1.0)",
            [f"E{identifier}", identifier, tissue, tissue, TISSUES[tissue]],
        )
        con.execute(
            "INSERT INTO label VALUES (?, ?, ?, ?, ?, NULL, 1.0, ?, ?, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            [identifier, TISSUES[tissue], tissue, f"E{identifier}", decided, is_line, "HepG2" if is_line else None],
        )
    run_sql_file(con, sql_folder() / "build" / "69_sample_fact.sql")


def parameters(config: BuildConfig | None = None) -> dict[str, Any]:
    """The parameters with which the checks run."""
    return sql_parameters(config or BuildConfig(cap=12), SOURCES)
