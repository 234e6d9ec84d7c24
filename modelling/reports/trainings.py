"""The pages of `model scale` and `model ablate`: scores of several trainings, each with its spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelling.data import Compendium
from modelling.figures.canvas import FigureFolder
from modelling.figures.methods import ablation_dots, scale_curve
from modelling.reports.page import Report, Section, Table, number, shown, with_interval
from modelling.studies.retrain import words_of
from modelling.studies.scale import summary
from profiles import __version__

ONE_SEED = "Every dot is a training; one seed each, so the spread between seeds is not known and no interval is drawn. "


def write_scale_page(folder: Path, rows: list[dict[str, Any]], compendium: Compendium, n_seeds: int, preset: str) -> None:
    """report.html and figures/ of `model scale`; one row a training."""
    figures = FigureFolder(folder / "figures")
    scale_curve(figures, rows, words_of(rows[0]))
    caption = (
        f"Every dot is a training; line and band: mean and 95% t interval over {n_seeds} seeds (of draw and training; the test samples stay). "
        if n_seeds > 1
        else ONE_SEED
    ) + f"One test part of {rows[0]['n_test']:,} samples."
    Report(
        title="Do more samples help?",
        subject=compendium.path.name,
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
                [table(summary(rows, "fraction"), "fraction")],
            )
        ],
        notes=compendium.notes,
        colophon=f"Made by bulkatlas {__version__}, `model scale`, preset {preset}. All numbers: scale.json.",
    ).write(folder / "report.html")


def write_ablation_page(
    folder: Path,
    rows: list[dict[str, Any]],
    pairs: Mapping[str, tuple[str, ...]],
    found: Mapping[str, Mapping[str, Any]],
    compendium: Compendium,
    n_seeds: int,
    preset: str,
) -> None:
    """report.html and figures/ of `model ablate`; `pairs` are the two arms of each question, `found` their differences by score."""
    figures = FigureFolder(folder / "figures")
    ablation_dots(figures, rows, words_of(rows[0]))
    tables = [table(summary(rows, "arm"), "arm"), *(_difference(name, pairs[name], found[name], n_seeds) for name in pairs)]
    caption = f"Every dot is a training, lines join the two of one seed; one test part of {rows[0]['n_test']:,} samples."
    caption += "" if n_seeds > 1 else " One seed: the spread between seeds is not known."
    Report(
        title="What do cell lines and the cap do?",
        subject=compendium.path.name,
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


def _difference(name: str, pair: Sequence[str], found: Mapping[str, Any], n_seeds: int) -> Table:
    return Table(
        ["score", f"{pair[1]} minus {pair[0]} [95% t interval over {n_seeds} seeds]"],
        [[word, told(key, *found[key])] for key, word in words_of(found).items()],
        f"Difference, seed by seed: {name}",
    )


def table(rows: Sequence[dict[str, Any]], key: str) -> Table:
    """A row for each group of trainings that share `key`."""
    words = words_of(rows[0]["scores"])
    head = [key, "training samples", "test samples", "seeds", *(f"{word} [95%]" for word in words.values())]
    return Table(
        head,
        [
            [
                str(row[key]),
                size(row["n_train"]),
                number(row["n_test"]),
                number(row["n_seeds"]),
                *(told(name, *row["scores"][name]) for name in words),
            ]
            for row in rows
        ],
    )


def told(score: str, value: float, interval: Sequence[float] | None) -> str:
    """A score with its interval; seconds and mebibytes without the decimals of a share."""
    return with_interval(value, interval, 1 if score == "seconds" else 0 if score == "memory_mib" else 3)


def size(n: int | list[int]) -> str:
    """A training size, or the range of several."""
    return number(n) if isinstance(n, int) else f"{n[0]:,} to {n[-1]:,}"
