"""Figures of the audits: how far the expression contradicts a label against how sure it is, by source; and the scores of what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from modelling.arrays import Array, Bools, Floats
from modelling.figures.canvas import FigureFolder, canvas, grid, spaced
from modelling.figures.latent import place_labels
from modelling.figures.palette import FAINT, INK, MUTED, SERIES


def suspects(folder: FigureFolder, margin: Floats, confidence: Floats, suspect: Bools, source: Array, names: Mapping[int, str]) -> None:
    """Margin of the expression against its probability for the most likely tissue, a dot a sample (n): suspects in their source's colour.

    margin: probability of the best other tissue less the label's, above 0 where the expression contradicts; names: words beside a few samples.
    """
    words, counts = np.unique(source[suspect].astype(str), return_counts=True)
    with canvas(7.4, 4.6) as figure:
        axes = figure.subplots()
        grid(axes, "both")
        axes.scatter(margin[~suspect], confidence[~suspect], s=5, color=MUTED, alpha=0.35, linewidths=0, rasterized=True)
        axes.axvline(0, color=FAINT, linewidth=1)
        axes.plot([], [], "o", color=MUTED, markersize=4, label=f"no suspect ({int((~suspect).sum()):,})")
        for i in np.argsort(-counts, kind="stable"):
            rows = suspect & (source.astype(str) == words[i])
            axes.scatter(margin[rows], confidence[rows], s=26, color=SERIES[i % len(SERIES)], edgecolor=INK, linewidths=0.4)
            axes.plot([], [], "o", color=SERIES[i % len(SERIES)], label=f"{words[i] or 'unknown'} ({counts[i]:,} suspects)")
        axes.set_xlabel("margin: best other tissue minus the label's; above 0 the expression contradicts the label")
        axes.set_ylabel("probability of the most likely tissue")
        axes.set_xlim(-1.05, 1.05)
        axes.set_ylim(min(0.0, float(confidence.min()) - 0.02), 1.05)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
        anchors = {f"{word}": np.array([margin[i], confidence[i]]) for i, word in names.items()}
        place_labels(axes, anchors, dict.fromkeys(anchors, MUTED), np.column_stack([margin, confidence]), size=6.5, weight="normal", pad=2)
        folder.save(figure, "suspects", {"source": source, "margin": margin, "confidence": confidence, "suspect": suspect})


def found_samples(folder: FigureFolder, found: Sequence[tuple[str, Sequence[tuple[float, str]]]]) -> None:
    """A row an audit, a dot a finding at its score (each audit has its own scale, so the least and the most stand at the ends), by source."""
    shown = [(name, findings) for name, findings in found if findings]
    sources = sorted({source for _, findings in shown for _, source in findings})
    columns: dict[str, list[object]] = {"audit": [], "score": [], "source": []}
    with canvas(7.4, 0.9 + 0.5 * len(shown)) as figure:
        axes = figure.subplots()
        grid(axes, "y")
        for y, (name, findings) in enumerate(shown):
            scores = np.array([score for score, _ in findings])
            low, span = float(scores.min()), float(np.ptp(scores)) or 1.0
            for rank, (score, source) in enumerate(findings):
                shift = ((rank * 7) % 11 - 5) / 22  # apart from its neighbours, the same each time
                axes.plot((score - low) / span, y + shift, "o", color=SERIES[sources.index(source) % len(SERIES)], markersize=4, alpha=0.8)
                for key, value in zip(columns, (name, score, source), strict=True):
                    columns[key].append(value)
            axes.text(
                1.04, y, f"{low:.2f} to {low + float(np.ptp(scores)):.2f}", va="center", fontsize=8, transform=axes.get_yaxis_transform()
            )
        axes.set_yticks(range(len(shown)), [f"{spaced(name)} ({len(findings):,})" for name, findings in shown])
        axes.set_ylim(len(shown) - 0.45, -0.55)
        axes.set_xticks([0, 1], ["least sure", "surest"])
        axes.set_xlim(-0.04, 1.04)
        for i, source in enumerate(sources):
            axes.plot([], [], "o", color=SERIES[i % len(SERIES)], label=source or "unknown")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
        folder.save(figure, "found", columns)
