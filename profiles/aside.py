"""Written aside, then renamed: a file or folder stands under its name whole, or not at all, however the process that writes it ends.

What is not ready lies in a hidden folder beside it, which carries a mark with the process that made it. A process that was killed leaves that folder;
the next one that writes there finds the mark, finds the process gone, and deletes it. Nothing without the mark is ever deleted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from profiles.errors import BulkatlasError

MARK: Final = ".bulkatlas-unfinished"
SAID: Final = "Unfinished work of bulkatlas"
FULL: Final = os.strerror(errno.ENOSPC)
PREFIX: Final = ".bulkatlas-"
MADE_BY: Final = re.compile(r"process (\d+) on (\S+?)\. ")
NAMED: Final = re.compile(rf"{re.escape(PREFIX)}(\d+)-\w+")


def put_mark(folder: Path) -> None:
    """Say in a folder that the program made it and may delete it."""
    (folder / MARK).write_text(f"{SAID}: process {os.getpid()} on {socket.gethostname()}. May be deleted.\n", encoding="utf-8")


def is_unfinished(folder: Path) -> bool:
    """A folder of ours with the mark, or an empty one: deleting it loses nothing."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    try:
        text = (folder / MARK).read_text(encoding="utf-8")
        return text.startswith(SAID) or SAID.startswith(text)  # a full disk may have cut it
    except (OSError, UnicodeDecodeError):
        return not any(folder.iterdir())


@contextmanager
def written(path: str | Path) -> Iterator[Path]:
    """A path to write in the place of `path`, of the same name; what stands there at the end takes its place in one step. Raises OSError.

    A link is followed: what it leads to is written. A device or pipe (/dev/stdout) is written as it is. An old file keeps its rights.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not (target.is_file() or target.is_dir()):
        yield target
        return
    with _told_of(target), _place(target.parent) as place, _told_of(target):
        draft = place / target.name
        yield draft
        open_to_others(draft, place)
        sync(draft)
        if target.is_file() and draft.is_file():
            shutil.copymode(target, draft)
        os.replace(draft, target)


@contextmanager
def filled(path: str | Path) -> Iterator[Path]:
    """An empty folder to fill in the place of `path`, which must not be there, or be empty. Raises OSError."""
    with written(path) as draft:
        draft.mkdir()
        yield draft


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all. Raises OSError."""
    with written(path) as draft:
        draft.write_text(text, encoding="utf-8")


@contextmanager
def together(folder: Path, *, last: str) -> Iterator[Path]:
    """A folder whose files take their places in `folder` at the end, one after the other: `last` is the one that says that all are there."""
    with _told_of(folder), _place(folder) as place, _told_of(folder / last):
        yield place
        drafts = sorted((path for path in place.iterdir() if path.name != MARK), key=lambda path: path.name == last)
        for draft in drafts:
            open_to_others(draft, place)
            sync(draft)
        for draft in drafts:
            os.replace(draft, folder / draft.name)


@contextmanager
def _told_of(target: Path) -> Iterator[None]:
    """A fault of what lies aside is a fault of the file that was asked for; and a full disk is one, in whatever words a library says so."""
    hidden = re.compile(rf"{re.escape(PREFIX)}{os.getpid()}-\w+/")
    try:
        yield
    except BulkatlasError as error:
        error.args = tuple(hidden.sub("", part) if isinstance(part, str) else part for part in error.args)
        raise
    except OSError as error:
        if error.errno is None and _is_full(error, target):
            raise OSError(errno.ENOSPC, FULL, str(target)) from error
        if error.errno is not None and (error.filename is None or hidden.search(f"{os.fsdecode(error.filename)}/")):
            error.filename = str(target)
            error.filename2 = None
        raise
    except Exception as error:
        if _is_full(error, target):
            raise OSError(errno.ENOSPC, FULL, str(target)) from error
        raise


def _is_full(error: Exception, target: Path) -> bool:
    """Whether a library failed for want of room: in C and Rust the words are passed on without the number, or neither."""
    with contextlib.suppress(OSError):
        return FULL in str(error) or os.statvfs(target.parent).f_bavail == 0
    return FULL in str(error)


@contextmanager
def _place(folder: Path) -> Iterator[Path]:
    """A hidden, marked folder in `folder`, gone at the end; what killed processes left there goes first."""
    sweep(folder)
    place = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=folder))
    try:
        put_mark(place)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete what processes of ours that are gone left unfinished in a folder."""
    with contextlib.suppress(OSError):
        left = [entry.path for entry in os.scandir(folder) if NAMED.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
        for path in map(Path, left):
            if _is_left(path):
                shutil.rmtree(path, ignore_errors=True)


def _is_left(place: Path) -> bool:
    """Whether the process that made a marked folder on this machine is gone; a folder of our name without its mark, or with a part of it and nothing
    else, was left while it was marked."""
    try:
        text = (place / MARK).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError):
        return False
    found = MADE_BY.search(text)
    if found is None and (SAID.startswith(text) or text.startswith(SAID)):
        named = NAMED.fullmatch(place.name)
        return {path.name for path in place.iterdir()} <= {MARK} and named is not None and _is_gone(int(named[1]))
    return text.startswith(SAID) and found is not None and found[2] == socket.gethostname() and _is_gone(int(found[1]))


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def open_to_others(path: Path, place: Path) -> None:
    """Give a file, or every file of a folder, the rights of any new file, which the mark of `place` has: some libraries write for their user alone."""
    rights = stat.S_IMODE((place / MARK).stat().st_mode)
    for file in _files(path):
        file.chmod(stat.S_IMODE(file.stat().st_mode) | rights)


def _files(path: Path) -> Iterator[Path]:
    yield from (path,) if not path.is_dir() else (below for below in path.rglob("*") if below.is_file() and not below.is_symlink())


def sync(path: Path) -> None:
    """Bring a file, or every file of a folder, to the disk: an error of writing that the system kept for later comes now."""
    for file in _files(path):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
