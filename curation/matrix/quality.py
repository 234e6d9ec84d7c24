"""The obs and var tables of a compendium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.matrix.normalise import outliers
from curation.matrix.scaler import Moments, varies
from curation.obs import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from curation.matrix.plan import ExportGenes


def obs_names(kept: pa.Table) -> tuple[str, ...]:
    """The columns of obs that come from the tables; `class` only where it is not the tissue (`--level term`)."""
    is_finer = "class" in kept.column_names and not kept["class"].equals(kept["tissue"])
    return tuple(name for name in COLUMNS if name != "class" or is_finer)


def obs_frame(kept: pa.Table, records: NDArray[np.void]) -> pd.DataFrame:
    """One row per sample: what the tables say of it (columns that `kept` lacks are empty), and its quality; categories in alphabetical order."""
    import pandas as pd

    def values(name: str) -> list[Any]:
        return kept[name].to_pylist() if name in kept.column_names else [None] * kept.num_rows

    def text(name: str) -> list[str]:
        return [value or "" for value in values(name)]

    columns: dict[str, object] = {}
    for name in obs_names(kept):
        kind = COLUMNS[name]
        if kind == "category":
            columns[name] = pd.Categorical(text(name), categories=sorted(set(text(name))))
        elif kind == "text":
            columns[name] = pd.Series(text(name), dtype=object).to_numpy()
        elif kind == "boolean":
            columns[name] = pd.array(values(name), dtype="boolean")
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values(name)], np.float32)
    quality = np.column_stack([records[name] for name in ("library_size", "n_genes_detected", "fraction_zero")])
    columns["library_size"] = quality[:, 0]
    columns["n_genes_detected"] = quality[:, 1].astype(np.int32)
    columns["fraction_zero"] = quality[:, 2].astype(np.float32)
    columns["is_outlier"] = outliers(quality, np.array(text("source")))
    return pd.DataFrame(columns, index=pd.Index(np.array(text("sample_id"), dtype=object), name="sample_id"))


def scaler_columns(moments: Moments) -> dict[str, NDArray[np.generic]]:
    """The columns of var that the training rows decide (g): mean, standard deviation, and whether a model keeps the gene."""
    std_g = moments.std()
    return {"train_mean": moments.mean(), "train_std": std_g, "kept": varies(std_g)}


def var_frame(genes: ExportGenes) -> pd.DataFrame:
    """One row per gene: its names, and room for the scaler, which is known when X was read."""
    import pandas as pd

    columns = {
        "ensembl_gene_id": np.array(genes.ensembl_gene_id, dtype=object),
        "hgnc_id": np.array(genes.hgnc_id, dtype=object),
        "length_bp": genes.length_bp,
        **scaler_columns(Moments(len(genes.symbol))),
    }
    return pd.DataFrame(columns, index=pd.Index(np.array(genes.symbol, dtype=object), name="symbol"))
