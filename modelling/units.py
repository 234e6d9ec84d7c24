"""Which unit a user's matrix is in, told from the values alone, and the way from there to the unit that a model was trained in.

Evidence, in this order: negative values, whole numbers, column sums, and how the values grow with gene length. The last tells reads from
length-normalised values even where both sum to a million: against the training mean, log2 reads rise by one per doubling of the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelling.errors import ModellingError
from modelling.geneids import GeneSpace

Array = NDArray[Any]
Quantity = Literal["counts", "tag counts", "TPM", "FPKM", "CPM"]
PER_LENGTH = ("TPM", "FPKM")
MILLION = 1e6
LOG_CEILING = 30.0  # log2 of any count or TPM lies below: 2^30 reads of one gene do not occur
CLOSED = 0.02
N_SLOPE_GENES = 500
LOG_BASES = {"log2": 2.0, "ln": float(np.e), "log10": 10.0}


class UnitUnknown(ModellingError):
    """The unit of a matrix cannot be told, or contradicts its values."""


@dataclass(frozen=True)
class Unit:
    """A quantity, and the logarithm it was taken to: log(value + offset)."""

    quantity: Quantity
    log: str = ""
    offset: float = 1.0

    def __str__(self) -> str:
        return f"{self.log}({self.quantity} + {self.offset:g})" if self.log else self.quantity

    def linear(self, values: Array) -> Array:
        """Values without the logarithm; float noise below zero becomes zero."""
        if not self.log:
            return values
        return np.maximum(np.power(LOG_BASES[self.log], values) - self.offset, 0.0)


NAMED = {
    "counts": Unit("counts"),
    "tag-counts": Unit("tag counts"),
    "tpm": Unit("TPM"),
    "fpkm": Unit("FPKM"),
    "rpkm": Unit("FPKM"),
    "cpm": Unit("CPM"),
    "log2-counts": Unit("counts", "log2"),
    "log2-tpm": Unit("TPM", "log2"),
    "log2-fpkm": Unit("FPKM", "log2"),
    "log2-cpm": Unit("CPM", "log2"),
    "ln-tpm": Unit("TPM", "ln"),
    "ln-cpm": Unit("CPM", "ln"),
    "log10-tpm": Unit("TPM", "log10"),
    "log2-tpm-0.001": Unit("TPM", "log2", 0.001),
    "log2-fpkm-0.001": Unit("FPKM", "log2", 0.001),
}


def parse_unit(name: str) -> Unit:
    """A unit by the name that `--unit` takes."""
    unit = NAMED.get(name.lower().replace("_", "-"))
    if unit is None:
        raise UnitUnknown(f"no unit named {name!r}; there are: auto, {', '.join(NAMED)}")
    return unit


@dataclass(frozen=True)
class UnitFinding:
    """The unit found, why, and whether the values leave room for doubt."""

    unit: Unit
    reasons: tuple[str, ...]
    doubtful: bool = False


def model_is_per_length(unit: str) -> bool:
    """Whether a model's training unit is divided by gene length: log2(TPM+1) is, log2(CPM+1) is not."""
    plain = unit.replace(" ", "").replace("_", "").lower()
    for name, per_length in (("tpm", True), ("fpkm", True), ("cpm", False), ("count", False)):
        if name in plain and "log2" in plain:
            return per_length
    raise UnitUnknown(
        f"the model was trained in {unit!r}: users' tables can be brought to log2(TPM+1) or log2(CPM+1) only; give `.h5ad` in that unit to"
        " `model evaluate`"
    )


def find_unit(probe: Array, index: Array, space: GeneSpace, name: str) -> UnitFinding:
    """Tell the unit from a few whole samples.

    Args: probe (p samples, all ids of the table) as read, NaN = missing; index (ids,) model gene or -1; name of the table, for messages.
    """
    finite = probe[np.isfinite(probe)]
    if not finite.size or not finite.any():
        raise UnitUnknown(f"{name}: the first {len(probe)} samples hold no value above zero")
    low, high = float(finite.min()), float(finite.max())
    if low < 0:
        return _negative(probe, index, space, name, low)
    whole = _share_whole(finite)
    if whole > 0.99:
        return _integers(probe, index, space, high)
    if high <= LOG_CEILING:
        return _logged(probe, index, space, high)
    return _linear(probe, index, space, whole)


def _negative(probe: Array, index: Array, space: GeneSpace, name: str, low: float) -> UnitFinding:
    floor = float(np.log2(0.001))
    if abs(low - floor) < 0.01:
        unit = Unit("TPM", "log2", 0.001)
        per_length, reason = _per_length(unit.linear(probe), index, space)
        quantity: Quantity = "TPM" if per_length else "CPM"
        return UnitFinding(Unit(quantity, "log2", 0.001), (f"the lowest value is {low:.2f} = log2(0.001)", reason))
    raise UnitUnknown(
        f"{name}: holds negative values (lowest {low:.3g}): centred, scaled or batch-corrected values cannot be turned back; give counts,"
        " TPM, FPKM or their log2(x + 1)"
    )


def _share_whole(values: Array) -> float:
    positive = values[values > 0]
    return float(np.mean(np.abs(positive - np.rint(positive)) < 1e-3 * np.maximum(1.0, positive * 1e-3))) if positive.size else 1.0


