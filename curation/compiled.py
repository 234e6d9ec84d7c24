"""Where finished ontology tables lie, so that an ontology folder is read once and not for every command.

A set of tables is one folder named by the checksum of all that decides it: the files of the ontology folder, the SQL and Python that make
them, and the version. What has another name is never looked at, so nothing stale is used. Sets are looked for inside the installed package
first, then in the user's cache; one that is in neither is made and put into the cache, in one step.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from curation.mark import MARK, is_unfinished, put_mark
from curation.resources import PACKAGE

SHIPPED = PACKAGE / "_data" / "compiled"
NAME = "ontology-"
COMPLETE = "complete.tsv"  # file name and bytes of each table; written last
UNUSED_DAYS = 30  # after which a set in the cache makes room


def key(files: Iterable[Path], version: str) -> str:
    """The name of a set: 16 hex digits over the version and the names and bytes of `files`. Raises OSError for one that is missing."""
    digest = hashlib.sha256(version.encode())
    for path in files:
        content = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """The folder of sets that belongs to the user: $XDG_CACHE_HOME/bulkatlas, or ~/.cache/bulkatlas."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bulkatlas"


def is_complete(place: Path) -> bool:
    """Whether every table that the set lists is there with its size; a copy cut short is not."""
    try:
        rows = [line.split("\t") for line in (place / COMPLETE).read_text(encoding="utf-8").splitlines()]
        return bool(rows) and all((place / name).stat().st_size == int(n_bytes) for name, n_bytes in rows)
    except (OSError, ValueError):
        return False


def find_or_make(name: str, make: Callable[[Path], None], shipped: Path = SHIPPED) -> Path:
    """The folder of the set of that key; `make` fills an empty folder with tables where there is none. Whatever it raises passes."""
    for place in (shipped / f"{NAME}{name}", cache_folder() / f"{NAME}{name}"):
        if is_complete(place):
            with contextlib.suppress(OSError):  # the time of its last use; a set that belongs to another cannot have it
                os.utime(place)
            return place
    return _make(cache_folder(), f"{NAME}{name}", make)


def fill(folder: Path, make: Callable[[Path], None]) -> None:
    """Make the tables in an empty folder, and list them last."""
    make(folder)
    listed = [f"{path.name}\t{path.stat().st_size}" for path in sorted(folder.glob("*.parquet"))]
    (folder / COMPLETE).write_text("\n".join(listed) + "\n", encoding="utf-8")


def _make(cache: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Fill a folder aside and rename it. Of two processes that do so at once the second keeps the set of the first: they are equal."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
    except OSError as error:
        return _make_for_now(name, make, f"{cache} cannot be written ({error.strerror})")
    put_mark(aside)
    try:
        fill(aside, make)
        (aside / MARK).unlink()
        place = cache / name
        if place.exists() and not is_complete(place):  # cut short by a full disk or a half copied home
            shutil.rmtree(place)
        try:
            aside.rename(place)
        except OSError:
            if not is_complete(place):
                raise
        _make_room(cache, place)
        return place
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _make_for_now(name: str, make: Callable[[Path], None], why: str) -> Path:
    """A set for this process only, where no cache can be written; said, because every command will take the seconds again."""
    print(f"note: {why}: the ontology is compiled for this command only; set XDG_CACHE_HOME to a folder of yours", file=sys.stderr)
    place = Path(tempfile.mkdtemp(prefix=f"bulkatlas-{name}-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    fill(place, make)
    return place


def _make_room(cache: Path, new: Path) -> None:
    """Delete sets of ours that no command has used for long, and unfinished ones of killed commands."""
    oldest = time.time() - UNUSED_DAYS * 86_400
    for place in cache.glob(f"*{NAME}*"):
        if place != new and place.stat().st_mtime < oldest and (is_complete(place) or is_unfinished(place)):
            shutil.rmtree(place, ignore_errors=True)
