"""`curate label` and `curate score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def label(
    table: Annotated[Path, typer.Argument(help="TSV, CSV (also .gz) or Parquet with geo_accession, sample_accession or sample_id, and any of title, source_name_ch1, characteristics_ch1, description.")],
    out: Annotated[Path, typer.Option("--out", help="Labels to write: .tsv, .csv or .parquet.")],
    ontology: Annotated[Path | None, typer.Option(help="Folder with rules, overrides and ontology instead of the shipped one.")] = None,
    database: Annotated[Path | None, typer.Option(help="Keep every table (evidence, rules, texts) in this DuckDB file.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the database.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory limit of the database, such as 4GB.")] = None,
) -> None:
    """Label the samples of any table with tissue and term, each with the words that decided it. No expression needed."""
    from curation.label_table import label_table

    counts = label_table(table, out, ontology=ontology, threads=threads, memory=memory, database=database)
    aside = {how: counts.pop(how, 0) for how in ("ambiguous", "unmapped")}
    fields = ", ".join(f"{n:,} by {how}" for how, n in sorted(counts.items(), key=lambda item: -item[1]))
    typer.echo(f"{out}: {sum(counts.values()):,} labelled ({fields}), {aside['ambiguous']:,} ambiguous, {aside['unmapped']:,} unmapped")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(label)
