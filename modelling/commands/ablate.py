"""`model ablate`: trains the arms of each question, writes the folder, prints the scores."""

from __future__ import annotations

import json
from pathlib import Path

from modelling.commands.scale import tell
from modelling.config import preset as preset_config
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.json import plain
from modelling.reports.trainings import write_ablation_page
from modelling.studies.ablate import ablate, cap_arms, cell_line_arms, cell_line_flags, differences
from modelling.studies.retrain import Arm
from modelling.studies.scale import summary
from modelling.studies.transfer import Question


class NothingAsked(ModellingError):
    """The command was not told what to compare."""


def run_ablate(
    path: Path,
    out: Path,
    labels: Path | None,
    cap: int | None,
    *,
    cell_lines: bool,
    n_seeds: int,
    preset: str,
    epochs: int | None,
    question: Question | None = None,
    device: str = "auto",
) -> None:
    """Train the arms of each ablation and write ablate.json, a figure and a page."""
    if not cell_lines and cap is None:
        raise NothingAsked("say what to leave out: --cell-lines, --cap N, or both")
    config, seeds = preset_config(preset).replace(**({"epochs": epochs} if epochs else {})), range(1, n_seeds + 1)
    with Compendium.open(path) as compendium, new_folder(out) as folder:
        asked: dict[str, list[Arm]] = {}
        if cell_lines:
            asked["cell lines"] = cell_line_arms(compendium, cell_line_flags(compendium, labels or path.parent / "labels.parquet"), seeds)
        if cap is not None:
            asked["cap"] = cap_arms(compendium, cap, seeds)
        with bars() as stage:
            rows = {name: ablate(compendium, arms, config, stage, question, device) for name, arms in asked.items()}
        pairs = {name: tuple(dict.fromkeys(arm.name for arm in arms)) for name, arms in asked.items()}
        found = {name: differences(rows[name], *pairs[name]) for name in asked}
        everything = [row for group in rows.values() for row in group]
        content = {
            "format": 1,
            "simulated": compendium.simulated,
            "compendium": path.name,
            "preset": preset,
            "cohort": question.cohort.name if question else None,
            "rows": rows,
            "differences": found,
        }
        (folder / "ablate.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        write_ablation_page(folder, everything, pairs, found, compendium, n_seeds, preset)
    tell(summary(everything, "arm"), "arm", out, "ablate.json")
