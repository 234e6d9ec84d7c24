"""The name that a misspelt one may have meant: of a column, a choice, an id, or of what lies in a folder."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

MOST = 3
PATHS_ALIKE = 0.7  # of difflib: files have endings in common, and are alike by them
LISTED = 20_000  # entries of a folder that are looked through
# What our messages say of a path that is not there. A path that does not exist because it is to be written is told otherwise.
ABSENT = re.compile(r"\b(is no|no such|there is no|holds no|has no|not found|is missing|not a finished run|no labels\.parquet)\b")


def nearest(name: str, names: Iterable[str], alike: float = 0.6) -> list[str]:
    """The names most like `name`, in whatever letters, best first; none where none is alike."""
    spelled: dict[str, str] = {}
    for known in names:
        spelled.setdefault(known.lower(), known)
    return [spelled[close] for close in difflib.get_close_matches(name.lower(), spelled, MOST, alike)]


def near(name: str | Sequence[str], names: Iterable[str]) -> str:
    """`; near it: A, B` for the middle of a message about a name (or several) that is not there; empty where nothing is alike."""
    known = list(names)
    found = dict.fromkeys(close for one in ([name] if isinstance(name, str) else name) for close in nearest(one, known))
    return f"; near it: {', '.join(found)}" if found else ""


def near_path(line: str, arguments: Sequence[str]) -> str:
    """What lies beside the path of a command line that a message says is not there, as `; near it: A, B`; empty where nothing is alike.

    Args: line, the message; arguments, of the command line. The path is one of them, its part after `=`, or the first part of it that
    does not exist.
    """
    said = ABSENT.search(line)
    if said is None:
        return ""
    told = line[: said.end()] + (line[said.end() :].partition(";")[0] if said.group() == "there is no" else "")
    for argument in arguments:
        for text in dict.fromkeys((argument, argument.partition("=")[2])):
            if text and (close := _beside(text, told)):
                return f"; near it: {', '.join(close)}"
    return ""


def _beside(text: str, line: str) -> list[str]:
    """Paths that are there and alike, if `text` is a path that is not, and stands in a line."""
    path = Path(text)
    if "\0" in text or "://" in text or os.path.lexists(path):
        return []
    missing = path
    while missing.parent != missing and not os.path.lexists(missing.parent):
        missing = missing.parent
    shown = "|".join(re.escape(one) for one in sorted({text, str(path), str(missing), path.name}, key=len, reverse=True))
    if not re.search(rf"(?<![\w.'-])(?:{shown})(?![\w'-])", line):  # a path stands bare in our messages, other names in quotes
        return []
    try:
        with os.scandir(missing.parent) as entries:
            names = [entry.name for entry in islice(entries, LISTED)]
    except OSError:
        return []
    rest = path.relative_to(missing)
    found = [missing.parent / close for close in nearest(missing.name, names, PATHS_ALIKE)]
    return [str(close / rest) for close in found if (close / rest).exists()] or [str(close) for close in found]
