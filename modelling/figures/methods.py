"""Figures that compare: methods by accuracy and dimensions, transfer by category, scores by training size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelling.figures.canvas import FigureFolder, canvas, grid, spaced
from modelling.figures.palette import ACCENT, FOURTH, INK, MUTED, SECOND, SERIES, THIRD

Rows = Sequence[Mapping[str, Any]]


def method_comparison(folder: FigureFolder, rows: Rows) -> None:
    """Balanced accuracy of every method against the dimensions that it classifies in; ours is the filled point."""
    ordered = sorted(rows, key=lambda row: row["balanced_accuracy"])
    with canvas(9.0, 1.2 + 0.3 * len(ordered)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.55, 1])
        grid(left, "x")
        for y, row in enumerate(ordered):
            colour = _kind_colour(row)
            left.plot(row["interval"], [y, y], color=colour, linewidth=2, alpha=0.5)
            left.plot(row["balanced_accuracy"], y, "o", color=colour, markersize=6)
            left.text(1.02, y, f"{row['balanced_accuracy']:.3f}", va="center", fontsize=8, transform=left.get_yaxis_transform())
        left.set_yticks(range(len(ordered)), [f"{row['method']} ({row['n_dimensions']:,})" for row in ordered])
        left.set_ylim(-0.6, len(ordered) - 0.4)
        left.set_xlabel("balanced accuracy on the test part, 95% interval")
        grid(right, "both")
        for row in ordered:
            right.plot(row["n_dimensions"], row["balanced_accuracy"], "o", color=_kind_colour(row), markersize=6, alpha=0.9)
        right.set_xscale("log")
        right.set_xlabel("dimensions")
        for word, colour in (("model", ACCENT), ("kNN", SECOND), ("classifier", THIRD), ("outside embedding", FOURTH)):
            if any(_kind_colour(row) == colour for row in rows):
                right.plot([], [], "o", color=colour, label=word)
        right.set_ylabel("balanced accuracy")
        figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
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
    with canvas(3.6 * len(columns) + 2.2, 1.3 + 0.5 * len(names)) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(columns), sharey=True))
        for axes, column in zip(panels, columns, strict=True):
            grid(axes, "x")
            for row in (row for row in rows if row["rubric"] == column):
                place, height = classifiers.index(row["classifier"]), 0.7 / max(len(classifiers), 2)
                y = len(names) - 1 - names.index(row["category"]) + 0.35 - height * (place + 0.5)
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
        for number, word in enumerate(classifiers):
            panels[-1].barh(0, 0, color=SERIES[number % len(SERIES)], label=word)
        panels[-1].plot([], [], color=FOURTH, linewidth=2, label="always the largest class")
        figure.legend(*panels[-1].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8)
        keys = ("category", "rubric", "classifier", "n", "n_abstained", "score", "interval", "null")
        folder.save(figure, "transfer", {key: [row[key] for row in rows] for key in keys})


def scale_curve(folder: FigureFolder, rows: Rows, scores: Mapping[str, str]) -> None:
    """Scores on one fixed test part against training size: every seed a dot, the mean a line, a 95% t interval of the mean shaded."""
    sizes = sorted({row["n_train"] for row in rows})
    with canvas(3.4 * len(scores) + 0.3, 3.2) as figure:
        for axes, (key, word), colour in zip(np.atleast_1d(figure.subplots(1, len(scores))), scores.items(), SERIES, strict=False):
            grid(axes, "y")
            groups = [np.array([row[key] for row in rows if row["n_train"] == size], dtype=float) for size in sizes]
            for size, values in zip(sizes, groups, strict=True):
                axes.plot([size] * len(values), values, "o", color=colour, markersize=4, alpha=0.6)
            axes.plot(sizes, [values.mean() for values in groups], color=colour, linewidth=1.6)
            half = [mean_half_width(values) for values in groups]
            axes.fill_between(
                sizes,
                [v.mean() - h for v, h in zip(groups, half, strict=True)],
                [v.mean() + h for v, h in zip(groups, half, strict=True)],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
            axes.set_xscale("log")
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
            axes.minorticks_off()
            axes.set_title(word)
            axes.set_xlabel("training samples")
        folder.save(figure, "scale", {key: [row[key] for row in rows] for key in ("fraction", "seed", "n_train", "n_test", *scores)})


def ablation_dots(folder: FigureFolder, rows: Rows, scores: Mapping[str, str]) -> None:
    """Every training as a dot per arm and score; a line joins the two trainings of one seed."""
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    with canvas(2.5 * len(scores) + 1.6, 0.9 + 0.5 * len(arms)) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(scores), sharey=True))
        for axes, (key, word) in zip(panels, scores.items(), strict=True):
            grid(axes, "x")
            for seed in sorted({row["seed"] for row in rows}):
                values = {row["arm"]: row[key] for row in rows if row["seed"] == seed}
                for first, second in zip(arms[::2], arms[1::2], strict=True):
                    if first in values and second in values:
                        axes.plot([values[first], values[second]], [arms.index(first), arms.index(second)], color=MUTED, linewidth=0.8)
            for row in rows:
                axes.plot(row[key], arms.index(row["arm"]), "o", color=SERIES[arms.index(row["arm"]) % 2], markersize=5.5)
            axes.set_xlabel(word)
        panels[0].set_yticks(range(len(arms)), arms)
        panels[0].set_ylim(len(arms) - 0.5, -0.5)
        folder.save(figure, "ablation", {key: [row[key] for row in rows] for key in ("arm", "seed", "n_train", "n_test", *scores)})


def mean_half_width(values: np.ndarray) -> float:
    """Half the 95% t interval of a mean of a few seeds; 0 for one."""
    from scipy.stats import t

    n = len(values)
    return float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
