"""`curate sources` and `fetch`: what is known, and how to get it."""

from __future__ import annotations

from pathlib import Path

import typer


def sources(downloads: bool = typer.Option(False, help="Also list every file that `curate fetch` knows.")) -> None:
    """List the known sources: layout, licence, citation."""
    from curation.catalogue import read_downloads, read_sources
    from curation.report_table import print_table

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
            typer.echo(f"{card.source}: {card.citation}" + (f" https://doi.org/{card.doi}" if card.doi else ""))


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


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (sources, fetch):
        app.command(rich_help_panel=panel)(command)