def _integers(probe: Array, index: Array, space: GeneSpace, high: float) -> UnitFinding:
    reason = f"whole numbers up to {high:,.0f}"
    slope = length_slope(probe, index, space)
    expected = 1.0 if model_is_per_length(space.unit) else 0.0
    if slope is not None and slope < expected - 0.8:
        return UnitFinding(
            Unit("tag counts"),
            (
                reason,
                (
                    f"but they do not grow with gene length (slope {slope - expected + 1:.2f}, reads give 1): tags of one end of a"
                    " transcript, so not divided by length"
                ),
            ),
            doubtful=True,
        )
    return UnitFinding(Unit("counts"), (reason,))


def _logged(probe: Array, index: Array, space: GeneSpace, high: float) -> UnitFinding:
    """Values that are logarithms: of what, and to which base."""
    first = f"the highest value is {high:.1f}, too low for anything but a logarithm"
    for log, base in LOG_BASES.items():
        if high * np.log2(base) > LOG_CEILING + 10:
            continue
        linear = Unit("TPM", log).linear(probe)
        sums = np.nansum(linear, axis=1)
        if _closed(sums):
            per_length, reason = _per_length(linear, index, space)
            return UnitFinding(
                Unit("TPM" if per_length else "CPM", log),
                (first, f"taken back from {log}, each sample sums to {np.median(sums):,.0f}", reason),
            )
        if _share_whole(linear[np.isfinite(linear)]) > 0.8:
            return UnitFinding(Unit("counts", log), (first, f"taken back from {log}, the values are whole numbers"))
    linear = Unit("TPM", "log2").linear(probe)
    sums = np.nansum(linear, axis=1)
    per_length, reason = _per_length(linear, index, space)
    total = float(np.median(sums))
    quantity: Quantity = "FPKM" if per_length else ("counts" if total > 1.5 * MILLION else "CPM")
    usual = 1e5 < total < 3 * MILLION if per_length else total > 1.5 * MILLION
    return UnitFinding(Unit(quantity, "log2"), (first, f"taken back from log2, samples sum to {total:,.0f}", reason), doubtful=not usual)


def _linear(probe: Array, index: Array, space: GeneSpace, whole: float) -> UnitFinding:
    sums = np.nansum(probe, axis=1)
    per_length, reason = _per_length(probe, index, space)
    said = f"each sample sums to {np.median(sums):,.0f}"
    if _closed(sums):
        return UnitFinding(Unit("TPM" if per_length else "CPM"), (said, reason))
    if per_length:
        spread = f"samples sum to {sums.min():,.0f} to {sums.max():,.0f}"
        return UnitFinding(Unit("FPKM"), (spread, reason))
    if whole > 0.3 or np.median(sums) > 1.5 * MILLION:
        return UnitFinding(Unit("counts"), (f"{whole:.0%} whole numbers, {said}: expected counts", reason))
    return UnitFinding(Unit("CPM"), (said, reason), doubtful=True)


def _closed(sums: Array) -> bool:
    """Whether all samples sum to one constant: a million, or the ten thousand of single-cell tools."""
    return any(bool(np.all(np.abs(sums / total - 1.0) < CLOSED)) for total in (MILLION, 1e4))


def _per_length(linear: Array, index: Array, space: GeneSpace) -> tuple[bool, str]:
    """Whether linear values are divided by gene length, and how that was seen."""
    slope = length_slope(linear, index, space)
    if slope is None:
        return True, "too few gene lengths to see whether values grow with length: taken as length-normalised"
    reads = 1.0 if model_is_per_length(space.unit) else 0.0
    own = slope - reads + 1.0
    return own < 0.5, f"values {'do not grow' if own < 0.5 else 'grow'} with gene length (slope {own:.2f}; reads give 1, TPM and FPKM 0)"


def length_slope(linear: Array, index: Array, space: GeneSpace) -> float | None:
    """Median over samples of the slope of log2(value) minus the training mean on log2(gene length); None with too few genes.

    Only genes that are expressed on average (training mean above 1) and in the sample: zeros carry no slope.
    """
    columns = np.flatnonzero((index >= 0) & np.isfinite(np.append(space.length_bp, np.nan)[index]))
    genes = index[columns]
    use = space.mean_g[genes] > 1.0
    columns, genes = columns[use], genes[use]
    length = np.log2(space.length_bp[genes])
    slopes = []
    for row in linear[:, columns]:
        seen = np.isfinite(row) & (row > 0)
        if seen.sum() < N_SLOPE_GENES:
            continue
        y = np.log2(row[seen]) - space.mean_g[genes][seen]
        x = length[seen] - length[seen].mean()
        slopes.append(float(x @ (y - y.mean()) / (x @ x)))
    return float(np.median(slopes)) if slopes else None


def to_model_unit(values: Array, unit: Unit, space: GeneSpace) -> tuple[Array, Array]:
    """Bring (n, g) values in model gene order to the model's unit: log2 of values closed to a million, plus 1.

    A sample without some genes is closed to the share of a million that the training mean gives its measured genes: closed to the whole
    million its values would all stand too high (half of the genes missing at random: log loss 0.190 in place of 0.234 on measured samples).
    Returns: x_ng float32 with NaN for what is missing or has no known length where one is needed, and the sum (n,) before closing.
    """
    linear = unit.linear(values.astype(np.float64))
    wanted = model_is_per_length(space.unit)
    given = unit.quantity in (*PER_LENGTH, "tag counts")
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
