"""Files of rows and named columns, in whatever format: what grid_table.py asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profiles.account import some
from profiles.errors import TableFault
from profiles.layout import Column

Array = NDArray[Any]
# What stands where a number is missing.
MISSING = ["", "NA", "N/A", "#N/A", "NaN", "nan", "na", "n/a", "null", "NULL", "None", "none", "-", "--", ".", "#NA", "<NA>"]
NOTHING_THERE = frozenset(MISSING)
N_HEAD_ROWS = 512


class Grid(Protocol):
    """A file of rows and named columns."""

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        ...

    @property
    def path(self) -> str:
        """Where it lies; empty for bytes."""
        ...

    @property
    def format(self) -> str:
        """Kind of file, in a word."""
        ...

    @property
    def columns(self) -> list[str]:
        """Names of its columns."""
        ...

    @property
    def comments(self) -> list[str]:
        """Lines above the header."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was noticed and done about it, in sentences."""
        ...

    @property
    def decimal(self) -> str:
        """The decimal mark of its numbers."""
        ...

    @property
    def headerless(self) -> bool:
        """Whether no line names the columns."""
        ...

    @property
    def n_annotation(self) -> int | None:
        """GCT: how many columns after the first are no samples."""
        ...

    @property
    def promised(self) -> tuple[int, int] | None:
        """GCT: genes and samples that the head speaks of."""
        ...

    @property
    def n_passed(self) -> int:
        """Rows of sample metadata above the values, not in `batches`."""
        ...

    @property
    def most_rows(self) -> int:
        """A bound of its rows."""
        ...

    def head(self, column: int) -> pa.Array:
        """Some rows of one column, as text or numbers."""
        ...

    def forget(self) -> None:
        """Let go of what was only needed to find the layout."""
        ...

    def batches(self, text: Sequence[int], numbers: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """The text columns, then the number columns as float32 (missing ones null), a few rows at a time, in file order.

        Raises TableFault naming line and column of a cell that is no number, and the line of a row of another length.
        """
        ...


def column_of(name: str, values: pa.Array, decimal: str = ".", *, may_be_ids: bool = True) -> Column:
    """What `profiles.layout` asks of a column; numbers as texts only where they may be ids."""
    n = max(len(values), 1)
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.dictionary_decode(), kind.value_type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = values.cast(pa.float64()) if pa.types.is_decimal(kind) else values
        # Not Array.to_numpy and no pa.array of a list: both load pandas.
        numbers = np.asarray(pa.RecordBatch.from_arrays([values], ["x"]).to_tensor(null_to_nan=True).to_numpy(), np.float64)[:, 0]
        texts = ["" if value is None else str(value) for value in values.to_pylist()] if may_be_ids else []
        return Column(name, texts, numbers, 1.0, float(np.isnan(numbers).mean()) if len(numbers) else 1.0)
    texts = _texts(values)
    cells = [cell for text in texts if (cell := text.strip()) not in NOTHING_THERE]
    there = np.array([text.strip() not in NOTHING_THERE for text in texts], bool)
    numbers = np.full(len(texts), np.nan)
    numbers[there] = [_number(cell.replace(decimal, ".") if decimal != "." else cell) for cell in cells]
    return Column(name, texts, numbers, float((~np.isnan(numbers)).sum()) / len(cells) if cells else 0.0, 1 - len(cells) / n)


def _texts(values: pa.Array) -> list[str]:
    """Whatever the values are, as text. Arrow holds text that it never looked at: bytes that are no UTF-8 are shown as such, and no error yet."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        values, kind = values.storage, kind.storage_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        values, kind = values.cast(pa.large_string()).cast(pa.large_binary()), pa.large_binary()
    if pa.types.is_large_binary(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return ["" if value is None else value.decode("utf-8", "replace") for value in values.to_pylist()]
    return ["" if value is None else value for value in values.cast(pa.string()).to_pylist()]


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else np.nan
    except ValueError:
        return np.nan


def matrix_of(batch: pa.RecordBatch, n_text: int) -> Array:
    """The number columns of a batch as (rows, columns) float32, NaN for missing."""
    numbers = batch.select(range(n_text, batch.num_columns))
    if numbers.num_columns == 0 or numbers.num_rows == 0:
        return np.zeros((numbers.num_rows, numbers.num_columns), dtype=np.float32)
    return np.asarray(numbers.to_tensor(null_to_nan=True, row_major=False).to_numpy(), dtype=np.float32)


def refuse_same_names(columns: Sequence[str], where: str) -> None:
    """TableFault when a file's columns cannot be told apart by their names."""
    repeated = sorted({name for name in columns if list(columns).count(name) > 1}) if len(set(columns)) != len(columns) else []
    if repeated:
        raise TableFault(
            f"{where}: {len(repeated)} column names occur more than once, first: {some(repeated, 5)}; keep one of each, or rename them"
        )
