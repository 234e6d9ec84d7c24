"""The argument and option that name a release: a folder, or an http(s) address; and what was moved of the latter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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


def one_place(context: typer.Context, given: str | None, db: str | None, default: str = "") -> str:
    """A release may stand on the line or behind --db: the one that is given; the environment's (CURATE_DB) where neither is, then `default`.

    Raises BadParameter for both, and for none without a default.
    """
    if given is not None and _is_told(context):
        raise typer.BadParameter(f"the release is given twice: {given}, and --db {db}")
    if not (place := given or db or default):
        raise typer.BadParameter("which release? give its folder, or --db RELEASE")
    return place


def of_one_word(context: typer.Context, given: str | None, db: str | None, rest: str) -> tuple[str | None, str]:
    """The release and the words behind it, where only one of them stands on the line: behind --db it is the words; with a release from the
    environment alone it is a release if there is one of that name.
    """
    if given is None or db is None or rest:
        return given, rest
    if not _is_told(context) and (Path(given).exists() or "://" in given):
        return given, rest
    return None, given


def _is_told(context: typer.Context) -> bool:
    """Whether --db was written, and does not come from the environment."""
    return getattr(context.get_parameter_source("db"), "name", "") == "COMMANDLINE"


Release = Annotated[
    str | None,
    typer.Argument(metavar="RELEASE", show_default=False, help="Release folder, its http(s) address, or a curation.duckdb; or --db."),
]
Db = Annotated[
    str | None,
    typer.Option("--db", metavar="RELEASE", envvar="CURATE_DB", help="The release, where it does not stand on the line."),
]
