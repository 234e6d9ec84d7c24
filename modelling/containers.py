"""Parquet files and AnnData (.h5ad or in memory) as tables of expression. Never opened for the web: only text is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelling.claims import h5ad_fault, rows_fault
from modelling.geneids import GeneSpace, GenesUnknown, best_column
from modelling.tablehead import TableError
from modelling.tables import ANNOTATION, GENES_IN_ROWS, N_PROBE, SAMPLES_IN_ROWS

if TYPE_CHECKING:
    from anndata import AnnData

Array = NDArray[Any]


@dataclass
class AnnDataTable:
    """Samples in rows of an AnnData; gene ids from the var column (or index) that holds most human genes."""

    name: str
    adata: AnnData
    matrix: Any
    gene_ids: Sequence[str]
    format: str = "AnnData"
    layout: str = SAMPLES_IN_ROWS
    notes: list[str] = field(default_factory=list)

    def probe(self) -> Array:
        """See Table."""
        return _dense(self.matrix[: min(N_PROBE, self.matrix.shape[0])])

    def blocks(self, wanted: Array, size: int) -> Iterator[tuple[list[str], Array]]:
        """See Table."""
        ids = [str(name) for name in self.adata.obs_names]
        for start in range(0, len(ids), size):
            yield ids[start : start + size], _dense(self.matrix[start : start + size])[:, wanted]


def _dense(rows: Any) -> Array:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float32)


def open_anndata(adata: AnnData, name: str, space: GeneSpace, layer: str | None = None) -> AnnDataTable:
    """An AnnData in memory or backed; `layer` names the layer to read in place of X."""
    if layer is not None and layer not in adata.layers:
        raise TableError(f"{name}: has no layer {layer!r}; layers: {', '.join(adata.layers) or 'none'}")
    matrix = adata.layers[layer] if layer else adata.X
    if matrix is None:
        raise TableError(f"{name}: X is empty; layers: {', '.join(adata.layers) or 'none'} (choose one with --layer)")
    if hasattr(matrix, "check_format"):  # in memory and sparse; a file was checked before scipy saw it
        try:
            matrix.check_format(full_check=True)
        except ValueError as error:
            raise TableError(f"{name}: its sparse matrix leads outside of itself ({error}); make it again") from error
    text = [column for column in adata.var.columns if adata.var[column].dtype.kind not in "biuf"]
    columns = [("var index", [str(v) for v in adata.var_names])] + [(f"var {c!r}", [str(v) for v in adata.var[c]]) for c in text]
    column, ids, share = best_column(space, columns)
    if share < 0.2:
        raise GenesUnknown(
            f"{name}: var holds no human gene ids (index: {', '.join(columns[0][1][:3])}, ...); symbols, Ensembl, Entrez and HGNC ids are"
            " understood"
        )
    table = AnnDataTable(name, adata, matrix, list(ids))
    if column != "var index":
        table.notes.append(f"gene ids taken from {column}")
    if layer is None and "counts" in adata.layers:
        table.notes.append("a layer 'counts' is there too: X is read (choose with --layer)")
    return table


def open_h5ad(path: Path, space: GeneSpace, layer: str | None = None) -> AnnDataTable:
    """An .h5ad file, read by blocks of samples."""
    import anndata
    import h5py

    try:
        fault = h5ad_fault(path, layer)
        if fault:
            raise TableError(f"{path.name}: {fault}; write the file again with anndata")
        with h5py.File(path) as file:
            element = file[f"layers/{layer}"] if layer and f"layers/{layer}" in file else file.get("X")
            by_column = element is not None and element.attrs.get("encoding-type") == "csc_matrix"
        adata = anndata.read_h5ad(path, backed=None if by_column or layer else "r")
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise TableError(f"{path.name}: not a readable .h5ad file ({str(error).splitlines()[0]})") from error
    if by_column:
        target = adata.layers if layer else adata
        if layer:
            target[layer] = target[layer].tocsr()
        else:
            adata.X = adata.X.tocsr()
    table = open_anndata(adata, path.name, space, layer)
    if by_column:
        table.notes.append("the matrix is stored by genes (CSC): read whole into memory")
    table.format = "h5ad"
    return table


@dataclass
class ParquetTable:
    """A Parquet table, genes in rows (samples are columns) or samples in rows."""

    name: str
    path: Path
    layout: str
    id_column: str
    value_columns: list[str]
    gene_ids: Sequence[str] = ()
    format: str = "Parquet"
    notes: list[str] = field(default_factory=list)

    def probe(self) -> Array:
        """See Table."""
        import pyarrow.parquet as pq

        if self.layout == GENES_IN_ROWS:
            some = [self.value_columns[i] for i in sorted({int(i) for i in np.linspace(0, len(self.value_columns) - 1, N_PROBE)})]
            return _floats(pq.read_table(self.path, columns=some), some)
        batch = next(pq.ParquetFile(self.path).iter_batches(N_PROBE, columns=self.value_columns))
        return _floats(batch, self.value_columns).T

    def blocks(self, wanted: Array, size: int) -> Iterator[tuple[list[str], Array]]:
        """See Table."""
        import pyarrow.parquet as pq

        if self.layout == GENES_IN_ROWS:
            for start in range(0, len(self.value_columns), size):
                names = self.value_columns[start : start + size]
                yield names, _floats(pq.read_table(self.path, columns=names), names)[:, wanted]
            return
        columns = list(dict.fromkeys([self.id_column, *(self.value_columns[position] for position in wanted)]))
        for batch in pq.ParquetFile(self.path).iter_batches(size, columns=columns):
            yield [str(v) for v in batch.column(self.id_column).to_pylist()], _floats(batch, columns[1:]).T


def _floats(table: Any, names: Sequence[str]) -> Array:
    """Columns by name of an Arrow table or record batch as float32 (n_columns, n_rows)."""
    columns = [table.column(name) for name in names]
    arrays = [c.combine_chunks() if hasattr(c, "combine_chunks") else c for c in columns]
    return np.stack([a.to_numpy(zero_copy_only=False) for a in arrays]).astype(np.float32)


def open_parquet(path: Path, space: GeneSpace, layout: str = "auto") -> ParquetTable:
    """A Parquet file; the layout is found by where human gene ids stand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path.name}: not a readable Parquet file ({str(error).splitlines()[0]})") from error
    fault = rows_fault(file.metadata.num_rows, path.stat().st_size)
    if fault:
        raise TableError(f"{path.name}: {fault}")
    schema = file.schema_arrow
    values = [f.name for f in schema if (pa.types.is_integer(f.type) or pa.types.is_floating(f.type)) and not ANNOTATION.fullmatch(f.name)]
    text = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type) or pa.types.is_dictionary(f.type)]
    in_header = space.share_of_genes(values)
    columns = [(name, [str(v) for v in pq.read_table(path, columns=[name]).column(0).to_pylist()]) for name in text[:6]]
    id_column, ids, in_rows = best_column(space, columns) if columns else ("", [], 0.0)
    if layout == "auto":
        if max(in_header, in_rows) < 0.2:
            raise GenesUnknown(
                f"{path.name}: neither column names ({', '.join(values[:3])}, ...) nor a text column hold human gene ids; symbols, Ensembl,"
                " Entrez and HGNC ids are understood"
            )
        layout = GENES_IN_ROWS if in_rows >= in_header else SAMPLES_IN_ROWS
    if layout == GENES_IN_ROWS:
        return ParquetTable(path.name, path, layout, id_column, values, list(ids))
    if not text:
        raise TableError(f"{path.name}: no text column with sample names; write the index too (in pandas: reset_index() before to_parquet)")
    return ParquetTable(path.name, path, layout, text[0], values, values)
