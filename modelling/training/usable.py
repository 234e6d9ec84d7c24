"""Whether a model trained on a compendium could be used afterwards: asked before the training, in one error."""

from __future__ import annotations

import numpy as np

from modelling.arrays import Array
from modelling.data import Compendium
from modelling.errors import ModellingError

UNITS = ("log2(TPM+1)", "log2(CPM+1)")
MILLION = 1e6
ROUNDING = 1.1  # files close their columns before genes are merged, and round
N_READ = 256


class NotUsable(ModellingError):
    """Predictions could not bring anyone's samples to the scale of this compendium."""


def check(compendium: Compendium) -> None:
    """Raise NotUsable on a missing or foreign unit, values that the unit cannot have, and sample ids that occur twice."""
    if compendium.unit.replace(" ", "").replace("_", "").lower() not in {unit.lower() for unit in UNITS}:
        found = "states no unit (uns `unit`)" if compendium.unit == "unknown" else f"is in {compendium.unit!r} (uns `unit`)"
        raise NotUsable(
            f"{compendium.path}: {found}; a model can be used on anyone's samples only where it was trained on {' or '.join(UNITS)}: bring X to"
            " one of them and name it in uns"
        )
    _check_ids(compendium)
    rows = compendium.rows("train")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), N_READ)).astype(int)]
    for block, x in compendium.blocks(rows):
        _check_values(compendium, block, x)


def _check_ids(compendium: Compendium) -> None:
    names, counts = np.unique(compendium.sample_ids.astype(str), return_counts=True)
    twice = names[counts > 1]
    if len(twice):
        raise NotUsable(
            f"{compendium.path}: {len(twice)} sample ids occur more than once, first: {', '.join(twice[:3])}; give every sample an id of its own"
        )


def _check_values(compendium: Compendium, rows: Array, x_ng: Array) -> None:
    high = float(np.nanmax(x_ng, initial=0))
    where = f"{compendium.path}: sample {compendium.sample_ids[rows[0]]} and {len(rows) - 1} others"
    if high > np.log2(ROUNDING * MILLION + 1):
        raise NotUsable(
            f"{where} hold values up to {high:,.6g}, which are no {compendium.unit}: log2 of a million is 20; take log2(x + 1) of TPM or CPM"
        )
    total = float(np.nansum(np.exp2(x_ng.astype(np.float64)) - 1, axis=1).max())
    if total > ROUNDING * MILLION:
        raise NotUsable(
            f"{where} sum to {total:,.0f} without the logarithm, TPM and CPM sum to a million at most: are they log2 of counts? Take log2(CPM + 1)"
        )
