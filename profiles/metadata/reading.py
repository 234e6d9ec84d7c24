"""Any table of text as a polars frame: CSV and TSV in every dialect, Parquet, the obs of an .h5ad or AnnData, Excel."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from profiles.account import some
from profiles.errors import MetadataFault, TableFault
from profiles.filenames import no_file
from profiles.limits import Limits
from profiles.metadata.containers import from_h5ad, from_obs, from_parquet, sheet_as_csv
from profiles.metadata.frame import Frame, as_text, unique_names
from profiles.metadata.geo_files import from_geo, geo_kind
from profiles.text import sniff
from profiles.text.dialect import Dialect
from profiles.text.faults import explain, ragged_line

PARQUET_MAGIC, HDF_MAGIC, ZIP_MAGIC = b"PAR1", b"\x89HDF", b"PK\x03\x04"
BLOCK_BYTES = 8 << 20


def read_frame(table: Any, name: str | None = None, limits: Limits | None = None) -> Frame:
    """A table from a path, bytes, an AnnData or a pandas frame. Raises MetadataFault and TableFault."""
    if isinstance(table, bytes):
        return _from_bytes(lambda: io.BytesIO(table), table[:8], name or "table", limits)
    if isinstance(table, Path):
        return _from_path(table, name or table.name, limits)
    obs = getattr(table, "obs", table)
    if hasattr(obs, "index") and hasattr(obs, "columns"):
        return from_obs(obs, name or "obs")
    raise TypeError(f"a table is a path, bytes, an AnnData or a pandas frame, not {type(table).__name__}")


def _from_path(path: Path, name: str, limits: Limits | None) -> Frame:
    if not path.is_file():
        raise MetadataFault(f"{path}: {no_file(path)}; give a TSV, CSV, Parquet, Excel or .h5ad table of samples")
    try:
        with path.open("rb") as handle:
            start = handle.read(8)
        return _from_bytes(lambda: path.open("rb"), start, name, limits, path)
    except OSError as error:
        raise MetadataFault(f"{path} cannot be read: {error.strerror or error}") from error


def _from_bytes(reopen: Any, start: bytes, name: str, limits: Limits | None, path: Path | None = None) -> Frame:
    if start.startswith(PARQUET_MAGIC):
        return from_parquet(reopen, name)
    if start.startswith(HDF_MAGIC):
        return from_h5ad(path if path is not None else reopen(), name)
    if start.startswith(ZIP_MAGIC) and path is not None:
        sheet, said = sheet_as_csv(path)
        found = _from_text(sniff(lambda: io.BytesIO(sheet), name, limits, small=True))
        return replace(found, notes=(*said, *found.notes))
    if kind := geo_kind(reopen, name):
        return from_geo(reopen, kind, name, limits)
    return _from_text(sniff(reopen, name, limits, small=True))


def _from_text(dialect: Dialect) -> Frame:
    """pyarrow parses: a row of another length than the header is an error there, and no null-filled one."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names, notes = unique_names(dialect.header, dialect.name)
    columns = [f"c{i}" for i in range(len(dialect.header))]
    if not dialect.rows:  # pyarrow refuses an empty body
        return as_text(dialect.name, pa.table({column: pa.array([], pa.large_string()) for column in columns}), names, dialect.notes)
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
    above = (
        [f"{dialect.name}: {len(dialect.comments)} lines above the header are remarks: {some(dialect.comments, 3)}"]
        if dialect.comments
        else []
    )
    return as_text(dialect.name, table, names, (*above, *dialect.notes, *notes))


def _refusal(dialect: Dialect, error: Exception) -> TableFault:
    ragged = ragged_line(dialect)
    if ragged and ragged[1] > 1 and not dialect.quoted and dialect.separator == ",":
        line, n_cells, _ = ragged
        return TableFault(
            f"{dialect.name}: line {line} has {n_cells} cells where the header has {len(dialect.header)}; a cell with a comma in it must stand in quotes"
        )
    return explain(dialect, error)
