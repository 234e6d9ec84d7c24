"""Samples that left when they were read: they are not in X, so whether they hold as few genes as was said is asked of the sources alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.database import Connection, fetch_arrow, tables_of
from curation.matrix.recompute import CannotRecompute, Place, exported_columns, from_file
from curation.validating.finding import first

if TYPE_CHECKING:
    from curation.source import Matrix, Source

LEFT = """
SELECT sample_id, source, matrix_file, matrix_row, n_genes_measured, n_genes_detected
FROM shallow_sample JOIN read_sample USING (sample_id) JOIN sample USING (sample_id) ORDER BY sample_id
"""


def rows(con: Connection, ledger: pa.Table, sources: Mapping[str, Source], folder: Path, *, n_rows: int, seed: int) -> tuple[bool, str]:
    """Some of the samples that left of each source, drawn at random, and their genes with a read counted again."""
    if "shallow_sample" not in tables_of(con):
        return True, "the build, of an earlier version, looked for none"
    left, draw = fetch_arrow(con, LEFT).to_pylist(), np.random.default_rng(seed)
    wrong: list[str] = []
    n = n_other = 0
    for name, source in sources.items():
        own = [row for row in left if row["source"] == name]
        chosen = [own[i] for i in sorted(draw.choice(len(own), min(n_rows, len(own)), replace=False).tolist())] if own else []
        for matrix in source.matrices():
            held = {row["sample_id"]: row for row in chosen if row["matrix_file"] == matrix.file}
            counted = _counted(folder / name, matrix, ledger, held) if held else {}
            n_other += len(held) - len(counted)
            n += len(counted)
            wrong += [sample for sample, detected in counted.items() if detected != held[sample]["n_genes_detected"]]
    aside = f", {n_other} of matrices or genes that left with them cannot be" if n_other else ""
    return not wrong, f"{n} of {len(left)} samples counted again{aside}, {len(wrong)} differ{first(wrong)}"


def _counted(folder: Path, matrix: Matrix, ledger: pa.Table, held: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Sample -> genes of the matrix of the release with a read, where these are as many as were looked at."""
    try:
        symbols = exported_columns(ledger, folder.name, matrix)
    except CannotRecompute:
        return {}
    places = [Place(0, row["sample_id"], row["matrix_row"]) for row in held.values()]
    counted = {}
    for place, values, _ in from_file(folder, matrix, places):
        if len(set(symbols.values())) == held[place.sample_id]["n_genes_measured"]:
            counted[place.sample_id] = len({symbol for column, symbol in symbols.items() if values[column] > 0})
    return counted
