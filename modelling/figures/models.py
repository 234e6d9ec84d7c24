"""Several models side by side, score by score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.expression import MODELS


def models_beside(folder: FigureFolder, models: Mapping[str, Mapping[str, Any]], words: Mapping[str, str]) -> None:
    """A panel a score, a point a model with its 95% interval; `models`: name -> scores and `intervals`."""
    names, columns = list(models), 3
    rows = -(-len(words) // columns)
    with canvas(9.0, rows * (0.95 + 0.27 * len(names))) as figure:
        panels = np.atleast_1d(figure.subplots(rows, columns, sharey=True)).ravel()
        for axes, (key, word) in zip(panels, words.items(), strict=False):
            grid(axes, "x")
            for y, (_, scores) in enumerate(models.items()):
                colour, interval = MODELS[y % len(MODELS)], scores["intervals"].get(key)
                if interval:
                    axes.plot(interval, [y, y], color=colour, linewidth=2, alpha=0.5)
                if scores[key] is not None:
                    axes.plot(scores[key], y, "o", color=colour, markersize=6)
            axes.set_title(word, fontsize=9)
            axes.margins(x=0.12)
            axes.locator_params(axis="x", nbins=3)
        for axes in panels[len(words) :]:
            axes.set_visible(False)
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        columns_of: dict[str, Sequence[Any]] = {"model": names}
        columns_of |= {key: [scores[key] for scores in models.values()] for key in words}
        columns_of |= {f"{key}_interval": [scores["intervals"].get(key) for scores in models.values()] for key in words}
        folder.save(figure, "models", columns_of)
