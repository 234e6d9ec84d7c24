"""The samples that a query found, as a file: .h5ad, .parquet, .tsv or .csv, written aside and then renamed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.errors import CurationError
from curation.matrix.compendium import create, finish, writing
from profiles import aside

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.query.expression import Expression

H5AD, PARQUET = ".h5ad", ".parquet"
TEXT = {".tsv": "\t", ".csv": ","}
ENDINGS = (H5AD, PARQUET, *TEXT)


class CannotWriteAnswer(CurationError):
    """The file that is asked for cannot be written as that."""


def check_ending(out: Path) -> None:
    """Raise CannotWriteAnswer for an ending that is none of a format."""
    if out.suffix.lower() not in ENDINGS:
        raise CannotWriteAnswer(f"{out.name} must end in one of {', '.join(ENDINGS)}")
    if not out.parent.is_dir():
        raise CannotWriteAnswer(f"{out.parent} is no folder; make it first")


def write_answer(out: Path, samples: pa.Table, values: Expression | None, asked: dict[str, Any]) -> None:
    """Write samples, and beside them their expression where there is one; `asked` goes into uns of a .h5ad. Raises CannotWriteAnswer.

    .h5ad has obs, var and uns of the compendium and the chosen X; the others one row per sample: the columns of `samples`, then one a gene.
    """
    check_ending(out)
    ending = out.suffix.lower()
    with writing(out), aside.written(out) as draft:
        if ending == H5AD:
            if values is None:
                raise CannotWriteAnswer(f"{out.name} holds a matrix, but samples outside the matrix are asked for; write .parquet or .tsv")
            _write_h5ad(draft, values, asked)
        else:
            _write_rows(draft, ending, samples, values)


def _write_h5ad(path: Path, values: Expression, asked: dict[str, Any]) -> None:
    n, g = values.shape
    offset = create(path, n, g)
    with path.open("r+b") as file:
        file.seek(offset)
        for block in values.blocks():
            file.write(np.ascontiguousarray(block, "<f4").data)
    obs = values.obs.copy()
    for name in obs.select_dtypes("category"):
        obs[name] = obs[name].cat.remove_unused_categories()
    finish(path, obs, values.var, values.data.uns | {"query": json.dumps(asked | {"layer": values.layer}, sort_keys=True)})


def _write_rows(path: Path, ending: str, samples: pa.Table, values: Expression | None) -> None:
    """Block by block, so that a wide answer needs no more memory than a block of it."""
    import pyarrow as pa

    names = [f"{symbol} ({values.layer})" if symbol in samples.column_names else symbol for symbol in values.symbols] if values else []
    schema = pa.schema([*samples.schema, *((name, pa.float32()) for name in names)])
    with _writer(path, ending, schema) as file:
        start = 0
        for block in values.blocks() if values else [np.empty((samples.num_rows, 0), np.float32)]:
            rows = samples.slice(start, len(block))
            columns = [pa.array(column, pa.float32(), from_pandas=True) for column in np.ascontiguousarray(block.T)]
            file.write_table(pa.table([*rows.columns, *columns], schema=schema))
            start += len(block)


def _writer(path: Path, ending: str, schema: pa.Schema) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema) if ending == PARQUET else _TextWriter(path, TEXT[ending])


class _TextWriter:
    """Blocks as text, quotes only where a cell needs them: Arrow's own writer puts them around every word, and `cut -f 1` gives them back."""

    def __init__(self, path: Path, separator: str) -> None:
        self._file, self._separator, self._is_first = path.open("wb"), separator, True

    def __enter__(self) -> _TextWriter:
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def write_table(self, table: pa.Table) -> None:
        """One block; the header stands before the first. An empty word is an empty cell."""
        import polars as pl

        frame = pl.DataFrame(table)
        words = [name for name, kind in frame.schema.items() if kind == pl.String]
        frame.with_columns(pl.col(words).replace("", None)).write_csv(self._file, separator=self._separator, include_header=self._is_first)
        self._is_first = False
