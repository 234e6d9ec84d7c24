"""A small compendium for the tests of training: three tissues, donors, missing genes, unlabelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from modelling.config import TrainConfig

TISSUES = ("brain", "heart", "liver")
SMALL = TrainConfig(n_latent=6, n_hidden=12, head_hidden=8, epochs=6, epoch_samples=200, batch_size=16, patience=6)


def frame(n: int = 120, n_genes: int = 40, seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    """Expression (n, g) float32 and obs; one in ten samples is unlabelled and of its own donor, splits go by donor of two samples."""
    rng = np.random.default_rng(seed)
    tissue = rng.integers(0, len(TISSUES), n)
    x = 4 + rng.normal(0, 1.5, (len(TISSUES), n_genes))[tissue] + rng.normal(0, 1, (n, 4)) @ rng.normal(0, 1, (4, n_genes))
    x = np.maximum(x + rng.normal(0, 0.3, x.shape), 0)
    split = np.array(["train", "train", "train", "validation", "test"])[(np.arange(n) // 2) % 5]
    split[np.arange(n) % 10 == 9] = "unlabelled"
    names = np.where(split == "unlabelled", "", np.array(TISSUES)[tissue])
    groups = [f"u{i}" if part == "unlabelled" else f"d{i // 2}" for i, part in enumerate(split)]
    obs = pd.DataFrame({"tissue": names, "split": split, "group_id": groups}, index=[f"S{i}" for i in range(n)])
    return x.astype(np.float32), obs


def write(path: Path, x: Any, obs: pd.DataFrame, **options: Any) -> Path:
    """A contiguous compendium, or with chunks/compression one that is not."""
    matrix = {"X": x}
    var = options.pop("var", pd.DataFrame(index=[f"G{i}" for i in range(x.shape[1])]))
    anndata.AnnData(**matrix, obs=obs, var=var, uns={"unit": "log2(TPM+1)"}).write_h5ad(path)
    if options:
        with h5py.File(path, "a") as file:
            attributes = dict(file["X"].attrs)
            del file["X"]
            file.create_dataset("X", data=x, **options).attrs.update(attributes)
    return path
