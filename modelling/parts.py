"""Which samples a compendium is trained, stopped and tested on, decided once when it is opened and the same for whoever opens it."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np

from modelling.arrays import Array, Bools

SPLITS = ("train", "validation", "test", "unlabelled")
SHARE = 0.1
SEED = 42
GROUPS = ("group_id", "series_id", "donor_id")


def decide(obs: dict[str, Array]) -> tuple[Array, list[str]]:
    """The split (n) of each sample, and notes on what was decided here and not by the file.

    Where no validation sample has a tissue that the training part knows, whole groups of training samples become validation: at least `SHARE`
    of the labelled ones. Groups are those of the first of `GROUPS` that obs has, else samples; they are drawn by md5(SEED || group), so that
    every reader and every study of one file holds out the same. With one group nothing can be held out, and training will refuse.
    """
    split, tissue = obs["split"], obs["tissue"]
    is_train = (split == "train") & (tissue != "")
    known = sorted(set(tissue[is_train]))
    if ((split == "validation") & np.isin(tissue, known)).any():
        return split, []
    column = next((name for name in GROUPS if name in obs), "sample_id")
    train = np.flatnonzero(is_train)
    groups = obs[column][train].astype(str)
    counts = Counter(str(name) for name in groups)
    names = sorted(counts, key=lambda name: (_drawn(name), name))
    if len(names) < 2:
        return split, [f"no labelled validation sample, and all training samples are of one {column}: nothing can be held out"]
    sizes = np.cumsum([counts[name] for name in names])
    n_groups = min(len(names) - 1, int(np.searchsorted(sizes, SHARE * len(train))) + 1)
    held_out = train[np.isin(groups, names[:n_groups])]
    decided = split.copy()
    decided[held_out] = "validation"
    note = f"no labelled validation sample: {len(held_out)} training samples ({n_groups} of {len(names)} by {column}) are held out instead"
    return decided, [note]


def _drawn(name: str) -> str:
    return hashlib.md5(f"{SEED}{name}".encode(), usedforsecurity=False).hexdigest()


def leaks(obs: dict[str, Array], split: Array) -> Bools:
    """Which samples (n) are unlabelled and of a study, donor or patient that is held out: training on them would leak it."""
    if "group_id" not in obs:
        return np.zeros(len(split), dtype=bool)
    held_out = np.isin(split, ("validation", "test")) & (obs["group_id"] != "")
    return np.asarray((split == "unlabelled") & np.isin(obs["group_id"], obs["group_id"][held_out]))
