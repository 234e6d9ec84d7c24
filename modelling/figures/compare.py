"""A sample beside its closest normal: which genes differ (volcano), and where the largest differences stand among all genes (ranks)."""

from __future__ import annotations

import numpy as np

from modelling.arrays import Array, Floats
from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.palette import ACCENT, FAINT, MUTED, SECOND

N_NAMED = 12


def volcano(folder: FigureFolder, name: str, genes: Array, difference_g: Floats, p_g: Floats, fdr_g: Floats, limit: float) -> None:
    """Difference against significance; genes below the false discovery rate in colour, the surest named."""
    height = -np.log10(np.maximum(p_g, 1e-30))
    sure = fdr_g < limit
    with canvas(6.2, 4.6) as figure:
        axes = figure.subplots()
        grid(axes, "both")
        axes.scatter(difference_g[~sure], height[~sure], s=5, color=FAINT, linewidth=0, rasterized=True)
        for side, colour, word in ((difference_g > 0, SECOND, "higher"), (difference_g <= 0, ACCENT, "lower")):
            chosen = sure & side
            axes.scatter(
                difference_g[chosen],
                height[chosen],
                s=8,
                color=colour,
                linewidth=0,
                label=f"{word}: {int(chosen.sum()):,}",
                rasterized=True,
            )
        for i in _first(p_g, difference_g, sure):
            axes.annotate(str(genes[i]), (difference_g[i], height[i]), (2, 2), textcoords="offset points", fontsize=7)
        axes.set_xlabel("observed minus expected, log2")
        axes.set_ylabel("-log10 p")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=8)
        folder.save(figure, name, {"gene": genes, "difference": difference_g, "p_value": p_g, "fdr": fdr_g})


def ranks(folder: FigureFolder, name: str, genes: Array, difference_g: Floats, error_g: Floats) -> None:
    """All genes by their difference, with the standard errors of the first and last, which are named."""
    known = np.flatnonzero(np.isfinite(difference_g))
    order = known[np.argsort(difference_g[known], kind="stable")]
    with canvas(6.2, 4.6) as figure:
        axes = figure.subplots()
        grid(axes, "y")
        place = np.arange(1, len(order) + 1)
        axes.plot(place, difference_g[order], color=MUTED, linewidth=1.2)
        axes.axhline(0, color=FAINT, linewidth=0.8)
        for chosen, colour, away in ((order[:N_NAMED], ACCENT, 1), (order[::-1][:N_NAMED], SECOND, -1)):
            at = {int(g): i + 1 for i, g in enumerate(order)}
            x = [at[int(g)] for g in chosen]
            axes.errorbar(x, difference_g[chosen], error_g[chosen], fmt="o", color=colour, markersize=3, linewidth=0.8)
            said = ", ".join(str(genes[g]) for g in chosen)
            axes.annotate(_wrapped(said), (x[0], difference_g[chosen[0]]), (14 * away, -6 * away), textcoords="offset points", fontsize=7,
                          color=colour, ha="left" if away > 0 else "right", va="top" if away < 0 else "bottom")  # fmt: skip
        axes.set_xlabel("genes by difference")
        axes.set_ylabel("observed minus expected, log2")
        folder.save(
            figure, name, {"rank": place, "gene": genes[order], "difference": difference_g[order], "standard_error": error_g[order]}
        )


def _first(p_g: Floats, difference_g: Floats, sure: Array) -> Array:
    """The surest genes, of equal ones those that differ most."""
    chosen = np.flatnonzero(sure)
    return chosen[np.lexsort((-np.abs(difference_g[chosen]), p_g[chosen]))][:N_NAMED]


def _wrapped(said: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(said, 34))
