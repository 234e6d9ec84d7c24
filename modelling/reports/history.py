"""Sections of a report on what came before: the build of the compendium and the training of the run."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from modelling.figures import history
from modelling.figures.canvas import FigureFolder
from modelling.reports.page import Section, shown


def funnel(folder: FigureFolder, steps: Any) -> list[Section]:
    """The build's funnel, where the compendium carries it."""
    if not isinstance(steps, list) or not steps:
        return []
    history.funnel(folder, steps)
    return [
        Section(
            "Where the samples come from",
            ["How the compendium came from its sources; every step is a query that can be asked again (`curate audit`)."],
            [shown(folder.folder, "funnel", "Samples that pass each step.")],
        )
    ]


def training(folder: FigureFolder, run: Path) -> list[Section]:
    """Training curves, where the run has a history."""
    path = run / "history.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return []
    columns = {name: [float(row[name]) if row[name] else float("nan") for row in rows] for name in rows[0]}
    details = json.loads((run / "config.json").read_text(encoding="utf-8")).get("details", {})
    history.training_curves(folder, columns, details.get("best_epoch"))
    return [
        Section(
            "Training",
            ["The weights are those of the epoch that was best on the validation part; the test part was not looked at."],
            [shown(folder.folder, "training", "Training and validation by epoch.")],
        )
    ]
