"""Putting a version into a catalogue: its files first, whole, then its line in the index; what is published is never written over.

Many may read while one writes: a version's folder takes its name in one step, carries the mark of unfinished work until the index names it, and the
index is exchanged in one step under a lock. A publisher that is killed leaves a marked folder that no index names; the next one removes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from profiles import aside
from profiles.errors import NotOurs
from profiles.lock import Held, lock
from profiles.nearest import near
from profiles.plain_json import NoObject, read_object
from profiles.sharing.catalogue import FORMAT, INDEX, SCHEMA_VERSION, Catalogue, is_address, parse_catalogue
from profiles.sharing.entry import Deprecated, Entry, Item, SharingFault, parse_name

WAIT: Final = 60.0  # seconds for the index, which others hold for a moment
BLOCK: Final = 1 << 22
UPLOAD: Final = (
    "publish into a folder, then bring it there (rsync, aws s3 sync, git), the catalogue.json last: see docs/reference/catalogue.md"
)

Fill = Callable[[Path], Entry]


def publish(target: str | Path, wanted: str, fill: Fill, is_same: Callable[[Entry], bool], source: Path) -> tuple[Entry, bool]:
    """Put NAME@VERSION into the catalogue of a folder, which is made where there is none; returns its entry, and whether it is new.

    Args: fill, writes the files into an empty folder and returns their entry (name, version and day are put in here); is_same, whether a version
    that is published already is this one: it then stays as it is; source, the folder that is published. Raises SharingFault, NotOurs, OSError.
    """
    if is_address(str(target)):
        raise SharingFault(f"{target}: a server is not written to; {UPLOAD}")
    name, version = parse_name(wanted)
    if not version:
        raise SharingFault(f"{wanted} says no version; give NAME@VERSION, such as {name}@{datetime.now(UTC):%Y-%m-%d}")
    root = Path(target)
    if (place := Path(os.path.realpath(root))) == (own := Path(os.path.realpath(source))) or own in place.parents:
        raise SharingFault(f"{root} lies in {source}, which is to be published; choose a folder beside it")
    with _folders(root, root / name), _alone(root / name / f".{version}.lock", f"{wanted} is being published by"):
        for entry in (entry for entry in _read(root).entries if str(entry) == wanted):
            if is_same(entry):
                return entry, False
            raise SharingFault(
                f"{wanted} was published in {root} on {entry.published}, and what is published is never written over: give another version"
            )
        place = root / name / version
        _make_free(place)
        with aside.filled(place) as draft:
            entry = replace(fill(draft), name=name, version=version, published=datetime.now(UTC).isoformat(timespec="seconds"))
            aside.put_mark(draft)
        try:
            with _index(root) as content:
                content["entries"].append(entry.as_dict())
        except BaseException:
            if not any(str(known) == wanted for known in _read(root).entries):
                shutil.rmtree(place, ignore_errors=True)
            raise
        (place / aside.MARK).unlink(missing_ok=True)
    return entry, True


@contextmanager
def _folders(*folders: Path) -> Iterator[None]:
    """Folders, each in the one before it, that are made where they are missing; of a publication that fails nothing stays, not even they."""
    made = [folder for folder in folders if not folder.exists()]
    folders[-1].mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):  # somebody else put something there
                folder.rmdir()
        raise


def deprecate(target: str | Path, wanted: str, reason: str, successor: str = "") -> Entry:
    """Say in the index why NAME@VERSION is not to be used any more, and what is. It stays: who names it still gets it. Raises SharingFault."""
    if is_address(str(target)):
        raise SharingFault(f"{target}: a server is not written to; deprecate in the folder, then bring its {INDEX} there again")
    root = Path(target)
    if not reason.strip() or not reason.isprintable():
        raise SharingFault("--reason is empty or holds a line break; say in one line why it is not to be used")
    with _index(root, must_be=True) as content:
        known = parse_catalogue(str(root), content)
        entry = next((entry for entry in known.entries if str(entry) == wanted), None)
        if entry is None:
            raise SharingFault(
                f"{root} holds no {wanted}{near(wanted, map(str, known.entries))}; give NAME@VERSION as `curate releases {root}` lists it"
            )
        if successor and not any(successor in (other.name, str(other)) and other != entry for other in known.entries):
            raise SharingFault(
                f"{root} holds no {successor} that could take the place of {wanted}{near(successor, map(str, known.entries))}; publish it first"
            )
        said = Deprecated(reason.strip(), successor, f"{datetime.now(UTC):%Y-%m-%d}")
        content["entries"][known.entries.index(entry)]["deprecated"] = asdict(said)
    return replace(entry, deprecated=said)


def copy_files(source: Path, draft: Path, items: Iterable[Item], advice: str) -> tuple[Item, ...]:
    """Copy files of a folder, each held against its checksum as it passes. Raises SharingFault for one that is not what its folder says."""
    copied = []
    for item in items:
        if not (source / item.file).is_file():
            raise SharingFault(f"{source / item.file} is missing, and its {advice}")
        digest, n_bytes = hashlib.sha256(), 0
        with (source / item.file).open("rb") as old, (draft / item.file).open("wb") as new:
            while block := old.read(BLOCK):
                digest.update(block)
                n_bytes += len(block)
                new.write(block)
        found = Item(item.file, n_bytes, digest.hexdigest())
        if item.sha256 and found != item:
            raise SharingFault(f"{source / item.file} is not the file that its {advice}; nothing was published")
        copied.append(found)
    return tuple(copied)


def _make_free(place: Path) -> None:
    """Remove what a killed publisher left under a name that no index has. Raises NotOurs for anything else."""
    if not os.path.lexists(place):
        return
    if not aside.is_unfinished(place):
        raise NotOurs(
            f"{place} is there, but no version of the catalogue, and does not carry the mark {aside.MARK}; it is left alone: move it away"
        )
    shutil.rmtree(place)


@contextmanager
def _alone(path: Path, said: str, wait: float = 0.0) -> Iterator[None]:
    try:
        with lock(path, wait=wait):
            yield
    except Held as error:
        raise SharingFault(f"{said} {error.holder}; wait for it, or stop it") from error


def _read(root: Path) -> Catalogue:
    return parse_catalogue(str(root), _content(root))


def _content(root: Path, *, must_be: bool = False) -> dict[str, Any]:
    try:
        return read_object(root / INDEX)
    except FileNotFoundError:
        if must_be:
            raise SharingFault(f"{root} holds no {INDEX}; give a folder that `curate publish` or `model push` wrote to") from None
        return {"format": FORMAT, "schema_version": SCHEMA_VERSION, "entries": []}
    except NoObject as error:
        raise SharingFault(
            f"{root / INDEX} is damaged: it {error}; nothing was written: put a whole one there, from a copy of the catalogue"
        ) from error


@contextmanager
def _index(root: Path, *, must_be: bool = False) -> Iterator[dict[str, Any]]:
    """The content of the index, read and written again under its lock; the marks of those that it names go."""
    with _alone(root / f".{INDEX}.lock", f"the index of {root} is being written by", WAIT):
        content = _content(root, must_be=must_be)
        before = parse_catalogue(str(root), content)
        yield content
        parse_catalogue(str(root), content)
        aside.write_text(root / INDEX, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        for entry in before.entries:  # of a publisher that was killed between its line and the end
            with suppress(OSError):
                (root / entry.path / aside.MARK).unlink(missing_ok=True)
