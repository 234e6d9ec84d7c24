"""Names that come from outside (a server, a manifest, a table), before one of them becomes the name of a file.

One place, because a name that one reader refuses and the next one follows is how a file gets written outside its folder.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from pathlib import Path

from profiles.account import some

MOST_BYTES = 255  # of a name, on every file system in use
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *(f"{kind}{digit}" for kind in ("COM", "LPT") for digit in "0123456789¹²³")}
DRIVE = re.compile(r"[A-Za-z]:")
LOOK_LIKE_SLASHES = set("\u2044\u2215\u29f5\u29f8\u29f9\u2216\u2571\u2572\u338d")  # those that compatibility forms do not tell
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode: control, format (also reversed text), half of a pair, separators of lines and paragraphs
SHOWN = 60


def fault(name: str) -> str:
    """Why `name` cannot be the name of one file in a folder, on any system; empty where it can."""
    if not isinstance(name, str) or not name:
        return "it is empty"
    unseen = next((character for character in name if unicodedata.category(character) in UNSEEN), "")
    if unseen:
        return f"it holds the control character U+{ord(unseen):04X}"
    if "/" in name or "\\" in name:
        return "it leads into another folder"
    if DRIVE.match(name):
        return "it begins with a drive letter"
    strange = next((character for character in name if _looks_like_a_separator(character)), "")
    if strange:
        return f"it holds U+{ord(strange):04X}, which looks like a dot or a slash"
    if not name.strip(". ") or name[-1] in ". ":
        return "it is all dots, or ends in a dot or a space"
    if name.partition(".")[0].rstrip().upper() in DEVICES:
        return "it is the name of a device"
    if len(name.encode()) > MOST_BYTES:
        return f"it has more than {MOST_BYTES} bytes"
    return ""


def _looks_like_a_separator(character: str) -> bool:
    if character.isascii():
        return False
    return character in LOOK_LIKE_SLASHES or any(known in unicodedata.normalize("NFKC", character) for known in "./\\:")


def fault_in(folder: Path, name: str, *, nested: bool = False) -> str:
    """Why the file `name` of `folder` must not be touched; empty where it may be. With `nested`, `name` may be a relative path with slashes.

    A symbolic link that leads out of the folder is a fault: of the file, or of a folder on its way.
    """
    for part in name.split("/") if nested and isinstance(name, str) else [name]:
        if why := fault(part):
            return why
    home = os.path.realpath(folder)
    if os.path.commonpath([home, os.path.realpath(os.path.join(home, name))]) != home:
        return f"it is a symbolic link that leads out of {folder}"
    return ""


def shown(name: object) -> str:
    """The name for a message: quoted, unseen characters escaped, and not longer than a line."""
    text = ascii(name)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def no_file(path: Path) -> str:
    """What stands in the place of a file to read, and what to give instead; `path` is none that can be read again and again."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        is_dangling = path.is_symlink() and error.errno == errno.ENOENT
        return (
            "a link to what is not there"
            if is_dangling
            else "no such file"
            if error.errno == errno.ENOENT
            else f"no file: {error.strerror}"
        )
    if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
        what = "a pipe" if stat.S_ISFIFO(kind) else "a device"
        return f"{what}, and tables are read more than once: write it to a file first"
    if not stat.S_ISDIR(kind):
        return "a socket, not a file" if stat.S_ISSOCK(kind) else "no file that can be read as one"
    try:
        inside = sorted(entry.name for entry in path.iterdir())
    except OSError as error:
        return f"a folder, not a file ({error.strerror})"
    if any(entry.startswith("matrix.mtx") for entry in inside):
        return "a folder of 10x (matrix.mtx, genes and barcodes): read it with scanpy.read_10x_mtx and write it as .h5ad"
    return f"a folder, not a file; give one of its tables: {some(inside, 4)}" if inside else "an empty folder"
