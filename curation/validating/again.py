"""Questions that need the sources: their files, rows of X computed again, and every table made again from their metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.build import curate, sql_parameters
from curation.database import Connection, connect, fetch_arrow, tables_of
from curation.matrix.compendium import open_matrix
from curation.matrix.normalise import UNIT_NAMES
from curation.matrix.plan import plan_export
from curation.matrix.recompute import Place, compare, exported_columns, expression, from_file
from curation.progress import Progress
from curation.release import sha256
from curation.shallow import keep_what_was_read
from curation.source import COUNTED, PER_LENGTH, linear
from curation.validating.compendium import Compendium
from curation.validating.finding import first
from curation.validating.papers import config_of, ontology

if TYPE_CHECKING:
    from curation.source import Matrix, Source

REMADE = ("sample", "sample_group", "label", "fact", "split", "exclusion", "kept", "funnel")
READ = "read_sample"  # not made again: what was read is held against X and the sources
ROUNDING = 1e-6  # of a library size, summed in another order
Manifest = Mapping[str, Any]


def inputs(manifest: Manifest, sources: Mapping[str, Source]) -> tuple[bool, str]:
    """The files of the sources are those that the build read."""
    said = {(row["source"], row["file"]): row["sha256"] for row in manifest["inputs"] if row["source"] not in ("ontology", "studies")}
    found = {(name, path.name): sha256(path) for name, source in sources.items() for path in source.input_files()}
    wrong = sorted(f"{name}/{file}" for name, file in said.keys() | found.keys() if said.get((name, file)) != found.get((name, file)))
    return not wrong, f"{len(found)} files, {len(wrong)} differ{first(wrong)}"


def rows(data: Compendium, kept: pa.Table, ledger: pa.Table, source: Source, folder: Path, *, n_rows: int, seed: int) -> tuple[bool, str]:
    """Some rows of one source, drawn at random, computed again from its files; and their library sizes."""
    var, obs, unit = data.var, data.obs, str(data.uns["unit"])
    lengths = {symbol: bp / 1000 for symbol, bp in zip(var.index, var["length_bp"], strict=True)} if unit == UNIT_NAMES["tpm"] else None
    x, draw = open_matrix(data.path), np.random.default_rng(seed)
    table = kept.select(["sample_id", "source", "matrix_file", "matrix_row"]).to_pylist()
    own = [i for i, row in enumerate(table) if row["source"] == source.name]
    chosen = sorted(draw.choice(own, min(n_rows, len(own)), replace=False).tolist()) if own else []
    wrong, how, n = [], set(), 0
    for matrix in source.matrices():
        places = [Place(i, table[i]["sample_id"], table[i]["matrix_row"]) for i in chosen if table[i]["matrix_file"] == matrix.file]
        symbols = exported_columns(ledger, source.name, matrix) if places else {}
        kilobases = lengths if linear(matrix.unit) in PER_LENGTH else None
        for place, values, reader in from_file(folder / source.name, matrix, places):
            n += 1
            how.add(reader)
            differs = compare(np.array(x[place.row]), expression(values, symbols, kilobases), list(var.index))
            if differs or not _is_size(float(obs["library_size"].iloc[place.row]), values, matrix):
                wrong.append(place.sample_id)
    answer = (
        f"{n} samples x {len(var):,} genes computed again from {' and '.join(sorted(how)) or 'nothing'}, {len(wrong)} differ{first(wrong)}"
    )
    return not wrong and n == len(chosen), answer


def _is_size(said: float, values: Any, matrix: Matrix) -> bool:
    """Whether a library size is the sum of a sample's counts; of what are no counts it is unknown."""
    if linear(matrix.unit) not in COUNTED:
        return math.isnan(said)
    return math.isclose(said, math.fsum(values), rel_tol=ROUNDING)


def tables(con: Connection, data: Compendium | None, manifest: Manifest, sources: Mapping[str, Source], folder: Path) -> tuple[bool, str]:
    """Samples, groups, labels, facts, splits, exclusions, the funnel and the genes, made again from the sources with the ontology in `folder`."""
    if manifest["previous"] is not None or any(row["source"] == "studies" for row in manifest["inputs"]):
        return True, "not made again: the build read an earlier release (--previous) or a table of studies (--studies) too"
    same, said = ontology(manifest, folder)
    if not same:
        return True, f"not made again: the ontology here is another, {said}; give the build's with --ontology"
    config = config_of(manifest)
    again = connect()
    try:
        curate(again, sources, folder, config, None, Progress())
        if READ in tables_of(con):
            keep_what_was_read(again, _rows(con, READ), sql_parameters(config, list(sources)))
        wrong = [name for name in REMADE if not _rows(again, name).equals(_rows(con, name))]
        plan = plan_export(fetch_arrow(again, "SELECT * FROM kept ORDER BY row"), sources, config)
    finally:
        again.close()
    wrong += [] if data is None or list(plan.genes.symbol) == list(data.var.index) else ["var"]
    ledger = fetch_arrow(con, "SELECT * FROM gene_ledger").select(plan.ledger.column_names)
    wrong += [] if _sorted(plan.ledger) == _sorted(ledger) else ["gene_ledger"]
    return not wrong, f"{len(REMADE) + 2} tables made again, {len(wrong)} differ{first(wrong)}"


def _rows(con: Connection, name: str) -> pa.Table:
    return fetch_arrow(con, f'SELECT * FROM "{name}" ORDER BY ALL')


def _sorted(table: pa.Table) -> list[str]:
    return sorted(repr(row) for row in table.to_pylist())
