"""Writes counts.h5: the sources are read once more, and every row is held against X."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.config import BuildConfig
from curation.matrix.compendium import open_matrix, writing
from curation.matrix.counts import DATASET, NoCounts
from curation.matrix.plan import plan_export
from curation.matrix.shards import MatrixPlan, PlanReader
from curation.progress import Advance
from curation.source import COUNTED, linear

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.source import Source

ROWS = 128  # finished at a time


def refuse_without_counts(sources: Mapping[str, Source]) -> None:
    """Raise NoCounts where no source gives counts."""
    units = {name: sorted({matrix.unit for matrix in source.matrices()}) for name, source in sources.items()}
    if not any(linear(unit) in COUNTED for of in units.values() for unit in of):
        said = "; ".join(f"{name}: {', '.join(of) or 'no matrix'}" for name, of in units.items())
        raise NoCounts(f"--with-counts: no source gives counts ({said}); leave it out")


def write_counts(
    compendium: Path, out: Path, kept: pa.Table, sources: Mapping[str, Source], config: BuildConfig, build_id: str, advance: Advance
) -> int:
    """Read the samples of `kept` from their sources once more, and write the counts of each; returns how many samples have them.

    Each row is normalised again, and must give the row of X. `advance` counts samples. Whole or not at all. Raises NoCounts, CurationError
    subclasses.
    """
    plan = plan_export(kept, sources, config)
    x, n_with = open_matrix(compendium), 0
    draft = out.with_name(f".{out.name}.{os.getpid()}.new")
    try:
        with writing(out), h5py.File(draft, "w") as file:
            file.attrs["build_id"] = build_id
            counts = file.create_dataset(
                DATASET,
                x.shape,
                "<f8",
                chunks=(1, x.shape[1]),
                fillvalue=np.nan,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
                track_times=False,
            )
            for matrix in plan.matrices:
                if not matrix.normaliser.is_counts:
                    advance(matrix.rows.size)
                    continue
                for rows, values in _rows(matrix, x):
                    for row, row_values in zip(rows, values, strict=True):
                        counts[row] = row_values
                    advance(rows.size)
                    n_with += rows.size
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return n_with


def _rows(matrix: MatrixPlan, x: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """(rows of X, their counts) of one matrix, each held against X."""
    reader = PlanReader(matrix)
    try:
        for shard in reader.shards():
            for at, sums, total in reader.sums(shard):
                for start in range(0, at.size, ROWS):
                    piece = slice(start, start + ROWS)
                    rows, values = matrix.destination[at[piece]], sums[piece].copy()
                    again, _ = matrix.normaliser.rows(sums[piece], total[piece])
                    wrong = [row for i, row in enumerate(rows) if not np.array_equal(again[i], x[row], equal_nan=True)]
                    if wrong:
                        raise NoCounts(
                            f"{matrix.name}: counts of {len(wrong)} samples do not give their rows of X, first {wrong[0]}; build again"
                        )
                    values[:, ~matrix.normaliser.measured] = np.nan
                    yield rows, values
    finally:
        reader.close()
