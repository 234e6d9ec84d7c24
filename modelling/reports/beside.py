"""The section of the evaluation report on other runs and outside embeddings that were scored on the same test part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelling.figures.canvas import FigureFolder
from modelling.figures.methods import method_comparison
from modelling.figures.models import models_beside
from modelling.reports.page import Section, Table, number, shown, with_interval

WORDS = {
    "balanced_accuracy": "balanced accuracy",
    "weighted_f1": "F1, weighted by samples",
    "r2": "variance restored (R²)",
    "per_gene_spearman": "Spearman per gene",
    "per_sample_spearman": "Spearman per sample",
    "ece": "calibration error",
}


def models_section(folder: FigureFolder, models: Mapping[str, Mapping[str, Any]]) -> list[Section]:
    """Runs side by side; none where there is one only. `models`: name -> headline, the first one's first."""
    if len(models) < 2:
        return []
    models_beside(folder, models, WORDS)
    shares = list(next(iter(models.values()))["imputation"])
    rows = [[word, *(with_interval(m[key], m["intervals"].get(key)) for m in models.values())] for key, word in WORDS.items()]
    rows += [[f"hidden values restored, {float(s):.0%} hidden", *(number(m["imputation"][s]) for m in models.values())] for s in shares]
    return [
        Section(
            "Models side by side",
            ["The same test samples, the same hidden cells, the same bootstrap draws over studies, donors and patients."],
            [shown(folder.folder, "models", "Each score of each model with its 95% interval. Of the calibration error less is better.")],
            [Table(["score [95% interval]", *models], rows)],
        )
    ]


def embeddings_section(folder: FigureFolder, rows: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The model beside outside embeddings; none where none was given."""
    if not rows:
        return []
    method_comparison(folder, rows)
    table = Table(
        ["method", "dimensions", "n", "balanced accuracy [95%]", "weighted F1", "minus the first [95%]"],
        [
            [
                row["method"], number(row["n_dimensions"]), number(row["n"]), with_interval(row["balanced_accuracy"], row["interval"]),
                number(row["weighted_f1"]),
                "–" if row is rows[0] else with_interval(row["balanced_accuracy"] - rows[0]["balanced_accuracy"], row["minus_first"]),
            ]
            for row in rows
        ],
    )  # fmt: skip
    text = "An embedding is judged by the vote of the five nearest training samples (cosine) and by logistic regression, on the same samples as the model."
    return [
        Section("Outside embeddings", [text], [shown(folder.folder, "methods", "Balanced accuracy, and against the dimensions.")], [table])
    ]
