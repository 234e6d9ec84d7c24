"""AnnData, in a file or in memory: samples x genes in X, a layer or raw, dense or sparse; turned where the genes stand in obs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from profiles.account import Account, some
from profiles.claims import h5ad_fault
from profiles.errors import GeneFault, TableFault
from profiles.genes import gene_share
from profiles.hdf5_guard import Damaged, reading, said
from profiles.layout import ENOUGH_GENES, no_genes
from profiles.limits import Limits
from profiles.readers.tiles import BLOCK_BYTES, Tiles
from profiles.table import GENES_IN_ROWS, SAMPLES_IN_ROWS, refuse_duplicates

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Array = NDArray[Any]
ENSEMBL_COLUMNS = ("ensembl_gene_id", "gene_ids", "gene_id", "ensembl_id", "ensembl")
SYMBOL_COLUMNS = ("symbol", "gene_symbol", "gene_name", "gene_symbols", "feature_name", "hgnc_symbol")


class H5adTable:
    """See profiles.table.Table; `obs` is the table of the samples, `var` that of the genes."""

    def __init__(self, source: _File | _Memory, layer: str | None, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.name, self.format, self.quantity = source.name, source.format, None
        self.matrix, self.var = source.matrix(layer)
        self.layer = layer
        holds = source.holds(layer)
        self.elsewhere = f"{self.name} also holds {', '.join(holds)}: choose with --layer (source.json: layer)" if holds else ""
        obs, var = source.obs, self.var
        genes, columns, share = _genes(var)
        other_genes, other_columns, other = _genes(obs)
        self.turned = share < ENOUGH_GENES <= other
        if max(share, other) < ENOUGH_GENES:
            raise no_genes(self.name, "names of var", [str(name) for name in var.index], "names of obs", [str(name) for name in obs.index])
        if self.turned:
            obs, self.var, genes, columns = var, obs, other_genes, other_columns
        self.obs = obs
        self.layout = GENES_IN_ROWS if self.turned else SAMPLES_IN_ROWS
        self.gene_names, self.gene_symbols = genes
        self.sample_ids = [str(name) for name in obs.index]
        limits.check("samples", len(self.sample_ids))
        limits.check("cells", len(self.sample_ids) * len(self.gene_names))
        refuse_duplicates(self.sample_ids, f"{self.name}, its {'var' if self.turned else 'obs'}")
        self.account = self._account(columns)
        self.notes = [
            *([f"gene ids taken from {', '.join(columns)}"] if columns and columns[0] != "var index" else []),
            *(["the genes stand in obs: the matrix was turned"] if self.turned else []),
            *([f"{layer or 'X'} is read; {self.elsewhere.removeprefix(self.name + ' ')}"] if holds else []),
            *self.account.sentences(),
        ]

    def _account(self, columns: Sequence[str]) -> Account:
        account = Account(n_rows=len(self.sample_ids), n_columns=len(self.gene_names) + len(self.var.columns) + len(self.obs.columns))
        account.add("row", self.sample_ids, "sample")
        account.add("column", self.gene_names, "gene")
        account.add("column", [name for name in self.var.columns if f"var {name!r}" in columns], "gene ids")
        account.add("column", [str(name) for name in self.var.columns if f"var {name!r}" not in columns], "annotation", "of the genes")
        account.add("column", [str(name) for name in self.obs.columns], "annotation", "of the samples")
        return account

    def probe(self, n: int = 16) -> tuple[list[str], Array]:
        """See Table."""
        chosen = np.unique(np.linspace(0, len(self.sample_ids) - 1, min(n, len(self.sample_ids))).round().astype(np.int64))
        ids = [self.sample_ids[i] for i in chosen]
        if not self.turned:
            return ids, self.source.rows(self.matrix, chosen)
        return ids, np.concatenate([values for _, values in self._turned_blocks(np.arange(len(self.gene_names)), chosen, 256)])

    def blocks(self, genes: Array | None = None, samples: Array | None = None, size: int = 256) -> Iterator[tuple[Array, Array]]:
        """See Table."""
        genes = np.arange(len(self.gene_names)) if genes is None else np.asarray(genes)
        samples = np.arange(len(self.sample_ids)) if samples is None else np.asarray(samples)
        if self.turned:
            yield from self._turned_blocks(genes, samples, size)
            return
        whole = len(genes) == len(self.gene_names)
        step = max(1, min(size, BLOCK_BYTES // (4 * max(len(self.gene_names), 1))))
        for first in range(0, len(samples), step):
            self.limits.check_time()
            values = self.source.rows(self.matrix, samples[first : first + step])
            yield np.arange(first, first + len(values), dtype=np.int64), values if whole else values[:, genes]

    def _turned_blocks(self, genes: Array, samples: Array, size: int) -> Iterator[tuple[Array, Array]]:
        step = max(1, BLOCK_BYTES // (4 * max(len(self.sample_ids), 1)))
        with Tiles(len(samples)) as tiles:
            for first in range(0, len(genes), step):
                self.limits.check_time()
                tiles.append(self.source.rows(self.matrix, genes[first : first + step])[:, samples].T)
            yield from tiles.blocks(size)


def _genes(frame: pd.DataFrame) -> tuple[tuple[list[str], list[str]], list[str], float]:
    """(ids and symbols), the columns that they were taken from, share of genes."""
    index = [str(name) for name in frame.index]
    texts = {str(name): _texts(frame[name]) for name in frame.columns if frame[name].dtype.kind not in "biuf"}
    scored = [("var index", index, gene_share(index)), *((f"var {name!r}", values, gene_share(values)) for name, values in texts.items())]
    ensembl = next((item for name in ENSEMBL_COLUMNS for item in scored if item[0] == f"var {name!r}" and item[2] >= ENOUGH_GENES), None)
    best = max(scored, key=lambda item: item[2])
    ids = (
        scored[0]
        if scored[0][2] >= max(ENOUGH_GENES, best[2] - 0.1) and not (ensembl and not index[0].upper().startswith("ENSG"))
        else ensembl or best
    )
    symbols = next(
        (
            item
            for item in scored
            if item is not ids and item[2] >= ENOUGH_GENES and (item[0] == "var index" or item[0][5:-1] in SYMBOL_COLUMNS)
        ),
        None,
    )
    names = (ids[1], symbols[1] if symbols else [])
    return names, [ids[0], *([symbols[0]] if symbols else [])], ids[2]


def _texts(column: Any) -> list[str]:
    return ["" if absent else str(value) for value, absent in zip(column.astype(object), column.isna(), strict=True)]


class _Memory:
    """An AnnData in memory or opened by the caller."""

    format = "AnnData"

    def __init__(self, adata: AnnData, name: str) -> None:
        self.adata, self.name = adata, name
        self.obs = adata.obs

    def holds(self, layer: str | None) -> list[str]:
        """Where else values stand."""
        places = [f"the layer {name!r}" for name in self.adata.layers if name != layer]
        return [
            *places,
            *(["raw"] if self.adata.raw is not None and layer != "raw" else []),
            *(["X"] if layer not in (None, "X") and self.adata.X is not None else []),
        ]

    def matrix(self, layer: str | None) -> tuple[Any, pd.DataFrame]:
        """The matrix of a layer, with its genes."""
        if layer == "raw" and self.adata.raw is not None:
            return self._checked(self.adata.raw.X), self.adata.raw.var
        matrix = self.adata.X if layer in (None, "X") else self.adata.layers.get(layer)
        if matrix is None:
            raise _no_matrix(self.name, layer, self.holds(layer))
        return self._checked(matrix), self.adata.var

    def _checked(self, matrix: Any) -> Any:
        if hasattr(matrix, "check_format"):
            try:
                matrix.check_format(full_check=True)
            except ValueError as error:
                raise TableFault(f"{self.name}: its sparse matrix leads outside of itself ({error}); make it again") from error
        return matrix.tocsr() if getattr(matrix, "format", "") == "csc" else matrix

    def rows(self, matrix: Any, rows: Array) -> Array:
        """Some rows as float32."""
        return _dense(matrix[rows])


class _File:
    """An .h5ad file: obs and var by anndata, values by blocks of rows from HDF5."""

    format = "h5ad"

    def __init__(self, path: Path, name: str) -> None:
        import h5py

        self.path, self.name = path, name
        try:
            with reading(), h5py.File(path) as file:
                self.obs, self._var = _frame(file, "obs"), _frame(file, "var")
                self._raw_var = _frame(file, "raw/var") if "raw/var" in file else None
                self.layers = sorted(file["layers"]) if "layers" in file else []
                self.has_x = "X" in file
        except Damaged as error:
            raise TableFault(f"{path.name}: not a readable .h5ad file ({error}); write it again with anndata") from error
        self._whole: Any = None

    def holds(self, layer: str | None) -> list[str]:
        """Where else values stand."""
        places = [f"the layer {name!r}" for name in self.layers if name != layer]
        return [
            *places,
            *(["raw"] if self._raw_var is not None and layer != "raw" else []),
            *(["X"] if self.has_x and layer not in (None, "X") else []),
        ]

    def matrix(self, layer: str | None) -> tuple[Any, pd.DataFrame]:
        """The place of a layer in the file, with its genes."""
        if layer == "raw" and self._raw_var is not None:
            place, var = "raw/X", self._raw_var
        elif layer in (None, "X") and self.has_x:
            place, var = "X", self._var
        elif layer in self.layers:
            place, var = f"layers/{layer}", self._var
        else:
            raise _no_matrix(self.name, layer, self.holds(layer))
        return place, var

    def rows(self, place: str, rows: Array) -> Array:
        """Some rows, ascending, as float32; a matrix stored by genes (CSC) is read whole once."""
        try:
            with reading():
                return self._rows(place, rows)
        except Damaged as error:
            raise TableFault(f"{self.name}: {place} cannot be read ({error}); write the file again with anndata") from error

    def _rows(self, place: str, rows: Array) -> Array:
        import h5py
        from anndata.io import read_elem, sparse_dataset

        if self._whole is not None:
            return _dense(self._whole[rows])
        with h5py.File(self.path) as file:
            element = file[place]
            if isinstance(element, h5py.Dataset):
                contiguous = len(rows) and rows[-1] - rows[0] + 1 == len(rows)
                return _dense(element[int(rows[0]) : int(rows[-1]) + 1] if contiguous else element[rows])
            if str(element.attrs.get("encoding-type") or element.attrs.get("h5sparse_format")).startswith("csc"):
                self._whole = read_elem(element).tocsr()
                return _dense(self._whole[rows])
            return _dense(sparse_dataset(element)[rows])


def _frame(file: Any, place: str) -> pd.DataFrame:
    from anndata.io import read_elem

    frame = read_elem(file[place])
    if not hasattr(frame, "columns") or frame.index.nlevels != 1:
        raise Damaged(f"{place} is no table but {type(frame).__name__}")
    if records := [str(name) for name in frame.columns if getattr(frame[name].dtype, "kind", "") == "V"]:
        raise Damaged(f"{len(records)} columns of {place} hold records, neither numbers nor text: {', '.join(records[:3])}")
    return frame


def _dense(rows: Any) -> Array:
    return np.ascontiguousarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float32)


def _no_matrix(name: str, layer: str | None, holds: Sequence[str]) -> TableFault:
    wanted = "X" if layer in (None, "X") else f"layer {layer!r}" if layer != "raw" else "raw"
    there = f"it holds {some(holds)}: choose with --layer (source.json: layer)" if holds else "it holds no matrix at all"
    return TableFault(f"{name}: has no {wanted}; {there}")


def open_h5ad(path: Path, layer: str | None = None, limits: Limits | None = None, name: str = "") -> H5adTable:
    """An .h5ad file, read by blocks of samples. Raises TableFault and GeneFault."""
    name = name or path.name
    try:
        fault = h5ad_fault(path, layer)
    except OSError as error:
        raise TableFault(f"{name}: not a readable .h5ad file ({said(error)}); write it again with anndata") from error
    if fault:
        raise TableFault(f"{name}: {fault}; write the file again with anndata")
    return H5adTable(_File(path, name), layer, limits or Limits())


def open_anndata(adata: AnnData, name: str = "AnnData", layer: str | None = None, limits: Limits | None = None) -> H5adTable:
    """An AnnData in memory."""
    return H5adTable(_Memory(adata, name), layer, limits or Limits())


__all__ = ["GeneFault", "H5adTable", "open_anndata", "open_h5ad"]
