"""A folder of results appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelling.errors import ModellingError
from profiles import aside


class FolderTaken(ModellingError):
    """The folder to write exists and holds something."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` that becomes `out` on success and is removed on any error. Raises FolderTaken."""
    out = Path(os.path.realpath(out))  # a link to an empty folder, or to one that is not there yet
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderTaken(f"{out}: exists and is not empty; choose another folder or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with aside.filled(out) as partial:
        yield partial
