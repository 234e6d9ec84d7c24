"""Writes some rows of a compendium as a compendium of its own: for nested training sizes, ablations and one source alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelling.arrays import Ints
from modelling.data import Compendium
from profiles import room

BLOCK = 1024


def write_subset(compendium: Compendium, rows: Ints, path: Path, split: np.ndarray | None = None) -> Path:
    """Rows `rows` in this order, float32 and contiguous, obs kept, genes those kept for modelling.

    `split` gives the chosen rows other splits. Training statistics are not carried over: readers compute them from the new training part.
    """
    import pandas as pd
    from anndata.io import write_elem

    obs = pd.DataFrame(
        {name: values[rows] for name, values in compendium.obs.items() if name != "sample_id"},
        index=compendium.sample_ids[rows].astype(str),
    )
    for name in obs.select_dtypes("object"):  # yes, no and unknown (is_tumour) would not be written as objects
        if obs[name].map(lambda value: value is pd.NA or isinstance(value, bool | np.bool_)).all():
            obs[name] = obs[name].astype("boolean")
    if split is not None:
        obs["split"] = split
    n_genes = len(compendium.genes)
    with room.new_hdf5(path, 4 * len(rows) * n_genes + 3 * int(obs.memory_usage(deep=True).sum()) + 200 * n_genes) as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_dataset("X", (len(rows), n_genes), dtype="<f4")
        x.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for start in range(0, len(rows), BLOCK):
            x[start : start + BLOCK] = compendium.x(rows[start : start + BLOCK])
        write_elem(file, "obs", obs)
        write_elem(file, "var", pd.DataFrame(index=compendium.genes.astype(str)))
        write_elem(file, "uns", {"unit": compendium.unit, "simulated": compendium.simulated})
    return path
