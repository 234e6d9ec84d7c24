"""Sex as expression tells it: XIST is read from an inactive X, and only from there; genes of the male-specific part of Y from a Y.

Y genes: those of Skaletsky et al. 2003 (Nature 423:825) that are read in every tissue, with GeneCards' present and earlier symbols. A tumour may lose
its Y, and a second inactive X its silence: what shows neither, or both, is given no sex.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelling.arrays import Array, Floats

XIST = ("XIST", "TSIX")
Y_GENES = ("RPS4Y1", "DDX3Y", "KDM5D", "USP9Y", "UTY", "EIF1AY", "ZFY", "TXLNGY", "TXLNG2P", "NLGN4Y", "TMSB4Y", "PRKY", "TTTY15")
FEWEST_Y = 3
PRESENT, ABSENT = 1.5, 0.7  # log2(value + 1); between them nothing is said
CLEAR, APART, FEWEST_EACH = 0.75, 1.5, 5  # two groups: share of the variance that they explain, log2 between their means, samples in each


@dataclass(frozen=True)
class SexSigns:
    """xist_n and y_n (n): log2 values of XIST and the mean of the Y genes, NaN where not measured; sex (n): female, male, both, none or ""."""

    xist_n: Floats
    y_n: Floats
    sex: Array


def sex_genes(genes: Sequence[str]) -> tuple[int, list[int]]:
    """Column of XIST (-1 where it is missing) and columns of the Y genes."""
    place = {symbol: i for i, symbol in enumerate(genes)}
    return place.get(XIST[0], -1), [place[name] for name in Y_GENES if name in place]


def sex_signs(x_ng: Floats, genes: Sequence[str], *, by_groups: bool = False) -> SexSigns:
    """The signs of every sample, from log2(TPM + 1) or log2(CPM + 1) (n, g).

    Without XIST a sample with a Y is male, and one without a Y has no sex ("none"): it may be a woman's or a tumour that lost its Y. With fewer than
    FEWEST_Y genes of Y nothing is said (""). `by_groups`: what counts as present is taken from these samples, where they fall into two clear groups.
    """
    xist_column, y_columns = sex_genes(genes)
    nothing = np.full(len(x_ng), np.nan)
    xist = x_ng[:, xist_column].astype(float) if xist_column >= 0 else nothing
    seen = np.isfinite(x_ng[:, y_columns]).sum(1)
    y = np.where(seen >= FEWEST_Y, np.nan_to_num(x_ng[:, y_columns].astype(float)).sum(1) / np.maximum(seen, 1), np.nan)
    sex = np.full(len(x_ng), "", dtype=object)
    (y_absent, y_present), (x_absent, x_present) = (limits(v) if by_groups else (ABSENT, PRESENT) for v in (y, xist))
    has_y, no_y = y >= y_present, y <= y_absent
    has_x, no_x = xist >= x_present, (xist <= x_absent) | np.isnan(xist)
    sex[has_x & no_y], sex[has_x & has_y] = "female", "both"
    sex[no_x & has_y], sex[no_x & no_y] = "male", "none"
    return SexSigns(xist, y, sex)


def limits(value_n: Floats) -> tuple[float, float]:
    """Below the first a sign is absent, above the second present: a quarter of the way in from the means of two clear groups of samples, else fixed.

    What counts as nothing depends on how many genes a table was closed over; where both sexes are there, they say it themselves.
    """
    value = np.sort(value_n[np.isfinite(value_n)])
    n = len(value)
    if n < 2 * FEWEST_EACH:
        return ABSENT, PRESENT
    k = np.arange(FEWEST_EACH, n - FEWEST_EACH + 1)
    total = np.cumsum(value)
    low, high = total[k - 1] / k, (total[-1] - total[k - 1]) / (n - k)
    between = k * (n - k) / n * (high - low) ** 2
    at = int(between.argmax())
    if between[at] < CLEAR * max(((value - value.mean()) ** 2).sum(), 1e-9) or high[at] - low[at] < APART:
        return ABSENT, PRESENT
    quarter = (high[at] - low[at]) / 4
    return float(low[at] + quarter), float(high[at] - quarter)
