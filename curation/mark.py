"""What the program may delete or replace: only what carries its own mark. A release has its manifest, unfinished work a file that says so."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from profiles.aside import MARK, is_unfinished, put_mark
from profiles.errors import NotOurs
from profiles.plain_json import read_object

__all__ = [
    "CRATE",
    "MANIFEST",
    "MARK",
    "NotOurs",
    "discard",
    "discard_quietly",
    "is_unfinished",
    "put_mark",
    "refuse_overlap",
    "refuse_unless_release",
    "why_no_release",
]

MANIFEST = "manifest.json"
CRATE = "ro-crate-metadata.json"  # it names the manifest, so the manifest cannot name it (seal.py)
SHOWN = 3


def why_no_release(folder: Path) -> str:
    """What is against `folder` being a release of ours and nothing else; empty where nothing is."""
    if folder.is_symlink() or not folder.is_dir():
        return "is no folder"
    try:
        content = read_object(folder / MANIFEST)
        named = {row["file"] for row in content["outputs"]}
        is_ours = isinstance(content["build_id"], str)
    except (OSError, ValueError, KeyError, TypeError):
        is_ours, named = False, set()
    if not is_ours:
        return f"holds no {MANIFEST} of `curate build`"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    strange = sorted(found - named - {MANIFEST, CRATE, MARK})
    if not strange:
        return ""
    return f"holds {len(strange)} files that are not in its {MANIFEST} ({', '.join(strange[:SHOWN])})"


def refuse_unless_release(folder: Path) -> None:
    """Raise NotOurs unless a folder is a release and holds nothing else: it is to be replaced."""
    if why := why_no_release(folder):
        raise NotOurs(f"{folder} {why}; it is left alone: move what is yours away, or choose another --out")


def discard(folder: Path) -> None:
    """Delete unfinished work or a release; the mark goes last, so that a killed deletion can be finished. Raises NotOurs."""
    if not os.path.lexists(folder):
        return
    if not is_unfinished(folder) and (why := why_no_release(folder)):
        raise NotOurs(f"{folder} stands where unfinished work goes, and {why}, nor the mark {MARK}; it is left alone: move it away")
    with contextlib.suppress(OSError):  # a full disk takes no mark, and is why much is deleted
        put_mark(folder)
    for path in folder.iterdir():
        if path.name != MARK:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (folder / MARK).unlink(missing_ok=True)
    folder.rmdir()


def discard_quietly(folder: Path) -> None:
    """Delete unfinished work after an error, which matters more than a rest that stays (marked, so that the next run removes it)."""
    with contextlib.suppress(OSError, NotOurs):
        discard(folder)


def refuse_overlap(out: Path, read: Iterable[Path]) -> None:
    """Raise NotOurs where `out` is, holds, or lies in a folder that is read."""
    place = Path(os.path.realpath(out))
    for folder in read:
        other = Path(os.path.realpath(folder))
        if place == other or place in other.parents or other in place.parents:
            how = "is" if place == other else "lies in" if other in place.parents else "holds"
            raise NotOurs(f"--out {out} {how} {folder}, which is read; choose a folder beside it")
