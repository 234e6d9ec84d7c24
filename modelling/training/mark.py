"""What a training may delete: only its own files, in a folder that carries a run's config.json or that it made itself."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from modelling.config import TrainConfig
from modelling.errors import ModellingError, TrainingError
from modelling.training import checkpoint
from profiles import aside
from profiles.plain_json import NoObject, read_object

CONFIG = "config.json"
FORMAT = 1
WRITTEN = (
    CONFIG, f"{CONFIG}.partial", "model.safetensors", "genes.tsv", "tissues.tsv", "scaler.tsv", "levels.tsv", "environment.json", "history.csv", "history.svg",
    checkpoint.NAME, f"{checkpoint.NAME}.partial",
)  # fmt: skip


class NotARun(ModellingError):
    """A folder is to be gone on with or removed, and does not carry the mark of a run."""


def is_run(folder: Path) -> bool:
    """Whether a folder holds the config.json of a run, begun or finished, or the checkpoint of a stopped one."""
    try:
        content = read_object(folder / CONFIG)
        if isinstance(content.get("train"), dict) and isinstance(content.get("format"), int):
            return True
    except (OSError, NoObject):
        pass
    return checkpoint.is_ours(folder)


def claim(out: Path, resume: bool, config: TrainConfig) -> bool:
    """Make the run folder and mark it; returns whether it is new, so that its files may be removed when the training fails."""
    if out.is_dir():
        aside.sweep(out)
    if (out / "model.safetensors").exists():
        raise TrainingError(f"{out}: holds a finished run; choose another folder for --out")
    if resume and not out.is_dir():
        raise TrainingError(f"{out}: no such run to resume")
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out}: exists already; choose another folder, or go on with --resume if it is a stopped run")
    is_new = not out.is_dir() or not any(out.iterdir())
    if not is_new and not is_run(out):
        raise TrainingError(f"{out}: is no stopped run (no {CONFIG} of `model train` in it); choose another folder for --out")
    if is_new:
        out.mkdir(parents=True, exist_ok=True)
        try:
            begin(out, config)
        except OSError:
            with contextlib.suppress(OSError):
                out.rmdir()
            raise
    return is_new


def begin(folder: Path, config: TrainConfig) -> None:
    """Mark a folder as a run that has begun: its settings, in the file where a finished run has them."""
    aside.write_text(folder / CONFIG, json.dumps({"format": FORMAT, "train": config.as_dict()}, indent=2) + "\n")


def remove(folder: Path) -> None:
    """Delete the files of a run that failed or is no longer wanted, and the folder when nothing else is in it. Raises NotARun."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir() or (any(folder.iterdir()) and not is_run(folder)):
        raise NotARun(f"{folder}: would be deleted, but is no run (no {CONFIG} of `model train`); it is left alone: move it away")
    aside.sweep(folder)
    for name in sorted(WRITTEN, key=lambda name: name == CONFIG):  # the mark goes last
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
