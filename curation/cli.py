"""The `curate` command line: parses, calls, prints."""

from __future__ import annotations

import sys

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Public bulk RNA-seq archives -> one audited compendium.")


@app.callback()
def root() -> None:
    """Public bulk RNA-seq archives -> one audited compendium."""


def main() -> None:
    """Entry point: our errors become one red line and exit code 1."""
    from curation.errors import CurationError

    try:
        app()
    except CurationError as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)
