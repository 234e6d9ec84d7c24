"""`curate label`, `score` and `explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from curation.commands.place import Db, Release, one_place, read_place, say_moved
from profiles.table_format import FormatOption


def label(
    table: Annotated[
        Path,
        typer.Argument(
            help="TSV, CSV (any dialect, also compressed), Parquet, .xlsx or .h5ad: GEO's or our columns, or a table of GEOquery, GEOparse, GEOmetadb, "
            "SRA, refine.bio, recount3, CELLxGENE and others; see docs/reference/tables.md."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Labels to write: .tsv, .csv or .parquet.")],
    id: Annotated[str | None, typer.Option("--id", help="Column with the sample ids, where its name does not tell.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Columns to read as text, comma-separated, in place of those that are found.")
    ] = None,
    ontology: Annotated[Path | None, typer.Option(help="Folder with rules, overrides and ontology instead of the shipped one.")] = None,
    database: Annotated[Path | None, typer.Option(help="Keep every table (evidence, rules, texts) in this DuckDB file.")] = None,
    facts: Annotated[
        Literal["all", "tissue"], typer.Option(help="All facts that the text states (disease, sex, age, ...), or tissue and term only.")
    ] = "all",
    studies: Annotated[
        Path | None, typer.Option(help="Table with series_id, title and summary of studies, for samples that say nothing themselves.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the database.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory limit of the database, such as 4GB.")] = None,
) -> None:
    """Label the samples of any table with tissue and term, each with the words that decided it. No expression needed."""
    from curation.label_table import label_table

    counts, notes = label_table(
        table,
        out,
        ontology=ontology,
        threads=threads,
        memory=memory,
        database=database,
        id=id,
        text=_names(text),
        facts=facts,
        studies=studies,
    )
    for note in notes:
        typer.echo(f"note: {note}")
    aside = {how: counts.pop(how, 0) for how in ("ambiguous", "unmapped")}
    fields = ", ".join(f"{n:,} by {how}" for how, n in sorted(counts.items(), key=lambda item: -item[1]))
    typer.echo(f"{out}: {sum(counts.values()):,} labelled ({fields}), {aside['ambiguous']:,} ambiguous, {aside['unmapped']:,} unmapped")


def score(
    gold: Annotated[Path, typer.Argument(help="Table of samples with their texts and tissue_ids (UBERON or CL ids joined by |).")],
    labels: Annotated[Path | None, typer.Argument(help="Labels to score; made from the texts of GOLD when not given.")] = None,
    ontology: Annotated[Path | None, typer.Option(help="Folder with rules, overrides and ontology instead of the shipped one.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write everything as JSON.")] = None,
    errors: Annotated[int, typer.Option(help="How many confusions to show.")] = 15,
    threads: Annotated[int | None, typer.Option(help="Threads of the database.")] = None,
    form: FormatOption = None,
) -> None:
    """Precision, recall and coverage of labels against curated ones: overall, per tissue, per field, and what was confused."""
    import json
    from dataclasses import asdict

    from curation.report_table import print_table, say
    from curation.score import score as run_score

    result = run_score(gold, labels, ontology=ontology, threads=threads)
    columns = ["name", "n", "n_mapped", "n_cell_line", "n_right", "precision", "recall", "coverage"]
    for part, title in PARTS.items():
        rows = [[row["name"] or part, *(row[c] for c in columns[1:])] for row in result.of(part)]
        if rows:
            print_table([title, *columns[1:]], rows)
    if result.by_series["n_series"]:
        say("mean over {n_series} series: precision {precision}, recall {recall}".format(**result.by_series))
    confusions = [[row[c] for c in ("n", "gold", "tissue", "field", "matched_text", "first_sample")] for row in result.confusions[:errors]]
    if confusions:
        print_table(["n", "curated", "labelled", "field", "words", "first sample"], confusions)
    if json_out is not None:
        from profiles import aside

        aside.write_text(json_out, json.dumps(asdict(result), indent=1) + "\n")


def _names(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


PARTS = {"all": "every sample", "primary": "text names no cell line", "tissue": "curated tissue", "field": "deciding field"}


def explain(
    context: typer.Context,
    sample: Annotated[str, typer.Argument(help="Sample id, such as GSM1234567.")],
    release: Release = None,
    db: Db = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Tell the whole life of a sample: source row, evidence, decision, exclusions, split, cap rank, matrix row."""
    import json

    from curation.explain import explain as explain_sample
    from curation.explain import told

    place = read_place(one_place(context, release, db, "."))
    life = explain_sample(place, sample)
    say_moved(place)
    if as_json:
        typer.echo(json.dumps(life.as_dict(), indent=1, default=str))
        return
    for line in told(life):
        typer.echo(line)


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (label, score, explain):
        app.command(rich_help_panel=panel)(command)
