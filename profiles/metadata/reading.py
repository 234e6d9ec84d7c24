"""Any table of text as a polars frame: CSV and TSV in every dialect, Parquet, the obs of an .h5ad or AnnData, Excel."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.errors import MetadataFault, TableFault
from profiles.text import Limits, sniff
from profiles.text.dialect import Dialect
from profiles.text.faults import explain, ragged_line

if TYPE_CHECKING:
    import polars as pl

SHOWN = 12
PARQUET_MAGIC, HDF_MAGIC, ZIP_MAGIC = b"PAR1", b"\x89HDF", b"PK\x03\x04"
PANDAS_INDEX = "__index_level_0__"
BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class Frame:
    """A table as text. `raw`: cells as they stand in the file; `frame`: stripped, empty ones null; words such as NA are words in both."""

    name: str
    raw: pl.DataFrame
    notes: tuple[str, ...] = ()
    has_row_names: bool = False  # the first column has no name: R's row names or an index

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Stripped text; an empty cell is null."""
        import polars as pl

        stripped = self.raw.with_columns(pl.all().str.strip_chars())
        return stripped.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())

    def need(self, columns: Sequence[str]) -> pl.DataFrame:
        """The frame. Raises MetadataFault where a column is missing."""
        missing = [column for column in columns if column not in self.raw.columns]
        if missing:
            names = ", ".join(repr(name) for name in missing)
            raise MetadataFault(f"{self.name} has no column {names}; its columns are: {some(self.raw.columns, SHOWN)}")
        return self.frame


def some(names: Sequence[str], limit: int = 5) -> str:
    """The first few names, for a message."""
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def read_frame(table: Any, name: str | None = None, limits: Limits | None = None) -> Frame:
    """A table from a path, bytes, an AnnData or a pandas frame. Raises MetadataFault and TableFault."""
    if isinstance(table, bytes):
        return _from_bytes(lambda: io.BytesIO(table), table[:8], name or "table", limits)
    if isinstance(table, Path):
        return _from_path(table, name or table.name, limits)
    obs = getattr(table, "obs", table)
    if hasattr(obs, "index") and hasattr(obs, "columns"):
        return _from_obs(obs, name or "obs")
    raise TypeError(f"a table is a path, bytes, an AnnData or a pandas frame, not {type(table).__name__}")


def _from_path(path: Path, name: str, limits: Limits | None) -> Frame:
    if not path.is_file():
        raise MetadataFault(f"{path} is no file; give a TSV, CSV, Parquet, Excel or .h5ad table of samples")
    try:
        with path.open("rb") as handle:
            start = handle.read(8)
        return _from_bytes(lambda: path.open("rb"), start, name, limits, path)
    except OSError as error:
        raise MetadataFault(f"{path} cannot be read: {error.strerror or error}") from error


def _from_bytes(reopen: Any, start: bytes, name: str, limits: Limits | None, path: Path | None = None) -> Frame:
    if start.startswith(PARQUET_MAGIC):
        return _from_parquet(reopen, name)
    if start.startswith(HDF_MAGIC):
        return _from_h5ad(reopen if path is None else (lambda: path), name)
    if start.startswith(ZIP_MAGIC):
        return _from_excel(reopen, name)
    return _from_text(sniff(reopen, name, limits, small=True))


