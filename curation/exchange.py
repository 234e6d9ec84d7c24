"""An old folder and a new one change places: in one system call where there is one, else with two renames."""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from pathlib import Path

from curation.mark import NotOurs, discard, why_no_release

RENAME_EXCHANGE = 2  # linux/fs.h
AT_FDCWD = -100
REPLACED = "{name}.replaced"


def exchange(part: Path, out: Path) -> Path:
    """Put `part` in the place of `out`; returns where the old one stands now. Raises OSError, with the old one in its place and `part` whole."""
    if not in_one_step(part, out):
        return part
    old = replaced(out)
    if os.path.lexists(old):
        raise OSError(errno.EEXIST, "a folder of that name is needed for the old release", str(old))
    out.rename(old)
    try:
        part.rename(out)
    except BaseException:
        old.rename(out)
        raise
    return old


def replaced(out: Path) -> Path:
    """Where the old release stands between the two renames."""
    return out.with_name(REPLACED.format(name=out.name))


def mend(out: Path) -> None:
    """After a process that was killed between two renames: the old release gets its place back, or goes where the new one stands. Raises NotOurs."""
    old = replaced(out)
    if not os.path.lexists(old):
        return
    if os.path.lexists(out):
        discard(old)
    elif why := why_no_release(old):
        raise NotOurs(f"{old} stands where an old release waits, and {why}; it is left alone: move it away")
    else:
        old.rename(out)


def in_one_step(one: Path, other: Path) -> str:
    """Exchange two folders with renameat2; empty when done, else what stands against it (nothing was changed then)."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # macOS, and a C library older than 2.28
        return "no renameat2 in the C library"
    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return ""
    code = ctypes.get_errno()
    return errno.errorcode.get(code, str(code))


def way(folder: Path) -> str:
    """Empty where two folders in `folder` can be exchanged in one step, else what stands against it. Raises OSError where nothing can be written."""
    with tempfile.TemporaryDirectory(dir=folder) as probe:
        one, other = Path(probe, "1"), Path(probe, "2")
        one.mkdir()
        other.mkdir()
        return in_one_step(one, other)
