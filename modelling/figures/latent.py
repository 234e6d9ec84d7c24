"""The latent map: t-SNE of the test part, coloured by organ system and by source, tissues named on the map without overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from modelling import threads
from modelling.arrays import Floats
from modelling.figures.canvas import FigureFolder, canvas, spaced
from modelling.figures.palette import INK, MUTED, PAPER, SERIES, Look
from modelling.scores.neighbours import cosine_neighbours

PERPLEXITY = 30
EARLY_ITERATIONS = 250
ITERATIONS = 500
SMALLEST_RATE = 50.0
SMALL = 5000


@dataclass(frozen=True)
class Map:
    """Positions (n, 2) and how they came about, in words for the caption."""

    xy: Floats
    method: str


def latent_map(z_nk: Floats, seed: int, *, multiscale: bool = False) -> Map:
    """t-SNE of latent vectors (n, k): PCA start, cosine, learning rate n/12, 250 + 500 iterations (Kobak and Berens 2019).

    `multiscale` mixes perplexity 30 with n/100, which keeps more of the global order. Where openTSNE (extra `figures`) is not installed, the
    first two principal components, and `method` says so.
    """
    n = len(z_nk)
    n_jobs = threads.count() if n > SMALL else 1
    unit = z_nk / np.maximum(np.linalg.norm(z_nk, axis=1, keepdims=True), 1e-12)
    start = _principal_plane(unit)
    perplexities = _perplexities(n, multiscale)
    try:
        from openTSNE import TSNEEmbedding, affinity
        from openTSNE.nearest_neighbors import PrecomputedNeighbors
    except ImportError:
        return Map(start, "first two principal components (t-SNE needs `pip install 'bulkatlas[figures]'`)")
    if n < 10:
        return Map(start, "first two principal components (too few samples for t-SNE)")
    index, similarity = cosine_neighbours(z_nk, z_nk, min(n - 1, int(3 * max(perplexities))), exclude_self=True)
    neighbours = PrecomputedNeighbors(index.astype(np.int64), np.maximum(1 - similarity.astype(np.float64), 0))
    affinities = (
        affinity.Multiscale(knn_index=neighbours, perplexities=perplexities, n_jobs=n_jobs)
        if multiscale
        else affinity.PerplexityBasedNN(knn_index=neighbours, perplexity=perplexities[0], n_jobs=n_jobs)
    )
    rate = max(n / 12, SMALLEST_RATE)
    embedding = TSNEEmbedding(
        start / start[:, 0].std() * 1e-4, affinities, learning_rate=rate, negative_gradient_method="auto", random_state=seed, n_jobs=n_jobs
    )
    embedding.optimize(EARLY_ITERATIONS, exaggeration=12, momentum=0.5, inplace=True)
    embedding.optimize(ITERATIONS, exaggeration=1, momentum=0.8, inplace=True)
    words = " and ".join(f"{p:g}" for p in perplexities)
    return Map(
        np.asarray(embedding),
        f"t-SNE, perplexity {words}, cosine, PCA start, learning rate {rate:g}, {EARLY_ITERATIONS + ITERATIONS} iterations, seed {seed}",
    )


def _perplexities(n: int, multiscale: bool) -> list[float]:
    highest = max((n - 1) / 3, 1)
    first = float(min(PERPLEXITY, highest))
    if not multiscale:
        return [first]
    second = min(max(n / 100, 2.0 * PERPLEXITY), highest)
    return [first, float(int(second))] if int(second) > first else [first]


def _principal_plane(unit_nk: Floats) -> Floats:
    """First two principal components, signs fixed so that the largest loading is positive."""
    centred = unit_nk - unit_nk.mean(0)
    _, _, axes = np.linalg.svd(centred.T @ centred)
    axes = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(1)])[:, None]
    plane = centred @ axes.T
    return np.asarray(plane if plane.shape[1] == 2 else np.column_stack([plane, np.zeros(len(plane))]))


def map_by_tissue(folder: FigureFolder, name: str, drawn: Map, samples: Mapping[str, np.ndarray], looks: Mapping[str, Look]) -> None:
    """The map with one hue per organ system, one shade and marker per tissue, and the tissue's name beside its densest spot."""
    tissue, xy = samples["tissue"], drawn.xy
    with canvas(8.6, _height(xy)) as figure:
        axes = figure.subplots()
        size = _point_size(len(xy))
        blank = np.array([t not in looks for t in tissue])
        if blank.any():
            axes.scatter(xy[blank, 0], xy[blank, 1], s=size * 0.6, c=MUTED, linewidths=0, alpha=0.4, rasterized=True)
        for t in sorted(set(tissue[~blank])):
            rows = tissue == t
            axes.scatter(
                xy[rows, 0], xy[rows, 1], s=size, c=looks[t].colour, marker=looks[t].marker, linewidths=0, alpha=0.85, rasterized=True
            )
        _bare(axes)
        anchors = {t: _densest(xy[tissue == t]) for t in sorted(set(tissue[~blank]))}
        place_labels(axes, anchors, {t: looks[t].colour for t in anchors}, xy)
        systems = {looks[t].system: looks[t].hue for t in anchors if looks[t].system != t}
        handles = [
            Line2D([], [], marker="o", linestyle="none", color=colour, markersize=6, label=spaced(word))
            for word, colour in sorted(systems.items())
        ]
        handles += [Line2D([], [], marker="o", linestyle="none", color=MUTED, markersize=5, label="unlabelled")] if blank.any() else []
        if handles:
            figure.legend(handles=handles, loc="outside right upper", fontsize=8)
        axes.set_title(f"{len(xy):,} test samples", fontweight="normal")
        _save(folder, figure, name, drawn, samples)


