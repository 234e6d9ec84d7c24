"""Figures of the reconstruction: rank correlations, imputation, genes; several models in one picture where several were asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from modelling.arrays import Floats
from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.palette import ACCENT, FOURTH, INK, MUTED, SECOND, SERIES, THIRD

IMPUTERS = (
    ("pca", "PCA", THIRD, "s"),
    ("knn", "10 nearest neighbours", SECOND, "^"),
    ("gene_mean", "gene mean", MUTED, "v"),
)
MODELS = (ACCENT, FOURTH, "#e69f00", "#56b4e9")


def rank_histograms(folder: FigureFolder, ranks: Mapping[str, tuple[Floats, Floats]]) -> None:
    """Distribution of the rank correlation between measured and restored values, over genes and over samples, of each model."""
    bins = np.linspace(-1, 1, 81)
    columns: dict[str, Any] = {"low": bins[:-1], "high": bins[1:]}
    several = len(ranks) > 1
    with canvas(7.2, 2.9 + (0.35 if several else 0)) as figure:
        panels = figure.subplots(1, 2)
        for axes, place, what in ((panels[0], 0, "genes"), (panels[1], 1, "samples")):
            lowest, told = 0.0, []
            for number, (name, pair) in enumerate(ranks.items()):
                finite = pair[place][np.isfinite(pair[place])]
                counts, _ = np.histogram(finite, bins)
                columns[f"n_{what}" + (f", {name}" if several else "")] = counts
                colour = SERIES[2] if place and not several else MODELS[number % len(MODELS)]
                if number == 0:
                    axes.bar(bins[:-1], counts, width=np.diff(bins), align="edge", color=colour, edgecolor="none", alpha=0.75, label=name)
                else:
                    axes.stairs(counts, bins, color=colour, linewidth=1.6, label=name)
                if len(finite):
                    axes.axvline(np.median(finite), color=colour if several else INK, linewidth=1.1, linestyle="-" if number == 0 else "--")
                    told.append(f"{f'{name}: ' if several else ''}median {np.median(finite):.3f}, {len(finite):,} {what}")
                    lowest = min(lowest, float(np.quantile(finite, 0.002)) - 0.05)
            axes.set_title("\n".join(told), fontsize=8.5, fontweight="normal")
            axes.set_xlim(max(-1.0, lowest), 1)
            axes.set_xlabel(f"Spearman correlation per {what[:-1]}")
            axes.set_ylabel(f"number of {what}")
        if several:
            figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
        folder.save(figure, "reconstruction", columns)


def imputation(folder: FigureFolder, details: Mapping[str, Mapping[str, Any]]) -> None:
    """Pooled Spearman over hidden cells against the share hidden, in standardised and in log2 units: each model, and the simple imputers.

    `details`: model -> share hidden -> scores; the simple imputers are those of the first model (all saw the same cells).
    """
    first = next(iter(details.values()))
    shares = list(first)
    several = len(details) > 1
    drawn = [
        ("model", name if several else "the model", MODELS[i % len(MODELS)], "o", detail)
        for i, (name, detail) in enumerate(details.items())
    ]
    drawn += [(key, word, colour, marker, first) for key, word, colour, marker in IMPUTERS]
    rows: list[tuple[str, str, str, int, float | None]] = []
    with canvas(7.6, 3.4) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, unit, title in ((panels[0], "standardised", "per gene standardised"), (panels[1], "log2", "log2 units")):
            grid(axes, "y")
            for number, (key, word, colour, marker, detail) in enumerate(drawn):
                values = [detail[share][unit].get(key) for share in shares]
                rows += [(unit, word, share, detail[share]["n_cells"], value) for share, value in zip(shares, values, strict=True)]
                seen = [np.nan if value is None else value for value in values]
                axes.plot(
                    np.arange(len(shares)) + 0.07 * (number - (len(drawn) - 1) / 2),  # beside each other: equal scores would hide each other
                    seen, marker=marker, color=colour, linewidth=1.4, markersize=5.5 if key == "model" else 4.5,
                    alpha=0.9, label=word,
                )  # fmt: skip
            axes.set_xticks(range(len(shares)), [f"{float(share):.0%}\n{_short(first[share]['n_cells'])}" for share in shares], fontsize=8)
            axes.set_title(title)
            axes.set_xlabel("hidden, and how many cells that is")
            axes.margins(x=0.08, y=0.12)
        panels[0].set_ylabel("Spearman over hidden cells")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=min(len(drawn), 4), fontsize=8)
        folder.save(
            figure, "imputation", dict(zip(("unit", "imputer", "fraction", "n_cells", "spearman"), zip(*rows, strict=True), strict=True))
        )


def _short(n: int) -> str:
    """A count of cells in three or four characters."""
    return f"{n / 1e6:.1f} M" if n >= 1e6 else f"{n / 1e3:.0f} k" if n >= 1e4 else f"{n:,}"


def gene_scatter(folder: FigureFolder, genes: Sequence[str], mean_g: Floats, std_g: Floats, per_gene: Mapping[str, Floats]) -> None:
    """Every gene: how variable it is in training against how well each model restores it, a panel a model."""
    name_of = list(per_gene)
    with canvas(6.4 if len(name_of) == 1 else 4.4 * len(name_of) + 0.6, 4.4) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(name_of), sharey=True, sharex=True))
        for axes, name in zip(panels, name_of, strict=True):
            values = per_gene[name]
            finite = np.isfinite(values)
            points = axes.scatter(
                std_g[finite], values[finite], c=mean_g[finite], s=4, cmap="viridis", vmin=0, vmax=float(np.quantile(mean_g, 0.99)),
                linewidths=0, alpha=0.7, rasterized=True,
            )  # fmt: skip
            axes.plot(*_running_median(std_g[finite], values[finite]), color=SECOND, linewidth=2, label="running median")
            axes.set_xlabel("standard deviation in training (log2 units)")
            axes.set_title(
                (f"{name}: " if len(name_of) > 1 else "") + f"{int(finite.sum()):,} genes, median {np.median(values[finite]):.3f}",
                fontweight="normal",
            )
        panels[0].legend(loc="lower right", fontsize=8)
        panels[0].set_ylabel("Spearman of measured and restored, test part")
        bar = figure.colorbar(points, ax=panels[-1], pad=0.02, extend="max")
        bar.set_label("mean expression in training")
        bar.outline.set_visible(False)
        columns = {"spearman" + (f", {name}" if len(name_of) > 1 else ""): values for name, values in per_gene.items()}
        folder.save(figure, "genes", {"gene": genes, "train_mean": mean_g, "train_std": std_g, **columns})


def _running_median(spread: Floats, values: Floats) -> tuple[Floats, list[float]]:
    """Medians of `values` in twentieths of `spread`."""
    edges = np.unique(np.quantile(spread, np.linspace(0, 1, 21)))
    medians = []
    for low, high in pairwise(edges):
        inside = (spread >= low) & (spread <= high)
        medians.append(float(np.median(values[inside])) if inside.any() else np.nan)
    return np.asarray((edges[:-1] + edges[1:]) / 2), medians
