"""The `curate` command line: parses, calls, prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from curation.build import BuildReport

from curation import cli_label, cli_override

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Public bulk RNA-seq archives -> one audited compendium.",
)


app.add_typer(cli_override.app, name="override")
cli_label.add_to(app)


@app.callback()
def root() -> None:
    """Public bulk RNA-seq archives -> one audited compendium."""


@app.command()
def build(
    input_folder: Annotated[
        Path, typer.Option("--input", help="Folder with one subfolder per source (archs4, gtex, tcga, depmap, table).")
    ],
    out: Annotated[Path, typer.Option("--out", help="Release folder to write; must not exist unless --replace.")],
    cap: Annotated[str, typer.Option(help="Most training samples per tissue, or `none`.")] = "10000",
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 42,
    preset: Annotated[
        Literal["default", "paper"],
        typer.Option(help="default: split 80/5/15 by group; paper: 85/15 by sample, as published (leaks studies)."),
    ] = "default",
    subset: Annotated[str, typer.Option(help="Random number of archive samples to use, or `none`.")] = "none",
    cell_line_cap: Annotated[str, typer.Option(help="Cell-line samples to keep per tissue: 0, a number or `none`.")] = "0",
    level: Annotated[
        Literal["tissue", "term"], typer.Option(help="Class of a sample: `tissue` (the 42) or `term` (its finest term).")
    ] = "tissue",
    genes: Annotated[
        Literal["shared", "union"], typer.Option(help="`shared`: genes that every source measures; `union`: NaN where a source does not.")
    ] = "shared",
    license: Annotated[
        str, typer.Option(help="Keep sources by licence: `commercial`, `stated`, or licence ids, comma-separated; see `curate sources`.")
    ] = "",
    locus_group: Annotated[
        list[str] | None, typer.Option(help="HGNC locus group to export, such as `protein-coding gene`; may be repeated. Default: all.")
    ] = None,
    unit: Annotated[Literal["tpm", "cpm"], typer.Option(help="`tpm`, or `cpm` where gene lengths are not to be used.")] = "tpm",
    previous: Annotated[Path | None, typer.Option(help="Earlier release whose splits are kept.")] = None,
    ontology: Annotated[Path | None, typer.Option(help="Folder with rules, overrides and ontology instead of the shipped one.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the database and workers of the gather.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory limit of the database, such as 4GB.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler for the gather.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Exchange an existing release when the new one is complete.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an export that was killed.")] = False,
) -> None:
    """Build a compendium: sources -> labels -> splits -> compendium.h5ad and its neighbours."""
    from curation.build import RunOptions
    from curation.build import build as run_build
    from curation.config import BuildConfig, parse_limit
    from curation.progress import Progress

    config = BuildConfig(
        cap=parse_limit("cap", cap),
        seed=seed,
        preset=preset,
        subset=parse_limit("subset", subset),
        cell_line_cap=parse_limit("cell-line-cap", cell_line_cap),
        level=level,
        genes=genes,
        unit=unit,
        locus_groups=tuple(locus_group or ()),
        licences=tuple(term.strip() for term in license.split(",") if term.strip()),
    )
    options = RunOptions(threads, memory, replace, resume, scheduler, previous, ontology)
    report = run_build(input_folder, out, config, options, Progress(visible=True))
    _say(report, out)


def _say(report: BuildReport, out: Path) -> None:
    """What was built, and what to look at next."""
    for note in report.notes:
        typer.echo(f"note: {note}")
    parts = ", ".join(f"{n:,} {split}" for split, n in report.n_by_split.items())
    typer.echo(
        f"{out}: {report.n_samples:,} samples ({parts}), {report.n_genes:,} genes, {report.n_tissues} tissues; build {report.build_id}"
    )
    typer.echo(
        f"look at {out / 'report.html'}, {out / 'funnel.md'}; ask `curate explain SAMPLE --db {out}`; train with `model train {out / 'compendium.h5ad'} --out RUN`"
    )


@app.command()
def sources(downloads: bool = typer.Option(False, help="Also list every file that `curate fetch` knows.")) -> None:
    """List the known sources: layout, licence, citation."""
    from curation.catalogue import read_downloads, read_sources
    from curation.report_table import print_table

    cards = [card for card in read_sources().values() if card.role == "data"]
    print_table(
        ["source", "what", "layout in its folder", "licence", "commercial use"],
        [[card.source, card.title, card.layout, card.licence, card.commercial_use] for card in cards],
    )
    if downloads:
        columns = ["source", "variant", "release", "file", "checksum", "url", "note"]
        print_table(columns, [[getattr(item, name) for name in columns] for item in read_downloads()])
    for card in cards:
        if card.citation:
            typer.echo(f"{card.source}: {card.citation}" + (f" https://doi.org/{card.doi}" if card.doi else ""))


@app.command()
def fetch(
    source: str = typer.Argument(help="archs4, gtex, tcga, target or depmap; see `curate sources --downloads`."),
    out: Path = typer.Option(Path("input"), help="Input folder; the files go to OUT/SOURCE."),
    variant: str | None = typer.Option(None, help="Layout, where a source has several: tcga has xena and gdc."),
    release: str | None = typer.Option(None, help="Release; default is the newest that has a fixed name."),
    jobs: int = typer.Option(4, min=1, max=16, help="Small files fetched at a time."),
    verify: bool = typer.Option(False, help="Hash again what is there already."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be fetched from where, and stop."),
    table: Path | None = typer.Option(None, help="Another table of downloads, for a mirror."),
) -> None:
    """Download a source: resumable, verified, through the proxy of the environment."""
    from curation.catalogue import choose_downloads, read_downloads
    from curation.fetch import fetch_with_bars, planned
    from curation.report_table import print_table

    chosen = choose_downloads(read_downloads(table), source, variant, release)
    if dry_run:
        print_table(["file", "release", "bytes", "checksum", "url"], planned(chosen))
        return
    outcomes = fetch_with_bars(chosen, out / source, jobs=jobs, verify=verify)
    for outcome in outcomes:
        record = outcome.record
        checked = f"checked against {record.checksum.partition(':')[0]}" if record.checksum else "no checksum is published"
        typer.echo(f"{outcome.done}: {out / source / record.file}  {record.n_bytes:,} bytes  sha256 {record.sha256[:12]}  {checked}")


@app.command()
def audit(
    name: str | None = typer.Argument(None, help="The question; without it, all questions are listed."),
    db: Path = typer.Option(Path("."), envvar="CURATE_DB", help="Release folder, or its curation.duckdb."),
    against: Path | None = typer.Option(None, help="Older release, for audits that compare two."),
    out: Path | None = typer.Option(None, help="Write the answer to a .tsv, .csv, .json or .parquet file."),
    limit: int = typer.Option(40, min=0, help="Rows to show (0: all); a file and a pipe get all."),
) -> None:
    """Answer one question about a build; the SQL files are in sql/audits and run in any DuckDB client."""
    from curation.audit import list_audits, run_audit
    from curation.report_table import print_table, show_answer

    if name is None:
        print_table(["audit", "question"], [[item.name, item.question] for item in list_audits()])
        return
    answer = run_audit(db, name, against)
    show_answer(answer.columns, answer.rows, out, limit)


@app.command()
def sql(
    query: str = typer.Argument(help="One SELECT."),
    db: Path = typer.Option(Path("."), envvar="CURATE_DB", help="Release folder, or its curation.duckdb."),
    out: Path | None = typer.Option(None, help="Write the answer to a .tsv, .csv, .json or .parquet file."),
    limit: int = typer.Option(40, min=0, help="Rows to show (0: all); a file and a pipe get all."),
) -> None:
    """Run one SELECT on a build: read-only, and without access to anything outside the database."""
    from curation.audit import run_query
    from curation.report_table import show_answer

    answer = run_query(db, query)
    show_answer(answer.columns, answer.rows, out, limit)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write; must not exist. The truth goes to FOLDER-truth.")],
    samples: Annotated[int, typer.Option(help="Samples in all four sources together.")] = 3000,
    genes: Annotated[int, typer.Option(help="Genes, with real symbols; every marker gene is among them.")] = 3000,
    seed: Annotated[int, typer.Option(help="Seed: the same one gives the same bytes.")] = 42,
) -> None:
    """Write a small simulated world in the native layouts of archs4, gtex, tcga and depmap."""
    from curation.demo import write_demo
    from curation.progress import Progress

    report = write_demo(folder, samples, genes, seed, Progress(visible=True))
    parts = ", ".join(f"{n:,} {source}" for source, n in report.n_samples.items())
    typer.echo(
        f"{folder}: simulated, {sum(report.n_samples.values()):,} samples ({parts}), {report.n_genes:,} genes, {report.n_tissues} tissues"
    )
    typer.echo(f"{report.truth}: what each sample really is, and {report.n_wrong_labels} planted wrong labels")
    typer.echo(f"next: curate build --input {folder} --out RELEASE --cap 300")


@app.command()
def doctor(
    input_folder: Path | None = typer.Option(None, "--input", help="Folder of a planned build: its needs and times are worked out."),
    out: Path = typer.Option(Path("."), help="Where the release would be written."),
    cap: str = typer.Option("10000", help="Cap of the planned build."),
) -> None:
    """Say whether this machine can run a build, what the build will need, and about how long it will take."""
    from curation.config import parse_limit
    from curation.doctor import diagnose, refuse
    from curation.report_table import print_table

    findings = diagnose(input_folder, out, parse_limit("cap", cap))
    verdict = {True: "good", False: "NOT GOOD", None: ""}
    print_table(["what", "found", "needed", "verdict"], [[f.what, f.found, f.needed, verdict[f.is_fit]] for f in findings])
    refuse(findings)


@app.command()
def explain(
    sample: str = typer.Argument(help="Sample id, such as GSM1234567."),
    db: Path = typer.Option(Path("."), envvar="CURATE_DB", help="Release folder, or its curation.duckdb."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """Tell the whole life of a sample: source row, evidence, decision, exclusions, split, cap rank, matrix row."""
    import json

    from curation.explain import explain as explain_sample
    from curation.explain import told

    life = explain_sample(db, sample)
    if as_json:
        typer.echo(json.dumps(life.as_dict(), indent=1, default=str))
        return
    for line in told(life):
        typer.echo(line)


@app.command()
def diff(
    old: Path = typer.Argument(help="Older release folder."),
    new: Path = typer.Argument(help="Newer release folder."),
    out: Path | None = typer.Option(None, help="Write every changed sample to a .tsv, .csv, .json or .parquet file."),
    page: Path | None = typer.Option(None, help="Write a page (.html) with the summaries."),
) -> None:
    """Compare two releases: samples gained, lost, relabelled, re-split, and because of which rule, override or ontology name."""
    from curation.diff import diff as compare
    from curation.diff import write_page
    from curation.report_table import print_table, write_table

    found = compare(old, new)
    typer.echo(f"{found.old['build_id']} -> {found.new['build_id']}: {len(found.changes.rows):,} samples differ")
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
        typer.echo(f"{out}: {len(found.changes.rows):,} rows")
    if page is not None:
        write_page(page, found)
        typer.echo(f"{page}: look at it in a browser")


@app.command()
def validate(
    out: Path = typer.Argument(help="Release folder, as `curate build --out` wrote it."),
    input_folder: Path | None = typer.Option(
        None, "--input", help="The sources of the build: rows of the matrix are computed again from them."
    ),
    rows: int = typer.Option(20, min=1, help="Samples of each source to compute again."),
    seed: int = typer.Option(0, help="Which samples."),
) -> None:
    """Read a release again as a stranger would: checksums, scaler, obs against the database, and rows of X from the sources."""
    from curation.build import open_sources
    from curation.report_table import print_table
    from curation.validate import NotValid
    from curation.validate import validate as ask

    sources = open_sources(input_folder) if input_folder is not None else None
    findings = ask(out, sources, input_folder, n_rows=rows, seed=seed)
    print_table(["", "question", "answer"], [["ok" if f.is_good else "WRONG", f.question, f.answer] for f in findings])
    n_wrong = sum(not f.is_good for f in findings)
    if n_wrong:
        raise NotValid(f"{out}: {n_wrong} of {len(findings)} checks failed; do not use this release, build or copy it again")


@app.command()
def export(
    compendium: Path = typer.Argument(help="Release folder, or its compendium.h5ad."),
    out: Path = typer.Option(..., help="Folder to write (for h5ad: file)."),
    form: str = typer.Option(
        "flexynesis", "--format", help="flexynesis, parquet, csv (genes x samples) or h5ad (compressed, for shipping)."
    ),
) -> None:
    """Write a compendium for other tools: train/ and test/ folders for Flexynesis, Parquet, CSV, or a compressed .h5ad."""
    from curation.export import export as write_export
    from curation.progress import Progress

    written = write_export(compendium, out, form, Progress(visible=True))
    typer.echo(f"{out}: " + ", ".join(f"{n:,} {name}" for name, n in written.items()))


@app.command("import-csv")
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


def main() -> None:
    """Entry point: our errors become one red line and exit code 1."""
    from profiles.errors import BulkatlasError

    try:
        app()
    except BulkatlasError as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)
