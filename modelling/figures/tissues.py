"""Figures of the classification: recall per tissue, confusion, calibration, source mixing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from modelling.arrays import Ints
from modelling.figures.canvas import FigureFolder, canvas, grid, spaced
from modelling.figures.palette import ACCENT, FAINT, INK, MUTED, SECOND, THIRD, Look

Scores = Mapping[str, Any]
BLUES = ListedColormap(colormaps["Blues"](np.linspace(0.18, 1, 256)))  # a single sample shall be seen


def tissue_accuracy(folder: FigureFolder, per_class: Mapping[str, Scores], looks: Mapping[str, Look]) -> None:
    """Recall of every tissue with its Wilson interval and n, best first; tumour and normal samples apart."""
    names = sorted((name for name in per_class if per_class[name]["n"]), key=lambda name: (per_class[name]["recall"], per_class[name]["n"]))
    place = range(len(names))
    both = any(per_class[name]["tumour"]["n"] and per_class[name]["normal"]["n"] for name in names)
    with canvas(7.2, 1.3 + (0.3 if both else 0.235) * len(names)) as figure:
        axes = figure.subplots()
        grid(axes, "x")
        for y, name in zip(place, names, strict=True):
            score = per_class[name]
            low, high = score["recall_interval"]
            colour = looks[name].colour if name in looks else MUTED
            axes.plot([low, high], [y, y], color=colour, linewidth=1.6, alpha=0.6, solid_capstyle="butt")
            axes.plot(score["recall"], y, "o", color=colour, markersize=5.5, markeredgecolor=INK, markeredgewidth=0.4)
            for state, marker, shift in (("tumour", "^", 0.33), ("normal", "v", -0.33)):
                if score[state]["n"] and score["tumour"]["n"] and score["normal"]["n"]:
                    axes.plot(
                        score[state]["recall"], y + shift, marker, color=INK, markersize=2.8, markerfacecolor="none", markeredgewidth=0.7
                    )
            states = [f"{score[state]['n']:,} {state}" for state in ("tumour", "normal") if score[state]["n"]]
            words = f"{score['n']:,}" + (f" ({', '.join(states)})" if len(states) > 1 else "")
            axes.text(1.03, y, words, va="center", fontsize=8, transform=axes.get_yaxis_transform())
        axes.text(1.03, len(names) - 0.1, "n", va="bottom", fontsize=8, fontweight="bold", transform=axes.get_yaxis_transform())
        axes.set_yticks(place, [spaced(name) for name in names])
        axes.set_ylim(-0.7, len(names) - 0.3)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("share of test samples classified correctly (recall), 95% Wilson interval")
        if both:
            for marker, word in (("^", "tumour samples"), ("v", "normal samples")):
                axes.plot([], [], marker, color=INK, markersize=4, markerfacecolor="none", markeredgewidth=0.7, label=word)
            axes.legend(loc="lower left", fontsize=8, bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1, handletextpad=0.2)
        rows = names[::-1]
        intervals = [per_class[name]["recall_interval"] for name in rows]
        folder.save(figure, "tissue_accuracy", {
            "tissue": rows, "n": [per_class[n]["n"] for n in rows], "recall": [per_class[n]["recall"] for n in rows],
            "low": [i[0] for i in intervals], "high": [i[1] for i in intervals],
            "precision": [per_class[n]["precision"] for n in rows], "f1": [per_class[n]["f1"] for n in rows],
            **{f"{word}_{key}": [per_class[n][word][key] for n in rows] for word in ("tumour", "normal") for key in ("n", "recall")},
        })  # fmt: skip


def confusion_matrix(folder: FigureFolder, counts: Ints, classes: list[str], looks: Mapping[str, Look]) -> None:
    """Share of each tissue's test samples (row) that is called each tissue (column); tissues without samples or calls are left out."""
    used = [i for i in range(len(classes)) if counts[i].sum() or counts[:, i].sum()]
    used.sort(key=lambda i: (looks[classes[i]].system if classes[i] in looks else "~", classes[i]))
    names, shown = [classes[i] for i in used], counts[np.ix_(used, used)]
    total = shown.sum(1, keepdims=True)
    share = np.divide(shown, total, out=np.zeros(shown.shape), where=total > 0)
    size = 1.8 + 0.21 * len(names)
    with canvas(size + 0.7, size) as figure:
        axes = figure.subplots()
        image = axes.imshow(np.where(shown > 0, share, np.nan), cmap=BLUES, vmin=0, vmax=1)
        _rule(axes, [looks[name].system if name in looks else "" for name in names])
        for row, column in zip(*np.nonzero(shown), strict=True):
            tone = "white" if share[row, column] > 0.55 else "#16181c"
            weight = "normal" if row == column else "bold"
            axes.text(column, row, _short(int(shown[row, column])), ha="center", va="center", fontsize=6.5, fontweight=weight, color=tone)
        axes.set_xticks(range(len(names)), [spaced(name) for name in names], rotation=90, fontsize=8)
        axes.set_yticks(range(len(names)), [f"{spaced(name)} ({n:,})" for name, n in zip(names, total[:, 0], strict=True)], fontsize=8)
        axes.set_xlabel("called by the model")
        axes.set_ylabel("label (test samples)")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.02)
        bar.set_label("share of the row")
        bar.outline.set_visible(False)
        row, column = np.nonzero(shown)
        folder.save(
            figure,
            "confusion",
            {
                "label": [names[i] for i in row],
                "called": [names[i] for i in column],
                "n": shown[row, column],
                "share_of_row": share[row, column],
            },
        )


