"""Checksums of the blocks of a release's files, so that a part of a file can be checked without the rest of it.

blocks.sha256 holds the SHA-256 (32 bytes each, nothing between) of every block of every output, file after file in the order of the
manifest. The manifest has the checksums of the blocks of blocks.sha256 itself (`block_sha256`), so a reader trusts the manifest and nothing
else. The last block of a file is shorter; an empty file has none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCKS = "blocks.sha256"
PAGES = "block_sha256"  # the manifest's checksums of the blocks of blocks.sha256
BLOCK_BYTES = 1 << 16
DIGEST_BYTES = 32

Row = dict[str, Any]


def n_blocks(n_bytes: int) -> int:
    """Blocks of a file of that size."""
    return -(-n_bytes // BLOCK_BYTES)


def block_digests(content: bytes) -> bytes:
    """SHA-256 of each block of a text of bytes that begins at the border of one."""
    view = memoryview(content)
    return b"".join(hashlib.sha256(view[at : at + BLOCK_BYTES]).digest() for at in range(0, len(view), BLOCK_BYTES))


def hex_digests(parts: bytes) -> list[str]:
    """Digests as text, one by one."""
    return [parts[at : at + DIGEST_BYTES].hex() for at in range(0, len(parts), DIGEST_BYTES)]


def with_blocks(folder: Path, content: Mapping[str, Any], rows: list[Row], held: Mapping[str, bytes]) -> dict[str, Any]:
    """Write blocks.sha256 for the outputs `rows` (in order), whose block digests are `held` by name; returns the manifest with all of them."""
    text = b"".join(held[row["file"]] for row in rows)
    draft = folder.with_name(f".{folder.name}.{BLOCKS}.{os.getpid()}.new")
    try:
        draft.write_bytes(text)
        draft.replace(folder / BLOCKS)
    finally:
        draft.unlink(missing_ok=True)
    row = {"file": BLOCKS, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    return {**content, "outputs": sorted([*rows, row], key=lambda one: str(one["file"])), PAGES: hex_digests(block_digests(text))}


def first_blocks(rows: list[Row]) -> dict[str, int]:
    """Which block of blocks.sha256 is the first of each output."""
    firsts, n = {}, 0
    for row in rows:
        if row["file"] != BLOCKS:
            firsts[str(row["file"])] = n
            n += n_blocks(row["bytes"])
    return firsts


def held_blocks(folder: Path, rows: list[Row]) -> dict[str, bytes]:
    """The block digests that blocks.sha256 has of each output of a manifest."""
    text, sizes = (folder / BLOCKS).read_bytes(), {str(row["file"]): n_blocks(row["bytes"]) for row in rows}
    return {name: text[DIGEST_BYTES * at : DIGEST_BYTES * (at + sizes[name])] for name, at in first_blocks(rows).items()}
