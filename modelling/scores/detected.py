"""How many genes a sample detects: nuclei, single cells and damaged RNA show few."""

from __future__ import annotations

import numpy as np

from modelling.arrays import Array

DETECTED_ABOVE = 1e-3  # log2(TPM+1); what a rounded logarithm leaves of zero lies below


def detected_genes(x_ng: Array) -> tuple[Array, Array]:
    """Number of genes above zero (n,), and their share among those measured (n,), of expression (n, g) as a model takes it."""
    n_detected, n_measured = (x_ng > DETECTED_ABOVE).sum(axis=1), np.isfinite(x_ng).sum(axis=1)
    return n_detected, n_detected / np.maximum(n_measured, 1)
