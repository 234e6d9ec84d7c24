"""Style, and the one way in which a figure is written."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from modelling.figures.palette import FAINT, INK, MUTED, PAPER

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "bulkatlas",
    "figure.dpi": 100,
}
PNG_DPI = 160

Columns = Mapping[str, Sequence[Any] | np.ndarray]


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """A figure of this size in inches, in the house style, drawn without a display."""
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


class FigureFolder:
    """Writes figures into a folder and remembers them in order, for the report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, figure: Figure, name: str, data: Columns) -> None:
        """NAME.svg, NAME.png and NAME.csv (the numbers that are drawn)."""
        with mpl.rc_context(STYLE):  # type: ignore[arg-type]
            # Laid out once, and then no more: a figure with a layout engine, even of nothing, is drawn twice for each file.
            figure.set_dpi(PNG_DPI)
            if (layout := figure.get_layout_engine()) is not None:
                layout.execute(figure)
            figure.set_layout_engine(None)
            figure.savefig(self.folder / f"{name}.png", dpi=PNG_DPI, metadata={"Software": None})
            figure.savefig(self.folder / f"{name}.svg", dpi=PNG_DPI, transparent=True, metadata={"Date": None, "Creator": None})
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(list(data))
            writer.writerows(zip(*data.values(), strict=True))
        self.names.append(name)


def grid(axes: Axes, axis: str) -> None:
    """Faint lines behind the data along one axis."""
    axes.grid(True, axis=axis)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def spaced(name: str) -> str:
    """A tissue's name as people write it."""
    return name.replace("_", " ")
