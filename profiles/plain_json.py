"""JSON that somebody else may have written: an object of bounded size, or why it is none."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, Final

MOST_BYTES: Final = 256 << 20


class NoObject(ValueError):
    """The text is no JSON object; the message says why, and is part of a sentence."""


def read_object(path: Path) -> dict[str, Any]:
    """The object in a file. Raises NoObject for anything else that stands there, FileNotFoundError and other OSError."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise NoObject("is no file")
    if (size := os.stat(path).st_size) > MOST_BYTES:
        raise NoObject(f"has {size:,} bytes, more than any file of ours")
    return parse_object(path.read_bytes())


def parse_object(text: bytes | str) -> dict[str, Any]:
    """The object in a text. Raises NoObject: no UTF-8, no JSON, nested without end, a number of thousands of digits, a key twice, a list."""
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8-sig")
        found = json.loads(plain, object_pairs_hook=_each_once)
    except RecursionError:
        raise NoObject("nests deeper than any file of ours") from None
    except UnicodeDecodeError as error:
        raise NoObject(f"is no UTF-8 text (byte {error.start:,})") from None
    except ValueError as error:
        raise NoObject(f"is no readable JSON ({str(error)[:120]})") from None
    if not isinstance(found, dict):
        raise NoObject("holds no JSON object")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:40]!r} stands twice")
    return found
