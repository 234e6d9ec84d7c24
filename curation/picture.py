"""Small pictures as inline SVG: the funnel of a build, and histograms. Text stays text; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

ROW = 34
LEFT = 330
WIDTH = 980
BAR = WIDTH - LEFT - 150


def funnel_svg(steps: Sequence[Mapping[str, Any]]) -> str:
    """One bar per step: what stands after it, what it dropped (hatched), what it set aside (pale). Keys as the table funnel."""
    most = max([1, *(step["n_in"] + step["n_added"] for step in steps)])
    parts = []
    for i, step in enumerate(steps):
        y, x = i * ROW + 4, float(LEFT)
        told = [f"{step['n_out']:,}"]
        parts.append(f'<text x="{LEFT - 10}" y="{y + 17}" text-anchor="end" class="name">{escape(_short(step["operation"], 46))}</text>')
        for kind, n in (("out", step["n_out"]), ("dropped", step["n_dropped"]), ("aside", step["n_aside"])):
            width = n / most * BAR
            if n:
                parts.append(f'<rect x="{x:.1f}" y="{y}" width="{max(width, 1):.1f}" height="{ROW - 10}" class="{kind}"/>')
                x += width
        told += [f"+{step['n_added']:,}"] * bool(step["n_added"] and i)
        told += [f"−{step['n_dropped']:,}"] * bool(step["n_dropped"]) + [f"{step['n_aside']:,} aside"] * bool(step["n_aside"])
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 17}" class="number">{escape("  ".join(told))}</text>')
    return _svg(WIDTH, len(steps) * ROW + 8, "Samples after each step of the build", parts)


def histogram_svg(name: str, series: Mapping[str, Sequence[int]], low: str, high: str) -> str:
    """Overlaid step lines, one per source: counts in equal bins, each scaled to its own highest bin. `low` and `high` label the axis."""
    width, height, top = 300, 130, 8
    parts = [f'<line x1="0" y1="{height - 22}" x2="{width}" y2="{height - 22}" class="axis"/>']
    for i, counts in enumerate(series.values()):
        step, most = width / max(len(counts), 1), max([1, *counts])
        points = []
        for j, count in enumerate(counts):
            y = height - 22 - count / most * (height - 22 - top)
            points += [f"{j * step:.1f},{y:.1f}", f"{(j + 1) * step:.1f},{y:.1f}"]
        parts.append(f'<polyline points="{" ".join(points)}" class="line s{i}"/>')
    parts.append(f'<text x="0" y="{height - 6}" class="tick">{escape(low)}</text>')
    parts.append(f'<text x="{width}" y="{height - 6}" text-anchor="end" class="tick">{escape(high)}</text>')
    return _svg(width, height, name, parts)


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}" xmlns="http://www.w3.org/2000/svg">'
    return head + "".join(parts) + "</svg>"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
