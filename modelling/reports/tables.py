"""An evaluation as files for machines: metrics.json and tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from modelling.reports.json import plain
from modelling.studies.evaluate import Evaluation


def write_tables(evaluation: Evaluation, folder: Path) -> None:
    """metrics.json, predictions.tsv (one row per test sample) and genes.tsv (one row per gene)."""
    part = evaluation.part
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(plain(evaluation.metrics), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    order = np.argsort(-part.probability_nt, axis=1)[:, :3]
    ranked = [[part.classes[c] for c in row] + [f"{part.probability_nt[i, c]:.4f}" for c in row] for i, row in enumerate(order)]
    padded = [row[: len(row) // 2] + [""] * (3 - len(row) // 2) + row[len(row) // 2 :] for row in ranked]
    with (folder / "predictions.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(
            [
                "sample_id",
                "source",
                "group_id",
                "condition",
                "tissue",
                "predicted",
                "second",
                "third",
                "probability",
                "probability_second",
                "probability_third",
                "spearman",
            ]
        )
        for i, row in enumerate(padded):
            writer.writerow(
                [
                    part.sample_id[i],
                    part.source[i],
                    part.group_id[i],
                    part.condition[i],
                    part.tissue[i],
                    *row,
                    f"{evaluation.ranks.per_sample[i]:.4f}",
                ]
            )
