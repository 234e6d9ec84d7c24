"""Studies or sources that were left out one at a time, beside the score on the archives that the head knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.palette import ACCENT, INK, SECOND, THIRD

MOST = 30


def left_out(folder: FigureFolder, across: Mapping[str, Any], known: float, known_interval: tuple[float, float] | None) -> None:
    """Balanced accuracy of each value that was left out (the largest first), of all together, and in distribution; `known` is the last."""
    together = across["together"]
    rows = [("in distribution", known, known_interval, None, THIRD)]
    rows += [("all that were left out", together["balanced_accuracy"], together["intervals"]["balanced_accuracy"], together["n"], SECOND)]
    rows += [
        (str(row["value"])[:40], row["balanced_accuracy"], row["intervals"]["balanced_accuracy"], row["n"], ACCENT)
        for row in across["values"][:MOST]
    ]
    with canvas(7.2, 1.0 + 0.27 * len(rows)) as figure:
        axes = figure.subplots()
        grid(axes, "x")
        for y, (_, value, interval, n, colour) in enumerate(rows):
            if interval:
                axes.plot(interval, [y, y], color=colour, linewidth=2, alpha=0.5)
            axes.plot(value, y, "o", color=colour, markersize=6)
            axes.text(1.02, y, f"{value:.3f}" + (f"   n {n:,}" if n else ""), va="center", fontsize=8, transform=axes.get_yaxis_transform())
        axes.axhline(1.5, color=INK, linewidth=0.6)
        axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(right=1.005)
        axes.set_xlabel("balanced accuracy, 95% interval")
        keys = ("name", "balanced_accuracy", "interval", "n")
        folder.save(figure, "across", {key: [row[i] for row in rows] for i, key in enumerate(keys)})
