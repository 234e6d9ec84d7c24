"""`curate sources` and `fetch`: what is known, and how to get it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from profiles.table_format import FormatOption

if TYPE_CHECKING:
    from curation.catalogue import Download


def sources(
    downloads: bool = typer.Option(False, help="Also list every file that `curate fetch` knows."), form: FormatOption = None
) -> None:
    """List the known sources: layout, licence, citation."""
    from curation.catalogue import read_downloads, read_sources
    from curation.report_table import print_table, say

    cards = [card for card in read_sources().values() if card.is_data]
    print_table(
        ["source", "what", "layout in its folder", "licence", "commercial use"],
        [[card.source, card.title, card.layout, card.licence, card.commercial_use] for card in cards],
    )
    if downloads:
        columns = ["source", "variant", "release", "file", "checksum", "url", "note"]
        print_table(columns, [[getattr(item, name) for name in columns] for item in read_downloads()])
    for card in cards:
        if card.citation:
            say(f"{card.source}: {card.citation}" + (f" https://doi.org/{card.doi}" if card.doi else ""))


def fetch(
    source: str = typer.Argument(help="archs4, gtex, tcga, target or depmap (see `curate sources --downloads`), or studies."),
    out: Path = typer.Option(Path("input"), help="Input folder; the files go to OUT/SOURCE."),
    variant: str | None = typer.Option(None, help="Layout, where a source has several: tcga has xena and gdc."),
    release: str | None = typer.Option(None, help="Release; default is the newest that has a fixed name."),
    jobs: int = typer.Option(4, min=1, max=16, help="Small files fetched at a time."),
    verify: bool = typer.Option(False, help="Hash again what is there already."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be fetched from where, and stop."),
    table: Path | None = typer.Option(None, help="Another table of downloads, for a mirror."),
    db: Path | None = typer.Option(None, envvar="CURATE_DB", help="Release whose studies are fetched (`curate fetch studies`)."),
    url: str | None = typer.Option(None, help="Address of a study's record with {series} in it, for a mirror of GEO."),
    samples_of: str | None = typer.Option(
        None, metavar="RELEASE|IDS", help="Fetch only these samples of archs4: those of a release, or of a file with one id a line."
    ),
    by_ranges: bool = typer.Option(False, "--by-ranges", help="With --samples-of: also where the whole file would take less time."),
    form: FormatOption = None,
) -> None:
    """Download a source: resumable, verified, through the proxy of the environment."""
    from curation.catalogue import choose_downloads, read_downloads
    from curation.fetch import fetch_with_bars, planned
    from curation.report_table import print_table

    if source == "studies":
        _fetch_studies(db, out, url, dry_run)
        return
    chosen = choose_downloads(read_downloads(table), source, variant, release)
    if samples_of is not None:
        _fetch_samples(chosen, samples_of, out, by_ranges)
        return
    if dry_run:
        print_table(["file", "release", "bytes", "checksum", "url"], planned(chosen))
        return
    outcomes = fetch_with_bars(chosen, out / source, jobs=jobs, verify=verify)
    for outcome in outcomes:
        record = outcome.record
        checked = f"checked against {record.checksum.partition(':')[0]}" if record.checksum else "no checksum is published"
        typer.echo(f"{outcome.done}: {out / source / record.file}  {record.n_bytes:,} bytes  sha256 {record.sha256[:12]}  {checked}")


def _fetch_samples(chosen: list[Download], samples_of: str, out: Path, anyway: bool) -> None:
    """A file with some samples of the archive, to OUT/archs4."""
    from curation.excerpt.decide import ARCHS4, fetch_samples, read_ids
    from curation.progress import Progress
    from profiles.fetching.download import DownloadFault

    if [row.source for row in chosen] != [ARCHS4]:
        raise DownloadFault("--samples-of is for archs4, whose release is one file; fetch other sources whole")
    url, ids = chosen[0].url, read_ids(samples_of)
    path, n_samples, moved = fetch_samples(url, out / ARCHS4, ids, Progress(visible=True), chosen[0].file, anyway=anyway)
    for line in moved.lines():
        typer.echo(f"{url}: {line}")
    typer.echo(f"{path}: {n_samples:,} samples, {path.stat().st_size:,} bytes")


def _fetch_studies(db: Path | None, out: Path, url: str | None, dry_run: bool) -> None:
    """Records of the series of a release's samples that have no tissue, to OUT/studies.tsv."""
    from curation.audit import database_of
    from curation.database import reading
    from curation.studies import GEO, TABLE, fetch_studies, series_of
    from profiles.fetching.download import DownloadFault

    if db is None:
        raise DownloadFault("say which release's studies are wanted: --db RELEASE")
    query = "SELECT DISTINCT series_id FROM sample JOIN label USING (sample_id) WHERE label.tissue IS NULL AND series_id <> ''"
    with reading(database_of(db)) as con:
        series = series_of(name for (name,) in con.execute(query).fetchall())
    typer.echo(f"{len(series)} GEO series have samples without a tissue")
    if dry_run:
        return
    fetched, held = fetch_studies(series, out / TABLE, url=url or GEO, notice=lambda told: typer.echo(told, err=True))
    typer.echo(f"{out / TABLE}: {fetched} fetched, {held} in all; use it with `curate build --studies {out / TABLE}`")


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (sources, fetch):
        app.command(rich_help_panel=panel)(command)
