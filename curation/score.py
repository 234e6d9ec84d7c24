"""`curate score`: predicted labels against a table of curated ones: precision, recall and coverage, per tissue and per field, and the confusions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.database import Connection, connect, fetch_arrow, insert_arrow, run_sql_file
from curation.label import label_samples
from curation.label_table import read_samples
from curation.ontology import load_reference
from curation.resources import sql_folder
from profiles.errors import MetadataFault
from profiles.metadata import read_frame, read_metadata

if TYPE_CHECKING:
    import pyarrow as pa

TERM_COLUMNS = ("tissue_ids", "term_id", "explicit_uberon_cl")
# The samples whose text names a cell line are scored apart: curators give a line its organ, the labeller flags it.
CELL_LINE_TEXT = r"(?i)cell[ _-]?line|\bATCC\b|\bHEK ?-?293|\bHeLa\b|\bMCF-?7\b|\bK-?562\b|\bHepG2\b|\bA549\b|\bU2OS\b|\bLNCaP\b|\bhESC|\bH9\b|\bH1\b|iPSC"


@dataclass(frozen=True)
class Score:
    """What was measured; every table has precision, recall and coverage as shares."""

    measures: list[dict[str, Any]]
    by_series: dict[str, float]
    confusions: list[dict[str, Any]]

    def of(self, part: str) -> list[dict[str, Any]]:
        """The rows of one part: all, primary, tissue or field."""
        return [row for row in self.measures if row["part"] == part]


def score(gold: Path, labels: Path | None = None, *, ontology: Path | None = None, threads: int | None = None) -> Score:
    """Score labels (made now from the texts of `gold` unless given) against the UBERON and CL ids of `gold`.

    `gold` has the columns of `curate label` and tissue_ids (ids joined by `|`). Raises MetadataFault.
    """
    (samples, _), terms = read_samples(gold), read_gold_terms(gold)
    con = connect(threads=threads)
    try:
        run_sql_file(con, sql_folder() / "schema" / "sample.sql")
        insert_arrow(con, "sample", samples)
        load_reference(con, ontology)
        con.execute("CREATE TABLE gold (sample_id VARCHAR, term_id VARCHAR)")
        insert_arrow(con, "gold", terms)
        _predict(con, labels)
        return _measure(con)
    finally:
        con.close()


def read_gold_terms(path: Path) -> pa.Table:
    """(sample_id, term_id) of a curated table, one row per id. Raises MetadataFault when it has no column of ids."""
    import polars as pl

    found = read_metadata(path)
    frame, key = found.frame, found.id_column
    column = next((name for name in TERM_COLUMNS if name in frame.columns), None)
    if column is None:
        raise MetadataFault(f"{path.name} has none of the columns {', '.join(TERM_COLUMNS)}; a gold table needs curated UBERON or CL ids")
    terms = pl.col(column).cast(pl.String).str.split("|")
    long = frame.select(pl.col(key).cast(pl.String).alias("sample_id"), terms.alias("term_id")).explode("term_id")
    return long.with_columns(pl.col("term_id").str.strip_chars()).filter(pl.col("term_id") != "").to_arrow()


def _predict(con: Connection, labels: Path | None) -> None:
    """Fill `prediction`, from a table of labels or by labelling."""
    import polars as pl

    if labels is None:
        label_samples(con, every_override_applies=False)
        con.execute(
            "CREATE TABLE prediction AS SELECT sample_id, tissue, is_cell_line, decided_by, field, matched_text FROM explained_label"
        )
        return
    frame = read_frame(labels).frame.with_columns(pl.col(pl.String).fill_null(""))
    missing = [name for name in ("sample_id", "tissue") if name not in frame.columns]
    if missing:
        raise MetadataFault(f"{labels.name} has no column {' and '.join(missing)}; labels are what `curate label` writes")
    texts = {
        name: pl.col(name).cast(pl.String) if name in frame.columns else pl.lit("") for name in ("decided_by", "field", "matched_text")
    }
    flag = (
        pl.col("is_cell_line").cast(pl.String).str.to_lowercase().is_in(["true", "1"]) if "is_cell_line" in frame.columns else pl.lit(False)
    )
    con.execute(
        "CREATE TABLE prediction (sample_id VARCHAR, tissue VARCHAR, is_cell_line BOOLEAN, decided_by VARCHAR, field VARCHAR, matched_text VARCHAR)"
    )
    rows = frame.select(pl.col("sample_id").cast(pl.String), pl.col("tissue").cast(pl.String), is_cell_line=flag, **texts)
    insert_arrow(con, "prediction", rows.unique("sample_id", keep="first", maintain_order=True).to_arrow())


def _measure(con: Connection) -> Score:
    run_sql_file(con, sql_folder() / "score" / "accepted.sql")
    run_sql_file(con, sql_folder() / "score" / "judged.sql", {"cell_line_text": CELL_LINE_TEXT})
    cursor = run_sql_file(con, sql_folder() / "score" / "measure.sql")
    names = [column[0] for column in cursor.description or []]
    measures = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    series = fetch_arrow(con, BY_SERIES).to_pylist()[0]
    return Score(measures, series, fetch_arrow(con, CONFUSIONS).to_pylist())


BY_SERIES = """
WITH per AS (
    SELECT series_id, count_if(is_right AND is_mapped AND NOT is_cell_line) AS n_right, count_if(is_mapped AND NOT is_cell_line) AS n_mapped, count(*) AS n
    FROM judged WHERE NOT names_cell_line AND series_id <> '' GROUP BY series_id
)
SELECT count(*) AS n_series, round(avg(n_right / nullif(n_mapped, 0)), 4) AS precision, round(avg(n_right / n), 4) AS recall FROM per
"""
CONFUSIONS = """
SELECT gold, tissue, count(*) AS n, min(field) AS field, min(matched_text) AS matched_text, min(sample_id) AS first_sample
FROM judged WHERE NOT names_cell_line AND is_mapped AND NOT is_right AND NOT is_cell_line
GROUP BY gold, tissue ORDER BY n DESC, gold, tissue
"""
