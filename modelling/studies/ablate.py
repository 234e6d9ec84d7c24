"""`model ablate`: cell lines in or out, cap on or off. What is compared differs in that alone: sizes are held equal.

Cell lines: every tissue keeps as many training samples as it has without cell lines; with them, they stand in for some of these.
Cap: the same number of training samples in all, once with at most N per tissue, once in the proportions that the tissues have.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Stage, silent
from modelling.studies.retrain import Arm, in_random_order, labelled_training_rows, mean_interval, score_arm, words_of
from modelling.studies.transfer import Question


class AblationError(ModellingError):
    """The compendium does not hold what is to be left out."""


def cell_line_arms(compendium: Compendium, is_cell_line: np.ndarray, seeds: Sequence[int]) -> list[Arm]:
    """Per seed: `without cell lines` and `with cell lines`, equal in the number of training samples of every tissue. Raises AblationError."""
    tissues = {name: rows for name, rows in labelled_training_rows(compendium).items() if (~is_cell_line[rows]).any()}
    n_lines = sum(int(is_cell_line[rows].sum()) for rows in tissues.values())
    if not n_lines:
        raise AblationError(f"{compendium.path}: the training part holds no cell line; build with --cell-line-cap none to keep them")
    arms = []
    for seed in seeds:
        out = [rows[~is_cell_line[rows]] for rows in tissues.values()]
        mixed = [in_random_order(compendium, rows, seed)[: int((~is_cell_line[rows]).sum())] for rows in tissues.values()]
        arms += [Arm("without cell lines", np.concatenate(out), seed), Arm("with cell lines", np.concatenate(mixed), seed)]
    return arms


def cap_arms(compendium: Compendium, cap: int, seeds: Sequence[int]) -> list[Arm]:
    """Per seed: `capped` at `cap` per tissue, and `not capped` with as many samples in all. Raises AblationError."""
    tissues = labelled_training_rows(compendium)
    if cap < 1 or max(len(rows) for rows in tissues.values()) <= cap:
        largest = max(tissues, key=lambda name: len(tissues[name]))
        raise AblationError(
            f"a cap of {cap:,} changes nothing: the largest tissue, {largest}, has {len(tissues[largest]):,} training samples"
        )
    arms = []
    for seed in seeds:
        capped = np.concatenate([in_random_order(compendium, rows, seed)[:cap] for rows in tissues.values()])
        free = in_random_order(compendium, np.concatenate(list(tissues.values())), seed)[: len(capped)]
        arms += [Arm(f"capped at {cap:,}", capped, seed), Arm("not capped", free, seed)]
    return arms


def cell_line_flags(compendium: Compendium, labels: Path) -> np.ndarray:
    """Whether each sample of the compendium is a cell line, from a build's labels.parquet. Raises AblationError."""
    from profiles.metadata import read_frame

    if "is_cell_line" in compendium.obs:
        return np.array([str(value).lower() in ("true", "1") for value in compendium.obs["is_cell_line"]])
    if not labels.is_file():
        raise AblationError(f"{labels}: no such file; labels.parquet of the build says which samples are cell lines")
    table = read_frame(labels, str(labels)).raw
    if not {"sample_id", "is_cell_line"} <= set(table.columns):
        raise AblationError(f"{labels}: needs columns sample_id and is_cell_line")
    lines = {name for name, told in zip(table["sample_id"], table["is_cell_line"], strict=True) if str(told).lower() in ("true", "1")}
    return np.isin(compendium.sample_ids.astype(str), list(lines))


def ablate(
    compendium: Compendium,
    arms: Sequence[Arm],
    config: TrainConfig,
    stage: Stage = silent,
    question: Question | None = None,
    device: str = "auto",
) -> list[dict[str, Any]]:
    """One row of scores per arm, those of an outside cohort among them where one is asked about."""
    advance = stage("trainings", len(arms))
    rows = []
    for arm in arms:
        rows.append(score_arm(compendium, arm, config, question, device))
        advance(1)
    return rows


def differences(rows: Sequence[dict[str, Any]], first: str, second: str) -> dict[str, tuple[float, tuple[float, float] | None]]:
    """Second arm minus first, seed by seed: mean and t interval of every score."""
    by_seed = {(row["arm"], row["seed"]): row for row in rows}
    seeds = sorted({row["seed"] for row in rows if row["arm"] == first})
    return {
        score: mean_interval(np.array([by_seed[second, seed][score] - by_seed[first, seed][score] for seed in seeds]))
        for score in words_of(rows[0])
    }
