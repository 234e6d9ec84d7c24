"""Where the samples of each category of an outside cohort went: stacked shares, what counts as right in colour, one panel a way of counting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from modelling.arrays import Array
from modelling.figures.canvas import FigureFolder, canvas, spaced
from modelling.figures.palette import ACCENT, FAINT, PAPER

PALE, DARK, HATCH = "#f0b48a", "#2a1a0c", "////"  # pale and its own dark ink, in light and in dark pages alike
NAMED_FROM = 0.13  # of a bar's length: a narrower piece has no room for its name
PIECES = 6


def transfer_calls(
    folder: FigureFolder, name: str, category: Array, tissue: Array, accepted: Mapping[str, Mapping[str, frozenset[str]]], unsure: Array
) -> None:
    """Category and called tissue of each sample (n), whether the classifier would rather abstain (n); `accepted`: way -> category -> tissues.

    In every panel the same samples: accepted tissues are blue, others orange, both with the largest first; a hatched piece holds only
    samples of which the classifier is unsure, and a narrow one has its name in the data beside the figure.
    """
    ways = list(accepted)
    names = [one for one in accepted[ways[0]] if (category == one).any()]
    columns: dict[str, list[object]] = {key: [] for key in ("counting", "category", "called", "n", "share", "n_unsure", "accepted")}
    with canvas(3.9 * len(ways) + 2.0, 1.2 + 0.36 * len(names)) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(ways), sharey=True))
        for axes, way in zip(panels, ways, strict=True):
            for y, one in enumerate(names):
                start = 0.0
                for called, n, right, n_unsure in pieces(tissue[category == one], unsure[category == one], accepted[way][one]):
                    share = n / int((category == one).sum())
                    _piece(axes, len(names) - 1 - y, start, share, called, right, all_unsure=n == n_unsure)
                    start += share
                    for key, value in zip(columns, (way, one, called, n, share, n_unsure, right), strict=True):
                        columns[key].append(value)
            axes.set_title(way)
            axes.set_xlim(0, 1)
            axes.set_xlabel("share of the category's samples")
            axes.spines[["left", "bottom"]].set_visible(False)
            axes.tick_params(length=0)
        panels[0].set_yticks(range(len(names)), [f"{spaced(one)} ({int((category == one).sum()):,})" for one in names[::-1]])
        panels[0].set_ylim(-0.6, len(names) - 0.4)
        keys = (("accepted", ACCENT, ""), ("not accepted", PALE, ""), ("a call that is unsure each time", FAINT, HATCH))
        handles = [Patch(facecolor=colour, hatch=hatch, edgecolor=PAPER, label=word) for word, colour, hatch in keys]
        figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=8)
        folder.save(figure, name, columns)


def pieces(tissue: Array, unsure: Array, accepted: frozenset[str]) -> list[tuple[str, int, bool, int]]:
    """Called tissue, samples, whether accepted, unsure ones; accepted tissues first, the largest first; the small rest together."""
    called, counts = np.unique(tissue.astype(str), return_counts=True)
    found = [(str(t), int(n), str(t) in accepted, int(unsure[tissue.astype(str) == t].sum())) for t, n in zip(called, counts, strict=True)]
    found.sort(key=lambda piece: (not piece[2], -piece[1], piece[0]))
    wrong = [piece for piece in found if not piece[2]]
    if len(wrong) > PIECES:
        rest = wrong[PIECES - 1 :]
        found = found[: len(found) - len(rest)]
        found.append((f"{len(rest)} others", sum(n for _, n, _, _ in rest), False, sum(u for *_, u in rest)))
    return found


def _piece(axes: Axes, y: float, start: float, share: float, called: str, right: bool, *, all_unsure: bool) -> None:
    axes.barh(
        y,
        share,
        left=start,
        height=0.78,
        color=ACCENT if right else PALE,
        edgecolor=PAPER,
        linewidth=1.2,
        hatch=HATCH if all_unsure else "",
    )
    if share >= NAMED_FROM:
        room = int(share / NAMED_FROM * 9)
        text = spaced(called) if len(called) <= room else f"{spaced(called)[: room - 1]}."
        axes.text(start + share / 2, y, text, ha="center", va="center", fontsize=7, color="white" if right else DARK)
