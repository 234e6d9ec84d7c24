"""How the head names samples of a source, study or pipeline of which it has seen no label: leave-one-out over the values of an obs field.

The head is a closed form, so each value's turn costs a matrix, not a training. The network below it never sees a label, but it saw the expression of
the training samples that are left out here: what is tested is whether tissues look alike across the field.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.forward.applied import AppliedHead
from modelling.forward.head import fitted
from modelling.progress import Advance, ignore
from modelling.scores.metrics import classification_scores, draw_groups
from profiles.nearest import near

ALIASES = {"study": "series_id"}
FEWEST = 20
MOST_VALUES = 50
POWER = 0.5


class NothingAcross(ModellingError):
    """The field is missing, or holds no value that could be left out."""


def score_across(model: TissueModel, compendium: Compendium, field: str, seed: int, advance: Advance = ignore) -> dict[str, Any]:
    """Scores of every value of `field` with at least `FEWEST` labelled samples, left out one at a time, and of all of them together.

    Raises NothingAcross.
    """
    if model.prototypes is None:
        raise NothingAcross("--across needs a head of prototypes: the published network's would have to be trained once for every value")
    column = ALIASES.get(field, field)
    if column not in compendium.obs:
        raise NothingAcross(
            f"{compendium.path}: obs has no column {column!r}{near(column, compendium.obs)}; there are: {', '.join(compendium.obs)}"
        )
    fitting = np.concatenate([compendium.rows(split, labelled=True) for split in ("train", "validation")])
    rows = np.concatenate([fitting, compendium.rows("test", labelled=True)])
    value = compendium.text(column, rows).astype(str)
    names, counts = np.unique(value[value != ""], return_counts=True)
    large = [str(name) for name in names[np.argsort(-counts, kind="stable")][:MOST_VALUES] if (value == name).sum() >= FEWEST]
    z = []
    for block, x in compendium.blocks(rows, genes=model.genes):
        z.append(model.embed(x))
        advance(len(block))
    z_nk, target = np.concatenate(z), compendium.targets[rows]
    power = model.calibration.class_balance
    found = [
        _without(z_nk, target, value == name, np.isin(rows, fitting), len(model.tissues), POWER if power is None else power)
        for name in large
    ]
    group = compendium.text("group_id", rows)
    values = [
        {"value": name, **_scores(target[kept], called, group[kept], len(model.tissues), seed), "n_not_elsewhere": n_lost}
        for name, (kept, called, n_lost) in zip(large, found, strict=True)
        if len(kept)
    ]
    if not values:
        raise NothingAcross(
            f"{compendium.path}: no value of {column!r} has {FEWEST} labelled samples whose tissues are also elsewhere; it holds {len(names)} values"
        )
    kept, called = (np.concatenate([entry[i] for entry in found]) for i in (0, 1))
    return {
        "field": field,
        "column": column,
        "together": _scores(target[kept], called, group[kept], len(model.tissues), seed),
        "values": values,
    }


def _without(z_nk: Floats, target: Ints, left_out: Bools, may_fit: Bools, n_tissues: int, power: float) -> tuple[Ints, Ints, int]:
    """Rows that were left out and have a tissue elsewhere, what a head without them calls them, and how many have none."""
    fit = np.flatnonzero(~left_out & may_fit)
    known = np.isin(target, target[fit])
    kept = np.flatnonzero(left_out & known)
    if not len(fit) or not len(kept):
        return np.empty(0, np.int64), np.empty(0, np.int64), int(left_out.sum())
    head = AppliedHead(**fitted(z_nk[fit], target[fit], n_tissues, power))
    return kept, head(z_nk[kept]).argmax(axis=1), int((left_out & ~known).sum())


def _scores(truth: Ints, called: Ints, group: Floats, n_tissues: int, seed: int) -> dict[str, Any]:
    found = classification_scores(truth, called, n_tissues, draw_groups(group, seed))
    return {
        "n": len(truth),
        "n_groups": len(set(group)),
        "n_tissues": len(set(truth.tolist())),
        **{name: found[name][0] for name in ("balanced_accuracy", "accuracy")},
        "intervals": {name: found[name][1] for name in ("balanced_accuracy", "accuracy")},
    }
