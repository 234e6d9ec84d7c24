"""Bringing a version from a catalogue: file by file, each held against its checksum, into a folder that takes its name when all of it is there.

What came so far lies in OUT.pulled, which carries our mark: a pull that was killed goes on there, in the middle of a file too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from profiles import aside
from profiles.errors import NotOurs
from profiles.fetching.bars import Watch
from profiles.fetching.download import Patience, Progress, Refused, download
from profiles.lock import Held, lock
from profiles.sharing.catalogue import is_address
from profiles.sharing.entry import Item, SharingFault
from profiles.sharing.publish import BLOCK

PART: Final = "{name}.pulled"


@dataclass(frozen=True)
class Pulled:
    """What a pull did: bytes of all files, and of those that were there already from one before."""

    n_bytes: int
    n_there: int


def free_place(out: str | Path) -> Path:
    """The folder that a pull may make: it is not there, or empty. Raises SharingFault."""
    place = Path(os.path.realpath(out))
    if os.path.lexists(place) and (not place.is_dir() or any(place.iterdir())):
        raise SharingFault(f"{out} exists; choose another --out, or move it away")
    return place


@contextmanager
def arriving(out: str | Path) -> Iterator[Path]:
    """The folder that becomes `out` when the block ends well; what it holds then stays for the next try otherwise. Raises SharingFault, NotOurs."""
    place = free_place(out)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(PART.format(name=place.name))
    try:
        with lock(place.with_name(f".{place.name}.lock")):
            if os.path.lexists(part) and not aside.is_unfinished(part):
                raise NotOurs(
                    f"{part} stands where what comes is put, and does not carry the mark {aside.MARK}; it is left alone: move it away"
                )
            part.mkdir(exist_ok=True)
            aside.put_mark(part)
            yield part
            aside.sync(part)
            free_place(place)
            os.replace(part, place)
            (place / aside.MARK).unlink()  # after it: what is killed in between is whole, and not a folder that nobody may go on with
    except Held as error:
        raise SharingFault(f"{out} is being written by {error.holder}; wait for it, or choose another --out") from error


def bring(
    items: tuple[Item, ...],
    address: Callable[[str], str],
    part: Path,
    *,
    patience: Patience | None = None,
    watch: Watch | None = None,
) -> Pulled:
    """Have these files in `part`, and no others. `address` gives folder path or http(s) address of a file. Raises SharingFault, DownloadFault."""
    clear(part, items)
    there = {item.file for item in items if item.sha256 and _is_whole(part / item.file, item)}
    missing = [item for item in items if item.file not in there]
    _refuse_a_full_disk(part, missing)
    for item in missing:
        _bring_one(item, address(item.file), part / item.file, patience, partial(watch, item.file) if watch else None)
    return Pulled(sum(item.bytes for item in items), sum(item.bytes for item in items if item.file in there))


def _bring_one(item: Item, source: str, target: Path, patience: Patience | None, progress: Progress | None) -> None:
    if not is_address(source):
        _copy(item, Path(source), target)
        return
    try:
        size, checksum = (item.bytes, f"sha256:{item.sha256}") if item.sha256 else (None, "")
        download(source, target, n_bytes=size, checksum=checksum, patience=patience, progress=progress)
    except Refused as error:
        raise SharingFault(
            f"{source}: the server answered {error.code}, but the index lists this file; ask who publishes it, or try again later"
        ) from error


def _copy(item: Item, source: Path, target: Path) -> None:
    """Copy a file beside its place, checked as it passes."""
    if not source.is_file():
        raise SharingFault(f"{source} is missing, but the index lists it; ask who publishes it")
    digest, draft = hashlib.sha256(), target.with_name(f"{target.name}.part")
    with source.open("rb") as old, draft.open("wb") as new:
        while block := old.read(BLOCK):
            digest.update(block)
            new.write(block)
        n_bytes = new.tell()
    if item.sha256 and (n_bytes, digest.hexdigest()) != (item.bytes, item.sha256):
        draft.unlink()
        what = f"its sha256 is {digest.hexdigest()}, published is {item.sha256}"
        what = what if n_bytes == item.bytes else f"it has {n_bytes:,} bytes, {item.bytes:,} are published"
        raise SharingFault(f"{source} is damaged: {what}; ask who publishes it")
    os.replace(draft, target)


def clear(part: Path, items: tuple[Item, ...]) -> None:
    """Remove what an earlier pull of another version left in our folder."""
    wanted = {name for item in items for name in (item.file, f"{item.file}.part", f"{item.file}.part.json")} | {aside.MARK}
    for path in part.iterdir():
        if path.name not in wanted:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _is_whole(path: Path, item: Item) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != item.bytes:
        path.unlink(missing_ok=True)
        return False
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == item.sha256:
            return True
    path.unlink()
    return False


def _refuse_a_full_disk(part: Path, missing: list[Item]) -> None:
    """Before the first byte, not in the last file."""
    begun = sum(path.stat().st_size for item in missing if (path := part / f"{item.file}.part").is_file())
    needed, free = sum(item.bytes for item in missing) - begun, shutil.disk_usage(part).free
    if needed > free:
        raise SharingFault(
            f"{part.parent} has {free / 1e9:,.1f} GB free, {needed / 1e9:,.1f} GB are to come; make room, or choose another --out"
        )
