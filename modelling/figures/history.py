"""Figures of what came before the scores: the samples that curation dropped, and the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Patch

from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.palette import ACCENT, FAINT, INK, SECOND, SERIES

CURVES = {
    "loss": ("train_loss", "validation_score"),
    "reconstruction": ("train_reconstruction", "validation_reconstruction"),
    "classification": ("train_class", "validation_class"),
    "validation": ("validation_balanced_accuracy", "validation_explained"),
}


def funnel(folder: FigureFolder, steps: Sequence[Mapping[str, Any]]) -> None:
    """One bar a step of the build, as in its own report: what stands after it, what left, what was set aside without a label."""
    counts = [{key: int(step.get(key, 0) or 0) for key in ("n_in", "n_added", "n_dropped", "n_aside", "n_out")} for step in steps]
    most = max([1, *(max(n["n_in"] + n["n_added"], n["n_out"]) for n in counts)])
    with canvas(8.0, 0.7 + 0.33 * len(steps)) as figure:
        axes = figure.subplots()
        for y, n in enumerate(counts):
            start = 0
            for key, colour in (("n_out", ACCENT), ("n_dropped", SECOND), ("n_aside", FAINT)):
                axes.barh(y, n[key], left=start, height=0.72, color=colour, linewidth=0)
                start += n[key]
            told = [f"{n['n_out']:,}", *([f"+{n['n_added']:,}"] if n["n_added"] and y else [])]
            told += [f"−{n['n_dropped']:,}"] if n["n_dropped"] else []
            told += [f"{n['n_aside']:,} aside"] if n["n_aside"] else []
            axes.text(start + most * 0.012, y, "  ".join(told), va="center", fontsize=8, color=INK)
        axes.set_yticks(range(len(steps)), [str(step["operation"]) for step in steps])
        axes.set_ylim(len(steps) - 0.4, -0.6)
        axes.set_xlim(0, most * 1.24)
        axes.set_xticks([])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        handles = [
            Patch(color=colour, label=word)
            for word, colour in (("stands after the step", ACCENT), ("leaves", SECOND), ("set aside without a label", FAINT))
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=8)
        keys = ("step", "operation", "n_in", "n_added", "n_dropped", "n_aside", "n_out")
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
