"""What the values of some whole samples say about their unit: sums, whole numbers, ties, the lowest value, growth with gene length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from profiles.units import LOG2_CEILING, MILLION, Array

# Rounding and a few genes left out move the sum of TPM or CPM by less than this; sums equal to any other number must be closer.
CLOSED = 0.02
CLOSED_TO_ANY = 0.0002
FEWEST_CLOSED_TO_ANY = 3
ROUND_TOTALS = (MILLION, 1e4, 100.0, 1.0)
PART_OF_A_MILLION = 0.9
NOISE = 1e-6
N_SLOPE_GENES = 500
EXPRESSED_LOG2 = 1.0
N_TIE_VALUES = 200
# The spread of the most expressed genes is much the same in all tissues; that of fewer would be that of a selection.
N_TOP = 6_000
# Shares of genes at the lowest value of a sample from which it is a zero, not a chance.
AT_FLOOR = 0.01


@dataclass(frozen=True)
class Evidence:
    """Values (p samples, g genes) as in the file, NaN = missing."""

    values: Array

    @cached_property
    def finite(self) -> Array:
        """The values that are numbers, in one row."""
        return self.values[np.isfinite(self.values)]

    @cached_property
    def low(self) -> float:
        """The lowest value."""
        return float(self.finite.min())

    @cached_property
    def high(self) -> float:
        """The highest value."""
        return float(self.finite.max())

    @cached_property
    def floors(self) -> Array:
        """The lowest value of each sample (p,)."""
        return np.asarray(np.nanmin(self.values, axis=1))

    @cached_property
    def share_at_floor(self) -> float:
        """Median over samples of the share of its values that equal its lowest: the zeros, whatever they became."""
        at = np.abs(self.values - self.floors[:, None]) < NOISE
        return float(np.median(at.sum(axis=1) / np.isfinite(self.values).sum(axis=1)))

    @cached_property
    def share_whole(self) -> float:
        """Share of the values that are whole numbers."""
        return share_whole(self.finite)

    def count_like(self, linear: Array) -> bool | None:
        """Whether each sample's values tie as counts do, whatever they were multiplied by; None: rounded too coarsely to say.

        Many genes have the same few reads, so that more than nine in ten of the lower half of the values are ties; values divided by
        length hardly ever tie (measured: 0.96 to 1 against 0 to 0.08). linear (p, g): the values with the logarithm undone.
        """
        shares = [share for row, own in zip(linear, self.values, strict=True) if (share := _tied(row, own)) is not None]
        middle = float(np.median(shares)) if shares else 0.4
        return None if 0.3 < middle < 0.5 else middle >= 0.5


def share_whole(values: Array, tolerance: float = 1e-3) -> float:
    """Share of the values above zero that are whole numbers; 1 where there are none."""
    positive = values[values > NOISE]
    near = tolerance * np.maximum(np.minimum(positive, 1.0), positive * 1e-3)
    return float(np.mean(np.abs(positive - np.rint(positive)) < near)) if positive.size else 1.0


def _tied(linear: Array, stored: Array) -> float | None:
    above = np.flatnonzero(linear > np.nanmin(linear) + NOISE)
    low = above[np.argsort(linear[above])][: len(above) // 2]
    if len(low) < N_TIE_VALUES:
        return None
    n_distinct = len(np.unique(stored[low]))
    # As many distinct values as the decimals leave room for: then rounding makes the ties.
    for values in (linear[low], stored[low]):
        if (step := _rounding_step(values)) and (values[-1] - values[0]) / step < 3 * n_distinct:
            return None
    return 1.0 - n_distinct / len(low)


def _rounding_step(values: Array) -> float:
    """The decimal step to which values are rounded, 0 for none that can be seen."""
    some = values[:: max(1, len(values) // 1000)].astype(np.float64)
    for decimals in range(7):
        scaled = some * 10.0**decimals
        if np.all(np.abs(scaled - np.rint(scaled)) < 0.1):
            return float(10.0**-decimals)
    return 0.0


def sums(linear: Array) -> Array:
    """Sum of each sample (p,)."""
    return np.asarray(np.nansum(linear.astype(np.float64), axis=1))


def closed_to(linear: Array, *, part: bool = False) -> float | None:
    """The number to which all samples sum: a million or another round one, or any that several share; None if there is none.

    part: the sums may also fall short of a million by nearly the same in all samples, as TPM and CPM of a part of the genes do.
    """
    totals = sums(linear)
    for total in ROUND_TOTALS:
        if np.all(np.abs(totals / total - 1.0) < CLOSED):
            return total
    if len(totals) < FEWEST_CLOSED_TO_ANY or totals.min() <= 0:
        return None
    if part and totals.min() > PART_OF_A_MILLION * MILLION and totals.max() < MILLION and totals.max() / totals.min() < 1.05:
        return MILLION
    middle = float(np.median(totals))
    return middle if bool(np.all(np.abs(totals / middle - 1.0) < CLOSED_TO_ANY)) else None


def can_be_log(high: float, base: float) -> bool:
    """Whether a highest value is a logarithm that some sample could reach."""
    return bool(high * np.log2(base) <= LOG2_CEILING)


def top_spread(linear: Array) -> float | None:
    """Median over samples of the standard deviation of log2(x + 1) over its most expressed genes; None with too few genes."""
    spreads = []
    for row in linear:
        positive = row[row > 0]
        if len(positive) >= 1.5 * N_TOP:
            spreads.append(float(np.std(np.log2(np.partition(positive, -N_TOP)[-N_TOP:] + 1.0))))
    return float(np.median(spreads)) if spreads else None


def length_slope(linear: Array, length_bp: Array, mean_log2_g: Array) -> float | None:
    """Median over samples of the slope of log2(value) minus a training mean on log2(gene length); None with too few genes.

    Only genes that are expressed on average and in the sample: zeros carry no slope. Against a mean of TPM reads give 1, TPM and FPKM 0
    by the same lengths; measured on tables of other laboratories 0.62 to 1.2 and, by the lengths of their tools, 0.3 to 0.8.
    """
    use = np.flatnonzero(np.isfinite(length_bp) & (np.nan_to_num(mean_log2_g, nan=-1.0) > EXPRESSED_LOG2))
    return _median_slope(linear[:, use], np.log2(length_bp[use]), mean_log2_g[use])


def own_slope(linear: Array, length_bp: Array) -> float | None:
    """The same without a training mean, over the upper half of the values of each sample.

    Long genes are expressed less: reads give about 0 (measured -0.3 to 0.4), TPM about -0.4 (-0.8 to 0.1).
    """
    use = np.flatnonzero(np.isfinite(length_bp))
    kept = linear[:, use].astype(np.float64)
    middle = np.array([np.median(row[row > 0]) if (row > 0).any() else np.inf for row in kept])
    return _median_slope(np.where(kept >= middle[:, None], kept, np.nan), np.log2(length_bp[use]), np.zeros(len(use)))


def _median_slope(linear: Array, log_length: Array, mean_log2: Array) -> float | None:
    slopes = []
    for row in linear:
        seen = np.isfinite(row) & (row > 0)
        if seen.sum() < N_SLOPE_GENES:
            continue
        y = np.log2(row[seen]) - mean_log2[seen]
        x = log_length[seen] - log_length[seen].mean()
        slopes.append(float(x @ (y - y.mean()) / (x @ x)))
    return float(np.median(slopes)) if slopes else None
