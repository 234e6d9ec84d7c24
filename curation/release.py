"""A release folder: written beside its place, verified, then put there in one step; never half of it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from curation.errors import CurationError

MANIFEST = "manifest.json"
PART_OF = "{name}.partial"
RENAME_EXCHANGE = 2  # linux/fs.h
AT_FDCWD = -100
CANNOT_WRITE = {errno.EEXIST, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}


class OutputExists(CurationError):
    """The output folder is there already."""


class BuildIsRunning(CurationError):
    """Another build writes to the same place."""


class CannotWrite(CurationError):
    """The output cannot be written: no space, no permission, no folder."""


class BadRelease(CurationError):
    """A folder is not a release: its manifest is missing or unreadable."""


@contextlib.contextmanager
def staging(out: Path, *, replace: bool = False, resume: bool = False) -> Iterator[Path]:
    """A temporary folder beside `out` that becomes `out` when the block ends well and is removed when it raises.

    A killed process leaves the temporary folder: the next build removes it, or goes on in it (`resume`).
    Raises OutputExists, BuildIsRunning, CannotWrite.
    """
    out = Path(os.path.abspath(out))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _lock(out):
            if out.exists() and not replace:
                raise OutputExists(f"{out} exists; choose another --out, or --replace it (it stands until the new release is complete)")
            part = out.with_name(PART_OF.format(name=out.name))
            if part.exists() and not resume:
                shutil.rmtree(part)
            part.mkdir(exist_ok=resume)
            try:
                yield part
                _put_in_place(part, out)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        what = f"{error.filename or out} cannot be written: {error.strerror or error}"
        raise CannotWrite(f"{what}; free space or choose another --out; nothing was left behind") from error


@contextlib.contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Hold the lock of an output folder; it goes with the process, however that ends."""
    path = out.with_name(f".{out.name}.lock")
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_current = path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino  # not one that its owner just removed
        except BlockingIOError:
            is_current = False
        if not is_current:
            file.seek(0)
            raise BuildIsRunning(f"{out} is being built by {file.read().strip() or 'another process'}; wait for it or choose another --out")
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _put_in_place(part: Path, out: Path) -> None:
    """Rename `part` to `out`; an old release is exchanged in one system call, so that one of the two always stands whole."""
    _sync(part)
    if not out.exists():
        part.rename(out)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(part), AT_FDCWD, os.fsencode(out), RENAME_EXCHANGE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"the old and the new release cannot be exchanged ({os.strerror(code)})", str(out))
    shutil.rmtree(part)


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256(path: Path, block: int = 1 << 22) -> str:
    """Hex digest of a file, read in blocks of 4 MiB."""
    with path.open("rb") as file:
        return _digest(file, block)


def _digest(file: IO[bytes], block: int) -> str:
    digest = hashlib.sha256()
    while piece := file.read(block):
        digest.update(piece)
    return digest.hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Indented JSON with sorted keys and a newline at its end."""
    path.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write manifest.json: `content` and the checksum of every other file of the folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    outputs = [{"file": p.relative_to(folder).as_posix(), "bytes": p.stat().st_size, "sha256": sha256(p)} for p in files]
    write_json(folder / MANIFEST, {**content, "outputs": outputs})


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a release. Raises BadRelease."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRelease(f"{folder} holds no {MANIFEST}; give a folder that `curate build --out` wrote") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadRelease(f"{path} is not readable JSON ({error}); the release is damaged, build it again") from error
    if not isinstance(content, dict):
        raise BadRelease(f"{path} holds no manifest; the release is damaged, build it again")
    return content
