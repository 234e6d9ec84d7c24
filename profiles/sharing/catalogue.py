"""The index of a catalogue, read: from its folder, or over HTTP; and which of its versions a name means."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from profiles.fetching.download import Patience, Refused, download
from profiles.nearest import near
from profiles.plain_json import NoObject, read_object
from profiles.sharing.entry import Entry, SharingFault, parse_name, read_entry

INDEX: Final = "catalogue.json"
FORMAT: Final = "bulkatlas catalogue"
SCHEMA_VERSION: Final = 1
HTTP: Final = re.compile(r"https?://.+", re.IGNORECASE)
NOT_THERE: Final = (403, 404, 410)  # a bucket that may not be listed answers 403 for what it does not hold
SHOWN: Final = 5


class NoCatalogue(SharingFault):
    """There is no catalogue where one was looked for."""


@dataclass(frozen=True)
class Catalogue:
    """What a catalogue holds, in the order in which it was published. `place`: its folder, or its address without a slash at the end."""

    place: str
    entries: tuple[Entry, ...]

    @property
    def is_remote(self) -> bool:
        """Whether it lies behind HTTP."""
        return is_address(self.place)

    def at(self, entry: Entry, file: str = "") -> str:
        """Folder or address of a version, or of one of its files."""
        parts = [*entry.path.split("/"), *([file] if file else [])]
        return "/".join([self.place, *(quote(part) if self.is_remote else part for part in parts)])

    def newest(self, kinds: Collection[str]) -> list[Entry]:
        """The last published version of each name that is not deprecated, in the order of the names."""
        found = {entry.name: entry for entry in self.entries if entry.kind in kinds and entry.deprecated is None}
        return [found[name] for name in sorted(found)]

    def choose(self, wanted: str, kinds: Collection[str]) -> Entry:
        """NAME (its last version that is not deprecated) or NAME@VERSION (that one). Raises SharingFault, also for another kind."""
        name, version = parse_name(wanted)
        named = [entry for entry in self.entries if entry.name == name]
        if not named:
            there = sorted({entry.name for entry in self.entries if entry.kind in kinds})
            raise SharingFault(f"{self.place} holds no {name!r}{near(name, there)}; it holds {_some(there) or 'nothing of that kind'}")
        if not (mine := [entry for entry in named if entry.kind in kinds]):
            other = "`model pull`" if named[0].kind == "model" else "`curate pull`"
            raise SharingFault(f"{name} of {self.place} is a {named[0].kind}; {other} brings it")
        if version:
            for entry in mine:
                if entry.version == version:
                    return entry
            versions = [entry.version for entry in mine][::-1]
            raise SharingFault(f"{self.place} holds no {name}@{version}{near(version, versions)}; its versions are {_some(versions)}")
        if good := [entry for entry in mine if entry.deprecated is None]:
            return good[-1]
        raise SharingFault(
            f"every version of {name} in {self.place} is {mine[-1].deprecated}; {mine[-1]} names one that is wanted all the same"
        )


def is_address(text: str) -> bool:
    """Whether a text is an http(s) address."""
    return HTTP.fullmatch(text) is not None


def read_catalogue(source: str | Path, patience: Patience | None = None) -> Catalogue:
    """The index of a folder or address (or of the catalogue.json in it). Raises NoCatalogue, SharingFault, DownloadFault."""
    text = str(source)
    place = text.removesuffix(INDEX) if text.endswith(f"/{INDEX}") else text
    if not is_address(place):
        if "://" in place:
            raise SharingFault(f"{place} is no address that can be read; give a folder, or one that begins with http:// or https://")
        return parse_catalogue(place, _of_folder(Path(place)))
    place = place.rstrip("/")
    with tempfile.TemporaryDirectory() as aside:
        try:
            download(f"{place}/{INDEX}", Path(aside, INDEX), patience=patience)
        except Refused as error:
            if error.code not in NOT_THERE:
                raise
            raise NoCatalogue(
                f"{place} holds no {INDEX} (the server answers {error.code}); give the address that a catalogue lies at"
            ) from error
        return parse_catalogue(place, _object(f"{place}/{INDEX}", Path(aside, INDEX)))


def _of_folder(folder: Path) -> dict[str, Any]:
    if not (folder / INDEX).is_file():
        what = f"holds no {INDEX}" if folder.is_dir() else "is no folder"
        raise NoCatalogue(f"{folder} {what}; give a folder that `curate publish` or `model push` wrote to, or its address")
    return _object(str(folder / INDEX), folder / INDEX)


def _object(said: str, path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except NoObject as error:
        raise SharingFault(f"{said} is damaged: it {error}; get it again, or publish once more from a copy") from error


def parse_catalogue(place: str, content: dict[str, Any]) -> Catalogue:
    """The catalogue of an index. Raises SharingFault for one of a newer program, and for what is none."""
    said, version = f"{place}/{INDEX}", content.get("schema_version")
    if content.get("format") != FORMAT or not isinstance(version, int) or not isinstance(content.get("entries"), list):
        raise SharingFault(
            f"{said} is no index of a catalogue; give a folder that `curate publish` or `model push` wrote to, or its address"
        )
    if version > SCHEMA_VERSION:
        raise SharingFault(f"{said} is of schema version {version}, this program reads up to {SCHEMA_VERSION}; install a newer bulkatlas")
    try:
        entries = tuple(read_entry(values) for values in content["entries"])
    except SharingFault as error:
        raise SharingFault(f"{said} {error}; get it again, or ask who publishes it") from error
    if len({str(entry).casefold() for entry in entries}) != len(entries):
        raise SharingFault(f"{said} lists one version twice; ask who publishes it")
    return Catalogue(place, entries)


def _some(names: Collection[str]) -> str:
    shown = [*names][:SHOWN]
    return ", ".join(shown) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
