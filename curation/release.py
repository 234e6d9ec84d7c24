"""A release folder: written beside its place, verified, then put there in one step; never half of it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from curation.digests import FileDigests, digests
from curation.errors import CurationError
from curation.exchange import exchange, mend
from curation.mark import CRATE, MANIFEST, MARK, NotOurs, discard, discard_quietly, is_unfinished, put_mark, refuse_unless_release
from curation.remote.place import Place, Remote
from profiles import aside
from profiles.blocks import BLOCKS, with_blocks
from profiles.lock import Held, lock
from profiles.plain_json import NoObject, read_object
from profiles.sharing.catalogue import INDEX
from profiles.versions import newer_release

LABELS_OF = "labels_of"  # in the manifest of labels without expression: the id of the whole release
PART_OF = "{name}.partial"
CANNOT_WRITE = {errno.EEXIST, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}


class OutputExists(CurationError):
    """The output folder is there already."""


class BuildIsRunning(CurationError):
    """Another build writes to the same place."""


class CannotWrite(CurationError):
    """The output cannot be written: no space, no permission, no folder."""


class BadRelease(CurationError):
    """A folder is not a release: its manifest is missing or unreadable, or of a newer program."""


class NoExpression(CurationError):
    """Expression is asked of a release that holds labels only."""


@contextlib.contextmanager
def staging(out: Path, *, replace: bool = False, resume: bool = False) -> Iterator[Path]:
    """A temporary folder beside `out` that becomes `out` when the block ends well and is removed when it raises.

    A killed process leaves the temporary folder, marked: the next build removes it, or goes on in it (`resume`). Only a release is replaced; what
    does not carry our mark is refused. `out` may be a symbolic link: what it leads to is meant.
    Raises OutputExists, BuildIsRunning, CannotWrite, NotOurs.
    """
    out = Path(os.path.realpath(out))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _lock(out):
            mend(out)
            refuse_taken(out, replace)
            part = out.with_name(PART_OF.format(name=out.name))
            if not resume:
                discard(part)
            elif os.path.lexists(part) and not is_unfinished(part):
                raise NotOurs(f"{part} does not carry the mark {MARK} of an unfinished build; it is left alone: move it away")
            part.mkdir(exist_ok=resume)
            try:
                put_mark(part)
                yield part
                _sync(part)
            except BaseException:
                discard_quietly(part)
                raise
            _put_in_place(part, out)
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        what = f"{error.filename or out} cannot be written: {error.strerror or error}"
        raise CannotWrite(f"{what}; free space or choose another --out; nothing was left behind") from error


def refuse_taken(out: Path, replace: bool) -> None:
    """Raise OutputExists for a folder that is there and is not to be replaced, NotOurs for one that is no release."""
    if not os.path.lexists(out):
        return
    if not replace:
        raise OutputExists(f"{out} exists; choose another --out, or --replace it (it stands until the new release is complete)")
    aside.sweep(out)  # of an `export --by-gene` that was killed
    refuse_unless_release(out)


@contextlib.contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Hold the lock of an output folder; it goes with the process, however that ends."""
    try:
        with lock(out.with_name(f".{out.name}.lock")):
            yield
    except Held as error:
        raise BuildIsRunning(f"{out} is being built by {error.holder}; wait for it or choose another --out") from error


def _put_in_place(part: Path, out: Path) -> None:
    """Rename `part` to `out`; an old release is exchanged, and stands until then. What cannot be put in place is kept: it is whole."""
    (part / MARK).unlink()
    try:
        if os.path.lexists(out):
            refuse_unless_release(out)
            old = exchange(part, out)
        else:
            part.rename(out)
            return
    except (OSError, NotOurs) as error:
        why = getattr(error, "strerror", None) or error
        stands = f"; {out} is as it was" if os.path.lexists(out) else ""
        raise CannotWrite(f"the new release is whole, but cannot take the place of {out} ({why}); it is kept as {part}{stands}") from error
    try:
        discard(old)
    except OSError as error:
        raise CannotWrite(f"{out} is the new release; the old one could not be deleted ({error.strerror}), its rest is {old}") from error


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


def write_manifest(folder: Path, content: dict[str, Any], known: Mapping[str, FileDigests] | None = None) -> dict[str, Any]:
    """Write manifest.json: `content`, and size and checksum of every other file of the folder but the RO-Crate, which names the manifest.

    The checksums of the blocks of these files go to blocks.sha256. `known` has the digests of files that were read already; one that was written
    to since is read again. Returns what was written.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() not in (MANIFEST, CRATE, MARK, BLOCKS))
    held: dict[str, bytes] = {}
    rows = [file_row(folder, p.relative_to(folder).as_posix(), held, known or {}) for p in files]
    manifest = with_blocks(folder, content, rows, held)
    write_json(folder / MANIFEST, manifest)
    return manifest


def file_row(folder: Path, name: str, held: dict[str, bytes], known: Mapping[str, FileDigests] = MappingProxyType({})) -> dict[str, Any]:
    """What a manifest says of one file of a release; the digests of its blocks are put into `held`."""
    before = known.get(name)
    found = before if before and before.still_hold(folder / name) else digests(folder / name)
    held[name] = found.blocks
    return {"file": name, "bytes": found.n_bytes, "sha256": found.sha256}


def read_manifest(folder: Place) -> dict[str, Any]:
    """The manifest of a release. Raises BadRelease."""
    if isinstance(folder, Remote):
        return folder.manifest
    path = folder / MANIFEST
    try:
        content = read_object(path)
    except FileNotFoundError:
        if (folder / INDEX).is_file():
            raise BadRelease(
                f"{folder} is a catalogue; give one of the releases in it, {folder}/NAME/VERSION (`curate releases {folder}`)"
            ) from None
        raise BadRelease(f"{folder} holds no {MANIFEST}; give a folder that `curate build --out` wrote") from None
    except NoObject as error:
        raise BadRelease(f"{path} {error}; the release is damaged, build it again") from error
    if why := newer_release(content.get("schema_version")):
        raise BadRelease(f"{folder} {why}")
    return content


def refuse_newer(folder: Path) -> None:
    """Raise BadRelease for a folder whose manifest is of a schema that this program does not know; one without a manifest passes, a catalogue does not."""
    if (folder / INDEX).is_file():
        read_manifest(folder)
    with contextlib.suppress(NoObject, OSError):
        if why := newer_release(read_object(folder / MANIFEST).get("schema_version")):
            raise BadRelease(f"{folder} {why}")


def refuse_without_expression(place: Place) -> None:
    """Raise NoExpression for a release that holds labels only."""
    manifest: dict[str, Any] = place.manifest if isinstance(place, Remote) else {}
    with contextlib.suppress(NoObject, OSError):  # a folder with a compendium and no manifest may be read too
        manifest = manifest or read_object(Path(str(place)) / MANIFEST)
    if LABELS_OF in manifest:
        whole = str(manifest[LABELS_OF])[:64]
        raise NoExpression(
            f"{place} holds labels and no expression; the release that they are of has the id {whole}: pull that one, or build it"
        )
