"""Parquet files and Arrow tables in memory (of a pandas frame) as grids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from profiles.claims import rows_fault
from profiles.errors import TableFault
from profiles.readers.grid import N_HEAD_ROWS, refuse_same_names

BATCH_BYTES = 32 << 20
FAULTS = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError)


@dataclass
class ArrowGrid:
    """See readers.grid.Grid; `source` is the path of a Parquet file or a table in memory."""

    name: str
    path: str
    format: str
    columns: list[str]
    source: Path | pa.Table
    comments: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    headerless: bool = False
    n_annotation: int | None = None
    promised: tuple[int, int] | None = None
    n_passed: int = 0
    decimal: str = "."

    @property
    def most_rows(self) -> int:
        """Its rows."""
        return int(self.source.num_rows if isinstance(self.source, pa.Table) else pq.read_metadata(self.source).num_rows)

    def forget(self) -> None:
        """Nothing is kept."""

    def head(self, column: int) -> pa.Array:
        """The first rows of a column."""
        if isinstance(self.source, pa.Table):
            return self.source.column(column).slice(0, N_HEAD_ROWS).combine_chunks()
        try:
            with pq.ParquetFile(self.source) as file:
                batch = next(iter(file.iter_batches(N_HEAD_ROWS, columns=[self.columns[column]])), None)
        except FAULTS as error:
            raise self._fault(error) from error
        if batch is None:
            raise TableFault(f"{self.name}: holds no rows")
        return batch.column(0)

    def batches(self, text: Sequence[int], numbers: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """See Grid."""
        wanted = [self.columns[i] for i in (*text, *numbers)]
        schema = pa.schema([pa.field(name, pa.string() if i < len(text) else pa.float32()) for i, name in enumerate(wanted)])
        rows = max(64, BATCH_BYTES // (4 * max(len(wanted), 1)))
        try:
            for batch in self._raw(wanted, rows):
                arrays = [self._cast(batch.column(name), item) for name, item in zip(wanted, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except FAULTS as error:
            raise self._fault(error) from error

    def _raw(self, wanted: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        if isinstance(self.source, pa.Table):
            yield from self.source.select(wanted).to_batches(max_chunksize=rows)
            return
        with pq.ParquetFile(self.source) as file:
            yield from file.iter_batches(batch_size=rows, columns=wanted)

    def _cast(self, values: pa.Array, item: pa.Field) -> pa.Array:
        """Counts beyond 2^24 are rounded to the nearest float32, as everywhere."""
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_floating(item.type) and not _is_readable(values.type):
            raise TableFault(f"{self.name}: column {item.name!r} holds {values.type}, no numbers")
        if pa.types.is_string(item.type) and pa.types.is_floating(values.type):
            values = values.cast(pa.int64(), safe=False)
        if pa.types.is_floating(item.type):
            return pc.cast(values, item.type, safe=False)
        text = values.cast(item.type)
        text.validate(full=True)  # a file may call bytes text that are no UTF-8
        return text

    def _fault(self, error: Exception) -> TableFault:
        return TableFault(f"{self.name}: cannot be read as a matrix ({str(error).splitlines()[0]}); write it again")


def open_parquet(path: Path, name: str = "") -> ArrowGrid:
    """The columns of a Parquet matrix. Raises TableFault when it is none, or claims more rows than its bytes can hold."""
    name = name or path.name
    try:
        with pq.ParquetFile(path) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
    except FAULTS as error:
        raise TableFault(f"{name}: not a readable Parquet file ({str(error).splitlines()[0]}); write it again") from error
    fault = rows_fault(n_rows, path.stat().st_size)
    if fault:
        raise TableFault(f"{name}: {fault}")
    refuse_same_names(schema.names, name)
    _refuse_nested(schema, name)
    return _text_first(ArrowGrid(name, str(path), "Parquet", list(schema.names), path))


def open_frame(frame: Any, name: str) -> ArrowGrid:
    """A pandas frame; its index is the first column."""
    columns = [str(column) for column in frame.columns]
    refuse_same_names(columns, name)
    table = pa.table(
        [pa.array([str(value) for value in frame.index])] + [pa.Array.from_pandas(frame.iloc[:, i]) for i in range(len(columns))],
        ["", *columns],
    )
    _refuse_nested(table.schema, name)
    return ArrowGrid(name, name, "data frame", list(table.schema.names), table)


def _text_first(grid: ArrowGrid) -> ArrowGrid:
    """pandas writes its index last: a text column that names the rows comes first, as in a text table."""
    assert isinstance(grid.source, Path)
    schema = pq.read_schema(grid.source)
    index = [name for name in _index_columns(schema, grid) if name in grid.columns]
    first = index[:1] or [field.name for field in schema if _is_text(field.type)][:1]
    grid.columns = [*first, *(name for name in grid.columns if name not in first)]
    if not first and not any(name.lower() in ("geneid", "gene_id", "entrez_gene_id", "entrezgene") for name in grid.columns[:1]):
        raise TableFault(
            f"{grid.name}: no text column with the names of its rows; write the index too (in pandas: reset_index() before to_parquet)"
        )
    return grid


def _index_columns(schema: pa.Schema, grid: ArrowGrid) -> list[str]:
    """The columns that pandas calls the index; a note where what it wrote of them cannot be read, and the table stands as it is."""
    try:
        stated = (schema.pandas_metadata or {}).get("index_columns", [])
        return [name for name in stated if isinstance(name, str)]
    except (ValueError, TypeError, AttributeError, RecursionError):
        grid.notes.append("what pandas wrote of its index cannot be read; the first column of text names the rows")
        return []


def _refuse_nested(schema: pa.Schema, name: str) -> None:
    nested = [item.name for item in schema if pa.types.is_nested(item.type)]
    if nested:
        raise TableFault(f"{name}: column {nested[0]!r} holds lists, no numbers")


def _is_readable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or _is_text(kind))


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))
