"""A release or bundle that lies by itself in a folder or at an address, in no catalogue: its manifest says which files it has."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from profiles.fetching.download import Patience, Refused, download
from profiles.sharing.catalogue import NOT_THERE, NoCatalogue, is_address, read_catalogue
from profiles.sharing.entry import SharingFault


@contextmanager
def paper(source: str, name: str, kinds: Collection[str], patience: Patience | None = None) -> Iterator[Path]:
    """A folder of this machine that holds the file `name` of a place. Raises SharingFault where there is none, DownloadFault."""
    if not is_address(source):
        if not Path(source, name).is_file():
            raise _nothing(source, kinds, patience, "")
        yield Path(source)
        return
    with tempfile.TemporaryDirectory() as aside:
        try:
            download(f"{source.rstrip('/')}/{name}", Path(aside, name), patience=patience)
        except Refused as error:
            if error.code not in NOT_THERE:
                raise
            raise _nothing(source, kinds, patience, f" (the server answers {error.code})") from error
        yield Path(aside)


def address_in(source: str) -> Callable[[str], str]:
    """Path or address of each file of a place."""
    place = source.rstrip("/")
    return lambda file: f"{place}/{quote(file) if is_address(place) else file}"


def _nothing(source: str, kinds: Collection[str], patience: Patience | None, why: str) -> SharingFault:
    what = "model" if "model" in kinds else "release"
    try:
        known = read_catalogue(source, patience)
    except NoCatalogue:
        return SharingFault(f"{source} holds no {what} and no catalogue{why}; give the place of one")
    names = ", ".join(str(entry) for entry in known.newest(kinds)) or "none that is not deprecated"
    return SharingFault(f"{source} is a catalogue; say which {what} of it is wanted: {names}")
