"""The AnnData that predictions are put into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from profiles.errors import BulkatlasError

if TYPE_CHECKING:
    from anndata import AnnData


class SamplesDiffer(BulkatlasError):
    """The samples that were predicted are not the rows that were given."""


def target(source: Any, sample_ids: list[str]) -> AnnData:
    """The AnnData that is filled: the given one, or a new one with these samples."""
    import anndata
    import pandas as pd

    if not isinstance(source, anndata.AnnData):
        return anndata.AnnData(obs=pd.DataFrame(index=pd.Index(sample_ids, name="sample_id")))
    if list(source.obs_names) != sample_ids:
        raise SamplesDiffer(
            f"{len(sample_ids):,} samples were predicted, and the AnnData has {source.n_obs:,} rows with other names or in another order;"
            " give the rows unique names (`adata.obs_names_make_unique()`)"
        )
    return source


def column(values: Any) -> Any:
    """A polars column as obs holds it: text with gaps is a category, because .h5ad cannot hold it otherwise."""
    import pandas as pd
    import polars as pl

    if values.dtype == pl.String:
        return pd.Categorical(values.to_list())
    if values.dtype == pl.Boolean:
        return pd.array(values.to_list(), dtype="boolean")
    return values.to_numpy()