def _from_text(dialect: Dialect) -> Frame:
    """pyarrow parses: a row of another length than the header is an error there, and no null-filled one."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names, notes = _unique(dialect.header, dialect.name)
    columns = [f"c{i}" for i in range(len(dialect.header))]
    if not dialect.rows:  # pyarrow refuses an empty body
        return _as_text(dialect.name, pa.table({column: pa.array([], pa.large_string()) for column in columns}), names, dialect.notes)
    with dialect.body() as body:
        try:
            table = pc.read_csv(
                body,
                read_options=pc.ReadOptions(column_names=columns, block_size=max(BLOCK_BYTES, 4 * dialect.widest)),
                parse_options=pc.ParseOptions(
                    delimiter=dialect.separator,
                    quote_char='"' if dialect.quoted else False,
                    double_quote=dialect.quoted,
                    newlines_in_values=dialect.multiline,
                ),
                convert_options=pc.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.large_string()), strings_can_be_null=False, quoted_strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            raise _refusal(dialect, error) from error
    return _as_text(dialect.name, table, names, (*dialect.notes, *notes))


def _refusal(dialect: Dialect, error: Exception) -> TableFault:
    ragged = ragged_line(dialect)
    if ragged and ragged[1] > 1 and not dialect.quoted and dialect.separator == ",":
        line, n_cells, _ = ragged
        return TableFault(
            f"{dialect.name}: line {line} has {n_cells} cells where the header has {len(dialect.header)}; a cell with a comma in it must stand in quotes"
        )
    return explain(dialect, error)


def _unique(header: Sequence[str], name: str) -> tuple[list[str], list[str]]:
    """Column names each once: a repeated one gets a number; what is noted."""
    seen: dict[str, int] = {}
    names, repeated = [], []
    for column in header:
        seen[column] = seen.get(column, 0) + 1
        if seen[column] > 1:
            repeated.append(column)
        names.append(column if seen[column] == 1 else f"{column}.{seen[column] - 1}")
    while len(set(names)) < len(names):
        names = [f"{column}_" if column in names[:i] else column for i, column in enumerate(names)]
    notes = [f"{name}: {len(repeated)} column names occur more than once and were numbered: {some(repeated)}"] if any(repeated) else []
    return names, notes


def _as_text(name: str, table: Any, names: Sequence[str], notes: Sequence[str] = ()) -> Frame:
    """Text under the given names; an unnamed first column holds row names."""
    import polars as pl

    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(table)
    frame = frame.with_columns(pl.col(column).cast(pl.String) for column, kind in frame.schema.items() if kind != pl.String)
    frame.columns = list(names)
    return Frame(name, frame, tuple(notes), not names[0])


def _from_parquet(reopen: Any, name: str) -> Frame:
    """Values as text: 3.0 stays 3.0, lists are joined by commas, dictionaries (categories) are their words."""
    import polars as pl

    with reopen() as handle:
        try:
            frame = pl.read_parquet(handle)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise TableFault(f"{name}: is no readable Parquet file ({str(error).splitlines()[0]}); fetch it again") from error
    lists = [column for column, kind in frame.schema.items() if isinstance(kind, pl.List | pl.Array)]
    nested = [column for column, kind in frame.schema.items() if isinstance(kind, pl.Struct | pl.Object | pl.Binary)]
    frame = frame.drop(nested).with_columns(pl.col(column).cast(pl.List(pl.String)).list.join(",") for column in lists)
    if PANDAS_INDEX in frame.columns:
        frame = frame.select(pl.col(PANDAS_INDEX).alias(""), pl.all().exclude(PANDAS_INDEX))
    notes = [f"{name}: {len(nested)} columns hold structures and were left out: {some(nested)}"] if nested else []
    return _as_text(name, frame, frame.columns, notes)


def _from_h5ad(source: Any, name: str) -> Frame:
    import h5py
    from anndata.io import read_elem

    from profiles.claims import empty_claim

    try:
        with h5py.File(source()) as file:
            if (fault := empty_claim(file, "")) is not None:
                raise MetadataFault(f"{name}: {fault}; write the file again with anndata")
            obs = read_elem(file["obs"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MetadataFault(f"{name}: is no readable .h5ad ({error}); a table of samples is its obs") from error
    return _from_obs(obs, name)


def _from_obs(obs: Any, name: str) -> Frame:
    """A pandas frame with its index as the first column, which has no name unless the index has one that no column has."""
    import polars as pl

    title = obs.index.name if isinstance(obs.index.name, str) and obs.index.name not in obs.columns else ""
    title = "" if title in ("index", "_index") else title
    columns: dict[str, list[str | None]] = {title: [str(value) for value in obs.index]}
    for column in obs.columns:
        values = obs[column].astype(object)
        columns[str(column)] = [None if value is None or value != value else str(value) for value in values]
    return _as_text(name, pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), list(columns))


def _from_excel(reopen: Any, name: str) -> Frame:
    """The first sheet, all cells as they are shown."""
    import polars as pl

    try:
        with reopen() as handle:
            frame = pl.read_excel(handle.read(), infer_schema_length=0, has_header=False, engine="calamine")
    except ModuleNotFoundError as error:
        raise MetadataFault(f"{name}: is an Excel workbook; install bulkatlas[excel], or save the sheet as CSV") from error
    except Exception as error:
        raise TableFault(f"{name}: is a zip archive that is no readable Excel workbook ({str(error).splitlines()[0]})") from error
    if frame.height < 2:
        raise TableFault(f"{name}: its first sheet has no row below a header")
    header = ["" if cell is None else str(cell).strip() for cell in frame.row(0)]
    names, notes = _unique(header, name)
    return _as_text(name, frame.slice(1), names, notes)
