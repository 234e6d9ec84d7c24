"""`curate build`, `demo` and `doctor`: a compendium, a world to try it on, and whether this machine can."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from profiles.table_format import FormatOption

if TYPE_CHECKING:
    from curation.build import BuildReport, RunOptions
    from curation.config import BuildConfig


INPUT = "Folder with one subfolder per source (archs4, gtex, tcga, depmap, table)"


def _one(given: Path | None, told: Path | None, what: str, option: str) -> Path:
    """A path that stands on the line or behind its option. Raises BadParameter for both and for none."""
    if (given is None) == (told is None):
        raise typer.BadParameter(f"{what} is {'missing' if given is None else 'given twice'}: write it on the line, or {option} FOLDER")
    return given or told or Path()


def build(
    out: Annotated[Path, typer.Option("--out", help="Release folder to write; must not exist unless --replace.")],
    world: Annotated[Path | None, typer.Argument(metavar="INPUT", help=f"{INPUT}; or --input.")] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="DIR|archs4=URL",
            help=f"{INPUT}, where it does not stand on the line; and archs4=URL, of which only what is kept is fetched.",
        ),
    ] = None,
    cap: Annotated[str, typer.Option(help="Most training samples per tissue, or `none`.")] = "10000",
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 42,
    preset: Annotated[
        Literal["default", "paper"],
        typer.Option(help="default: split 80/5/15 by group; paper: 85/15 by sample, as published (leaks studies)."),
    ] = "default",
    subset: Annotated[str, typer.Option(help="Random number of archive samples to use, or `none`.")] = "none",
    cell_line_cap: Annotated[str, typer.Option(help="Cell-line samples to keep per tissue: 0, a number or `none`.")] = "0",
    min_detected: Annotated[
        float,
        typer.Option(
            help="Samples that detect less than this share of the genes that the middle sample of their source does leave; 0: none."
        ),
    ] = 0.25,
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
    studies: Annotated[
        Path | None, typer.Option(help="Table with series_id, title and summary of studies, for samples that say nothing themselves.")
    ] = None,
    tiers: Annotated[bool, typer.Option("--tiers", help="Train also on labels that only siblings or the study's text give.")] = False,
    threads: Annotated[int | None, typer.Option(help="Threads of the database and workers of the gather.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory limit of the database, such as 4GB.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler for the gather.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Exchange an existing release when the new one is complete.")] = False,
    by_gene: Annotated[bool, typer.Option("--by-gene", help="Also write by_gene.h5: one gene of all samples is one read.")] = False,
    with_counts: Annotated[
        bool, typer.Option("--with-counts", help="Also write counts.h5: the raw counts of every sample whose source gives them.")
    ] = False,
    by_ranges: Annotated[
        bool, typer.Option("--by-ranges", help="With archs4=URL: fetch parts also where the whole file would take less time.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the funnel and what is needed; write nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an export that was killed.")] = False,
    form: FormatOption = None,
) -> None:
    """Build a compendium: sources -> labels -> splits -> compendium.h5ad and its neighbours."""
    import tempfile
    from dataclasses import replace as replace_options

    from curation.build import RunOptions
    from curation.build import build as run_build
    from curation.config import BuildConfig, parse_limit
    from curation.progress import Progress

    source_folder, url = _input_of(world, inputs or [], out)
    config = BuildConfig(
        cap=parse_limit("cap", cap),
        seed=seed,
        preset=preset,
        subset=parse_limit("subset", subset),
        cell_line_cap=parse_limit("cell-line-cap", cell_line_cap),
        min_detected=min_detected,
        level=level,
        genes=genes,
        unit=unit,
        locus_groups=tuple(locus_group or ()),
        tiers=tiers,
        licences=tuple(term.strip() for term in license.split(",") if term.strip()),
    )
    options = RunOptions(threads, memory, replace, resume, scheduler, previous, ontology, studies, by_gene=by_gene, with_counts=with_counts)
    with tempfile.TemporaryDirectory(prefix="bulkatlas-decided-") as decided:
        if url:
            options = replace_options(options, decided=Path(decided))
            _fetch_archive(url, source_folder, out, config, options, dry_run, by_ranges)
        if dry_run and url:
            return
        if dry_run:
            _foretell(source_folder, out, config, options)
            return
        report = run_build(source_folder, out, config, options, Progress(visible=True))
    _say(report, out)


def _input_of(world: Path | None, inputs: list[str], out: Path) -> tuple[Path, str]:
    """The input folder and the address of the archive ('' without one); OUT-input where no folder is named. Raises BadParameter."""
    urls = [given.partition("=")[2] for given in inputs if given.startswith("archs4=")]
    folders = [given for given in inputs if not given.startswith("archs4=")]
    if strange := [given for given in folders if "://" in given]:
        raise typer.BadParameter(f"{strange[0]} is no folder; give a folder, and archs4=URL for the archive")
    if len(urls) > 1 or len(folders) > 1:
        raise typer.BadParameter("--input takes one folder and one archs4=URL; put the subfolders of all sources into one folder")
    if urls and not folders and not world:
        return out.with_name(f"{out.name}-input"), urls[0]
    return _one(world, Path(folders[0]) if folders else None, "the input folder", "--input"), urls[0] if urls else ""


def _fetch_archive(url: str, input_folder: Path, out: Path, config: BuildConfig, options: RunOptions, dry_run: bool, anyway: bool) -> None:
    """What of the archive the build needs, put into its folder."""
    from curation.excerpt.decide import fetch_for_build
    from curation.progress import Progress
    from curation.release import refuse_taken

    refuse_taken(out, options.replace)
    moved = fetch_for_build(
        url, input_folder, config, options, Progress(visible=True), dry_run=dry_run, anyway=anyway, decided=options.decided
    )
    for line in moved.lines(is_done=not dry_run):
        typer.echo(f"{url}: {line}")


def _say(report: BuildReport, out: Path) -> None:
    """What was built, and what to look at next."""
    from curation.odd import of_release

    for note in report.notes:
        typer.echo(f"note: {note}")
    parts = ", ".join(f"{n:,} {split}" for split, n in report.n_by_split.items())
    typer.echo(
        f"{out}: {report.n_samples:,} samples ({parts}), {report.n_genes:,} genes, {report.n_tissues} tissues; build {report.build_id}"
    )
    typer.echo(f"release {report.release_id}: publish this id; `curate validate {out} --expect ID` tells whether a copy is this release")
    typer.echo(
        f"look at {out / 'report.html'}, {out / 'funnel.md'}; ask `curate explain SAMPLE --db {out}`; "
        f"train with `model train {out / 'compendium.h5ad'} --out RUN`"
    )
    for line in report.odd:
        typer.echo(f"odd: {of_release(line, out)}")


def _foretell(input_folder: Path, out: Path, config: BuildConfig, options: RunOptions) -> None:
    """What the build would do."""
    from curation.dry_run import forecast
    from curation.progress import Progress
    from curation.report_table import print_table, say

    found = forecast(input_folder, out, config, options, Progress(visible=True))
    print_table(list(found.funnel[0]), [list(row.values()) for row in found.funnel])
    for note in found.notes:
        say(f"note: {note}")
    say(
        f"would write {found.n_samples:,} samples x {found.n_genes:,} genes, about {found.n_bytes / 1e6:,.0f} MB"
        f" ({found.n_bytes_free / 1e6:,.0f} MB are free there, {found.n_bytes_memory / 1e6:,.0f} MB of memory); nothing was written"
    )
    for line in found.odd:
        say(f"odd: {line}")


def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to write; must not exist. The truth goes to FOLDER-truth. Or --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The folder, where it does not stand on the line.")] = None,
    samples: Annotated[int, typer.Option(help="Samples in all four sources together.")] = 3000,
    genes: Annotated[int, typer.Option(help="Genes, with real symbols; every marker gene is among them.")] = 3000,
    seed: Annotated[int, typer.Option(help="Seed: the same one gives the same bytes.")] = 42,
) -> None:
    """Write a small simulated world in the native layouts of archs4, gtex, tcga and depmap."""
    from curation.demo import write_demo
    from curation.progress import Progress

    place = _one(folder, out, "the folder to write", "--out")
    report = write_demo(place, samples, genes, seed, Progress(visible=True))
    parts = ", ".join(f"{n:,} {source}" for source, n in report.n_samples.items())
    typer.echo(
        f"{place}: simulated, {sum(report.n_samples.values()):,} samples ({parts}), {report.n_genes:,} genes, {report.n_tissues} tissues"
    )
    typer.echo(f"{report.truth}: what each sample really is, and {report.n_wrong_labels} planted wrong labels")
    typer.echo(f"next: curate build --input {place} --out RELEASE --cap 300 --by-gene")


def doctor(
    world: Path | None = typer.Argument(
        None, metavar="INPUT", help="Folder of a planned build: its needs and times are worked out; or --input."
    ),
    input_folder: Path | None = typer.Option(None, "--input", help="The same, where it does not stand on the line."),
    out: Path = typer.Option(Path("."), help="Where the release would be written."),
    cap: str = typer.Option("10000", help="Cap of the planned build."),
    form: FormatOption = None,
) -> None:
    """Say whether this machine can run a build, what the build will need, and about how long it will take."""
    from curation.config import parse_limit
    from curation.doctor import diagnose, refuse
    from curation.report_table import print_table

    planned = _one(world, input_folder, "the input folder", "--input") if world or input_folder else None
    findings = diagnose(planned, out, parse_limit("cap", cap))
    verdict = {True: "good", False: "NOT GOOD", None: ""}
    print_table(["what", "found", "needed", "verdict"], [[f.what, f.found, f.needed, verdict[f.is_fit]] for f in findings])
    refuse(findings)


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (build, demo, doctor):
        app.command(rich_help_panel=panel)(command)
