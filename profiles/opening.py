"""`open_table`: anyone's matrix, whatever holds it, as a Table."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profiles.account import some
from profiles.errors import TableFault
from profiles.layout import N_ID_CANDIDATES, Column, Head, Wish, decide
from profiles.limits import Limits
from profiles.nearest import near
from profiles.readers.gene_table import GeneRowsTable
from profiles.readers.grid import Grid, column_of
from profiles.readers.grid_table import GridTable
from profiles.readers.sample_table import SampleRowsTable
from profiles.table import GENES_IN_ROWS, LAYOUTS, Table

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

EXCEL: Final = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


def open_table(
    source: str | Path | bytes | AnnData | pd.DataFrame,
    name: str = "",
    *,
    layout: str = "auto",
    layer: str | None = None,
    samples: Sequence[str] = (),
    annotation: Sequence[str] = (),
    known: Collection[str] = (),
    is_coverage: bool = False,
    limits: Limits | None = None,
    hold: int = 0,
) -> Table:
    """Open a matrix and find out what its rows and columns mean.

    Args: source, a path, the bytes of a text table, an AnnData or a pandas frame; name, what messages call it, instead of its file's;
    layout, `auto`, `genes` or `samples` (in rows); layer, a layer of an AnnData, `raw` or `X`; samples, annotation, names or patterns of
    columns; known, sample ids of a metadata table, which decide what is a sample; is_coverage, the unit is said to be sums over bases
    (recount3); hold, how many values may stay in memory between the passes over a text. Raises TableFault, GeneFault, LimitExceeded.
    """
    if layout not in LAYOUTS:
        raise TableFault(
            f"no layout named {layout!r}{near(layout, LAYOUTS)}; there are: auto, genes (genes in rows), samples (samples in rows)"
        )
    limits = limits or Limits()
    wish = Wish(LAYOUTS[layout], tuple(samples), tuple(annotation), frozenset(known), is_coverage)
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise TableFault(f"{path}: {_no_file(path)}")
        if path.suffix.lower() in (".h5ad", ".h5"):
            from profiles.readers.h5ad import open_h5ad

            return open_h5ad(path, layer, limits, name)
        table = _by_plan(_grid(path, name or path.name, limits), wish, limits, hold)
    elif isinstance(source, bytes):
        from profiles.readers.text import open_text

        table = _by_plan(open_text(partial(io.BytesIO, source), name or "table", limits=limits), wish, limits, hold)
    else:
        return _in_memory(source, name, layer, wish, limits)
    if layer is not None:
        raise TableFault(f"{table.name}: --layer is for .h5ad files")
    return table


def _no_file(path: Path) -> str:
    """What stands in the place of a file, and what to give instead."""
    if not path.is_dir():
        return "no such file"
    inside = sorted(entry.name for entry in path.iterdir())
    if any(entry.startswith("matrix.mtx") for entry in inside):
        return "a folder of 10x (matrix.mtx, genes and barcodes): read it with scanpy.read_10x_mtx and write it as .h5ad"
    return f"a folder, not a file; give one of its tables: {some(inside, 4)}" if inside else "an empty folder"


def _by_plan(grid: Grid, wish: Wish, limits: Limits, hold: int) -> GridTable:
    """Decide the layout of a file of rows and columns, then open it."""
    seen: dict[int, Column] = {}

    def column(i: int) -> Column:
        if i not in seen:
            seen[i] = column_of(grid.columns[i], grid.head(i), grid.decimal, may_be_ids=i < N_ID_CANDIDATES)
        return seen[i]

    plan = decide(Head(grid.name, grid.path, grid.columns, column, grid.comments, grid.n_annotation, grid.headerless), wish)
    grid.forget()
    return (GeneRowsTable if plan.layout == GENES_IN_ROWS else SampleRowsTable)(grid, plan, limits, hold)


def _grid(path: Path, name: str, limits: Limits) -> Grid:
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        from profiles.readers.parquet import open_parquet

        return open_parquet(path, name)
    if suffix in EXCEL:
        from profiles.readers.xlsx import open_xlsx

        return open_xlsx(path, limits, name)
    from profiles.readers.text import open_text, reopen_file

    return open_text(reopen_file(path), name, str(path), limits)


def _in_memory(source: Any, name: str, layer: str | None, wish: Wish, limits: Limits) -> Table:
    if hasattr(source, "obs_names"):
        from profiles.readers.h5ad import open_anndata

        return open_anndata(source, name or "AnnData", layer, limits)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        from profiles.readers.parquet import open_frame

        return _by_plan(open_frame(source, name or "data frame"), wish, limits, 0)
    raise TableFault(f"a matrix is a path, the bytes of a text table, an AnnData or a pandas frame, not {type(source).__name__}")
