"""A comparison as a table: one row per gene, surest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelling.comparing.cohort import Compared

if TYPE_CHECKING:
    import polars as pl


def gene_table(one: Compared, genes: Any) -> pl.DataFrame:
    """One row per gene of a compared sample, surest first; log2 values."""
    import polars as pl

    f = one.found
    assert f is not None
    columns = {
        "sample_id": [one.sample_id] * len(genes), "gene": genes.tolist(), "observed": f.observed_g, "expected": f.expected.mean_g,
        "difference": f.difference_g, "standard_error": f.error_g, "p_value": f.p_g, "fdr": f.fdr_g,
    }  # fmt: skip
    table = pl.DataFrame({k: v if isinstance(v, list) else np.asarray(v, np.float64) for k, v in columns.items()}).fill_nan(None)
    return table.sort("p_value", pl.col("difference").abs(), descending=[False, True], nulls_last=True)
