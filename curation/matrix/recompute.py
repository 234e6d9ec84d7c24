"""Rows of X computed again from the source files in the plainest way, sharing no code with the export.

The values of a sample are read column by column through h5py or as lines of text; genes go where the ledger of the build says, and the
arithmetic is Python's own.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.errors import CurationError
from curation.source import PER_LENGTH, linear

if TYPE_CHECKING:
    from curation.matrix.plan import ExportPlan
    from curation.source import Matrix, Source

TOLERANCE = 2e-5  # of log2(TPM + 1): float32, and readers that round counts to float32
HEADER_LINES = 8  # remarks; a GCT has two lines above its header
SUMMARY = re.compile(
    r"__|N_[a-z]|ERCC-\d|(no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique|Unassigned_\w+)$"
)  # no genes
BASES = {"log2": 2.0, "ln": math.e, "log10": 10.0}


class NotAsTheSource(CurationError):
    """The written matrix holds other values than its sources."""


class CannotRecompute(CurationError):
    """The source files do not hold the samples or genes that the build says it took from them."""


@dataclass(frozen=True)
class Place:
    """Where one sample of the compendium comes from."""

    row: int
    sample_id: str
    matrix_row: int


def compare(x_g: NDArray[np.float32], expected: Mapping[str, float], symbols: Sequence[str]) -> list[str]:
    """The genes whose value is not the expected one; a gene that is not expected must be NaN."""
    return [
        symbol
        for symbol, value in zip(symbols, x_g.tolist(), strict=True)
        if (symbol in expected) == math.isnan(value) or (symbol in expected and abs(value - expected[symbol]) > TOLERANCE * max(1.0, value))
    ]


def expression(values: Sequence[float], symbol_of: Mapping[int, str], kilobases: Mapping[str, float] | None) -> dict[str, float]:
    """log2(TPM + 1) by symbol of one sample, from its linear values by column of the file; without `kilobases` lengths play no part."""
    sums: dict[str, list[float]] = {}
    for column, symbol in symbol_of.items():
        sums.setdefault(symbol, []).append(float(values[column]))
    rates = {symbol: math.fsum(parts) / (kilobases[symbol] if kilobases else 1.0) for symbol, parts in sums.items()}
    closed = math.fsum(rates.values())
    return {symbol: math.log2(1.0 + rate / closed * 1e6) if closed else 0.0 for symbol, rate in rates.items()}


def exported_columns(ledger: pa.Table, source: str, matrix: Matrix) -> dict[int, str]:
    """Column of the matrix -> symbol, as the ledger has it; matrices of a source that name the same genes share one entry."""
    rows = [row for row in ledger.to_pylist() if row["source"] == source]
    files = {row["matrix_file"] for row in rows}
    chosen = (
        matrix.file
        if matrix.file in files
        else next((f for f in sorted(files) if sum(r["matrix_file"] == f for r in rows) == len(matrix.genes)), None)
    )
    if chosen is None:
        raise CannotRecompute(f"the gene ledger has no entry for {source}/{matrix.file}; the database is not that of this compendium")
    return {row["matrix_column"]: row["symbol"] for row in rows if row["matrix_file"] == chosen and row["is_exported"]}


def from_reader(matrix: Matrix, places: Sequence[Place]) -> Iterator[tuple[Place, Sequence[float]]]:
    """Yield (place, linear values by column of the file) as the source's reader gives them; an export of HDF5 does not use it."""
    ordered = sorted(places, key=lambda place: place.matrix_row)
    if ordered:
        for positions, values in matrix.blocks(np.array([place.matrix_row for place in ordered], np.int64)):
            for position, row in zip(positions.tolist(), values, strict=True):
                yield ordered[position], row.astype(float).tolist()


