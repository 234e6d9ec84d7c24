"""The `curate` command line: gathers the commands, and turns our errors into one red line."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.commands import build, labels, override, query, releases, review, sharing, sources
from profiles import __version__
from profiles.command_line import run, say_version

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Public bulk RNA-seq archives -> one audited compendium.",
)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="show the version", is_eager=True, callback=say_version)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of a fault; stands anywhere on the line")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="results and errors only; stands anywhere")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="a line on standard error for every stage and epoch; stands anywhere")] = False,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="add these lines, with their time, to a file; stands anywhere")
    ] = None,
) -> None:
    """Public bulk RNA-seq archives -> one audited compendium."""


build.add_to(app, "Build")
labels.add_to(app, "Labels")
review.add_to(app, "Labels")
app.add_typer(override.app, name="override", rich_help_panel="Labels")
query.add_to(app, "Releases")
releases.add_to(app, "Releases")
sharing.add_to(app, "Sharing")
sources.add_to(app, "Sources")


def main() -> None:
    """Entry point; how it ends is documented in `profiles.command_line`."""
    run(app, "curate", __version__)
