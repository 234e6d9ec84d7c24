"""`model push` and `pull`: bundles that travel, by a catalogue or the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
PANEL = "Share"


@app.command(rich_help_panel=PANEL)
def push(
    bundle: Annotated[Path, typer.Argument(help="bundle of `model export`")],
    target: Annotated[str, typer.Argument(metavar="CATALOGUE", help="folder of the catalogue; made where there is none")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME@VERSION", help="under which it is published, for ever: such as tissues@2026.11")
    ],
) -> None:
    """Put a bundle into a catalogue: every file checked, whole or not at all, and never written over."""
    from modelling.bundle import sharing

    entry, is_new = sharing.push(bundle, target, name)
    done = "published" if is_new else f"is there since {entry.published}, nothing was changed"
    typer.echo(
        f"{entry} {done}: {entry.about}; {len(entry.files)} files, {entry.bytes:,} bytes; licence {', '.join(entry.licences.values())}"
    )


@app.command(rich_help_panel=PANEL)
def pull(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="folder or http(s) address of a catalogue (or of one bundle), or hf://ORG/NAME[@REVISION]"),
    ],
    out: Annotated[Path, typer.Option(help="folder to write; must not exist")],
    name: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]", help="of a catalogue; without a version: the last that is not deprecated")
    ] = "",
) -> None:
    """Bring a bundle: resumed where it was cut, every file checked, whole under its name or not at all."""
    from modelling.bundle import sharing
    from profiles.fetching.bars import bars

    with bars() as (watch, patience):
        entry, pulled = sharing.pull(source, name, out, patience=patience, watch=watch)
    there = f" ({pulled.n_there:,} of them were there from before)" if pulled.n_there else ""
    named = f"{entry}, " if entry.name else ""
    typer.echo(f"{out}: {named}{entry.about}; {entry.bytes:,} bytes{there}, all as exported; licence {', '.join(entry.licences.values())}")
    if entry.deprecated:
        typer.echo(f"note: {entry} is {entry.deprecated}", err=True)
