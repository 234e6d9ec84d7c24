"""A small world for the tests of predictions: real gene names and lengths, tissues by programme, reads that grow with length, and a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd

from modelling.bundle.model import load
from modelling.bundle.reference import write_reference
from modelling.comparing.compare import background
from modelling.comparing.folder import save_background
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.training.train import train
from profiles.genes import load_genes

TISSUES = {
    "brain": "nervous",
    "spinal_cord": "nervous",
    "heart": "circulatory",
    "liver": "digestive",
    "colon": "digestive",
    "lung": "respiratory",
}
N_GENES = 1500
N_PER_TISSUE = 60


class GeneRecord(NamedTuple):
    """One row of the shipped gene table."""

    symbol: str
    hgnc_id: str
    ensembl_gene_id: str
    entrez_id: str
    aliases: tuple[str, ...]
    previous: tuple[str, ...]
    length_bp: float


def reference_genes() -> list[GeneRecord]:
    """The shipped gene table, row by row."""
    t = load_genes()
    columns = (t.symbol, t.hgnc_id, t.ensembl_gene_id, t.entrez_id, t.alias, t.previous, t.length_bp.tolist())
    return [GeneRecord(*row) for row in zip(*columns, strict=True)]


def genes() -> list[GeneRecord]:
    """Protein-coding genes with every id and a length, spread over the table."""
    full = [g for g in reference_genes() if g.ensembl_gene_id and g.entrez_id and g.length_bp > 0 and not g.symbol.startswith("MT-")]
    return full[:: len(full) // N_GENES][:N_GENES]


def tpm(seed: int, n_per_tissue: int) -> tuple[np.ndarray, list[str]]:
    """TPM (n, g) closed to a million over the genes, and the tissue of each row; one seed draws the same programmes as another."""
    programme = np.random.default_rng(7).normal(0, 1.6, (len(TISSUES), N_GENES))
    base = np.random.default_rng(8).normal(4, 1.8, N_GENES)
    rng = np.random.default_rng(seed)
    names = [name for name in TISSUES for _ in range(n_per_tissue)]
    rows = np.repeat(programme, n_per_tissue, axis=0)
    linear = np.exp2(base + rows + rng.normal(0, 0.7, rows.shape))
    linear[rng.random(rows.shape) < 0.03] = 0
    return linear / linear.sum(axis=1, keepdims=True) * 1e6, names


def counts(tpm_ng: np.ndarray, depth: float = 2e7) -> np.ndarray:
    """Whole reads in proportion to TPM times length."""
    reads = tpm_ng * np.array([g.length_bp for g in genes()])
    return np.rint(reads / reads.sum(axis=1, keepdims=True) * depth)


def write_compendium(path: Path) -> Path:
    """log2(TPM+1) of all tissues: studies of four samples, two sources, split by study."""
    linear, tissues = tpm(0, N_PER_TISSUE)
    n = np.arange(len(linear))
    study = n // 4
    obs = pd.DataFrame(
        {
            "source": np.where(study % 3, "archs4", "gtex"), "series_id": [f"GSE{1000 + s}" if s % 3 else "" for s in study], "tissue": tissues,
            "term_id": "UBERON:0000000", "is_tumour": study % 5 == 0, "split": np.array(["train", "train", "validation", "test"])[study % 4],
        },
        index=[f"GSM{10000 + i}" for i in n],
    )  # fmt: skip
    var = pd.DataFrame(
        {"ensembl_gene_id": [g.ensembl_gene_id for g in genes()], "hgnc_id": [g.hgnc_id for g in genes()]},
        index=[g.symbol for g in genes()],
    )
    uns = {"unit": "log2(TPM+1)", "build_id": "test-build", "simulated": True, "tissues": json.dumps(TISSUES)}
    order = np.argsort(obs["split"].map({"train": 0, "validation": 1, "test": 2}), kind="stable")
    anndata.AnnData(np.log2(linear + 1).astype(np.float32)[order], obs=obs.iloc[order], var=var, uns=uns).write_h5ad(path)
    return path


def write_run(folder: Path) -> Path:
    """A compendium and a run with its reference, in a few seconds."""
    compendium = write_compendium(folder / "compendium.h5ad")
    with Compendium.open(compendium) as opened:
        train(opened, folder / "run", TrainConfig(epochs=30, n_hidden=32, n_latent=16, batch_size=16), device="cpu")
        write_reference(folder / "run", opened, "pca")
    return folder / "run"


def with_normals(run: Path, copy: Path) -> Path:
    """A copy of a run of this world with the normal samples of its compendium."""
    shutil.copytree(run, copy)
    with Compendium.open(run.parent / "compendium.h5ad") as opened:
        save_background(copy, background(opened, load(copy).genes))
    return copy


def changed_samples(n_changed: int = 15) -> tuple[np.ndarray, list[str], list[str]]:
    """TPM (2, g), sample names, and the genes that are 64 times higher in the first of them; the second is as it was."""
    linear, names, _ = new_samples(1)
    linear = linear[:2]
    chosen = np.flatnonzero(linear[0] > 20)[:n_changed]
    linear[0, chosen] *= 64
    return linear, names[:2], [genes()[g].symbol for g in chosen]


def new_samples(n_per_tissue: int = 2) -> tuple[np.ndarray, list[str], list[str]]:
    """TPM (n, g) that training never saw, sample names, tissues."""
    linear, tissues = tpm(99, n_per_tissue)
    return linear, [f"new_{i}" for i in range(len(linear))], tissues


def between(tissue: str, other: str) -> tuple[np.ndarray, list[str]]:
    """TPM (3, g) of a new sample of a tissue, of one that has a little of another, and of one that has much of it; and their names."""
    linear, _, tissues = new_samples()
    own, far = (np.log2(linear[tissues.index(name)] + 1) for name in (tissue, other))
    return np.array([np.exp2((1 - share) * own + share * far) - 1 for share in (0, 0.1, 0.4)]), ["all", "most", "some"]


def table_text(
    values_ng: np.ndarray, samples: list[str], ids: list[str] | None = None, *, genes_in_rows: bool = True, separator: str = "\t"
) -> str:
    """A text table of these samples."""
    names = ids or [g.symbol for g in genes()]
    if genes_in_rows:
        lines = [["gene", *samples], *([name, *(f"{v:.6g}" for v in row)] for name, row in zip(names, values_ng.T, strict=True))]
    else:
        lines = [["sample", *names], *([name, *(f"{v:.6g}" for v in row)] for name, row in zip(samples, values_ng, strict=True))]
    return "\n".join(separator.join(line) for line in lines) + "\n"
