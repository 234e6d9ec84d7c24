"""Checksums of files: those that a server publishes, and those of the bytes that are there."""

from __future__ import annotations

import base64
import binascii
import hashlib
from email.message import Message
from pathlib import Path

from profiles.errors import BulkatlasError

BLOCK = 1 << 20


class UnknownAlgorithm(BulkatlasError):
    """A published checksum names an algorithm that hashlib does not have."""


def published_checksum(headers: Message) -> str:
    """The md5 that the server publishes for the whole file, as md5:hex, or ''.

    Google's x-goog-hash is of the object; Content-MD5 is of the body sent (RFC 1864), so it counts only when that is the whole file.
    """
    hashes = ",".join(headers.get_all("x-goog-hash", [])).split(",")
    encoded = next((value.strip()[4:] for value in hashes if value.strip().startswith("md5=")), None)
    if encoded is None and "Content-Range" not in headers:
        encoded = headers.get("Content-MD5")
    try:
        return "md5:" + base64.b64decode(encoded, validate=True).hex() if encoded else ""
    except binascii.Error:
        return ""


def digests(path: Path, algorithms: set[str]) -> dict[str, str]:
    """Algorithm -> hex digest, in one pass over the file. Raises UnknownAlgorithm."""
    unknown = algorithms - hashlib.algorithms_available
    if unknown:
        raise UnknownAlgorithm(f"unknown checksum algorithm {', '.join(sorted(unknown))}")
    running = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as handle:
        while block := handle.read(BLOCK):
            for digest in running.values():
                digest.update(block)
    return {name: digest.hexdigest() for name, digest in running.items()}
