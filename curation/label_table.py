"""The `curate label` command: any table of sample texts in, labels with their evidence out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from curation.database import connect, insert_arrow, run_sql_file, stream_arrow, write_parquet
from curation.label import label_samples
from curation.ontology import load_reference
from curation.resources import sql_folder
from profiles import aside
from profiles.aside import put_mark
from profiles.errors import MetadataFault, TableFault

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.database import Connection

MOST_IN_MEMORY = 1_000_000  # rows of a table that is labelled in memory; the tables of a larger one lie on the disk
MEMORY = "1GB"  # that the database takes of a larger one, unless --memory says otherwise
ROWS = 50_000  # of labels, written at a time
SEPARATORS = {".tsv": "\t", ".csv": ","}
QUERIES = {
    "all": "SELECT explained_label.* REPLACE (coalesce(sample_fact.origin_tissue, '') AS origin_tissue, "
    "coalesce(sample_fact.origin_term_id, '') AS origin_term_id), sample_fact.* EXCLUDE (sample_id, origin_tissue, origin_term_id) "
    "FROM explained_label JOIN sample_fact USING (sample_id)",
    "tissue": "SELECT * FROM explained_label",
}
CITED = ("title", "source_name", "characteristics", "description", "series_id")


def label_table(
    table: Path,
    out: Path,
    *,
    ontology: Path | None = None,
    threads: int | None = None,
    memory: str | None = None,
    database: Path | None = None,
    id: str | None = None,
    text: Sequence[str] | None = None,
    facts: str = "all",
    studies: Path | None = None,
) -> tuple[dict[str, int], list[str]]:
    """Label every row of a table about samples; returns the number of samples by how they were decided, and notes.

    `id` and `text` name its columns where their names do not tell; `facts` is `all` or `tissue`.
    Writes `out` (TSV, CSV or Parquet by its suffix) whole or not at all;
    `database` keeps all tables for `curate explain` and `curate audit`. Raises TableFault, MetadataFault and OntologyFault.
    """
    write = _writer(out)
    samples, notes = read_samples(table, id=id, text=text)
    if database is not None and database.exists():
        raise TableFault(f"{database} exists; give another name, or delete it")
    is_large = samples.num_rows > MOST_IN_MEMORY
    memory = memory or (MEMORY if is_large else None)
    with (
        aside.written(database) if database else _scratch(out, is_large) as draft,
        closing(connect(draft, threads=threads, memory=memory)) as con,
    ):
        run_sql_file(con, sql_folder() / "schema" / "sample.sql")
        insert_arrow(con, "sample", samples)
        del samples
        load_reference(con, ontology, keep=database is not None)
        notes += label_samples(con, every_override_applies=False, studies=studies, ontology=ontology)
        counts = con.execute("SELECT decided_by, count(*) FROM label GROUP BY decided_by ORDER BY decided_by").fetchall()
        with aside.written(out) as part:
            write(con, QUERIES[facts], part)
    return dict(counts), notes


@contextmanager
def _scratch(out: Path, is_large: bool) -> Iterator[Path | None]:
    """Where the tables of a large labelling lie until it ends: on the disk of `out`; None for memory."""
    if not is_large:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix=".bulkatlas-label-", dir=out.parent) as folder:
        put_mark(Path(folder))
        yield Path(folder) / "labels.duckdb"


def read_samples(path: Path, *, id: str | None = None, text: Sequence[str] | None = None) -> tuple[pa.Table, list[str]]:
    """Rows of the `sample` table from any table about samples, and what is to be said. Raises MetadataFault and TableFault."""
    import polars as pl

    from profiles.metadata import read_metadata

    found = read_metadata(path, id=id, text=text, speaking=True)
    samples = found.samples
    if not found.has_text and "tissue_term" not in samples.columns:
        raise MetadataFault(
            f"{path.name} has no text to label: none of the columns title, source_name, characteristics, description, and none of an archive"
            f" that is known; name columns with --text; it has {', '.join(found.frame.columns[:12])}"
        )
    columns = [pl.col("sample_id"), *(pl.col(name) for name in CITED if name in samples.columns), pl.lit("table").alias("source")]
    if "tissue_term" in samples.columns:
        term, title = pl.col("tissue_term"), pl.lit(found.read["tissue_term"][0])
        columns += [
            term.alias("declared_term_id"),
            term.alias("declared_text"),
            pl.when(term.is_not_null()).then(title).alias("declared_field"),
        ]
    if "is_cell_line" in samples.columns:
        columns.append(pl.col("is_cell_line").alias("is_cell_line_declared"))
    notes = [*found.notes, *([found.text_note] if found.text_note else [])]
    notes += [f"{path.name}: {note} (--text names columns to be read)" for note in found.account().sentences()]
    return samples.select(columns).to_arrow(), notes


def _writer(out: Path) -> Callable[[Connection, str, Path], None]:
    """What writes the rows of a query, by sample id, into a file of that ending. Raises TableFault."""
    if out.suffix not in (".tsv", ".csv", ".parquet"):
        raise TableFault(f"{out.name}: labels are written as .tsv, .csv or .parquet; choose one of these endings")
    if not out.parent.is_dir():
        raise TableFault(f"{out.parent} is no folder; make it first")

    return partial(write_parquet, order="sample_id") if out.suffix == ".parquet" else partial(_write_text, SEPARATORS[out.suffix])


def _write_text(separator: str, con: Connection, query: str, path: Path) -> None:
    import polars as pl

    with path.open("wb") as file:
        for number, table in enumerate(stream_arrow(con, query, "sample_id", ROWS)):
            frame = pl.DataFrame(table).with_columns(pl.col(pl.String).replace("", None))
            frame.write_csv(file, separator=separator, include_header=number == 0)
