"""The `curate label` command: any table of sample texts in, labels with their evidence out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from curation.database import connect, fetch_arrow, insert_arrow, run_sql_file
from curation.errors import CurationError
from curation.label import label_samples
from curation.ontology import load_reference
from curation.resources import sql_folder

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

ID_COLUMNS = ("geo_accession", "sample_accession", "sample_id")
TEXT_COLUMNS = {
    "title": ("title",),
    "source_name": ("source_name_ch1", "source_name"),
    "characteristics": ("characteristics_ch1", "characteristics"),
    "description": ("description",),
    "series_id": ("series_id",),
}
QUERIES = {
    "all": "SELECT explained_label.*, sample_fact.* EXCLUDE (sample_id, origin_tissue) "
    "FROM explained_label JOIN sample_fact USING (sample_id) ORDER BY sample_id",
    "tissue": "SELECT * FROM explained_label ORDER BY sample_id",
}
SEPARATORS = {".tsv": "\t", ".txt": "\t", ".csv": ","}
SHOWN = 3


class TableFault(CurationError):
    """The table of samples cannot be read, or lacks what labelling needs."""


def label_table(
    table: Path,
    out: Path,
    *,
    ontology: Path | None = None,
    threads: int | None = None,
    memory: str | None = None,
    database: Path | None = None,
    facts: str = "all",
    studies: Path | None = None,
) -> tuple[dict[str, int], list[str]]:
    """Label every row of a TSV, CSV or Parquet table; returns the number of samples by how they were decided, and notes.

    `facts` is `all` or `tissue`.
    Writes `out` (TSV, CSV or Parquet by its suffix) whole or not at all; `database` keeps all tables for `curate explain` and `curate audit`.
    Raises TableFault and OntologyFault.
    """
    write = _writer(out)
    samples = read_samples(table)
    if database is not None and database.exists():
        raise TableFault(f"{database} exists; give another name, or delete it")
    con = connect(database, threads=threads, memory=memory)
    try:
        run_sql_file(con, sql_folder() / "schema" / "sample.sql")
        insert_arrow(con, "sample", samples)
        load_reference(con, ontology)
        notes = label_samples(con, every_override_applies=False, studies=studies, ontology=ontology)
        labels = fetch_arrow(con, QUERIES[facts])
        counts = con.execute("SELECT decided_by, count(*) FROM label GROUP BY decided_by ORDER BY decided_by").fetchall()
    finally:
        con.close()
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        write(labels, part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return dict(counts), notes


def read_samples(path: Path) -> pa.Table:
    """Rows of the `sample` table from a table with GEO's column names. Raises TableFault."""
    import polars as pl

    frame = read_table(path)
    id_column = next((name for name in ID_COLUMNS if name in frame.columns), None)
    if id_column is None:
        raise TableFault(f"{path.name} has none of the columns {', '.join(ID_COLUMNS)}; it has {', '.join(frame.columns[:12])}")
    chosen = {
        ours: next(name for name in names if name in frame.columns)
        for ours, names in TEXT_COLUMNS.items()
        if any(n in frame.columns for n in names)
    }
    if not set(chosen) - {"series_id"}:
        wanted = ", ".join(names[0] for ours, names in TEXT_COLUMNS.items() if ours != "series_id")
        raise TableFault(f"{path.name} has no text to label: none of the columns {wanted}")
    columns = [
        pl.col(id_column).cast(pl.String).alias("sample_id"),
        *(pl.col(name).cast(pl.String).alias(ours) for ours, name in chosen.items()),
    ]
    frame = frame.select(*columns, source=pl.lit("table"))
    empty = frame["sample_id"].is_null() | (frame["sample_id"] == "")
    if empty.any():
        raise TableFault(f"{path.name}: {empty.sum()} rows have no {id_column}, first: row {empty.arg_max()}; every sample needs an id")
    twice = frame["sample_id"].filter(frame["sample_id"].is_duplicated()).unique(maintain_order=True)
    if len(twice):
        raise TableFault(
            f"{path.name}: {len(twice)} values of {id_column} occur more than once, first: {', '.join(twice[:SHOWN])}; give each sample one row"
        )
    return frame.to_arrow()


def read_table(path: Path) -> pl.DataFrame:
    """A TSV, CSV (also gzipped) or Parquet file; text files as text. Raises TableFault."""
    import polars as pl

    if not path.is_file():
        raise TableFault(f"{path} is no file; give a TSV, CSV or Parquet table of samples")
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    try:
        if suffix == ".parquet":
            return pl.read_parquet(path)
        if suffix in SEPARATORS:
            return pl.read_csv(path, separator=SEPARATORS[suffix], infer_schema=False, encoding="utf8-lossy", empty_string_is_null=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableFault(
            f"{path.name} cannot be read as {suffix[1:]}: {str(error).splitlines()[0]}; quotes must be doubled and rows equally long"
        ) from error
    raise TableFault(f"{path.name}: unknown kind of table; its name must end in .tsv, .csv, .txt (each also .gz) or .parquet")


def _writer(out: Path):  # type: ignore[no-untyped-def]
    import polars as pl

    if out.suffix not in (".tsv", ".csv", ".parquet"):
        raise TableFault(f"{out.name}: labels are written as .tsv, .csv or .parquet; choose one of these endings")
    if not out.parent.is_dir():
        raise TableFault(f"{out.parent} is no folder; make it first")

    def write(labels: pa.Table, path: Path) -> None:
        frame = pl.DataFrame(labels)
        if out.suffix == ".parquet":
            frame.write_parquet(path)
        else:
            frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(path, separator=SEPARATORS[out.suffix])

    return write
