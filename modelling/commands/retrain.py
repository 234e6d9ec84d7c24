"""`model scale` and `model ablate` as people see them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelling import __version__
from modelling.config import preset as preset_config
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.figures.canvas import FigureFolder
from modelling.figures.methods import ablation_dots, scale_curve
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.json import plain
from modelling.reports.page import Report, Section, Table, number, shown, with_interval
from modelling.studies.ablate import ablate, cap_arms, cell_line_arms, cell_line_flags, differences
from modelling.studies.retrain import SCORES, Arm
from modelling.studies.scale import scale, summary


class NothingAsked(ModellingError):
    """The command was not told what to compare."""


def run_scale(path: Path, out: Path, fractions: Sequence[float], n_seeds: int, preset: str, epochs: int | None) -> None:
    """Train on nested subsets and write scale.json, a figure and a page."""
    config = preset_config(preset).replace(**({"epochs": epochs} if epochs else {}))
    with Compendium.open(path) as compendium, new_folder(out) as folder:
        with bars() as stage:
            rows = scale(compendium, fractions, range(1, n_seeds + 1), config, stage)
        figures = FigureFolder(folder / "figures")
        scale_curve(figures, rows, SCORES)
        content = {
            "format": 1,
            "simulated": compendium.simulated,
            "compendium": path.name,
            "preset": preset,
            "rows": rows,
            "summary": summary(rows, "fraction"),
        }
        _write_json(folder / "scale.json", content)
        n_test = rows[0]["n_test"]
        caption = f"Every dot is a training; band: 95% t interval of the mean over {n_seeds} seeds. One test part of {n_test:,} samples."
        Report(
            title="Do more samples help?",
            subject=path.name,
            lead=(
                "Training parts of growing size, each within the next, tissues in the same shares; "
                "the validation and the test part stay the same. A seed draws the "
                "order of the samples and trains the model, so the spread between seeds holds both."
            ),
            simulated=compendium.simulated,
            sections=[
                Section(
                    "Scores by training size",
                    [],
                    [shown(figures.folder, "scale", caption)],
                    [_table(summary(rows, "fraction"), "fraction")],
                )
            ],
            notes=compendium.notes,
            colophon=f"Made by bulkatlas {__version__}, `model scale`, preset {preset}. All numbers: scale.json.",
        ).write(folder / "report.html")
    _tell(summary(rows, "fraction"), "fraction", out, "scale.json")


def run_ablate(
    path: Path, out: Path, labels: Path | None, cap: int | None, *, cell_lines: bool, n_seeds: int, preset: str, epochs: int | None
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
            rows = {name: ablate(compendium, arms, config, stage) for name, arms in asked.items()}
        pairs = {name: tuple(dict.fromkeys(arm.name for arm in arms)) for name, arms in asked.items()}
        found = {name: differences(rows[name], *pairs[name]) for name in asked}
        figures = FigureFolder(folder / "figures")
        everything = [row for group in rows.values() for row in group]
        ablation_dots(figures, everything, SCORES)
        _write_json(
            folder / "ablate.json",
            {
                "format": 1,
                "simulated": compendium.simulated,
                "compendium": path.name,
                "preset": preset,
                "rows": rows,
                "differences": found,
            },
        )
        tables = [
            _table(summary(everything, "arm"), "arm"),
            *(
                Table(
                    ["score", f"{pairs[name][1]} minus {pairs[name][0]} [95% t interval over {n_seeds} seeds]"],
                    [[word, with_interval(*found[name][key])] for key, word in SCORES.items()],
                    f"Difference, seed by seed: {name}",
                )
                for name in asked
            ),
        ]
        caption = f"Every dot is a training, lines join the two of one seed; one test part of {everything[0]['n_test']:,} samples."
        Report(
            title="What do cell lines and the cap do?",
            subject=path.name,
            lead=(
                "Two trainings differ in one thing alone. Cell lines: every tissue has the same number "
                "of training samples in both; with them, cell lines stand in for "
                "some. Cap: the same number of training samples in all, once with at most so many of a "
                "tissue, once in the proportions found. The test part is one and the same."
            ),
            simulated=compendium.simulated,
            sections=[Section("Scores", [], [shown(figures.folder, "ablation", caption)], tables)],
            notes=compendium.notes,
            colophon=f"Made by bulkatlas {__version__}, `model ablate`, preset {preset}. All numbers: ablate.json.",
        ).write(folder / "report.html")
    _tell(summary(everything, "arm"), "arm", out, "ablate.json")


def _table(rows: Sequence[dict[str, Any]], key: str) -> Table:
    head = [key, "training samples", "test samples", "seeds", *(f"{word} [95%]" for word in SCORES.values())]
    return Table(
        head,
        [
            [
                str(row[key]),
                _size(row["n_train"]),
                number(row["n_test"]),
                number(row["n_seeds"]),
                *(with_interval(*row["scores"][name]) for name in SCORES),
            ]
            for row in rows
        ],
    )


def _size(n: int | list[int]) -> str:
    return number(n) if isinstance(n, int) else f"{n[0]:,} to {n[-1]:,}"


def _tell(rows: Sequence[dict[str, Any]], key: str, out: Path, name: str) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    for row in rows:
        scores = ", ".join(f"{word} {with_interval(*row['scores'][score])}" for score, word in SCORES.items())
        console.print(f"{row[key]!s:20}{_size(row['n_train'])} training samples, {row['n_seeds']} seeds: {scores}", markup=False)
    console.print(f"wrote {out}/ (report.html, {name}, figures/)")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
