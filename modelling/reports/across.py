"""The section of the evaluation report on values of a field that were left out one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelling.figures.across import left_out as draw
from modelling.figures.canvas import FigureFolder
from modelling.reports.page import Section, Table, number, shown, with_interval


def across(metrics: Mapping[str, Any], folder: FigureFolder) -> Section | None:
    """A picture and a table with one row per value; None where nothing was left out."""
    left_out = metrics.get("across")
    if not left_out:
        return None
    rows = [
        [
            row["value"],
            number(row["n"]),
            number(row["n_tissues"]),
            *(with_interval(row[name], row["intervals"][name]) for name in ("balanced_accuracy", "accuracy")),
            number(row["n_not_elsewhere"]),
        ]
        for row in left_out["values"]
    ]
    head = ["left out", "n", "tissues", "balanced accuracy [95%]", "accuracy [95%]", "of tissues only there"]
    text = (
        f"Each {left_out['field']} with enough samples in turn: the tissue prototypes are fitted again without any of its samples, then asked for them. The"
        " network below sees no labels, but saw the expression of its training samples. Samples of tissues that are nowhere else cannot be named and"
        " are not counted."
    )
    table = Table(head, rows, "Each as a table", folded=True)
    draw(folder, left_out, metrics["balanced_accuracy"], metrics["intervals"]["balanced_accuracy"])
    caption = (
        "Above the line: the test part from the archives that the head knows, and all that were left out, together. "
        "Of a value with one study only, the interval is over its samples."
    )
    return Section(
        f"Where it saw no label of a {left_out['field']}",
        [text],
        [shown(folder.folder, "across", caption)],
        [table],
    )
