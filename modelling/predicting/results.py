"""Writes tables block by block as TSV, Parquet or .h5ad: under a temporary name, renamed when complete, removed when not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np

from modelling.arrays import Array
from modelling.errors import ModellingError
from profiles import aside, room
from profiles.printing import asked_format, refuse_parquet_on_terminal

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".tsv", ".parquet", ".h5ad")
# What a spreadsheet runs when it opens a cell, or takes for the beginning of an enclosed one: also behind what it leaves out (blanks, unseen
# characters, quotes), and in the wide forms that East Asian ones accept.
RUN_BY_SPREADSHEETS = r"""^[\s\p{Z}\p{C}]*["=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\x{2212}]"""


class OutputError(ModellingError):
    """The output file cannot be written as asked."""


class Writer(Protocol):
    """Takes blocks of samples; arrays (n, k) become columns of a table, or obsm of an AnnData."""

    def write(self, table: pl.DataFrame, arrays: dict[str, tuple[list[str], Array]]) -> None:
        """One block: a table with `sample_id` first, and named arrays with their column names."""

    def close(self, report: dict[str, Any]) -> None:
        """Finish the file; `report` says how it was made."""


class TsvWriter:
    """Tab-separated text; numbers with six significant digits."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.first = file, True

    def write(self, table: pl.DataFrame, arrays: dict[str, tuple[list[str], Array]]) -> None:
        """See Writer."""
        self.file.write(tsv(_wide(table, arrays), header=self.first))
        self.first = False

    def close(self, report: dict[str, Any]) -> None:
        """See Writer."""
        self.file.flush()


class JsonWriter:
    """JSON, a list of rows, a row a line; numbers as they are, NaN as null."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.first = file, True

    def write(self, table: pl.DataFrame, arrays: dict[str, tuple[list[str], Array]]) -> None:
        """See Writer."""
        import polars as pl

        wide = _wide(table, arrays).with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))
        for row in wide.iter_rows(named=True):
            self.file.write(("[" if self.first else ",\n").encode() + json.dumps(row, ensure_ascii=False, allow_nan=False).encode())
            self.first = False

    def close(self, report: dict[str, Any]) -> None:
        """See Writer."""
        self.file.write(b"[]\n" if self.first else b"]\n")
        self.file.flush()


class ParquetWriter:
    """Parquet, one row group a block; the report is in the file's metadata under `report`."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file: IO[bytes] = file
        self.writer: Any = None

    def write(self, table: pl.DataFrame, arrays: dict[str, tuple[list[str], Array]]) -> None:
        """See Writer."""
        import pyarrow.parquet as pq

        block = _wide(table, arrays).to_arrow()
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.file, block.schema, compression="zstd")
        self.writer.write_table(block)

    def close(self, report: dict[str, Any]) -> None:
        """See Writer."""
        self.writer.add_key_value_metadata({"report": json.dumps(report)})
        self.writer.close()


class H5adWriter:
    """AnnData: the table in obs, arrays in obsm, `genes` as X with the genes in var, their `sd` as a layer. Kept in memory until closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.tables: list[pl.DataFrame] = []
        self.arrays: dict[str, list[Array]] = {}
        self.names: dict[str, list[str]] = {}

    def write(self, table: pl.DataFrame, arrays: dict[str, tuple[list[str], Array]]) -> None:
        """See Writer."""
        self.tables.append(table)
        for key, (names, values) in arrays.items():
            self.names[key] = names
            self.arrays.setdefault(key, []).append(values)

    def close(self, report: dict[str, Any]) -> None:
        """See Writer."""
        import anndata
        import pandas as pd
        import polars as pl
        from anndata.io import write_elem

        whole = pl.concat(self.tables)
        obs = pd.DataFrame({c: whole[c].to_list() if whole[c].dtype == pl.String else whole[c].to_numpy() for c in whole.columns[1:]})
        obs.index = pd.Index(whole["sample_id"].to_list(), name="sample_id")
        values = {key: np.concatenate(parts) for key, parts in self.arrays.items()}
        genes = values.pop("genes", None)
        layers = {"sd": values.pop("sd")} if genes is not None and "sd" in values else None
        var = pd.DataFrame(index=pd.Index(self.names.get("genes", []), dtype=str, name="symbol"))
        for column in obs.select_dtypes("object"):
            if obs[column].isna().any():  # anndata writes missing text only as a category
                obs[column] = pd.Categorical(obs[column])
        adata = anndata.AnnData(genes, obs=obs, var=var, layers=layers, uns={"report": json.dumps(report)})
        for key, array in values.items():
            adata.obsm[f"X_{key}"] = array
            adata.uns[f"{key}_names"] = np.array(self.names[key])
        n_bytes = sum(array.nbytes for array in [*values.values(), *([genes] if genes is not None else [])])
        n_bytes += 3 * int(obs.memory_usage(deep=True).sum()) + len(json.dumps(report))
        with room.new_hdf5(Path(self.file.name), n_bytes) as file:
            write_elem(file, "/", adata)


def _wide(table: pl.DataFrame, arrays: dict[str, tuple[list[str], Array]]) -> pl.DataFrame:
    import polars as pl

    more = [pl.DataFrame(np.ascontiguousarray(values), schema=names, orient="row") for names, values in arrays.values()]
    return pl.concat([table, *more], how="horizontal") if more else table


def tsv(table: pl.DataFrame, *, header: bool = True, for_spreadsheet: bool = False) -> bytes:
    """The table as TSV. `for_spreadsheet` puts an apostrophe before text that a spreadsheet would run as a formula."""
    import polars as pl

    text = pl.col(pl.String).str.replace_all(r"[\t\r\n]", " ")
    if for_spreadsheet:
        text = pl.when(text.str.contains(RUN_BY_SPREADSHEETS)).then(pl.lit("'") + text).otherwise(text).name.keep()
    floats = pl.col(pl.Float32, pl.Float64).round_sig_figs(6)
    written = table.with_columns(text).with_columns(floats)
    return written.write_csv(separator="\t", include_header=header, quote_style="never").encode()


@contextmanager
def open_writer(path: Path | None) -> Iterator[Writer]:
    """A writer by the file's suffix, or for None to standard output (TSV, or what --format says).

    The caller closes it; an error leaves no file behind.
    """
    if path is None:
        if asked_format() == "parquet":
            refuse_parquet_on_terminal()
        on_output: dict[str | None, Callable[[IO[bytes]], Writer]] = {"json": JsonWriter, "parquet": ParquetWriter}
        yield on_output.get(asked_format(), TsvWriter)(sys.stdout.buffer)
        return
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{path.name}: the output is .tsv, .parquet or .h5ad")
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent}: no such folder")
    kinds: dict[str, Callable[[IO[bytes]], Writer]] = {".tsv": TsvWriter, ".parquet": ParquetWriter, ".h5ad": H5adWriter}
    with aside.written(path) as draft, draft.open("wb") as file:
        yield kinds[suffix](file)
