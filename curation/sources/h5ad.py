"""Expression matrices as .h5ad: samples x genes in X, dense or sparse, read through anndata."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.genes import parse_gene_names, plain_ensembl
from curation.sources import GeneIds, SourceFault, Unit
from curation.sources.claims import h5ad_fault
from curation.sources.grid import SAMPLES_FOR_UNIT, check_values, refuse_missing
from curation.sources.scratch import BLOCK_BYTES
from curation.sources.unit import Evidence, Scale

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

# Columns of var that name genes, beside its index.
ENSEMBL_COLUMNS = ("ensembl_gene_id", "gene_ids", "gene_id", "ensembl_id")
SYMBOL_COLUMNS = ("symbol", "gene_symbol", "gene_name", "gene_symbols", "feature_name")


@dataclass(frozen=True)
class H5adMatrix:
    """X of one .h5ad file."""

    path: Path
    file: str
    genes: GeneIds
    scale: Scale
    sample_ids: tuple[str, ...]

    @property
    def unit(self) -> Unit:
        return self.scale.unit

    @property
    def n_samples(self) -> int:
        return len(self.sample_ids)

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: rows of X as they are stored."""
        labels = self.genes.labels
        step = max(1, BLOCK_BYTES // (4 * max(len(self.genes), 1)))
        with open_h5ad(self.path) as data:
            for first in range(0, len(rows), step):
                taken = rows[first : first + step]
                values = dense_rows(data, taken)
                check_values(values, self.scale, str(self.path), labels, [self.sample_ids[row] for row in taken])
                yield np.arange(first, first + len(taken), dtype=np.int64), self.scale.to_linear(values)


@contextmanager
def open_h5ad(path: Path) -> Iterator[Any]:
    """Open an .h5ad without loading X. Raises SourceFault when it cannot be read."""
    import anndata

    try:
        fault = h5ad_fault(path)
        if fault:
            raise SourceFault(f"{path}: {fault}; write it again with anndata")
        data = anndata.read_h5ad(path, backed="r")
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise SourceFault(f"{path} cannot be read as .h5ad ({str(error).splitlines()[0]}); write it again with anndata") from error
    try:
        yield data
    finally:
        data.file.close()


def dense_rows(data: Any, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Some rows of X, ascending, as float32 (n, g)."""
    values = data.X[rows]
    return np.ascontiguousarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float32)


def read_h5ad_head(path: Path) -> tuple[GeneIds, tuple[str, ...], pl.DataFrame, Evidence]:
    """Gene ids, sample ids, obs as text, and what some samples say of the unit."""
    import polars as pl

    with open_h5ad(path) as data:
        evidence = Evidence()
        chosen = np.unique(np.linspace(0, max(data.n_obs - 1, 0), SAMPLES_FOR_UNIT).round().astype(np.int64))[: data.n_obs]
        values, genes = dense_rows(data, chosen), _gene_ids(data.var)
        refuse_missing(values, path, [str(data.obs_names[i]) for i in chosen], list(map(str, data.var_names)))
        evidence.add(values)
        obs = {str(name): _texts(data.obs[name]) for name in data.obs.columns}
        frame = pl.DataFrame({"sample_id": list(map(str, data.obs_names)), **obs}, schema_overrides=dict.fromkeys(obs, pl.String))
        return genes, tuple(map(str, data.obs_names)), frame, evidence


def _texts(column: Any) -> list[str | None]:
    """Values of an obs column as text; empty, None, NaN and the pandas.NA of nullable columns are None."""
    missing = column.isna()
    return [None if absent or value == "" else str(value) for value, absent in zip(column.astype(object), missing, strict=True)]


def _gene_ids(var: Any) -> GeneIds:
    names = parse_gene_names([str(name) for name in var.index])
    ensembl = next((tuple(map(str, var[name])) for name in ENSEMBL_COLUMNS if name in var.columns), ())
    symbol = next((tuple(map(str, var[name])) for name in SYMBOL_COLUMNS if name in var.columns), ())
    if ensembl and not any(plain_ensembl(gene) for gene in ensembl):
        ensembl = ()
    return GeneIds(ensembl=names.ensembl or ensembl, symbol=names.symbol or symbol, entrez=names.entrez)
