"""What counting adds to the variance of a sample's log2 values: a gene of three reads says less than one of three thousand.

Reads are Poisson about what is expected: the variance of log2(value + 1) is, to first order, value x (value of one read) / (value + 1)^2 / ln(2)^2.
Normal samples were counted too, so their spread holds that of their own depth: only what a shallower sample has beyond it is added.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Floats
from modelling.predicting.cohort import Cohort
from modelling.predicting.units import model_is_per_length


def counting_variance(observed_g: Floats, expected_g: Floats, n_reads: float, cohort: Cohort, normal_reads: float) -> Floats:
    """Variance (g) of a sample's log2 values by counting, beyond that of normal samples of `normal_reads` reads (NaN: not known, all is added)."""
    value_g, linear_g = read_values(observed_g, n_reads, cohort), np.maximum(np.exp2(expected_g) - 1, 0)
    beyond = 1.0 if np.isnan(normal_reads) else max(0.0, 1 - n_reads / normal_reads)
    variance: Floats = beyond * np.nan_to_num(linear_g * value_g) / (linear_g + 1) ** 2 / np.log(2) ** 2
    return variance


def read_values(observed_g: Floats, n_reads: float, cohort: Cohort) -> Floats:
    """What one read of each gene (g) is worth in the sample, in the model's unit without the logarithm."""
    linear = np.nan_to_num(np.exp2(observed_g.astype(np.float64)) - 1)
    if not model_is_per_length(cohort.space.unit):
        return np.full(len(linear), linear.sum() / n_reads)
    length = cohort.space.length_bp
    values: Floats = np.nansum(linear * length) / n_reads / length
    return values
