"""Figures of the reconstruction: rank correlations, imputation, genes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from modelling.arrays import Floats
from modelling.figures.canvas import FigureFolder, canvas, grid
from modelling.figures.palette import ACCENT, INK, MUTED, SECOND, THIRD

IMPUTERS = (
    ("model", "the model", ACCENT),
    ("pca", "PCA", THIRD),
    ("knn", "10 nearest neighbours", SECOND),
    ("gene_mean", "gene mean", MUTED),
)


def rank_histograms(folder: FigureFolder, per_gene: Floats, per_sample: Floats) -> None:
    """Distribution of the rank correlation between measured and restored values, over genes and over samples."""
    bins = np.linspace(-1, 1, 81)
    with canvas(7.2, 2.9) as figure:
        panels = figure.subplots(1, 2)
        counts = {}
        for axes, values, what, colour in ((panels[0], per_gene, "genes", ACCENT), (panels[1], per_sample, "samples", THIRD)):
            finite = values[np.isfinite(values)]
            counts[what], _ = np.histogram(finite, bins)
            axes.bar(bins[:-1], counts[what], width=np.diff(bins), align="edge", color=colour, edgecolor="none")
            if len(finite):
                axes.axvline(np.median(finite), color=INK, linewidth=1)
                axes.text(
                    0.03, 0.97, f"median {np.median(finite):.3f}\n{len(finite):,} {what}", transform=axes.transAxes, va="top", fontsize=8.5
                )
                axes.set_xlim(max(-1.0, min(0.0, float(np.quantile(finite, 0.002)) - 0.05)), 1)
            axes.set_xlabel(f"Spearman correlation per {what[:-1]}")
            axes.set_ylabel(f"number of {what}")
        folder.save(
            figure, "reconstruction", {"low": bins[:-1], "high": bins[1:], "n_genes": counts["genes"], "n_samples": counts["samples"]}
        )


def imputation(folder: FigureFolder, detail: Mapping[str, Any]) -> None:
    """Pooled Spearman over hidden cells, in standardised and in log2 units, of the model and the simple imputers."""
    fractions = list(detail)
    rows: list[tuple[str, str, str, int, float | None]] = []
    with canvas(7.6, 3.3) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, unit, title in ((panels[0], "standardised", "per gene standardised"), (panels[1], "log2", "log2 units")):
            grid(axes, "y")
            for position, (key, word, colour) in enumerate(IMPUTERS):
                values = [detail[fraction][unit].get(key) for fraction in fractions]
                rows += [
                    (unit, word, fraction, detail[fraction]["n_cells"], value) for fraction, value in zip(fractions, values, strict=True)
                ]
                places = np.arange(len(fractions)) + (position - 1.5) * 0.2
                axes.bar(places, [value or 0 for value in values], width=0.18, color=colour, label=word)
                for place, value in zip(places, values, strict=True):
                    text = "not\ndefined" if value is None else f"{value:.2f}"
                    axes.text(
                        place,
                        (value or 0) + 0.01,
                        text,
                        ha="center",
                        va="bottom",
                        fontsize=5.6 if value is None else 6.4,
                        rotation=90 if value is None else 0,
                    )
            axes.set_xticks(
                range(len(fractions)), [f"{float(fraction):.0%}\n{detail[fraction]['n_cells']:,} cells" for fraction in fractions]
            )
            axes.set_title(title)
            axes.set_xlabel("hidden cells")
            axes.set_ylim(0, 1.08)
        panels[0].set_ylabel("Spearman over hidden cells")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
        folder.save(
            figure, "imputation", dict(zip(("unit", "imputer", "fraction", "n_cells", "spearman"), zip(*rows, strict=True), strict=True))
        )


def gene_scatter(folder: FigureFolder, genes: list[str], mean_g: Floats, std_g: Floats, per_gene: Floats) -> None:
    """Every gene: how variable it is in training against how well it is restored."""
    finite = np.isfinite(per_gene)
    with canvas(6.4, 4.4) as figure:
        axes = figure.subplots()
        points = axes.scatter(
            std_g[finite],
            per_gene[finite],
            c=mean_g[finite],
            s=4,
            cmap="viridis",
            vmin=0,
            vmax=float(np.quantile(mean_g[finite], 0.99)),
            linewidths=0,
            alpha=0.7,
            rasterized=True,
        )
        bar = figure.colorbar(points, ax=axes, pad=0.02, extend="max")
        bar.set_label("mean expression in training")
        bar.outline.set_visible(False)
        edges = np.unique(np.quantile(std_g[finite], np.linspace(0, 1, 21)))
        middle, medians = (edges[:-1] + edges[1:]) / 2, []
        for low, high in pairwise(edges):
            inside = finite & (std_g >= low) & (std_g <= high)
            medians.append(float(np.median(per_gene[inside])) if inside.any() else np.nan)
        axes.plot(middle, medians, color=SECOND, linewidth=2, label="running median")
        axes.legend(loc="lower right", fontsize=8)
        axes.set_xlabel("standard deviation in training (log2 units)")
        axes.set_ylabel("Spearman of measured and restored, test part")
        axes.set_title(f"{int(finite.sum()):,} genes", fontweight="normal")
        folder.save(figure, "genes", {"gene": genes, "train_mean": mean_g, "train_std": std_g, "spearman": per_gene})
