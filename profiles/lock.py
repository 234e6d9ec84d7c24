"""One writer at a time: a lock file, held with flock, or by being there where the file system knows no flock (NFS, some FUSE)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from profiles.errors import NotOurs

NO_FLOCK = {errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
HOLDER = re.compile(r"process (\d+) on (\S+)\n?")
PAUSE = 0.02


class Held(Exception):
    """Somebody else holds the lock: `holder` as the lock file has it."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder or "another process"


@contextlib.contextmanager
def lock(path: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path`, which is gone afterwards; tries for `wait` seconds. Raises Held, NotOurs, OSError."""
    until = time.monotonic() + wait
    while True:
        try:
            release = _take(path)
            break
        except Held:
            if time.monotonic() >= until:
                raise
            time.sleep(PAUSE)
    try:
        yield
    finally:
        release.close()


def _take(path: Path) -> contextlib.ExitStack:
    _refuse_strange(path)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("a+", encoding="utf-8"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(_said(file)) from None
        except OSError as error:
            if error.errno not in NO_FLOCK:
                raise
            _take_by_name(path, stack)
        if not _is_current(path, file):  # one that its owner just removed
            raise Held(_said(file))
        stack.callback(path.unlink, missing_ok=True)
        file.truncate(0)
        file.write(_me())
        file.flush()
        kept = stack.pop_all()
    return kept


def _take_by_name(path: Path, stack: contextlib.ExitStack) -> None:
    """Only one process can make a file that is not there; one that its maker, killed on this machine, left is taken over."""
    name = path.with_name(path.name + ".held")
    try:
        descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        holder = _text(name)
        if _is_dead(holder):
            name.unlink(missing_ok=True)
        raise Held(f"{holder or 'another process'} (if it has ended: delete {name})") from None
    stack.callback(name.unlink, missing_ok=True)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_me())


def has_flock(folder: Path) -> str:
    """Empty where flock works in a folder, else what the file system answers. Raises OSError where nothing can be written."""
    import tempfile

    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))
    return ""


def _is_current(path: Path, file: IO[str]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _me() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}\n"


def _said(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _is_dead(holder: str) -> bool:
    found = HOLDER.fullmatch(holder)
    if not found or found[2] != socket.gethostname():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _refuse_strange(path: Path) -> None:
    try:
        content = path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else b"?"
    except FileNotFoundError:  # none there, or its owner has just removed it
        return
    if content and not HOLDER.fullmatch(content.decode("utf-8", "replace")):
        raise NotOurs(f"{path} stands where the lock goes, and is none of ours; it is left alone: move it away")
