"""Whether values can be in the unit that their owner declares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from profiles.errors import UnitFault
from profiles.unit_evidence import AT_FLOOR, NOISE, Evidence, closed_to, sums
from profiles.units import LOG2_CEILING, LOG_BASES, MILLION, Unit

# Column sums and the highest value say nothing about the unit of a table of a few genes.
FEWEST_GENES = 1_000
ABOVE_A_MILLION = 1.05


def confirm(declared: Unit, evidence: Evidence, where: str) -> Unit:
    """The declared unit, with what the lowest value says was added before a logarithm. Raises UnitFault with the evidence."""
    unit = _with_offset(declared, evidence)
    if (reason := _contradiction(unit, evidence)) is not None:
        raise UnitFault(f"{where} is said to hold {declared}, but {reason} ({describe(evidence)}); correct the declared unit or the file")
    return unit


def _with_offset(unit: Unit, evidence: Evidence) -> Unit:
    low = float(np.median(evidence.floors))
    if not unit.log or unit.offset != 1.0 or low >= -NOISE or np.ptp(evidence.floors) > 1e-3 or evidence.share_at_floor < AT_FLOOR:
        return unit
    return replace(unit, offset=float(LOG_BASES[unit.log] ** low))


def _contradiction(unit: Unit, evidence: Evidence) -> str | None:
    """Why the evidence rules the unit out, or None."""
    if evidence.low < unit.floor - 0.01 or (not unit.log and evidence.low < -NOISE):
        n_below = int((evidence.finite < min(unit.floor, 0.0) - NOISE).sum())
        return f"{n_below:,} values are negative: z-scores, log ratios, damaged counts or a logarithm with another number added"
    many = evidence.values.shape[1] >= FEWEST_GENES
    if evidence.high > unit.ceiling:
        return "the values are far too large for a logarithm"
    fraction = unit.scale > 1.0
    if not unit.log and not fraction and many and evidence.high <= LOG2_CEILING and evidence.share_whole < 0.99:
        return f"no value exceeds {evidence.high:.4g}, as on a logarithmic scale"
    if not many:
        return None
    linear = unit.linear(evidence.values.astype(np.float64))
    total = float(np.median(sums(linear)))
    if unit.quantity in ("TPM", "CPM") and total > ABOVE_A_MILLION * MILLION:
        return f"they sum to {total:,.0f} per sample where {unit.quantity} sum to at most 1,000,000"
    whole = evidence.share_whole > 0.99
    if unit.quantity == "FPKM" and not unit.log and whole and total > MILLION:
        return "all values are whole numbers, as counts are"
    if unit.quantity == "counts" and not whole and closed_to(linear) == MILLION:
        return "every sample sums to 1,000,000, as TPM or CPM do"
    return None


def describe(evidence: Evidence) -> str:
    """The evidence in a few words."""
    p, g = evidence.values.shape
    total = float(np.median(sums(evidence.values)))
    return (
        f"{p} samples x {g:,} genes: values from {evidence.low:.4g} to {evidence.high:.6g}, {1 - evidence.share_whole:.1%} of those above"
        f" zero with decimals, median sum per sample {total:,.0f}"
    )
