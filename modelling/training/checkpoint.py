"""The state of an unfinished training in one safetensors file, replaced as a whole: a stop at any moment leaves the last complete one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from modelling.errors import ModellingError
from profiles import aside

NAME = "checkpoint.safetensors"


class CheckpointError(ModellingError):
    """There is nothing to resume, or it belongs to another training."""


def write(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Replace the checkpoint; facts are JSON values, kept in the file's metadata."""
    from safetensors.torch import save_file

    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with aside.written(folder / NAME) as draft:
        save_file(plain, draft, {"facts": json.dumps(facts)})


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and facts of the last checkpoint; None where none was written yet."""
    from safetensors import safe_open

    path = folder / NAME
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["facts"])  # noqa: SIM118


def is_ours(folder: Path) -> bool:
    """Whether a folder holds a checkpoint that a training wrote."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / NAME, framework="pt") as file:
            return "identity" in json.loads(file.metadata()["facts"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return False
