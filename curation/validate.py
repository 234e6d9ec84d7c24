"""`curate validate`: a release read again as a stranger would, file by file, and rows of its matrix computed again from the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pyarrow as pa

from curation.errors import CurationError
from curation.matrix.assembly import CHECKSUMS
from curation.matrix.compendium import matrix_offset, open_matrix
from curation.matrix.normalise import MILLION, UNIT_NAMES
from curation.matrix.quality import obs_names
from curation.matrix.recompute import Place, compare, exported_columns, expression, from_file
from curation.matrix.scaler import SMALLEST_STD
from curation.obs import COLUMNS, EMPTY
from curation.source import PER_LENGTH, linear
from profiles import filenames

if TYPE_CHECKING:
    import pandas as pd

    from curation.source import Source

COMPENDIUM, DATABASE = "compendium.h5ad", "curation.duckdb"
ROWS_AT_ONCE = 512


class NotValid(CurationError):
    """A release does not hold what it says."""


@dataclass(frozen=True)
class Finding:
    """The answer to one question about a release."""

    question: str
    is_good: bool
    answer: str


def validate(
    out: Path, sources: Mapping[str, Source] | None = None, folder: Path | None = None, *, n_rows: int = 20, seed: int = 0
) -> list[Finding]:
    """Ask every question of the release in `out`; with the sources (and the folder that holds theirs), compute `n_rows` samples of each again.

    Raises CurationError subclasses for what is no release at all; a release that is wrong comes back as findings that are not good.
    """
    import anndata

    from curation.database import fetch_arrow, reading

    findings = [_manifest(out)]
    path = out / COMPENDIUM
    if not path.exists() or not h5py.is_hdf5(path):
        return [*findings, Finding("the compendium opens", False, f"{path} is missing or no HDF5 file")]
    data = anndata.read_h5ad(path, backed="r")
    obs, var, unit = data.obs, data.var, str(data.uns["unit"])
    data.file.close()
    findings += [_layout(path, len(obs), len(var)), _blocks(path), _scaler(path, obs, var), _closure(path, unit)]
    with reading(out / DATABASE) as con:
        kept, ledger = fetch_arrow(con, "SELECT * FROM kept ORDER BY row"), fetch_arrow(con, "SELECT * FROM gene_ledger")
    findings.append(_obs(obs, kept))
    if sources is not None and folder is not None:
        findings += _inputs(out, sources)
        findings += recompute(path, kept, ledger, var, unit, sources, folder, n_rows=n_rows, seed=seed)
    return findings


def _manifest(out: Path) -> Finding:
    from curation.mark import MANIFEST
    from curation.release import read_manifest, sha256

    rows = read_manifest(out)["outputs"]
    outside = [f"{filenames.shown(row['file'])}: {why}" for row in rows if (why := filenames.fault_in(out, row["file"], nested=True))]
    if outside:
        answer = f"{len(outside)} of {len(rows)} names are none of a file in it{_first(outside)}"
        return Finding("every file has the checksum of the manifest", False, answer)
    wrong = [row["file"] for row in rows if not (out / row["file"]).is_file() or sha256(out / row["file"]) != row["sha256"]]
    named = {row["file"] for row in rows} | {MANIFEST}
    strange = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file() and p.relative_to(out).as_posix() not in named)
    answer = f"{len(rows)} files, {len(wrong)} missing or changed{_first(wrong)}, {len(strange)} not in the manifest{_first(strange)}"
    return Finding("every file has the checksum of the manifest", not wrong and not strange, answer)


def _first(names: list[str]) -> str:
    return f" ({', '.join(names[:3])})" if names else ""


def _layout(path: Path, n_obs: int, n_var: int) -> Finding:
    offset, shape = matrix_offset(path)
    mapped = open_matrix(path)
    with h5py.File(path, "r") as file:
        rows = sorted({0, shape[0] // 2, shape[0] - 1})
        same = all(np.array_equal(file["X"][row], mapped[row], equal_nan=True) for row in rows)
    good = same and shape == (n_obs, n_var)
    return Finding("X can be mapped and has the shape of obs and var", good, f"{shape[0]:,} x {shape[1]:,} float32 at byte {offset:,}")


def _blocks(path: Path) -> Finding:
    x = open_matrix(path)
    lines = path.with_name(CHECKSUMS).read_text(encoding="utf-8").splitlines()[1:]
    wrong, n = [], 0
    for line in lines:
        first, n_rows, digest = line.split("\t")
        rows = slice(int(first), int(first) + int(n_rows))
        n += int(n_rows)
        if hashlib.sha256(np.array(x[rows]).data).hexdigest() != digest:
            wrong.append(first)
    return Finding(
        "every block of rows has its checksum",
        not wrong and n == x.shape[0],
        f"{len(lines)} blocks, {n:,} rows, {len(wrong)} wrong{_first(wrong)}",
    )


def _scaler(path: Path, obs: pd.DataFrame, var: pd.DataFrame) -> Finding:
    """Two passes of numpy over the training rows, against the one pass of the export."""
    rows = np.flatnonzero((obs["split"] == "train").to_numpy())
    if rows.size == 0:
        return Finding("train_mean and train_std are those of the training rows", bool(var["train_mean"].isna().all()), "no training rows")
    x = open_matrix(path)
    blocks = [rows[i : i + ROWS_AT_ONCE] for i in range(0, rows.size, ROWS_AT_ONCE)]
    n = sum(np.isfinite(x[b]).sum(axis=0) for b in blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sum(np.nansum(x[b], axis=0, dtype=np.float64) for b in blocks) / n
        std = np.sqrt(sum(np.nansum((x[b] - mean) ** 2, axis=0, dtype=np.float64) for b in blocks) / n)
    same = [
        np.allclose(var[name], value, rtol=1e-5, atol=1e-6, equal_nan=True) for name, value in (("train_mean", mean), ("train_std", std))
    ]
    kept = bool((var["kept"].to_numpy() == (np.nan_to_num(var["train_std"].to_numpy()) >= SMALLEST_STD)).all())
    answer = f"{rows.size:,} rows, {int(var['kept'].sum()):,} of {len(var):,} genes vary by at least {SMALLEST_STD}"
    return Finding("train_mean and train_std are those of the training rows", all(same) and kept, answer)


def _closure(path: Path, unit: str) -> Finding:
    x, worst = open_matrix(path), 0.0
    for start in range(0, x.shape[0], ROWS_AT_ONCE):
        total = np.nansum(np.exp2(x[start : start + ROWS_AT_ONCE].astype(np.float64)) - 1, axis=1)
        total = total[total > 0]
        worst = max(worst, float(np.abs(total / MILLION - 1).max(initial=0)))
    return Finding(
        "every sample sums to one million", worst < 1e-4 and unit in UNIT_NAMES.values(), f"{unit}, largest deviation {worst:.1e}"
    )


def _obs(obs: pd.DataFrame, kept: pa.Table) -> Finding:
    wrong = [] if list(obs.index) == kept["sample_id"].to_pylist() else ["sample_id"]
    of_kept = [name for name in obs_names(kept) if name in kept.column_names]
    for name in of_kept if not wrong else ():
        empty = EMPTY[COLUMNS[name]]
        said = [empty if value is None else value for value in kept[name].to_pylist()]
        if COLUMNS[name] == "number":
            said = [None if value is None else float(np.float32(value)) for value in said]
        missing = obs[name].isna().tolist() if name in obs else [True] * len(obs)
        stored = [empty if absent else value for absent, value in zip(missing, obs[name].astype(object).tolist(), strict=True)]
        if stored != said:
            wrong.append(name)
    return Finding(
        "obs is what the database says", not wrong, f"{len(obs):,} rows, {len(of_kept) + 1} columns, {len(wrong)} differ{_first(wrong)}"
    )


def _inputs(out: Path, sources: Mapping[str, Source]) -> list[Finding]:
    from curation.release import read_manifest, sha256

    said = {(row["source"], row["file"]): row["sha256"] for row in read_manifest(out)["inputs"] if row["source"] in sources}
    found = {(name, path.name): sha256(path) for name, source in sources.items() for path in source.input_files()}
    wrong = sorted(f"{name}/{file}" for name, file in said.keys() | found.keys() if said.get((name, file)) != found.get((name, file)))
    return [Finding("the sources are the files that the build read", not wrong, f"{len(found)} files, {len(wrong)} differ{_first(wrong)}")]


def recompute(
    path: Path,
    kept: pa.Table,
    ledger: pa.Table,
    var: pd.DataFrame,
    unit: str,
    sources: Mapping[str, Source],
    folder: Path,
    *,
    n_rows: int,
    seed: int,
) -> list[Finding]:
    """Some rows of each source, drawn at random, computed again from its files."""
    lengths = {symbol: bp / 1000 for symbol, bp in zip(var.index, var["length_bp"], strict=True)} if unit == UNIT_NAMES["tpm"] else None
    x, draw = open_matrix(path), np.random.default_rng(seed)
    rows = kept.select(["sample_id", "source", "matrix_file", "matrix_row"]).to_pylist()
    findings = []
    for name, source in sources.items():
        own = [i for i, row in enumerate(rows) if row["source"] == name]
        chosen = sorted(draw.choice(own, min(n_rows, len(own)), replace=False).tolist()) if own else []
        wrong, how, n = [], set(), 0
        for matrix in source.matrices():
            places = [Place(i, rows[i]["sample_id"], rows[i]["matrix_row"]) for i in chosen if rows[i]["matrix_file"] == matrix.file]
            symbols = exported_columns(ledger, name, matrix) if places else {}
            kilobases = lengths if linear(matrix.unit) in PER_LENGTH else None
            for place, values, reader in from_file(folder / name, matrix, places):
                n += 1
                how.add(reader)
                if compare(np.array(x[place.row]), expression(values, symbols, kilobases), list(var.index)):
                    wrong.append(place.sample_id)
        answer = f"{n} samples x {len(var):,} genes computed again from {' and '.join(sorted(how)) or 'nothing'}, {len(wrong)} differ{_first(wrong)}"
        findings.append(Finding(f"X is what {name} holds", not wrong and n == len(chosen), answer))
    return findings
