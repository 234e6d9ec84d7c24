"""The obs and var tables of a compendium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.matrix.normalise import outliers
from curation.matrix.scaler import Moments, varies

if TYPE_CHECKING:
    import pandas as pd

    from curation.matrix.plan import ExportGenes

CATEGORIES = ("source", "tissue", "class", "term_id", "split")
TEXTS = ("series_id", "group_id")


def obs_names(kept: pa.Table) -> tuple[str, ...]:
    """The columns of obs that come from the tables; `class` only where it is not the tissue (`--level term`)."""
    is_finer = "class" in kept.column_names and not kept["class"].equals(kept["tissue"])
    return ("source", "series_id", "group_id", "tissue", *(("class",) if is_finer else ()), "term_id", "is_tumour", "split")


def obs_frame(kept: pa.Table, records: NDArray[np.void]) -> pd.DataFrame:
    """One row per sample: what the tables say of it, and its quality; categories in alphabetical order."""
    import pandas as pd

    def text(name: str) -> list[str]:
        return [value or "" for value in kept[name].to_pylist()]

    columns: dict[str, object] = {}
    for name in obs_names(kept):
        if name in CATEGORIES:
            columns[name] = pd.Categorical(text(name), categories=sorted(set(text(name))))
        elif name in TEXTS:
            columns[name] = pd.Series(text(name), dtype=object).to_numpy()
        else:
            columns[name] = pd.array(kept[name].to_pylist(), dtype="boolean")
    quality = np.column_stack([records[name] for name in ("library_size", "n_genes_detected", "fraction_zero")])
    columns["library_size"] = quality[:, 0]
    columns["n_genes_detected"] = quality[:, 1].astype(np.int32)
    columns["fraction_zero"] = quality[:, 2].astype(np.float32)
    columns["is_outlier"] = outliers(quality, np.array(text("source")))
    return pd.DataFrame(columns, index=pd.Index(np.array(text("sample_id"), dtype=object), name="sample_id"))


def var_frame(genes: ExportGenes, moments: Moments) -> pd.DataFrame:
    """One row per gene: its names, and the scaler of the training rows."""
    import pandas as pd

    std_g = moments.std()
    columns = {
        "ensembl_gene_id": np.array(genes.ensembl_gene_id, dtype=object),
        "hgnc_id": np.array(genes.hgnc_id, dtype=object),
        "length_bp": genes.length_bp,
        "train_mean": moments.mean(),
        "train_std": std_g,
        "kept": varies(std_g),
    }
    return pd.DataFrame(columns, index=pd.Index(np.array(genes.symbol, dtype=object), name="symbol"))
