"""`curate publish`, `pull`, `releases` and `deprecate`: releases that travel, by a catalogue that is a folder, or the same folder behind HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from profiles.table_format import FormatOption

Target = Annotated[str, typer.Argument(metavar="CATALOGUE", help="Folder of the catalogue; made where there is none.")]
Source = Annotated[str, typer.Argument(metavar="CATALOGUE", help="Folder or http(s) address of a catalogue.")]
Version = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="As `curate releases` lists it.")]


def publish(
    release: Annotated[Path, typer.Argument(help="Release folder, as `curate build --out` wrote it.")],
    target: Target,
    name: Annotated[
        str, typer.Option("--as", metavar="NAME@VERSION", help="Under which it is published, for ever: such as atlas@2026.11.")
    ],
    labels_only: Annotated[
        bool, typer.Option("--labels-only", help="Without expression: labels, samples, evidence, facts, database.")
    ] = False,
) -> None:
    """Put a release into a catalogue: every file checked, whole or not at all, and never written over."""
    from curation.catalogue import UNSTATED
    from curation.mark import MANIFEST
    from curation.sharing import publish_release

    entry, is_new = publish_release(release, target, name, labels_only=labels_only)
    done = "published" if is_new else f"is there since {entry.published}, nothing was changed"
    typer.echo(f"{entry} {done}: {entry.about}; {len(entry.files)} files, {entry.bytes:,} bytes; release {entry.id}")
    if unstated := [source for source, licence in entry.licences.items() if licence == UNSTATED]:
        typer.echo(f"note: no licence is stated for {', '.join(unstated)}; see CITATION.txt before you share it", err=True)
    if not any(item.file == "blocks.sha256" for item in entry.files):
        typer.echo(
            f"note: it has no checksums of blocks, so it can be pulled, but not be read in place over HTTP ({MANIFEST} of an earlier program)",
            err=True,
        )


def pull(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Folder or http(s) address of a catalogue; without NAME, of one release.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="Without a version: the last that is not deprecated.")] = "",
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist.")] = ...,  # type: ignore[assignment]
    expect: Annotated[str, typer.Option(metavar="ID", help="The id of the release as it was read elsewhere; another one is refused.")] = "",
) -> None:
    """Bring a release: resumed where it was cut, every file checked, whole under its name or not at all."""
    from curation.sharing import pull_release
    from profiles.fetching.bars import bars

    with bars() as (watch, patience):
        entry, pulled = pull_release(source, name, out, expect=expect, patience=patience, watch=watch)
    there = f" ({pulled.n_there:,} of them were there from before)" if pulled.n_there else ""
    named = f"{entry}, " if entry.name else ""
    typer.echo(f"{out}: {named}{entry.about}; {entry.bytes:,} bytes{there}, all as published; release {entry.id}")
    if entry.deprecated:
        typer.echo(f"note: {entry} is {entry.deprecated}", err=True)


def releases(source: Source, form: FormatOption = None) -> None:
    """List what a catalogue holds: releases, labels and models, with size, licences, and what is deprecated for which reason."""
    from curation.report_table import print_table
    from profiles.sharing.catalogue import read_catalogue

    found = read_catalogue(source)
    columns = ["name", "kind", "published", "about", "bytes", "schema", "licences", "deprecated"]
    rows = [
        [
            str(entry), entry.kind, entry.published[:10], entry.about, f"{entry.bytes:,}", entry.schema_version,
            ", ".join(sorted({*entry.licences.values()})), str(entry.deprecated or ""),
        ]
        for entry in found.entries
    ]  # fmt: skip
    print_table(columns, rows)


def deprecate(
    target: Annotated[str, typer.Argument(metavar="CATALOGUE", help="Folder of the catalogue.")],
    name: Version,
    reason: Annotated[str, typer.Option(help="Why it is not to be used any more.")],
    successor: Annotated[str, typer.Option(metavar="NAME[@VERSION]", help="What is to be used in its place.")] = "",
) -> None:
    """Say that a version is not to be used any more, and what is. It stays: whoever names it with its version still gets it, with the reason."""
    from profiles.sharing.publish import deprecate as mark

    entry = mark(target, name, reason, successor)
    typer.echo(f"{entry} is {entry.deprecated}")


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands of this module."""
    for command in (publish, pull, releases, deprecate):
        app.command(rich_help_panel=panel)(command)
