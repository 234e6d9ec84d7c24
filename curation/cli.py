"""The `curate` command line: gathers the commands, and turns our errors into one red line."""

from __future__ import annotations

import sys

import typer

from curation.commands import build, labels, override, releases, sources

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Public bulk RNA-seq archives -> one audited compendium.",
)


@app.callback()
def root() -> None:
    """Public bulk RNA-seq archives -> one audited compendium."""


build.add_to(app, "Build")
labels.add_to(app, "Labels")
app.add_typer(override.app, name="override", rich_help_panel="Labels")
releases.add_to(app, "Releases")
sources.add_to(app, "Sources")


def main() -> None:
    """Entry point: our errors become one red line and exit code 1."""
    from curation.errors import CurationError

    try:
        app()
    except CurationError as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)
