"""GEO's own files about samples: SOFT (GSE..._family.soft.gz, one GSM) and the series matrix, as the table that GEOquery makes of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from profiles.errors import MetadataFault
from profiles.limits import Limits
from profiles.metadata.frame import Frame, as_text
from profiles.text.dialect import whole_lines
from profiles.text.streams import compression_of, encoding_of, unpacked, unpacked_blocks, utf8_blocks

N_START = 1 << 12
SOFT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\^(?:DATABASE|SERIES|SAMPLE|PLATFORM|DATASET)\b")
MATRIX = re.compile(rb"(?:\xef\xbb\xbf)?\s*\"?!(?:Series|Sample)_")
ENTITY = re.compile(r"\^(\w+)\s*=\s*(.*)")
FIELD = re.compile(r"!Sample_(\w+(?:/\w+)?)\s*=\s?(.*)")
JOINED = ("series_id",)  # several series of a sample stand in one cell
Rows = list[dict[str, list[str]]]


def geo_kind(reopen: Callable[[], BinaryIO], name: str) -> str:
    """`SOFT` or `series matrix` by the first bytes behind any compression; "" for other files."""
    with reopen() as handle:
        compression = compression_of(handle.read(8))
    with reopen() as handle:
        try:
            start = unpacked(handle, compression).read(N_START)
        except (OSError, EOFError, ValueError):  # damaged: whoever reads it on says so
            return ""
    return "SOFT" if SOFT.match(start) else "series matrix" if MATRIX.match(start) else ""


def from_geo(reopen: Callable[[], BinaryIO], kind: str, name: str, limits: Limits | None = None) -> Frame:
    """One row per sample, columns as GEO names them; of a field with several lines (characteristics) one column a line.

    Raises MetadataFault where no sample is described (a DataSet, a platform, a series alone).
    """
    lines = _lines(reopen, name, limits or Limits())
    samples = _of_soft(lines) if kind == "SOFT" else _of_matrix(lines, name)
    if not samples:
        raise MetadataFault(
            f"{name}: a GEO file ({kind}) that describes no sample; give GSE..._family.soft.gz or GSE..._series_matrix.txt.gz of the series"
        )
    columns: dict[str, list[str]] = {"geo_accession": []}
    for i, sample in enumerate(samples):
        for field, values in sample.items():
            values = [",".join(values)] if field in JOINED else values
            for k, value in enumerate(values):
                cells = columns.setdefault(f"{field}.{k}" if k else field, [])
                cells += [""] * (i - len(cells)) + [value]
    import polars as pl

    even = {column: found + [""] * (len(samples) - len(found)) for column, found in columns.items()}
    frame = pl.DataFrame(even, schema=dict.fromkeys(columns, pl.String))
    return as_text(name, frame, list(columns), [f"{name}: GEO's {kind} file, {len(samples):,} samples are described in it"])


def _lines(reopen: Callable[[], BinaryIO], name: str, limits: Limits) -> Iterator[str]:
    with reopen() as handle:
        compression = compression_of(handle.read(8))
    with reopen() as handle:
        encoding = encoding_of(unpacked(handle, compression).read(N_START))
    for block in whole_lines(utf8_blocks(unpacked_blocks(reopen, compression, name), encoding)):
        limits.check_time()
        for line in bytes(block).split(b"\n"):
            if line[:1] in (b"^", b"!", b'"'):  # the others are the tables of values
                try:
                    yield line.rstrip(b"\r").decode()
                except UnicodeDecodeError:
                    yield line.rstrip(b"\r").decode("cp1252", "replace")


def _of_soft(lines: Iterable[str]) -> Rows:
    samples: Rows = []
    inside = False
    for line in lines:
        if match := ENTITY.match(line):
            inside = match[1] == "SAMPLE"
            if inside:
                samples.append({"geo_accession": [match[2].strip()]})
        elif inside and (match := FIELD.match(line)):
            if match[1] == "geo_accession":  # the line above holds a title in files that were submitted
                samples[-1]["geo_accession"] = [match[2].strip()]
            else:
                samples[-1].setdefault(match[1], []).append(match[2].strip())
    return samples


def _of_matrix(lines: Iterable[str], name: str) -> Rows:
    found: dict[str, list[list[str]]] = {}
    for line in lines:
        if not line.lstrip('"').startswith("!Sample_"):
            continue
        cells = next(csv.reader([line], delimiter="\t"))
        found.setdefault(cells[0].removeprefix("!Sample_"), []).append([cell.strip() for cell in cells[1:]])
    ids = found.get("geo_accession", [[]])[0]
    wrong = next((field for field, rows in found.items() for row in rows if ids and len(row) != len(ids)), None)
    if wrong is not None:
        raise MetadataFault(
            f"{name}: a GEO series matrix whose line !Sample_{wrong} has not one cell for each of its {len(ids)} samples; is it cut off?"
        )
    return [{field: [row[i] for row in rows if row[i]] for field, rows in found.items()} for i in range(len(ids))]
