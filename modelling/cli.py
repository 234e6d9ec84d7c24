"""The `model` command line: parses, calls, prints."""

from __future__ import annotations

import sys

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Train, judge and serve a tissue model on a compendium.")


@app.callback()
def root() -> None:
    """Train, judge and serve a tissue model on a compendium."""


def main() -> None:
    """Entry point: our errors become one red line and exit code 1."""
    from modelling.errors import ModellingError

    try:
        app()
    except ModellingError as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)
