"""Figures that compare: methods by accuracy and dimensions, transfer by category, scores by training size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from modelling.figures.canvas import FigureFolder, canvas, grid, spaced
from modelling.figures.latent import place_labels
from modelling.figures.palette import ACCENT, FOURTH, INK, MUTED, SECOND, SERIES, THIRD

Rows = Sequence[Mapping[str, Any]]


def method_comparison(folder: FigureFolder, rows: Rows) -> None:
    """Balanced accuracy of every method, and below it against the dimensions that it classifies in, every dot with its name."""
    ordered = sorted(rows, key=lambda row: row["balanced_accuracy"])
    top = 0.9 + 0.27 * len(ordered)
    with canvas(8.4, top + 4.4) as figure:
        upper, lower = figure.subplots(2, 1, height_ratios=[top, 4.4])
        grid(upper, "x")
        for y, row in enumerate(ordered):
            colour = _kind_colour(row)
            if row["interval"]:
                upper.plot(row["interval"], [y, y], color=colour, linewidth=2, alpha=0.5)
            upper.plot(row["balanced_accuracy"], y, "o", color=colour, markersize=6)
            upper.text(1.02, y, f"{row['balanced_accuracy']:.3f}", va="center", fontsize=8, transform=upper.get_yaxis_transform())
        upper.set_yticks(range(len(ordered)), [f"{row['method']} ({row['n_dimensions']:,})" for row in ordered])
        upper.set_ylim(-0.6, len(ordered) - 0.4)
        upper.set_xlabel("balanced accuracy on the test part, 95% interval; in brackets the dimensions")
        grid(lower, "both")
        points = np.array([[row["n_dimensions"], row["balanced_accuracy"]] for row in ordered], dtype=float)
        for row, (x, y) in zip(ordered, points, strict=True):
            lower.plot(x, y, "o", color=_kind_colour(row), markersize=6, alpha=0.9)
        lower.set_xscale("log")
        lower.margins(x=0.18, y=0.18)
        lower.set_xlabel("dimensions classified in")
        for word, colour in (("model", ACCENT), ("kNN", SECOND), ("classifier", THIRD), ("outside embedding", FOURTH)):
            if any(_kind_colour(row) == colour for row in rows):
                lower.plot([], [], "o", color=colour, label=word)
        lower.set_ylabel("balanced accuracy")
        figure.legend(*lower.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
        named = {row["method"]: point for row, point in zip(ordered, points, strict=True)}
        place_labels(lower, named, {row["method"]: _kind_colour(row) for row in ordered}, points, size=7, weight="normal", pad=3)
        keys = (
            "method",
            "kind",
            "n_dimensions",
            "n",
            "balanced_accuracy",
            "interval",
            "accuracy",
            "macro_f1",
            "weighted_f1",
            "mcc",
            "seconds",
        )
        folder.save(figure, "methods", {key: [row.get(key) for row in ordered[::-1]] for key in keys})


def _kind_colour(row: Mapping[str, Any]) -> str:
    return {"model": ACCENT, "knn": SECOND, "classifier": THIRD, "embedding": FOURTH}[row["kind"]]


def transfer_bars(folder: FigureFolder, rows: Rows, columns: Sequence[str], classifiers: Sequence[str]) -> None:
    """Share of each category called an accepted tissue, by head and by kNN, one panel per rubric column, with the null beside it."""
    names = list(dict.fromkeys(row["category"] for row in rows))
    with canvas(3.6 * len(columns) + 2.2, 1.4 + max(0.5, 0.15 * len(classifiers) + 0.1) * len(names)) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(columns), sharey=True))
        for axes, column in zip(panels, columns, strict=True):
            grid(axes, "x")
            for row in (row for row in rows if row["rubric"] == column):
                place, height = classifiers.index(row["classifier"]), 0.8 / max(len(classifiers), 2)
                y = len(names) - 1 - names.index(row["category"]) + 0.4 - height * (place + 0.5)
                colour = SERIES[place % len(SERIES)]
                if not row["reachable"]:
                    axes.text(0.01, y, "tissue unknown to the model", va="center", fontsize=7, color=MUTED)
                    continue
                axes.barh(y, row["score"], height=0.88 * height, color=colour, alpha=0.85)
                axes.plot(row["interval"], [y, y], color=INK, linewidth=0.9)
                axes.plot([row["null"]] * 2, [y - height / 2, y + height / 2], color=FOURTH, linewidth=2)
            axes.set_title(column)
            axes.set_xlim(0, 1.02)
            axes.set_xlabel("share accepted, 95% Wilson interval")
        counts = {row["category"]: row["n"] for row in rows}
        panels[0].set_yticks(range(len(names)), [f"{spaced(name)} ({counts[name]:,})" for name in names[::-1]])
        panels[0].set_ylim(-0.7, len(names) - 0.3)
        for number, word in enumerate(classifiers):
            panels[-1].barh(0, 0, color=SERIES[number % len(SERIES)], label=word)
        panels[-1].plot([], [], color=FOURTH, linewidth=2, label="always the largest class")
        figure.legend(*panels[-1].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8)
        keys = ("category", "rubric", "classifier", "n", "n_abstained", "score", "interval", "null")
        folder.save(figure, "transfer", {key: [row[key] for row in rows] for key in keys})


def scale_curve(folder: FigureFolder, rows: Rows, scores: Mapping[str, str]) -> None:
    """Scores on one fixed test part against training size: every seed a dot; of several seeds the mean a line and its 95% t interval a band.

    One seed says nothing of the spread between seeds: its dots are drawn alone, without a line or a band.
    """
    sizes = sorted({row["n_train"] for row in rows})
    several = max(sum(row["n_train"] == size for row in rows) for size in sizes) > 1
    with _panels(scores, 2.6, 2.9) as (figure, panels):
        for number, (axes, (key, word)) in enumerate(zip(panels, scores.items(), strict=False)):
            colour = SERIES[number % (len(SERIES) - 1)]
            grid(axes, "y")
            groups = [np.array([row[key] for row in rows if row["n_train"] == size], dtype=float) for size in sizes]
            for size, values in zip(sizes, groups, strict=True):
                axes.plot([size] * len(values), values, "o", color=colour, markersize=4.5, alpha=0.7)
            if several:
                mean, half = np.array([values.mean() for values in groups]), np.array([mean_half_width(values) for values in groups])
                axes.plot(sizes, mean, color=colour, linewidth=1.6)
                axes.fill_between(sizes, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
            axes.set_xscale("log")
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8, rotation=30 if len(sizes) > 3 else 0)
            axes.minorticks_off()
            axes.margins(x=0.18, y=0.15)
            axes.set_title(word, fontsize=9)
            axes.set_xlabel("training samples")
        folder.save(figure, "scale", {key: [row[key] for row in rows] for key in ("fraction", "seed", "n_train", "n_test", *scores)})


def ablation_dots(folder: FigureFolder, rows: Rows, scores: Mapping[str, str]) -> None:
    """Every training as a dot per arm and score; a line joins the two trainings of one seed."""
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    with _panels(scores, 2.6, 0.95 + 0.42 * len(arms), sharey=True) as (figure, panels):
        for axes, (key, word) in zip(panels, scores.items(), strict=False):
            grid(axes, "x")
            for seed in sorted({row["seed"] for row in rows}):
                values = {row["arm"]: row[key] for row in rows if row["seed"] == seed}
                for first, second in zip(arms[::2], arms[1::2], strict=True):
                    if first in values and second in values:
                        axes.plot([values[first], values[second]], [arms.index(first), arms.index(second)], color=MUTED, linewidth=0.8)
            for row in rows:
                axes.plot(row[key], arms.index(row["arm"]), "o", color=SERIES[arms.index(row["arm"]) % 2], markersize=5.5)
            axes.set_title(word, fontsize=9)
            axes.margins(x=0.15)
            axes.locator_params(axis="x", nbins=3)
        panels[0].set_yticks(range(len(arms)), arms)
        panels[0].set_ylim(len(arms) - 0.5, -0.5)
        folder.save(figure, "ablation", {key: [row[key] for row in rows] for key in ("arm", "seed", "n_train", "n_test", *scores)})


@contextmanager
def _panels(scores: Mapping[str, str], width: float, height: float, *, sharey: bool = False) -> Iterator[tuple[Figure, Any]]:
    """A panel a score, at most four in a row: a figure as wide as a page, whatever the number of scores."""
    columns = min(len(scores), 4)
    rows = -(-len(scores) // columns)
    with canvas(width * columns + (1.4 if sharey else 0.2), height * rows) as figure:
        panels = np.atleast_1d(figure.subplots(rows, columns, sharey=sharey)).ravel()
        for axes in panels[len(scores) :]:
            axes.set_visible(False)
        yield figure, panels


def mean_half_width(values: np.ndarray) -> float:
    """Half the 95% t interval of a mean of a few seeds; 0 for one."""
    from scipy.stats import t

    n = len(values)
    return float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
