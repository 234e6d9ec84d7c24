"""Checksums of the blocks of a release's files, so that a part of a file can be checked without the rest of it.

blocks.sha256 holds the SHA-256 (32 bytes each, nothing between) of every block of every output, file after file in the order of the
manifest, whose rows say at which block a file begins (`first_block`). The row of blocks.sha256 itself has the checksums of its own blocks
(`block_sha256`), so a reader trusts the manifest and nothing else. The last block of a file is shorter; an empty file has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCKS = "blocks.sha256"
BLOCK_BYTES = 1 << 16
DIGEST_BYTES = 32
AT_ONCE = 64  # blocks read at a time

Row = dict[str, Any]


def n_blocks(n_bytes: int) -> int:
    """Blocks of a file of that size."""
    return -(-n_bytes // BLOCK_BYTES)


def digests(path: Path) -> tuple[str, bytes]:
    """SHA-256 of a whole file in hexadecimal digits, and of each of its blocks, from one reading."""
    whole, parts = hashlib.sha256(), bytearray()
    with path.open("rb") as file:
        while piece := file.read(BLOCK_BYTES * AT_ONCE):
            whole.update(piece)
            parts += block_digests(piece)
    return whole.hexdigest(), bytes(parts)


def block_digests(content: bytes) -> bytes:
    """SHA-256 of each block of a text of bytes that begins at the border of one."""
    view = memoryview(content)
    return b"".join(hashlib.sha256(view[at : at + BLOCK_BYTES]).digest() for at in range(0, len(view), BLOCK_BYTES))


def write_blocks(folder: Path, rows: list[Row], held: Mapping[str, bytes]) -> Row:
    """Write blocks.sha256 for the outputs `rows`, whose block digests are `held` by name; each row gets its `first_block`.

    Returns the manifest's row of blocks.sha256.
    """
    content = bytearray()
    for row in rows:
        row["first_block"] = len(content) // DIGEST_BYTES
        content += held[row["file"]]
    (folder / BLOCKS).write_bytes(content)
    mine = block_digests(bytes(content))
    return {
        "file": BLOCKS,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "block_sha256": [mine[at : at + DIGEST_BYTES].hex() for at in range(0, len(mine), DIGEST_BYTES)],
    }


def held_blocks(folder: Path, rows: list[Row]) -> dict[str, bytes]:
    """The block digests that blocks.sha256 has of each of these outputs."""
    content = (folder / BLOCKS).read_bytes()
    return {
        row["file"]: content[DIGEST_BYTES * row["first_block"] : DIGEST_BYTES * (row["first_block"] + n_blocks(row["bytes"]))]
        for row in rows
    }
