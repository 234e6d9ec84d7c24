"""`curate audit`, `sql`, `diff`, `validate`, `export` and `import-csv`: what one does with a finished compendium."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from curation.commands.place import Db, Release, one_place, read_place, say_moved
from profiles.table_format import FormatOption


def audit(
    context: typer.Context,
    name: str | None = typer.Argument(None, help="The question; without it, all questions are listed."),
    release: Release = None,
    db: Db = None,
    against: Any = typer.Option(None, parser=read_place, metavar="RELEASE", help="Older release, for audits that compare two."),
    out: Path | None = typer.Option(None, help="Write the answer to a .tsv, .csv, .json or .parquet file."),
    limit: int = typer.Option(40, min=0, help="Rows to show (0: all); a file and a pipe get all."),
    form: FormatOption = None,
) -> None:
    """Answer one question about a build; the SQL files are in sql/audits and run in any DuckDB client."""
    from curation.audit import list_audits, run_audit
    from curation.report_table import print_table, show_answer

    if name is None:
        print_table(["audit", "question"], [[item.name, item.question] for item in list_audits()])
        return
    place = read_place(one_place(context, release, db, "."))
    answer = run_audit(place, name, against)
    say_moved(place)
    show_answer(answer.columns, answer.rows, out, limit)


def sql(
    context: typer.Context,
    query: str = typer.Argument(help="One SELECT."),
    release: Release = None,
    db: Db = None,
    out: Path | None = typer.Option(None, help="Write the answer to a .tsv, .csv, .json or .parquet file."),
    limit: int = typer.Option(40, min=0, help="Rows to show (0: all); a file and a pipe get all."),
    timeout: float = typer.Option(600.0, min=0, help="Seconds that the answer may take (0: any)."),
    max_rows: int = typer.Option(1_000_000, min=0, help="Rows that the answer may have (0: any): all of them are held in memory."),
    form: FormatOption = None,
) -> None:
    """Run one SELECT on a build: read-only, and without access to anything outside the database."""
    from curation.audit import run_query
    from curation.report_table import show_answer

    place = read_place(one_place(context, release, db, "."))
    answer = run_query(place, query, seconds=timeout, most_rows=max_rows)
    say_moved(place)
    show_answer(answer.columns, answer.rows, out, limit)


def diff(
    old: Path = typer.Argument(help="Older release folder."),
    new: Path = typer.Argument(help="Newer release folder."),
    out: Path | None = typer.Option(None, help="Write every changed sample to a .tsv, .csv, .json or .parquet file."),
    page: Path | None = typer.Option(None, help="Write a page (.html) with the summaries."),
    form: FormatOption = None,
) -> None:
    """Compare two releases: samples gained, lost, relabelled, re-split, and because of which rule, override or ontology name."""
    from curation.diff import diff as compare
    from curation.diff import write_page
    from curation.report_table import print_table, say, write_table

    found = compare(old, new)
    say(f"{found.old['build_id']} -> {found.new['build_id']}: {len(found.changes.rows):,} samples differ")
    for columns, rows in (
        (["change", "n_samples"], found.by_change),
        (["because", "n_samples"], found.by_cause),
        (["tissue_before", "tissue_after", "n_samples"], found.by_tissue),
        (["input", "is"], found.inputs),
        (["parameter", "before", "after"], found.parameters),
    ):
        if rows:
            print_table(columns, rows)
    if out is not None:
        write_table(out, found.changes.columns, found.changes.rows)
        say(f"{out}: {len(found.changes.rows):,} rows")
    if page is not None:
        write_page(page, found)
        say(f"{page}: look at it in a browser")


def validate(
    context: typer.Context,
    out: Annotated[str | None, typer.Argument(metavar="RELEASE", help="Release folder, as `curate build --out` wrote it; or --db.")] = None,
    db: Db = None,
    input_folder: Path | None = typer.Option(
        None, "--input", help="The sources of the build: rows of the matrix and every table are computed again from them."
    ),
    expect: str | None = typer.Option(None, metavar="ID", help="The id under which the release was published; another one is a fault."),
    ontology: Path | None = typer.Option(None, help="The ontology folder of the build, where it was not the shipped one."),
    rows: int = typer.Option(20, min=1, help="Samples of each source to compute again."),
    seed: int = typer.Option(0, help="Which samples."),
    form: FormatOption = None,
) -> None:
    """Read a release again as a stranger would: files, papers, matrix and tables against each other, and against the sources.

    This proves that its parts agree, not where it comes from: compare the id that is printed with one published elsewhere (--expect).
    """
    from curation.build import open_sources
    from curation.report_table import print_table, say
    from curation.seal import release_id
    from curation.validate import NotValid
    from curation.validate import validate as ask

    folder = Path(one_place(context, out, db))
    sources = open_sources(input_folder) if input_folder is not None else None
    findings = ask(folder, sources, input_folder, n_rows=rows, seed=seed, ontology=ontology, expect=expect)
    print_table(["", "question", "answer"], [["ok" if f.is_good else "WRONG", f.question, f.answer] for f in findings])
    n_wrong = sum(not f.is_good for f in findings)
    if n_wrong:
        raise NotValid(f"{folder}: {n_wrong} of {len(findings)} checks failed; do not use this release, build or copy it again")
    origin = "" if expect else "; where it comes from they cannot prove: compare the id with a published one, --expect ID"
    say(f"release {release_id(folder)}: its parts agree{origin}")


def export(
    context: typer.Context,
    compendium: Annotated[str | None, typer.Argument(metavar="COMPENDIUM", help="Release folder, or its compendium.h5ad; or --db.")] = None,
    db: Db = None,
    out: Path | None = typer.Option(None, help="Folder to write (for h5ad: file); not needed with --by-gene."),
    form: str = typer.Option(
        "flexynesis", "--format", help="flexynesis, parquet, csv (genes x samples) or h5ad (compressed, for shipping)."
    ),
    layer: str | None = typer.Option(None, help="As in `curate query`: log2tpm (as stored), tpm, or counts if they were kept."),
    by_gene: bool = typer.Option(
        False, "--by-gene", help="Add by_gene.h5 to the release instead: one gene of all samples is then one read."
    ),
    block_sums: bool = typer.Option(
        False, "--blocks", help="Add checksums of blocks to a release that lacks them instead: it can then be read over HTTP."
    ),
) -> None:
    """Write a compendium for other tools: train/ and test/ folders for Flexynesis, Parquet, CSV, or a compressed .h5ad."""
    from curation.export import add_by_gene
    from curation.export import export as write_export
    from curation.progress import Progress

    release = Path(one_place(context, compendium, db))
    if by_gene:
        path = add_by_gene(release, Progress(visible=True))
        typer.echo(f"{path}: {path.stat().st_size:,} bytes, listed in the manifest")
    if block_sums:
        from curation.seal import add_blocks

        typer.echo(f"{release}: checksums of its blocks are in the manifest; release {add_blocks(release)}")
    if out is None:
        if not by_gene and not block_sums:
            raise typer.BadParameter("--out is needed, or --by-gene, or --blocks")
        return

    written = write_export(release, out, form, Progress(visible=True), layer)
    typer.echo(f"{out}: " + ", ".join(f"{n:,} {name}" for name, n in written.items()))


def import_csv(
    folder: Path = typer.Argument(help="Folder with gex.csv (genes x samples) and clin.csv, or with both in train/ and test/."),
    out: Path = typer.Option(..., help="Compendium to write (.h5ad)."),
    id: str | None = typer.Option(None, "--id", help="Column of clin.csv with the sample ids; default: the first."),
    tissue: str = typer.Option("tissue", help="Column of clin.csv that names the tissue."),
    group: str | None = typer.Option(None, help="Column that names the study or donor; no group is put on two sides."),
    split: str = typer.Option("split", help="Column that names the split, where there is one."),
    unit: str | None = typer.Option(None, help="log2-tpm, tpm, cpm, counts, ...; told from the values unless given."),
    samples: list[str] | None = typer.Option(None, help="Columns of gex.csv that are samples, by name or pattern; repeatable."),
    annotation: list[str] | None = typer.Option(None, help="Columns of gex.csv that are no samples; repeatable."),
    seed: int = typer.Option(42, help="Of the draws."),
) -> None:
    """Make a compendium from genes x samples CSV files and their clinical tables."""
    from curation.import_csv import Columns, parse_unit
    from curation.import_csv import import_csv as make
    from curation.progress import Progress
    from curation.sources.matrices import Asked

    asked = Asked(samples=tuple(samples or ()), annotation=tuple(annotation or ()), unit=parse_unit(unit))
    report = make(folder, out, Columns(tissue, group, split, id), asked, seed, Progress(visible=True))
    for note in report.notes:
        typer.echo(note)
    typer.echo(f"{out}: {report.n_samples:,} samples x {report.n_genes:,} genes, {report.unit}")


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (audit, sql, diff, validate, export):
        app.command(rich_help_panel=panel)(command)
    app.command("import-csv", rich_help_panel=panel)(import_csv)
