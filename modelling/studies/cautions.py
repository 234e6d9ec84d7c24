"""What a reader of an evaluation must know about the run and its test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.studies.held_out import HeldOut
from profiles.plain_json import NoObject, read_object


def provenance_notes(run: Path, compendium: Compendium) -> list[str]:
    """Say so when the run was trained on another compendium: its training samples may then be among these test samples."""
    path = run / "environment.json"
    if not path.is_file():
        return ["the run has no environment.json: it cannot be told which compendium it was trained on"]
    try:
        compendium_then = read_object(path).get("compendium")
    except NoObject as error:
        return [f"environment.json of the run {error}: it cannot be told which compendium it was trained on"]
    trained_on = compendium_then.get("sha256") if isinstance(compendium_then, dict) else None
    if trained_on is None:
        return ["environment.json names no compendium: it cannot be told which one the run was trained on"]
    if trained_on == compendium.sha256():
        return []
    return ["the run was trained on another compendium than this one: samples of this test part may have been in its training part"]


def shared_group_notes(compendium: Compendium, part: HeldOut) -> list[str]:
    """Say so when a study, donor or patient has samples on both sides, or when nobody can tell."""
    seen = set(compendium.text("group_id", compendium.rows("train"))) | set(compendium.text("group_id", compendium.rows("validation")))
    if seen == {""}:
        return ["the compendium has no group_id: whether a study or donor is on both sides cannot be told, and intervals are too narrow"]
    n = int(np.isin(part.group_id.astype(str), [name for name in seen if name]).sum())
    return (
        [
            f"{n:,} of {len(part.rows):,} test samples share a study, donor or patient with training or validation samples: scores flatter the model"
        ]
        if n
        else []
    )


def part_notes(part: HeldOut, model: TissueModel) -> list[str]:
    """What a reader of the scores must know about this test part."""
    notes = []
    n_unlabelled = int((~part.labelled).sum())
    if n_unlabelled:
        notes.append(f"{n_unlabelled:,} test samples have no tissue: they count for reconstruction, not for classification")
    for number in range(len(model.tissues), len(part.classes)):
        n = int((part.truth == number).sum())
        notes.append(
            f"{part.classes[number]} ({n} samples) is only in the test part: the model cannot name it, every one of them counts as wrong"
        )
    single = [name for number, name in enumerate(part.classes) if (part.truth == number).sum() == 1]
    if single:
        notes.append(
            f"one test sample only: {', '.join(single)}; recall there is 0 or 1 and weighs in balanced accuracy as much as any other class"
        )
    absent = sorted(set(model.tissues) - set(part.tissue))
    if absent:
        notes.append(f"no test sample: {', '.join(absent)}; balanced accuracy is the mean over the other classes")
    n_empty = int((~part.measured_g).sum())
    if n_empty:
        notes.append(
            f"{n_empty:,} of {len(model.genes):,} genes are measured in no test sample: they are left out of reconstruction scores"
        )
    if len(set(part.source)) < 2:
        notes.append("the test part holds one source: source mixing and LISI are not defined")
    return notes
