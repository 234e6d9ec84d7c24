"""The last tiers of a label: what a sample does not say itself, its siblings or the text of its study may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import CurationError
from curation.steps import run_stage

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.database import Connection

COLUMNS = ("series_id", "title", "summary")
LEAST = 3  # labelled siblings
AGREEING = 0.95  # of them, with one term
ONE_TISSUE = """
SELECT label.sample_id AS series_id, label.tissue, label.term_id, label.field, label.matched_text
FROM label JOIN proposal USING (sample_id)
WHERE label.tissue IS NOT NULL AND NOT label.is_cell_line AND proposal.verdict = 'map' AND proposal.field = label.field
    AND proposal.tissue IS NOT NULL AND proposal.role = 'sample'
GROUP BY ALL HAVING count(DISTINCT proposal.tissue) = 1
ORDER BY series_id
"""


class StudyFault(CurationError):
    """The table of studies cannot be read."""


def read_studies(path: Path) -> pa.Table:
    """series_id, title and summary of studies, one row each (TSV, CSV or Parquet). Raises StudyFault."""
    from profiles.metadata import read_frame

    frame = read_frame(path, str(path)).raw
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise StudyFault(f"{path.name} lacks {', '.join(missing)}; a table of studies has {', '.join(COLUMNS)}, see `curate fetch studies`")
    frame = frame.select(COLUMNS)
    if twice := frame["series_id"].filter(frame["series_id"].is_duplicated()).unique(maintain_order=True).to_list():
        raise StudyFault(f"{path.name}: {len(twice)} studies stand twice, first: {twice[0]}; give each one row")
    if n_nameless := int((frame["series_id"].fill_null("") == "").sum()):
        raise StudyFault(f"{path.name}: {n_nameless} rows have no series_id; every study needs one")
    return frame.to_arrow()


def label_studies(con: Connection, studies: Path | None, label: Callable[[Connection], object], ontology: Path | None = None) -> list[str]:
    """Fill study_label: a study is read like a sample whose title and description are all that is known. Returns notes for the report.

    Args: studies, a table as `read_studies` takes it; label, what fills `label` of a database that holds samples and an ontology.
    A study speaks only where the field that decides (the title before the summary) names one tissue and no cell line.
    """
    from curation.database import connect, fetch_arrow, insert_arrow, run_sql_file
    from curation.ontology import load_reference
    from curation.resources import sql_folder

    run_sql_file(con, sql_folder() / "schema" / "study.sql")
    if studies is None:
        return []
    rows = read_studies(studies)
    own = connect()
    try:
        for name in ("sample", "study"):
            run_sql_file(own, sql_folder() / "schema" / f"{name}.sql")
        own.register("arriving", rows)
        own.execute(
            "INSERT INTO sample BY NAME SELECT series_id AS sample_id, 'study' AS source, title, summary AS description FROM arriving"
        )
        load_reference(own, ontology)
        label(own)
        said = fetch_arrow(own, ONE_TISSUE)
    finally:
        own.close()
    insert_arrow(con, "study_label", said)
    return [f"{said.num_rows:,} of {rows.num_rows:,} studies name one tissue in title or summary"]


def add_tiers(con: Connection) -> list[str]:
    """Give unmapped samples the label of their siblings or their study, each with evidence of its own. Returns notes for the report."""
    run_stage(con, "tiers", {"least": LEAST, "agreeing": AGREEING})
    con.execute(
        "INSERT INTO evidence BY NAME SELECT evidence_id, ('0x' || evidence_id)::UBIGINT AS evidence_number, sample_id, field, "
        "'map' AS verdict, 'tier' AS kind, 'sample' AS role, "
        "decided_by AS synonym, 'TIER' AS scope, term_id, tissue, matched_text, 0 AS position, 0 AS n_tokens, 0.1 AS weight FROM tier"
    )
    con.execute(
        "INSERT INTO proposed BY NAME SELECT sample.rowid AS sample_number, ('0x' || evidence_id)::UBIGINT AS evidence_number, 'map' AS verdict, "
        "'tier' AS kind, 'sample' AS role, field, tissue, term_id, 0.1 AS weight, 0 AS n_tokens FROM tier JOIN sample USING (sample_id)"
    )
    con.execute(
        "UPDATE label SET term_id = tier.term_id, tissue = tier.tissue, best_tissue = tier.tissue, evidence_id = tier.evidence_id, "
        "decided_by = tier.decided_by, field = tier.field, matched_text = tier.matched_text FROM tier WHERE label.sample_id = tier.sample_id"
    )
    counts = con.execute("SELECT decided_by, count(*) FROM tier GROUP BY decided_by ORDER BY decided_by").fetchall()
    told = ", ".join(f"{n:,} by their {'study' if how == 'study' else 'siblings'}" for how, n in counts)
    return [f"of the samples that say nothing themselves, {told}; they are trained on with --tiers only"] if counts else []
