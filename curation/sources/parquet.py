"""Expression matrices as Parquet, with the columns of a text matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.sources.claims import rows_fault
from curation.sources.grid import MatrixFault

BATCH_BYTES = 32 << 20


@dataclass(frozen=True)
class ParquetGrid:
    """A Parquet file; the first text column stands first, wherever the writer put it."""

    path: Path
    names: tuple[str, ...]

    def batches(self, text: Sequence[int], numbers: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """See Grid.batches. Raises MatrixFault for a column that holds no numbers."""
        wanted = [self.names[i] for i in (*text, *numbers)]
        schema = pa.schema([pa.field(name, pa.string() if i < len(text) else pa.float32()) for i, name in enumerate(wanted)])
        rows = max(64, BATCH_BYTES // (4 * max(len(wanted), 1)))
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=rows, columns=wanted):
                    arrays = [_cast(batch.column(name), field.type) for name, field in zip(wanted, schema, strict=True)]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise MatrixFault(f"{self.path} cannot be read as a matrix: {str(error).splitlines()[0]}") from error


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Counts beyond 2^24 are rounded to the nearest float32, as everywhere."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return pc.cast(values, kind, safe=False) if pa.types.is_floating(kind) else values.cast(kind)


def read_parquet_grid(path: Path) -> ParquetGrid:
    """The columns of a Parquet matrix. Raises MatrixFault when it is none, or has no text column to name its rows."""
    try:
        with pq.ParquetFile(path) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise MatrixFault(f"{path} is no readable Parquet file ({str(error).splitlines()[0]}); write it again") from error
    fault = rows_fault(n_rows, path.stat().st_size)
    if fault:
        raise MatrixFault(f"{path} {fault}")
    texts = [field.name for field in schema if _is_text(field.type)]
    if not texts:
        raise MatrixFault(f"{path} has no text column with the names of its rows; write the index as a column")
    return ParquetGrid(path, (texts[0], *(name for name in schema.names if name != texts[0])))


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))
