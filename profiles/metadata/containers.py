"""Tables about samples that are no text files: Parquet, the obs of an .h5ad or AnnData, Excel workbooks."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.account import some
from profiles.claims import rows_fault
from profiles.errors import MetadataFault, TableFault
from profiles.metadata.frame import Frame, as_text
from profiles.readers.grid import refuse_same_names

if TYPE_CHECKING:
    import pyarrow as pa

PANDAS_INDEX = "__index_level_0__"


def from_parquet(reopen: Any, name: str) -> Frame:
    """Values as text: 3.0 stays 3.0, lists are joined by commas, dictionaries (categories) are their words.

    Arrow reads the file, whose readers refuse what others abort on; what polars has no type for is text before it sees it.
    """
    import polars as pl
    import pyarrow as pa

    with reopen() as handle:
        try:
            table = _arrow_of(handle, name)
            nested = [field.name for field in table.schema if _is_nested(field.type)]
            table = table.drop_columns(nested)
            frame = pl.DataFrame({field.name: pl.from_arrow(_plain(table.column(field.name))) for field in table.schema})
        except (pa.ArrowException, pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
            raise TableFault(f"{name}: is no readable Parquet file ({str(error).splitlines()[0]}); fetch it again") from error
    if not frame.width:
        raise TableFault(f"{name}: is a Parquet file without a column of words or numbers; write the table again")
    lists = [column for column, kind in frame.schema.items() if isinstance(kind, pl.List | pl.Array)]
    frame = frame.with_columns(pl.col(column).cast(pl.List(pl.String)).list.join(",") for column in lists)
    if PANDAS_INDEX in frame.columns:
        frame = frame.select(pl.col(PANDAS_INDEX).alias(""), pl.all().exclude(PANDAS_INDEX))
    notes = [f"{name}: {len(nested)} columns hold structures and were left out: {some(nested)}"] if nested else []
    return as_text(name, frame, frame.columns, notes)


def _arrow_of(handle: Any, name: str) -> pa.Table:
    """The whole table, its text looked at. Raises TableFault, ArrowException, OSError."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(handle) as file:
        handle.seek(0, io.SEEK_END)
        if fault := rows_fault(file.metadata.num_rows, handle.tell()):
            raise TableFault(f"{name}: {fault}")
        refuse_same_names(file.schema_arrow.names, name)
        table = file.read()
    table.validate(full=True)
    return table


def _is_nested(kind: pa.DataType) -> bool:
    """Whether a column holds no words, numbers or lists of those."""
    import pyarrow.types as of

    if of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind):
        return _is_nested(kind.value_type) or of.is_nested(kind.value_type)
    if of.is_dictionary(kind):
        return _is_nested(kind.value_type)
    return bool(
        of.is_nested(kind) or of.is_binary(kind) or of.is_large_binary(kind) or of.is_fixed_size_binary(kind) or of.is_binary_view(kind)
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of a type that polars has; others as Arrow writes them out."""
    import pyarrow as pa
    import pyarrow.types as of

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        kind = kind.storage_type
    if of.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    known = of.is_boolean(kind) or of.is_integer(kind) or of.is_float32(kind) or of.is_float64(kind) or of.is_date(kind) or of.is_null(kind)
    if known or of.is_string(kind) or of.is_large_string(kind) or of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind):
        return column
    return column.cast(pa.float32() if of.is_float16(kind) else pa.large_string())


def from_h5ad(source: Any, name: str) -> Frame:
    """The obs. Raises MetadataFault where there is none that can be read."""
    import h5py
    from anndata.io import read_elem

    from profiles.claims import empty_claim
    from profiles.hdf5_guard import Damaged, file_fault, reading

    try:
        with reading(), h5py.File(source) as file:
            if (fault := file_fault(file) or empty_claim(file)) is not None:
                raise Damaged(fault)
            obs = read_elem(file["obs"])
    except Damaged as error:
        raise MetadataFault(
            f"{name}: is no readable .h5ad ({error}); a table of samples is its obs, write it again with anndata"
        ) from error
    if not hasattr(obs, "columns"):
        raise MetadataFault(f"{name}: its obs is no table but {type(obs).__name__}; write the file again with anndata")
    return from_obs(obs, name)


def from_obs(obs: Any, name: str) -> Frame:
    """A pandas frame with its index as the first column, which has no name unless the index has one that no column has."""
    import polars as pl

    title = obs.index.name if isinstance(obs.index.name, str) and obs.index.name not in obs.columns else ""
    title = "" if title in ("index", "_index") else title
    columns: dict[str, list[str | None]] = {title: [str(value) for value in obs.index]}
    for column in obs.columns:
        values = obs[column].astype(object)
        columns[str(column)] = [None if absent else str(value) for value, absent in zip(values, values.isna(), strict=True)]
    return as_text(name, pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), list(columns))


def sheet_as_csv(path: Path) -> tuple[bytes, list[str]]:
    """The first sheet of a workbook that holds anything, as CSV, and which sheets are not read. Raises TableFault."""
    from profiles.readers.xlsx import read_sheets

    full = [(sheet, rows) for sheet, rows in read_sheets(path) if rows]
    if not full:
        raise TableFault(f"{path.name}: no sheet holds a table")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_shown(cell) for cell in row] for row in full[0][1]])
    others = [repr(sheet) for sheet, _ in full[1:]]
    return out.getvalue().encode(), [f"{path.name}: the sheet {full[0][0]!r} is read" + (f", not {some(others)}" if others else "")]


def _shown(cell: Any) -> str:
    """A cell as text: whole numbers without decimals, days as 2026-01-31."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.datetime):
        return cell.isoformat()
    return "" if cell is None else str(cell)
