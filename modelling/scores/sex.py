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


def sex_signs(x_ng: Floats, genes: Sequence[str]) -> SexSigns:
    """The signs of every sample, from log2(TPM + 1) or log2(CPM + 1) (n, g).

    Without XIST a sample with a Y is male, and one without a Y has no sex ("none"): it may be a woman's or a tumour that lost its Y. With fewer than
    FEWEST_Y genes of Y nothing is said ("").
    """
    xist_column, y_columns = sex_genes(genes)
    nothing = np.full(len(x_ng), np.nan)
    xist = x_ng[:, xist_column].astype(float) if xist_column >= 0 else nothing
    seen = np.isfinite(x_ng[:, y_columns]).sum(1)
    y = np.where(seen >= FEWEST_Y, np.nan_to_num(x_ng[:, y_columns].astype(float)).sum(1) / np.maximum(seen, 1), np.nan)
    sex = np.full(len(x_ng), "", dtype=object)
    has_y, no_y = y >= PRESENT, y <= ABSENT
    has_x, no_x = xist >= PRESENT, (xist <= ABSENT) | np.isnan(xist)
    sex[has_x & no_y], sex[has_x & has_y] = "female", "both"
    sex[no_x & has_y], sex[no_x & no_y] = "male", "none"
    return SexSigns(xist, y, sex)
