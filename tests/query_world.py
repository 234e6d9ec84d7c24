"""A release database of a few samples written by hand: what a query must find can be read off the rows."""

from __future__ import annotations

from pathlib import Path

from curation.database import connect

BRAIN, CORTEX, LIVER, NEURON = "UBERON:0000955", "UBERON:0000956", "UBERON:0002107", "CL:0000540"
CANCER, BREAST_CANCER, LUMINAL = "MONDO:0004992", "MONDO:0007254", "MONDO:0000001"
SAMPLES = [  # sample_id, source, series_id, tissue, term_id, cell type, split, matrix row
    ("S1", "gtex", None, "brain", BRAIN, None, "train", 0),
    ("S2", "gtex", None, "brain", CORTEX, None, "train", 1),
    ("S3", "archs4", "GSE1,GSE2", "brain", CORTEX, NEURON, "test", 2),
    ("S4", "archs4", "GSE2", "liver", LIVER, None, "train", 3),
    ("S5", "archs4", "GSE3", "breast", "UBERON:0000310", None, "train", None),
    ("S6", "tcga", None, "breast", "UBERON:0000310", None, "train", 4),
    ("S7", "tcga", None, None, None, None, "unlabelled", 5),
]
FACTS = [  # sample_id, disease, disease term, status, sex, age, unit
    ("S1", "normal", "PATO:0000461", "normal", "female", 61, "year"),
    ("S2", None, None, "normal", "male", 30, "year"),
    ("S3", None, None, None, "female", 18, "month"),
    ("S5", "luminal breast cancer", LUMINAL, "tumour", "female", 45, "year"),
    ("S6", "breast cancer", BREAST_CANCER, "tumour", None, 50, "year"),
    ("S7", None, None, None, None, 20, "week of gestation"),
]
TERMS = [
    (BRAIN, "brain", "encephalon"),
    (CORTEX, "cerebral cortex", "cortex of cerebrum"),
    (LIVER, "liver", "iecur"),
    (NEURON, "neuron", "nerve cell"),
]
CLOSURE = [(BRAIN, BRAIN), (CORTEX, CORTEX), (CORTEX, BRAIN), (LIVER, LIVER), (NEURON, NEURON)]
DISEASES = [
    (CANCER, "cancer", "malignant tumor"),
    (BREAST_CANCER, "breast cancer", "cancer of the breast"),
    (LUMINAL, "luminal breast cancer", "luminal"),
]
ABOVE = [(BREAST_CANCER, CANCER), (LUMINAL, BREAST_CANCER), (LUMINAL, CANCER)]


def write(folder: Path, *, facts: bool = True) -> Path:
    """A folder with curation.duckdb; without `facts`, as schema 1 wrote it."""
    folder.mkdir()
    con = connect(folder / "curation.duckdb")
    con.execute(
        "CREATE TABLE sample (sample_id VARCHAR, source VARCHAR, series_id VARCHAR, title VARCHAR, donor_id VARCHAR, is_tumour BOOLEAN)"
    )
    con.execute(
        "CREATE TABLE label (sample_id VARCHAR, tissue VARCHAR, term_id VARCHAR, cell_type_ontology_term_id VARCHAR, decided_by VARCHAR)"
    )
    con.execute("CREATE TABLE kept (sample_id VARCHAR, row BIGINT, tissue VARCHAR, term_id VARCHAR)")
    con.execute("CREATE TABLE split (sample_id VARCHAR, split VARCHAR)")
    con.execute("CREATE TABLE sample_group (sample_id VARCHAR, group_id VARCHAR)")
    con.execute("CREATE TABLE exclusion (sample_id VARCHAR, reason VARCHAR)")
    for name, source, series, tissue, term, cell, split, row in SAMPLES:
        con.execute("INSERT INTO sample VALUES (?, ?, ?, ?, NULL, ?)", [name, source, series, f"title of {name}", source == "tcga" or None])
        con.execute("INSERT INTO label VALUES (?, ?, ?, ?, 'title')", [name, tissue, term, cell])
        con.execute("INSERT INTO split VALUES (?, ?)", [name, split])
        con.execute("INSERT INTO sample_group VALUES (?, ?)", [name, series or name])
        if row is None:
            con.execute("INSERT INTO exclusion VALUES (?, 'over the cap')", [name])
        else:
            con.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", [name, row, tissue or "", term or ""])
    names = [(term, name, name, "NAME") for term, name, _ in TERMS] + [(term, name, synonym, "RELATED") for term, name, synonym in TERMS]
    _fill(con, "term (term_id VARCHAR, name VARCHAR, synonym VARCHAR, scope VARCHAR)", names)
    _fill(con, "closure (term_id VARCHAR, ancestor_id VARCHAR)", CLOSURE)
    _fill(con, "obsolete_term (term_id VARCHAR, name VARCHAR, replaced_by VARCHAR)", [("UBERON:0000001", "old brain", BRAIN)])
    _fill(con, "tissue (tissue VARCHAR, root_id VARCHAR)", [("brain", BRAIN), ("liver", LIVER), ("breast", "UBERON:0000310")])
    if facts:
        columns = "sample_id VARCHAR, disease VARCHAR, disease_ontology_term_id VARCHAR, tissue_status VARCHAR, sex VARCHAR, age FLOAT, age_unit VARCHAR"
        _fill(con, f"sample_fact ({columns})", FACTS)
        _fill(con, "disease_name (term_id VARCHAR, name VARCHAR, synonym VARCHAR)", DISEASES)
        _fill(con, "disease_above (term_id VARCHAR, above_id VARCHAR)", ABOVE)
    con.close()
    return folder


def _fill(con, table: str, rows: list[tuple]) -> None:  # type: ignore[no-untyped-def, type-arg]
    con.execute(f"CREATE TABLE {table}")
    for row in rows:
        con.execute(f"INSERT INTO {table.split()[0]} VALUES ({', '.join('?' * len(row))})", list(row))
