"""A tiny compendium with everything that makes scoring hard, and a model trained on it: shared by the tests of the evaluation."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.training.train import train

TISSUES = ("brain", "heart", "liver", "lung")
N_GENES = 60


def frame(seed: int = 0, n_per_tissue: int = 60) -> tuple[np.ndarray, pd.DataFrame]:
    """Expression (n, g) and obs: four tissues, two sources, groups of two samples that share a split; tumour shifts a third of them."""
    rng = np.random.default_rng(seed)
    programme = rng.normal(0, 1.2, (len(TISSUES), N_GENES))
    factor = rng.normal(0, 1, (5, N_GENES))
    source_shift = rng.normal(0, 0.4, (2, N_GENES))
    rows, obs = [], []
    for t, tissue in enumerate(TISSUES):
        for i in range(n_per_tissue):
            group, source = f"{tissue}-{i // 2}", "tcga" if (i // 2) % 5 < 2 else "gtex"
            split = ("train", "train", "train", "validation", "test", "test")[(i // 2) % 6] if i >= 6 else "train"
            tumour = source == "tcga" and (i // 2) % 5 == 0
            x = 5 + programme[t] + rng.normal(0, 0.6, 5) @ factor + source_shift[int(source == "tcga")] + rng.normal(0, 0.3, N_GENES)
            rows.append(np.maximum(x, 0))
            obs.append((f"{tissue}{i}", tissue, split, source, group, tumour))
    columns = ["sample_id", "tissue", "split", "source", "group_id", "is_tumour"]
    tpm = np.exp2(np.array(rows)) - 1
    x = np.log2(tpm / tpm.sum(axis=1, keepdims=True) * 1e6 + 1)
    return x.astype(np.float32), pd.DataFrame(obs, columns=columns).set_index("sample_id")


def write(path: Path, x: np.ndarray, obs: pd.DataFrame, genes: list[str] | None = None, **uns: object) -> Path:
    """A compendium file."""
    var = pd.DataFrame(index=genes or [f"G{i}" for i in range(x.shape[1])])
    anndata.AnnData(X=x, obs=obs, var=var, uns={"unit": "log2(TPM+1)", **uns}).write_h5ad(path)
    return path


def hard_frame() -> tuple[np.ndarray, pd.DataFrame]:
    """The same with unlabelled test samples, a class of one test sample, a class that only the test part has, and cells never measured."""
    x, obs = frame()
    test = np.flatnonzero(obs["split"] == "test")
    obs["tissue"] = obs["tissue"].astype(object)
    obs.iloc[test[:3], 0] = ""
    obs.iloc[test[3:5], 0] = "spleen"
    lung = [i for i in test if obs.iloc[i]["tissue"] == "lung"]
    obs.iloc[lung[1:], 0] = "heart"
    x[obs["source"] == "tcga", :7] = np.nan
    x[obs["split"] == "test", 8] = np.nan
    return x, obs


def trained(compendium: Path, out: Path) -> Path:
    """A run on it, in a second or two."""
    config = TrainConfig(n_latent=8, n_hidden=16, head_hidden=8, epochs=15, batch_size=32)
    with Compendium.open(compendium) as opened:
        train(opened, out, config)
    return out
