"""Ways in which a path itself is wrong: links, kinds of file, rights, names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

PATHS: dict[str, Callable[[Path], None]] = {}


def on_path(change: Callable[[Path], None]) -> Callable[[Path], None]:
    """Register a change of a path that stood there; it is gone when the change begins."""

    def damage(path: Path) -> None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        change(path)

    PATHS[change.__name__] = damage
    return change


@on_path
def dangling_link(path):
    path.symlink_to("nowhere")


@on_path
def link_to_itself(path):
    path.symlink_to(path.name)


@on_path
def empty_file(path):
    path.touch()


@on_path
def file_of_one_byte(path):
    path.write_bytes(b"\x00")


@on_path
def folder(path):
    path.mkdir()


@on_path
def pipe(path):
    os.mkfifo(path)


@on_path
def endless_device(path):
    path.symlink_to("/dev/zero")


@on_path
def empty_device(path):
    path.symlink_to("/dev/null")


@on_path
def socket(path):
    import socket as sockets

    with sockets.socket(sockets.AF_UNIX) as made:
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def unreadable(path: Path) -> None:
    """The path without rights; only another user than root is refused by it."""
    path.chmod(0)
