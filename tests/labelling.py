"""One connection with the shipped ontology for all tests of labels, and the labelling of a handful of hand-made samples."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.database import connect, fetch_arrow, insert_arrow, run_sql_file
from curation.label import label_samples
from curation.ontology import load_reference
from curation.resources import ontology_folder, sql_folder

TEXTS = ("title", "source_name", "characteristics", "description")
FIELD_KEYS = {
    "tissue": "tissue",
    "cell_type": "cell type",
    "cell_line": "cell line",
    "sample": "sample type",
    "disease": "diagnosis",
    "origin": "tissue of origin",
    "other": "zone",
}


@cache
def reference():
    """A connection with the shipped reference tables; loaded once for the whole run."""
    con = connect(threads=1)
    run_sql_file(con, sql_folder() / "schema" / "sample.sql")
    load_reference(con)
    return con


def label(rows: list[dict[str, Any]], con: Any = None, *, strict: bool = False) -> dict[str, dict[str, Any]]:
    """Label hand-made samples (columns of `sample`, all optional) and return the rows of `label` by sample_id."""
    con = con or reference()
    con.execute("DELETE FROM sample")
    rows = [{"sample_id": f"S{i}", "source": "table", **row} for i, row in enumerate(rows)]
    columns = sorted({name for row in rows for name in row})
    insert_arrow(con, "sample", pa.table({name: [row.get(name) for row in rows] for name in columns}))
    label_samples(con, every_override_applies=strict)
    return {row["sample_id"]: row for row in fetch_arrow(con, "SELECT * FROM label").to_pylist()}


def tissue_of(**texts: Any) -> str | None:
    """The tissue of one sample with these texts."""
    tissue: str | None = label([texts])["S0"]["tissue"]
    return tissue


def in_field(field: str, text: str) -> dict[str, str]:
    """A sample that has this text in one field only."""
    if field in TEXTS:
        return {field: text}
    return {"characteristics": f"{FIELD_KEYS[field]}: {text}"}


def changed_ontology(folder: Path, file: str, text: str) -> Path:
    """A copy of the shipped ontology folder in which one file holds `text`."""
    copy = Path(shutil.copytree(ontology_folder(), folder / "ontology", ignore=shutil.ignore_patterns("genes*", "rubrics")))
    (copy / file).write_text(text, encoding="utf-8")
    return copy