def from_file(folder: Path, matrix: Matrix, places: Sequence[Place]) -> Iterator[tuple[Place, Sequence[float], str]]:
    """Yield (place, linear values by column of the file, how they were read), without the source's reader where the file is plain enough."""
    path = folder / matrix.file
    if path.suffix in {".h5", ".hdf5"} and h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            data = file["data/expression"]
            for place in places:
                yield place, data[:, place.matrix_row].astype(float).tolist(), "h5py"
        return
    undo = _undo(matrix)
    is_plain = path.is_file() and _is_text(path) and not math.isnan(undo.offset)
    found = text_columns(path, {place.sample_id: place for place in places}) if is_plain else {}
    for place in places:
        if place.sample_id in found:
            yield place, [undo(value) for value in found[place.sample_id]], "lines of text"
    for place, values in from_reader(matrix, [place for place in places if place.sample_id not in found]):
        yield place, values, "the source's reader"


def text_columns(path: Path, samples: Mapping[str, Place]) -> dict[str, list[float]]:
    """Sample -> values, from a plain table with genes as rows whose header names the samples; empty for any other form of table."""
    with _open_text(path) as lines:
        rows = csv.reader(lines, delimiter="," if ".csv" in path.name.lower() else "\t")
        column: dict[str, int] = {}
        header: list[str] = []
        for header, _ in zip(rows, range(HEADER_LINES), strict=False):
            column = {name: i for i, name in enumerate(header) if name in samples}
            if column:
                break
        values: dict[str, list[float]] = {name: [] for name in column}
        try:
            for row in rows if column else ():
                # R leaves out the name of the first column.
                shift = len(row) - len(header)
                if not row or SUMMARY.match(row[0]):
                    continue
                for name, i in column.items():
                    values[name].append(float(row[i + shift]))
        except (ValueError, IndexError):
            return {}
    return values


def _undo(matrix: Matrix) -> _Undo:
    scale = getattr(matrix, "scale", None)
    if scale is None:
        return _Undo(0.0, 1.0, 1.0)
    return _Undo(BASES[scale.log] if scale.log else 0.0, float(scale.offset), float(scale.scale))


@dataclass(frozen=True)
class _Undo:
    """The linear value of a cell; base 0: no logarithm was taken."""

    base: float
    offset: float
    scale: float

    def __call__(self, value: float) -> float:
        return self.scale * max(self.base**value - self.offset if self.base else value, 0.0)


def _is_text(path: Path) -> bool:
    return path.suffix == ".gz" or path.suffix in {".gct", ".tsv", ".csv", ".txt"}


def _open_text(path: Path) -> io.TextIOBase:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8") if is_gzip else path.open(encoding="utf-8")


def verify(
    x: NDArray[np.float32], kept: pa.Table, plan: ExportPlan, sources: Mapping[str, Source], unit: str, *, n_rows: int, seed: int
) -> int:
    """Compute random rows of a matrix just written again, through the sources' readers; returns how many. Raises NotAsTheSource."""
    rows = kept.select(["sample_id", "source", "matrix_file", "matrix_row"]).to_pylist()
    chosen: dict[tuple[str, str], list[Place]] = {}
    draw = np.random.default_rng(seed)
    for name in sources:
        own = [i for i, row in enumerate(rows) if row["source"] == name]
        for i in draw.choice(own, min(n_rows, len(own)), replace=False).tolist() if own else ():
            chosen.setdefault((name, rows[i]["matrix_file"]), []).append(Place(i, rows[i]["sample_id"], rows[i]["matrix_row"]))
    lengths = dict(zip(plan.genes.symbol, (plan.genes.length_bp / 1000).tolist(), strict=True)) if unit == "tpm" else None
    for name, source in sources.items():
        for matrix in source.matrices():
            places = chosen.get((name, matrix.file), [])
            symbol_of = exported_columns(plan.ledger, name, matrix) if places else {}
            for place, values in from_reader(matrix, places):
                kilobases = lengths if linear(matrix.unit) in PER_LENGTH else None
                wrong = compare(x[place.row], expression(values, symbol_of, kilobases), plan.genes.symbol)
                if wrong:
                    raise NotAsTheSource(
                        f"{name}, sample {place.sample_id}: {len(wrong):,} of {x.shape[1]:,} genes differ from what its file says, first {wrong[0]}; "
                        "the file changed during the export, or this is an error of ours: please report it"
                    )
    return sum(len(places) for places in chosen.values())
