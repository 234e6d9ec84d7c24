"""What closes a release: the manifest names every other file, the RO-Crate names the manifest, and the release's id is made of both.

A release proves only that its parts agree: whoever changes one may write all the others again. Its id cannot be kept by that, so an id that was
read elsewhere (a paper, a web page, a colleague) says that a copy is the release it claims to be.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curation.crate import crate, write_citation, write_crate
from curation.digests import FileDigests
from curation.mark import CRATE, MANIFEST
from curation.release import BadRelease, file_row, read_manifest, sha256, write_json, write_manifest
from profiles.blocks import BLOCKS, PAGES, held_blocks, with_blocks


def seal(folder: Path, content: dict[str, Any], known: Mapping[str, FileDigests] | None = None) -> str:
    """Write CITATION.txt, the manifest (`content` and the files) and the RO-Crate of a release that is otherwise whole; returns its id.

    `known` has the digests of files that were read already.
    """
    write_citation(folder, content["sources_used"])
    write_crate(folder, write_manifest(folder, content, known))
    return release_id(folder)


def add_file(folder: Path, name: str) -> str:
    """List a file that was added to a release (or written again), and seal it again; returns the new id.

    Manifest and crate are exchanged one after the other: what a crash leaves between the two is told by `curate validate`, and mended by
    adding the file again. Raises BadRelease.
    """
    manifest = read_manifest(folder)
    held = held_blocks(folder, manifest["outputs"]) if PAGES in manifest else {}
    rows = [row for row in manifest["outputs"] if row["file"] not in (name, CRATE, BLOCKS)]
    rows = sorted([*rows, file_row(folder, name, held)], key=lambda row: str(row["file"]))
    return _seal_again(folder, with_blocks(folder, manifest, rows, held) if PAGES in manifest else manifest | {"outputs": rows})


def add_blocks(folder: Path) -> str:
    """Write blocks.sha256 into a release that lacks it, and seal it again; returns the new id.

    Raises BadRelease where a file is not what the manifest says.
    """
    manifest = read_manifest(folder)
    held: dict[str, bytes] = {}
    rows = [row for row in manifest["outputs"] if row["file"] != BLOCKS]
    for row in rows:
        if file_row(folder, row["file"], held)["sha256"] != row["sha256"]:
            raise BadRelease(f"{folder / row['file']} is not the file that {MANIFEST} lists; see `curate validate {folder}`")
    return _seal_again(folder, with_blocks(folder, manifest, rows, held))


def _seal_again(folder: Path, manifest: dict[str, Any]) -> str:
    _exchange(folder, MANIFEST, manifest)
    _exchange(folder, CRATE, crate(folder, manifest))
    return release_id(folder)


def _exchange(folder: Path, name: str, content: Mapping[str, Any]) -> None:
    draft = folder.with_name(f".{folder.name}.{name}.{os.getpid()}.new")  # beside it: nothing strange is left in a release
    try:
        write_json(draft, content)
        draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)


def release_id(folder: Path) -> str:
    """The sha256 of what `sha256sum manifest.json ro-crate-metadata.json` prints in a release. Raises BadRelease where one is missing."""
    lost = [name for name in (MANIFEST, CRATE) if not (folder / name).is_file()]
    if lost:
        raise BadRelease(f"{folder} holds no {' and no '.join(lost)}; give a folder that `curate build --out` wrote, whole")
    lines = "".join(f"{sha256(folder / name)}  {name}\n" for name in (MANIFEST, CRATE))
    return hashlib.sha256(lines.encode()).hexdigest()
