"""The way from the unit of a table to the unit that a model was trained in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelling.predicting.genes import GeneSpace
from profiles.errors import UnitFault
from profiles.units import MILLION, Unit

Array = NDArray[Any]


def model_is_per_length(unit: str) -> bool:
    """Whether a model's training unit is divided by gene length: log2(TPM+1) is, log2(CPM+1) is not."""
    plain = unit.replace(" ", "").replace("_", "").lower()
    for name, per_length in (("tpm", True), ("fpkm", True), ("cpm", False), ("count", False)):
        if name in plain and "log2" in plain:
            return per_length
    raise UnitFault(
        f"the model was trained in {unit!r}: users' tables can be brought to log2(TPM+1) or log2(CPM+1) only; give `.h5ad` in that unit to"
        " `model evaluate`"
    )


def to_model_unit(values: Array, unit: Unit, space: GeneSpace) -> tuple[Array, Array]:
    """Bring (n, g) values in model gene order to the model's unit: log2 of values closed to a million, plus 1.

    A sample without some genes is closed to the share of a million that the training mean gives its measured genes: closed to the whole
    million its values would all stand too high (half of the genes missing at random: log loss 0.190 in place of 0.234 on measured samples).
    Returns: x_ng float32 with NaN for what is missing or has no known length where one is needed, and the sum (n,) before closing.
    """
    linear = unit.linear(values.astype(np.float64))
    wanted = model_is_per_length(space.unit)
    given = unit.per_length or unit.quantity == "tag counts"
    if wanted and not given:
        linear = linear / space.length_bp
    elif given and not wanted:
        linear = linear * space.length_bp
    totals = np.nansum(linear, axis=1)
    expected_g = np.maximum(np.exp2(space.mean_g) - 1.0, 0.0)
    share = np.isfinite(linear) @ expected_g / expected_g.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        closed = linear * (share * MILLION / totals)[:, None]
    return np.log2(closed + 1.0).astype(np.float32), totals
