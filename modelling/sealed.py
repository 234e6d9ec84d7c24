"""Whether a compendium is the file that its release lists: told from its size and a sample of its blocks, or from all of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from modelling.h5ad import CompendiumError
from profiles.blocks import BLOCK_BYTES, BLOCKS, PAGES, block_digests, held_blocks, hex_digests
from profiles.plain_json import NoObject, read_object

SAMPLED: Final = 64  # blocks of a file that are read: the first, the last, and between them at even distances
MANIFEST: Final = "manifest.json"  # of a release


def identity(path: Path, *, whole: bool = False) -> str:
    """SHA-256 of a compendium, in hexadecimal digits.

    Where the manifest beside it lists it with the checksums of its blocks, size and SAMPLED blocks are compared and the stated checksum is given;
    else, and with `whole`, the file is read to its end. Raises CompendiumError for a file that is not the one that the manifest lists.
    """
    manifest = _manifest(path.parent)
    stated = next((row for row in manifest.get("outputs", []) if row.get("file") == path.name), None)
    if stated is None:
        return _sha256(path)
    blocks = None if whole else _blocks(path, manifest)
    if path.stat().st_size != stated["bytes"]:
        raise _not_listed(path, f"has {path.stat().st_size:,} bytes, not {stated['bytes']:,}")
    if blocks is None:
        if _sha256(path) != stated["sha256"]:
            raise _not_listed(path, "has another checksum")
    elif (place := _first_changed(path, blocks)) is not None:
        raise _not_listed(path, f"has other bytes from {place:,} on")
    return str(stated["sha256"])


def _not_listed(path: Path, what: str) -> CompendiumError:
    return CompendiumError(
        f"{path}: {what}: it is not the file that {MANIFEST} beside it lists; see `curate validate {path.parent}`, "
        "or move a file that you changed yourself out of the release"
    )


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a release; nothing for a folder that has none, or somebody else's."""
    try:
        found = read_object(folder / MANIFEST)
    except (OSError, NoObject):
        return {}
    rows = found.get("outputs")
    is_ours = isinstance(rows, list) and all(isinstance(row, dict) and {"file", "bytes", "sha256"} <= row.keys() for row in rows)
    return found if is_ours else {}


def _blocks(path: Path, manifest: dict[str, Any]) -> list[str] | None:
    """The checksums of the blocks of a file; None where the release has none that its manifest vouches for."""
    try:
        text = (path.parent / BLOCKS).read_bytes()
    except OSError:
        return None
    if manifest.get(PAGES) != hex_digests(block_digests(text)):
        return None
    return hex_digests(held_blocks(path.parent, manifest["outputs"])[path.name])


def _first_changed(path: Path, blocks: list[str]) -> int | None:
    """The first byte of the first block, of those looked at, that is not as it was."""
    chosen = np.unique(np.linspace(0, len(blocks) - 1, SAMPLED).astype(int)) if blocks else np.empty(0, int)
    with path.open("rb", buffering=0) as file:
        for number in chosen:
            file.seek(int(number) * BLOCK_BYTES)
            if hashlib.sha256(file.read(BLOCK_BYTES)).hexdigest() != blocks[number]:
                return int(number) * BLOCK_BYTES
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
