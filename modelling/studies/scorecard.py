"""Turns what a model made of the test part into the entries of metrics.json: no score without its n, an interval wherever one exists."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.scores.intervals import wilson
from modelling.scores.metrics import (
    Groups,
    calibration_error,
    classification_scores,
    confusion,
    draw_groups,
    draws_without_a_class,
    mean_with_interval,
    reliability,
    top_hits,
)
from modelling.scores.mixing import lisi, lisi_ceiling, mixing_within_tissue, source_mixing
from modelling.scores.reconstruction import Errors, RankScores
from modelling.studies.held_out import HeldOut

Scores = dict[str, Any]


def classification(part: HeldOut, seed: int) -> Scores:
    """Scores of the labelled samples, their intervals, and the same per class, per source, and for tumour and normal apart."""
    rows = np.flatnonzero(part.labelled)
    scores, intervals = _scores(part, rows, seed)
    chosen = part.labelled
    confidence, correct = part.probability_nt[chosen].max(1), (part.predicted == part.truth)[chosen].astype(np.float64)
    return {
        **scores,
        "intervals": intervals,
        "draws_without_a_tissue": draws_without_a_class(part.truth[rows], draw_groups(part.group_id[rows], seed)),
        "per_class": per_class(part),
        "per_source": per_group(part, part.source, seed),
        "per_condition": per_group(part, part.condition, seed),
        "reliability": reliability(confidence, correct),
    }


def _scores(part: HeldOut, rows: Ints, seed: int) -> tuple[Scores, Scores]:
    """All classification scores of some labelled samples, and their intervals."""
    groups = draw_groups(part.group_id[rows], seed)
    truth, probability = part.truth[rows], part.probability_nt[rows]
    predicted = probability.argmax(1)
    found = classification_scores(truth, predicted, len(part.classes), groups)
    found["top3"] = mean_with_interval(top_hits(truth, probability, 3), groups)
    found["ece"] = calibration_error(probability.max(1), (predicted == truth).astype(np.float64), groups)
    return {name: value for name, (value, _) in found.items()}, {name: interval for name, (_, interval) in found.items()}


def per_class(part: HeldOut) -> dict[str, Scores]:
    """Recall with its Wilson interval, precision and F1 per tissue of the test part, tumour and normal apart."""
    chosen = part.labelled
    counts = confusion(part.truth[chosen], part.predicted[chosen], len(part.classes))
    out: dict[str, Scores] = {}
    for number, name in enumerate(part.classes):
        n, hits, n_predicted = int(counts[number].sum()), int(counts[number, number]), int(counts[:, number].sum())
        if n == 0 and n_predicted == 0:
            continue
        inside = part.truth == number
        out[name] = {
            "n": n,
            "n_groups": len(set(part.group_id[inside])),
            "n_predicted": n_predicted,
            "recall": hits / n if n else None,
            "recall_interval": wilson(hits, n),
            "precision": hits / n_predicted if n_predicted else None,
            "f1": 2 * hits / (n + n_predicted),
            "unknown_to_model": number >= part.probability_nt.shape[1],
            **{state: _recall(part, inside & (part.condition == state)) for state in ("tumour", "normal")},
        }
    return out


def _recall(part: HeldOut, rows: Bools) -> Scores:
    n, hits = int(rows.sum()), int((part.predicted == part.truth)[rows].sum())
    return {"n": n, "recall": hits / n if n else None, "recall_interval": wilson(hits, n)}


def per_group(part: HeldOut, label: np.ndarray, seed: int) -> dict[str, Scores]:
    """Scores of the labelled samples of each source (or condition), with intervals and n."""
    out: dict[str, Scores] = {}
    for name in sorted(set(label)):
        rows = np.flatnonzero(part.labelled & (label == name))
        if not len(rows):
            out[name or "unknown"] = {"n": 0}
            continue
        scores, intervals = _scores(part, rows, seed)
        n_classes, n_groups = len(set(part.truth[rows])), len(set(part.group_id[rows]))
        out[name or "unknown"] = {"n": len(rows), "n_groups": n_groups, "n_classes": n_classes, **scores, "intervals": intervals}
    return out


def reconstruction(part: HeldOut, errors: Errors, ranks: RankScores, groups: Groups) -> Scores:
    """R2, MSE and median rank correlations, with intervals and the cells behind them; R2 also per source."""
    n_cells = int(errors.n_cells.sum())
    return {
        "r2": errors.r2(),
        "mse": errors.mse(),
        "per_gene_spearman": ranks.gene_median,
        "per_sample_spearman": ranks.sample_median,
        "reconstruction": {
            "n_samples": len(part.rows),
            "n_genes": part.truth_ng.shape[1],
            "n_cells": n_cells,
            "n_cells_not_measured": part.truth_ng.size - n_cells,
            "n_genes_undefined": int(np.isnan(ranks.per_gene).sum()),
            "n_samples_undefined": int(np.isnan(ranks.per_sample).sum()),
            "per_gene_quartiles": _quartiles(ranks.per_gene),
            "per_sample_quartiles": _quartiles(ranks.per_sample),
            "r2_per_source": {
                name or "unknown": {"r2": errors.r2(part.source == name), "n": int((part.source == name).sum())}
                for name in sorted(set(part.source))
            },
            "r2_per_condition": {
                name: {"r2": errors.r2(part.condition == name), "n": int((part.condition == name).sum())}
                for name in sorted(set(part.condition))
            },
            "intervals": {
                "r2": errors.r2_interval(groups),
                "per_gene_spearman": ranks.gene_interval,
                "per_sample_spearman": ranks.sample_interval,
            },
        },
    }


def _quartiles(values: Floats) -> list[float] | None:
    finite = values[np.isfinite(values)]
    return [float(q) for q in np.quantile(finite, [0.25, 0.5, 0.75])] if len(finite) else None


def mixing(part: HeldOut) -> Scores:
    """Source mixing and LISI of the test part's latent space; null where only one source is present."""
    names, source = np.unique(part.source.astype(str), return_inverse=True)
    overall = source_mixing(part.z_nk, source)
    if overall is None:
        return {"knn_source_mixing": None, "lisi": None, "source_mixing": None, "source_lisi": None}
    within, per_tissue = mixing_within_tissue(part.z_nk, source, part.tissue)
    values = lisi(part.z_nk, source)
    shares = np.bincount(source) / len(source)
    return {
        "knn_source_mixing": overall.observed,
        "lisi": float(np.median(values)),
        "source_mixing": {
            "global": overall.as_dict(),
            "within_tissue": within.as_dict() if within else None,
            "per_tissue": {name: mixing.as_dict() for name, mixing in per_tissue.items()},
            "source_shares": dict(zip(names.tolist(), shares.tolist(), strict=True)),
        },
        "source_lisi": {
            "median": float(np.median(values)),
            "mean": float(values.mean()),
            "ceiling": lisi_ceiling(source),
            "n_sources": len(names),
            "n": len(values),
        },
    }
