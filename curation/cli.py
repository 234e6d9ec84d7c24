"""The `curate` command line: gathers the commands, and turns our errors into one red line."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.commands import build, labels, override, releases, review, sources

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Public bulk RNA-seq archives -> one audited compendium.",
)


def _version(asked: bool) -> None:
    if asked:
        from curation import __version__

        typer.echo(f"bulkatlas {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="show the version", is_eager=True, callback=_version)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of a fault; stands anywhere on the line")] = False,
) -> None:
    """Public bulk RNA-seq archives -> one audited compendium."""


build.add_to(app, "Build")
labels.add_to(app, "Labels")
review.add_to(app, "Labels")
app.add_typer(override.app, name="override", rich_help_panel="Labels")
releases.add_to(app, "Releases")
sources.add_to(app, "Sources")


def main() -> None:
    """Entry point; how it ends is documented in `profiles.command_line`."""
    from curation import __version__
    from profiles.command_line import run

    run(app, "curate", __version__)
