"""`model scale`: trains on nested subsets, writes the folder, prints the scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelling.commands.telling import bounded, console, tell_table
from modelling.config import preset as preset_config
from modelling.data import Compendium
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.json import plain
from modelling.reports.trainings import size, told, write_scale_page
from modelling.studies.retrain import words_of
from modelling.studies.scale import scale, summary
from modelling.studies.transfer import Question


def run_scale(
    path: Path,
    out: Path,
    fractions: Sequence[float],
    n_seeds: int,
    preset: str,
    epochs: int | None,
    question: Question | None = None,
    device: str = "auto",
) -> None:
    """Train on nested subsets and write scale.json, a figure and a page."""
    config = preset_config(preset).replace(**({"epochs": epochs} if epochs else {}))
    with Compendium.open(path) as compendium, new_folder(out) as folder:
        with bars() as stage:
            rows = scale(compendium, fractions, range(1, n_seeds + 1), config, stage, question, device)
        content = {
            "format": 1,
            "simulated": compendium.simulated,
            "compendium": path.name,
            "preset": preset,
            "cohort": question.cohort.name if question else None,
            "rows": rows,
            "summary": summary(rows, "fraction"),
        }
        (folder / "scale.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        write_scale_page(folder, rows, compendium, n_seeds, preset)
    tell(summary(rows, "fraction"), "fraction", out, "scale.json")


def _flat(row: dict[str, Any], key: str) -> dict[str, Any]:
    sizes = row["n_train"]
    of = {key: row[key], "n_train": sizes if isinstance(sizes, int) else max(sizes), "n_test": row["n_test"], "n_seeds": row["n_seeds"]}
    for name, (mean, interval) in row["scores"].items():
        of |= bounded(name, mean, interval)
    return of


def tell(rows: Sequence[dict[str, Any]], key: str, out: Path, name: str) -> None:
    """A line for each group of trainings, and where the rest lies."""
    people = console()
    for row in rows:
        scores = ", ".join(f"{word} {told(score, *row['scores'][score])}" for score, word in words_of(row["scores"]).items())
        people.print(f"{row[key]!s:20}{size(row['n_train'])} training samples, {row['n_seeds']} seeds: {scores}", markup=False)
    people.print(f"wrote {out}/ (report.html, {name}, figures/)")
    tell_table([_flat(row, key) for row in rows])
