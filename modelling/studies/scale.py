"""`model scale`: how scores grow with the training part. Nested subsets of one compendium, one fixed test part, several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Stage, silent
from modelling.studies.retrain import Arm, in_random_order, labelled_training_rows, mean_interval, score_arm, words_of
from modelling.studies.transfer import Question


class ScaleError(ModellingError):
    """The sizes asked for cannot be had."""


def nested_arms(compendium: Compendium, fractions: Sequence[float], seeds: Sequence[int]) -> list[Arm]:
    """One arm per fraction and seed. Within a seed, a smaller training part lies within every larger one, and tissues keep their shares."""
    if not fractions or min(fractions) <= 0 or max(fractions) > 1:
        raise ScaleError(f"fractions must lie above 0 and up to 1, got {', '.join(f'{f:g}' for f in fractions) or 'none'}")
    arms = []
    for seed in seeds:
        ordered = [in_random_order(compendium, rows, seed) for rows in labelled_training_rows(compendium).values()]
        for fraction in sorted(fractions):
            chosen = np.concatenate([rows[: int(np.ceil(fraction * len(rows)))] for rows in ordered])
            arms += [Arm(f"{fraction:g}", chosen, seed)]
    return arms


def scale(
    compendium: Compendium,
    fractions: Sequence[float],
    seeds: Sequence[int],
    config: TrainConfig,
    stage: Stage = silent,
    question: Question | None = None,
    device: str = "auto",
) -> list[dict[str, Any]]:
    """One row per arm: fraction, seed, sizes and scores, those of an outside cohort among them where one is asked about."""
    arms = nested_arms(compendium, fractions, seeds)
    advance = stage("trainings", len(arms))
    rows = []
    for arm in arms:
        rows.append({"fraction": float(arm.name), **score_arm(compendium, arm, config, question, device)})
        advance(1)
    return rows


def summary(rows: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Mean of each score over seeds with its t interval, one row per value of `key`, in order of appearance."""
    out = []
    for value in dict.fromkeys(row[key] for row in rows):
        chosen = [row for row in rows if row[key] == value]
        scores = {name: mean_interval(np.array([row[name] for row in chosen])) for name in words_of(rows[0])}
        sizes = sorted({row["n_train"] for row in chosen})
        out.append(
            {
                key: value,
                "n_train": sizes[0] if len(sizes) == 1 else sizes,
                "n_test": chosen[0]["n_test"],
                "n_seeds": len(chosen),
                "scores": scores,
            }
        )
    return out