def map_by_source(folder: FigureFolder, name: str, drawn: Map, samples: Mapping[str, np.ndarray]) -> None:
    """The same map coloured by source, rarest source on top; tumour samples are triangles."""
    source, xy, tumour = samples["source"], drawn.xy, samples["condition"] == "tumour"
    words, counts = np.unique(source.astype(str), return_counts=True)
    with canvas(8.6, _height(xy)) as figure:
        axes = figure.subplots()
        size = _point_size(len(xy))
        handles = []
        for i in np.argsort(-counts):
            colour = SERIES[i % len(SERIES)]
            for rows, marker in (((source == words[i]) & ~tumour, "o"), ((source == words[i]) & tumour, "^")):
                axes.scatter(xy[rows, 0], xy[rows, 1], s=size, c=colour, marker=marker, linewidths=0, alpha=0.7, rasterized=True)
            handles.append(
                Line2D([], [], marker="o", linestyle="none", color=colour, markersize=6, label=f"{words[i] or 'unknown'} ({counts[i]:,})")
            )
        if tumour.any():
            handles.append(Line2D([], [], marker="^", linestyle="none", color=MUTED, markersize=6, label=f"tumour ({int(tumour.sum()):,})"))
        _bare(axes)
        figure.legend(handles=handles, loc="outside right upper", fontsize=8)
        axes.set_title(f"{len(xy):,} test samples", fontweight="normal")
        _save(folder, figure, name, drawn, samples)


def _save(folder: FigureFolder, figure: Any, name: str, drawn: Map, samples: Mapping[str, np.ndarray]) -> None:
    folder.save(figure, name, {**samples, "x": drawn.xy[:, 0].round(4), "y": drawn.xy[:, 1].round(4)})


def _point_size(n: int) -> float:
    return float(np.clip(9000 / n, 2.0, 26.0))


def _height(xy: Floats) -> float:
    """Inches for a map of 7 inches width in true proportions."""
    across, up = np.ptp(xy, axis=0)
    return float(np.clip(7.0 * up / max(across, 1e-9), 4.2, 8.0) + 0.4)


def _bare(axes: Axes) -> None:
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.margins(0.06)


def _densest(xy: Floats) -> Floats:
    """The sample with the smallest distance to its tenth nearest fellow."""
    shown = xy[:: max(1, len(xy) // 2000)]
    distance = np.sqrt(((shown[:, None] - shown[None]) ** 2).sum(-1))
    k = min(10, len(shown) - 1)
    return np.asarray(shown[np.partition(distance, k, axis=1)[:, k].argmin()])


def place_labels(
    axes: Axes,
    anchors: Mapping[str, Floats],
    colours: Mapping[str, str],
    xy: Floats,
    *,
    size: float = 8,
    weight: str = "bold",
    pad: float = 0,
) -> None:
    """Write each name near its anchor where it covers no other name and few points (of radius `pad` pixels); a thin line leads back to the anchor."""
    figure = axes.figure
    figure.canvas.draw()
    to_pixels, points = axes.transData, axes.transData.transform(xy)
    boxes: list[tuple[float, float, float, float]] = []
    limits = axes.get_window_extent()
    for name, anchor in sorted(anchors.items(), key=lambda item: -item[1][1]):
        text = axes.text(0, 0, spaced(name), fontsize=size, fontweight=weight, color=INK, ha="center", va="center", zorder=5)
        extent = text.get_window_extent()
        width, height = extent.width + 9 + 2 * pad, extent.height + 4 + 2 * pad
        spot = _free_spot(to_pixels.transform(anchor), width, height, boxes, points, limits)
        boxes.append((spot[0] - width / 2, spot[1] - height / 2, spot[0] + width / 2, spot[1] + height / 2))
        where = to_pixels.inverted().transform(spot)
        text.set_position(tuple(where))
        text.set_bbox({"facecolor": PAPER, "alpha": 0.72, "pad": 0.8, "linewidth": 0})
        axes.plot([anchor[0], where[0]], [anchor[1], where[1]], color=colours[name], linewidth=0.9, zorder=4)


def _free_spot(
    anchor: Floats, width: float, height: float, boxes: list[tuple[float, float, float, float]], points: Floats, limits: Any
) -> Floats:
    """The cheapest of many spots around the anchor: no overlap with placed names, few covered points, short way."""
    best, best_cost = anchor, np.inf
    for radius in np.arange(0, 230, 7.0):
        for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
            x, y = anchor + radius * np.array([np.cos(angle), np.sin(angle)])
            left, right, low, high = x - width / 2, x + width / 2, y - height / 2, y + height / 2
            if left < limits.x0 or right > limits.x1 or low < limits.y0 or high > limits.y1:
                continue
            if any(left < b[2] and right > b[0] and low < b[3] and high > b[1] for b in boxes):
                continue
            covered = ((points[:, 0] > left) & (points[:, 0] < right) & (points[:, 1] > low) & (points[:, 1] < high)).sum()
            cost = radius / 40 + 2 * covered**0.5
            if cost < best_cost:
                best, best_cost = np.array([x, y]), cost
        if best_cost < (radius + 7) / 40:
            break
    return best
