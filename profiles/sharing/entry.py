"""What a catalogue says of one version: which files, how large, with which checksums and licences, and whether it is still to be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, get_args

from profiles import filenames, records
from profiles.errors import BulkatlasError

Kind = Literal["release", "labels", "model"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
LONGEST: Final = 80


class SharingFault(BulkatlasError):
    """A catalogue cannot be read or written, or does not hold what was asked for."""


@dataclass(frozen=True)
class Item:
    """One file: its name, size in bytes, and sha256 in hexadecimal digits (empty where nobody published one)."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Deprecated:
    """Why a version is not to be used any more, what is (NAME or NAME@VERSION; empty: nothing), and since when."""

    reason: str
    successor: str = ""
    date: str = ""

    def __str__(self) -> str:
        return f"deprecated: {self.reason}" + (f"; use {self.successor}" if self.successor else "")


@dataclass(frozen=True)
class Entry:
    """One version of one release or model.

    kind: `release`, `labels` (a release without expression) or `model`; id: of the release (`curate validate`), or sha256 of the bundle's
    manifest; schema_version: of a release or bundle; licences: by source, or of the `weights`; about: what it is, in a few words; of: the id of
    the whole release, for labels.
    """

    name: str
    version: str
    kind: Kind
    id: str
    schema_version: int
    made_by: str
    published: str
    licences: dict[str, str]
    files: tuple[Item, ...]
    about: str = ""
    of: str = ""
    deprecated: Deprecated | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(item.bytes for item in self.files)

    @property
    def path(self) -> str:
        """Where its files lie in the catalogue."""
        return f"{self.name}/{self.version}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "files": [asdict(item) for item in self.files]}


def parse_name(text: str) -> tuple[str, str]:
    """NAME and VERSION of NAME[@VERSION]; the version is empty where none is given. Raises SharingFault."""
    name, at, version = text.partition("@")
    for part in (name, version) if at else (name,):
        if not NAME.fullmatch(part) or len(part) > LONGEST or filenames.fault(part):
            raise SharingFault(
                f"{filenames.shown(text)} is no name: NAME or NAME@VERSION, of letters, digits, dots, dashes and underscores"
            )
    return name, version


def read_entry(values: Any) -> Entry:
    """An entry of an index that anybody may have written; what this program does not know of it is left out. Raises SharingFault, a part of a sentence."""
    if not isinstance(values, Mapping):
        raise SharingFault("holds an entry that is no object")
    plain = {name: values[name] for name in (one.name for one in fields(Entry)) if name in values}
    if why := records.fault(Entry, {**plain, "files": [], "deprecated": None}):
        raise SharingFault(f"has an entry that {why}")
    if not isinstance(plain.get("files"), list):
        raise SharingFault("has an entry without a list of files")
    try:
        parse_name(f"{plain['name']}@{plain['version']}")
    except SharingFault as error:
        raise SharingFault(f"has an entry whose name cannot be: {error}") from error
    said = filenames.shown(f"{plain['name']}@{plain['version']}")
    texts = [*plain["licences"], *plain["licences"].values(), *(value for value in plain.values() if isinstance(value, str))]
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise SharingFault(f"has an entry {said} with a text that holds what no text of ours does")
    files = tuple(_item(said, row) for row in plain["files"])
    if len({item.file.casefold() for item in files}) != len(files) or not files:
        raise SharingFault(f"has an entry {said} that lists no file, or one twice")
    return Entry(**{**plain, "files": files, "deprecated": _deprecated(said, plain.get("deprecated"))})


def _item(said: str, row: Any) -> Item:
    if why := records.fault(Item, row):
        raise SharingFault(f"has an entry {said} with a file that {why}")
    if why := filenames.fault(row["file"]):
        raise SharingFault(f"has an entry {said} with a file {filenames.shown(row['file'])}: {why}")
    if row["bytes"] < 0 or not SHA256.fullmatch(row["sha256"]):
        raise SharingFault(f"has an entry {said} whose {row['file']} has no size or sha256")
    return Item(**row)


def _deprecated(said: str, values: Any) -> Deprecated | None:
    if values is None:
        return None
    if (why := records.fault(Deprecated, values)) or not all(text.isprintable() for text in values.values()):
        raise SharingFault(f"has an entry {said} whose deprecation {why or 'is no text'}")
    return Deprecated(**values)