def _rule(axes: Axes, systems: list[str]) -> None:
    """Faint lines that lead the eye from a cell to its names and a frame around each organ system."""
    n = len(systems)
    for i in range(n + 1):
        axes.axhline(i - 0.5, color=FAINT, linewidth=0.35, zorder=0)
        axes.axvline(i - 0.5, color=FAINT, linewidth=0.35, zorder=0)
    starts = [i for i in range(n) if i == 0 or systems[i] != systems[i - 1]]
    for start, end in zip(starts, [*starts[1:], n], strict=True):
        if systems[start] and end - start > 1:
            axes.add_patch(Rectangle((start - 0.5, start - 0.5), end - start, end - start, fill=False, edgecolor=MUTED, linewidth=0.9))


def _short(n: int) -> str:
    """A count that fits its cell."""
    return str(n) if n < 1000 else f"{n / 1000:.1f}k" if n < 9950 else f"{n / 1000:.0f}k"


def reliability(folder: FigureFolder, rows: list[Scores], ece: float | None) -> None:
    """Accuracy against stated probability, with the number of samples per bin."""
    with canvas(4.6, 4.6) as figure:
        axes, below = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--")
        for row in rows:
            low, high = row["interval"]
            axes.plot([row["confidence"]] * 2, [low, high], color=ACCENT, linewidth=1.4, alpha=0.55)
            axes.plot(row["confidence"], row["accuracy"], "o", color=ACCENT, markersize=5)
            below.bar((row["low"] + row["high"]) / 2, row["n"], width=row["high"] - row["low"], color=ACCENT, alpha=0.6, edgecolor="none")
        axes.set_ylabel("share correct")
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(0, 1.0)
        if ece is not None:
            axes.text(0.03, 0.93, f"expected calibration error {ece:.3f}", fontsize=8.5)
        below.set_yscale("log")
        below.set_ylabel("samples")
        below.set_xlabel("probability that the model states for its call")
        folder.save(
            figure, "reliability", {key: [row[key] for row in rows] for key in ("low", "high", "n", "confidence", "accuracy", "interval")}
        )


