"""The argument and option that name a release: a folder, or an http(s) address; and what was moved of the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from curation.remote.place import Place


def read_place(text: str) -> Place:
    """A release by its folder or address. Waiting for a server is said. Raises RangeFault."""
    from curation.remote.place import place_of
    from curation.remote.ranges import FIRST, LONGEST, TIMEOUT, Web
    from profiles.fetching.download import Patience

    return place_of(text, Web(Patience(first=FIRST, longest=LONGEST, timeout=TIMEOUT, notice=lambda line: typer.echo(line, err=True))))


def say_moved(place: Place) -> None:
    """What came over the network, where something did."""
    from curation.remote.place import Remote

    if isinstance(place, Remote):
        typer.echo(f"moved {place.traffic}; what was read is kept in {place.folder}", err=True)


RELEASE: Any = typer.Argument(
    metavar="RELEASE", parser=read_place, help="Release folder, as `curate build --out` wrote it, or its http(s) address."
)
DB: Any = typer.Option(
    ".",
    "--db",
    metavar="RELEASE",
    parser=read_place,
    envvar="CURATE_DB",
    help="Release folder or its http(s) address, or a curation.duckdb.",
)
