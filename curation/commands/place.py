"""The argument and option that name a release: a folder, or an http(s) address; and what was moved of the latter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from curation.remote.place import Place
    from curation.remote.ranges import Web
    from profiles.sharing.catalogue import Catalogue


def read_place(text: str) -> Place:
    """A release by its folder or address. Waiting for a server is said. Raises RangeFault."""
    from curation.remote.place import place_of

    return place_of(text, web())


def web() -> Web:
    """Connections that say when they wait for a server."""
    from curation.remote.ranges import FIRST, LONGEST, TIMEOUT, Web
    from profiles.fetching.download import Patience

    return Web(Patience(first=FIRST, longest=LONGEST, timeout=TIMEOUT, notice=lambda line: typer.echo(line, err=True)))


def read_place_or_catalogue(text: str) -> Place | Catalogue:
    """A release, or a catalogue of several. Raises RangeFault, SharingFault."""
    from curation.mark import MANIFEST
    from curation.remote.ranges import NotThere
    from profiles.sharing.catalogue import INDEX, NoCatalogue, is_address, read_catalogue

    folder = Path(text)
    if text.endswith(f"/{INDEX}") or (not is_address(text) and (folder / INDEX).is_file() and not (folder / MANIFEST).is_file()):
        return read_catalogue(text)
    try:
        return read_place(text)
    except NotThere as fault:
        try:
            return read_catalogue(text)
        except NoCatalogue:
            raise fault from None


def say_moved(place: Place | Web) -> None:
    """What came over the network, where something did."""
    from curation.remote.place import Remote
    from curation.remote.ranges import Web

    if isinstance(place, Web) and place.traffic.n_requests:
        typer.echo(f"moved {place.traffic}", err=True)
    if isinstance(place, Remote):
        typer.echo(f"moved {place.traffic}; what was read is kept in {place.folder}", err=True)


RELEASE_OR_CATALOGUE: Any = typer.Argument(
    metavar="RELEASE",
    parser=read_place_or_catalogue,
    help="Release folder, as `curate build --out` wrote it, or its http(s) address; those of a catalogue mean all of its releases.",
)
DB: Any = typer.Option(
    ".",
    "--db",
    metavar="RELEASE",
    parser=read_place,
    envvar="CURATE_DB",
    help="Release folder or its http(s) address, or a curation.duckdb.",
)