def source_mixing(folder: FigureFolder, mixing: Scores) -> None:
    """Share of foreign neighbours beside what perfect mixing would give: overall, within tissue, and per tissue."""
    entries = [("all test samples", mixing["global"])]
    entries += [("within tissue", mixing["within_tissue"])] if mixing["within_tissue"] else []
    entries += sorted(mixing["per_tissue"].items(), key=lambda item: -item[1]["perfect_mixing"])
    names = [spaced(name) for name, _ in entries][::-1]
    values = [value for _, value in entries][::-1]
    with canvas(6.6, 1.2 + 0.26 * len(names)) as figure:
        axes = figure.subplots()
        grid(axes, "x")
        for y, value in enumerate(values):
            axes.plot([value["observed"], value["perfect_mixing"]], [y, y], color=MUTED, linewidth=1)
            axes.plot(value["perfect_mixing"], y, "|", color=SECOND, markersize=10, markeredgewidth=2.2)
            axes.plot(value["observed"], y, "o", color=ACCENT, markersize=5.5)
            axes.text(1.03, y, f"{value['n']:,}", va="center", fontsize=8, transform=axes.get_yaxis_transform())
        axes.text(1.03, len(names) - 0.4, "n", va="bottom", fontsize=8, fontweight="bold", transform=axes.get_yaxis_transform())
        axes.plot([], [], "o", color=ACCENT, markersize=5, label="observed")
        axes.plot([], [], "|", color=SECOND, markersize=9, markeredgewidth=2, linestyle="none", label="perfect mixing under these shares")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=8, borderaxespad=0.1)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(-0.7, len(names) - 0.3)
        axes.set_xlim(left=-0.01)
        axes.set_xlabel("mean share of the 20 nearest neighbours that come from another source")
        folder.save(figure, "source_mixing", {
            "where": names[::-1], **{key: [value[key] for value in values[::-1]] for key in ("observed", "perfect_mixing", "n", "k")},
        })  # fmt: skip


def score_bars(folder: FigureFolder, name: str, groups: Mapping[str, Scores], title: str) -> None:
    """Accuracy and balanced accuracy with intervals for each of some groups of samples (sources; tumour and normal)."""
    shown = {key: value for key, value in groups.items() if value["n"]}
    with canvas(6.6, 1.1 + 0.55 * len(shown)) as figure:
        axes = figure.subplots()
        grid(axes, "x")
        labels = []
        for y, (key, value) in enumerate(reversed(shown.items())):
            labels.append(f"{key}\n{value['n']:,} samples, {value['n_classes']} tissues")
            for shift, score, colour in ((0.16, "accuracy", ACCENT), (-0.16, "balanced_accuracy", THIRD)):
                interval = value["intervals"][score]
                if interval:
                    axes.plot(interval, [y + shift] * 2, color=colour, linewidth=2, alpha=0.5)
                axes.plot(value[score], y + shift, "o", color=colour, markersize=6)
                axes.text(
                    1.02, y + shift, f"{value[score]:.3f}", va="center", fontsize=8, color=colour, transform=axes.get_yaxis_transform()
                )
        for score, colour in (("accuracy", ACCENT), ("balanced accuracy", THIRD)):
            axes.plot([], [], "o", color=colour, label=score)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=8, borderaxespad=0.1)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(-0.6, len(labels) - 0.4)
        low = min(
            [
                value["intervals"][score][0]
                for value in shown.values()
                for score in ("accuracy", "balanced_accuracy")
                if value["intervals"][score]
            ],
            default=0,
        )
        axes.set_xlim(max(0.0, low - 0.05), 1.005)
        axes.set_xlabel(f"{title}, 95% interval (bootstrap over studies, donors and patients)")
        keys = ("n", "n_groups", "n_classes", "accuracy", "balanced_accuracy", "macro_f1", "mcc", "top3", "ece")
        folder.save(figure, name, {"name": list(shown), **{key: [value[key] for value in shown.values()] for key in keys}})
