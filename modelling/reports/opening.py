"""How the report of `model evaluate` opens: a sentence on what was asked, and the numbers at the top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelling.reports.page import Tile, number

Metrics = Mapping[str, Any]


def lead(metrics: Metrics) -> str:
    """What was asked of the model, in a sentence or two."""
    n = metrics["n"]
    return (
        f"The model saw {n['test']:,} samples that it was not trained on, from {n['groups']:,} studies, donors and patients in {n['sources']} "
        f"source{'s' if n['sources'] != 1 else ''}. It was asked two things: which of {n['classes_of_model']} "
        f"tissues a sample is from, and whether {n['genes']:,} genes can be restored from the {n['latent']} numbers that it keeps of each sample."
    )


def tiles(metrics: Metrics) -> list[Tile]:
    """The numbers at the top of the page."""
    intervals, kept, n = metrics["intervals"], metrics["reconstruction"]["intervals"], metrics["n"]

    def between(interval: Any) -> str:
        return f"95% interval {interval[0]:.3f} to {interval[1]:.3f}; " if interval else ""

    hidden = metrics["imputation_detail"]["0.2"]
    return [
        *_across(metrics, between),
        Tile(
            "Balanced accuracy",
            number(metrics["balanced_accuracy"]),
            f"{between(intervals['balanced_accuracy'])}{n['labelled']:,} labelled samples, each of {n['classes_in_test']} tissues counts the same",
        ),
        Tile("Right among its first three", number(metrics["top3"]), f"{between(intervals['top3'])}{n['labelled']:,} samples"),
        Tile("Variance restored (R²)", number(metrics["r2"]), f"{between(kept['r2'])}{metrics['reconstruction']['n_cells']:,} cells"),
        Tile(
            "Rank correlation per gene",
            number(metrics["per_gene_spearman"]),
            f"median; {between(kept['per_gene_spearman'])}{n['genes'] - metrics['reconstruction']['n_genes_undefined']:,} genes",
        ),
        Tile(
            "Hidden values restored",
            number(hidden["standardised"]["model"]),
            f"Spearman with 20% of cells hidden; PCA {number(hidden['standardised']['pca'])}, "
            f"kNN {number(hidden['standardised']['knn'])}; {hidden['n_cells']:,} cells",
        ),
        Tile("Calibration error", number(metrics["ece"]), f"{between(intervals['ece'])}0 means that 90% sure is right in 90%"),
    ]


def _across(metrics: Metrics, between: Callable[[Any], str]) -> list[Tile]:
    """The headline where values of a field were left out: beside it stands the score on the model's own archive."""
    left_out = metrics.get("across")
    if not left_out:
        return []
    found = left_out["together"]
    return [
        Tile(
            f"Balanced accuracy, each {left_out['field']} left out",
            number(found["balanced_accuracy"]),
            f"{between(found['intervals']['balanced_accuracy'])}{found['n']:,} samples of {values_word(left_out)}, named by a head that saw none of theirs",
        )
    ]


def values_word(left_out: Mapping[str, Any]) -> str:
    """How many studies, sources or other values were left out."""
    n, field = len(left_out["values"]), left_out["field"]
    return f"{n} {'studies' if field == 'study' else f'{field}s'}"
