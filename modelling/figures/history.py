"""Figures of what came before the scores: the samples that curation dropped, and the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Polygon

from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.palette import ACCENT, INK, MUTED, SECOND, SERIES

CURVES = {
    "loss": ("train_loss", "validation_score"),
    "reconstruction": ("train_reconstruction", "validation_reconstruction"),
    "classification": ("train_class", "validation_class"),
    "validation": ("validation_balanced_accuracy", "validation_explained"),
}


def funnel(folder: FigureFolder, steps: Sequence[Mapping[str, Any]]) -> None:
    """Samples through the steps of the build: a band as wide as the samples that pass, a branch for those that leave."""
    n_steps = len(steps)
    largest = max(max(int(step["n_in"]), int(step["n_out"])) for step in steps) or 1
    with canvas(7.6, 0.8 + 0.52 * n_steps) as figure:
        axes = figure.subplots()
        for row, step in enumerate(steps):
            y, n_in, n_out = n_steps - row, int(step["n_in"]) / largest, int(step["n_out"]) / largest
            axes.add_patch(Polygon([(0, y), (n_in, y), (n_out, y - 0.55), (0, y - 0.55)], facecolor=ACCENT, alpha=0.8, linewidth=0))
            axes.add_patch(
                Polygon([(0, y - 0.55), (n_out, y - 0.55), (n_out, y - 1), (0, y - 1)], facecolor=ACCENT, alpha=0.3, linewidth=0)
            )
            if n_out < n_in:
                axes.add_patch(
                    Polygon(
                        [(n_out, y - 0.55), (n_in, y), (n_in, y - 0.28), (n_out + (n_in - n_out) * 0.3, y - 0.55)],
                        facecolor=SECOND,
                        alpha=0.55,
                        linewidth=0,
                    )
                )
            change = int(step["n_out"]) - int(step["n_in"])
            axes.text(1.04, y - 0.5, f"{int(step['n_out']):,}", va="center", ha="left", fontsize=9, fontweight="bold")
            axes.text(
                1.2, y - 0.5, f"{change:+,}" if change else "", va="center", ha="left", fontsize=8, color=SECOND if change < 0 else ACCENT
            )
            axes.text(-0.03, y - 0.5, str(step["operation"]), va="center", ha="right", fontsize=8.5)
        axes.text(1.04, n_steps + 0.15, "samples", fontsize=8, color=MUTED)
        axes.text(1.2, n_steps + 0.15, "change", fontsize=8, color=MUTED)
        axes.set_xlim(0, 1.35)
        axes.set_ylim(-0.1, n_steps + 0.5)
        axes.set_axis_off()
        keys = ("step", "operation", "n_in", "n_out", "n_dropped")
        folder.save(figure, "funnel", {key: [step.get(key, "") for step in steps] for key in keys})


def training_curves(folder: FigureFolder, history: Mapping[str, Sequence[float]], best_epoch: int | None) -> None:
    """Losses and validation scores by epoch; the epoch whose weights were kept is marked."""
    epoch = np.asarray(history["epoch"])
    shown = {title: [name for name in names if name in history] for title, names in CURVES.items()}
    shown = {title: names for title, names in shown.items() if names}
    if not shown:
        return
    with canvas(2.6 * len(shown) + 0.2, 2.7) as figure:
        for axes, (title, names) in zip(np.atleast_1d(figure.subplots(1, len(shown))), shown.items(), strict=True):
            grid(axes, "y")
            for number, name in enumerate(names):
                axes.plot(
                    epoch,
                    history[name],
                    color=SERIES[number % len(SERIES)],
                    linewidth=1.5,
                    linestyle="-" if number < len(SERIES) else "--",
                    label=name.replace("_", " "),
                )
            if best_epoch is not None:
                axes.axvline(best_epoch, color=INK, linewidth=0.9, linestyle=":")
            axes.set_title(title)
            axes.set_xlabel("epoch")
            axes.legend(fontsize=7)
            axes.margins(y=0.18)
        folder.save(figure, "training", dict(history))
