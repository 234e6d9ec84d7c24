"""Questions of compendium.h5ad alone: is it whole, is X expression, are the scaler and the quality columns those of X."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa

from curation.matrix.assembly import CHECKSUMS
from curation.matrix.compendium import matrix_offset, open_matrix
from curation.matrix.normalise import MILLION, UNIT_NAMES, outliers
from curation.matrix.opened import Tables
from curation.matrix.quality import obs_names
from curation.matrix.scaler import SMALLEST_STD
from curation.obs import COLUMNS, EMPTY
from curation.validating.finding import first

ROWS_AT_ONCE = 512
QUALITY = ("library_size", "n_genes_detected", "fraction_zero", "is_outlier")
VAR = ("ensembl_gene_id", "hgnc_id", "length_bp", "train_mean", "train_std", "kept")
EMPTY_GROUPS = ("layers", "obsm", "obsp", "varm", "varp")
FEW = 1e-3  # share of a sample's detected genes that float32 may round to zero, where values were no counts


@dataclass(frozen=True)
class Compendium(Tables):
    """The file, its tables read when they are first asked for."""

    path: Path

    def _element(self, name: str) -> Any:
        from anndata.io import read_elem

        with h5py.File(self.path, "r") as file:
            return read_elem(file[name])


def layout(data: Compendium) -> tuple[bool, str]:
    """X is contiguous, as large as obs and var, and the same by h5py and by the map."""
    offset, shape = matrix_offset(data.path)
    mapped = open_matrix(data.path)
    with h5py.File(data.path, "r") as file:
        rows = sorted({0, shape[0] // 2, shape[0] - 1})
        same = all(np.array_equal(file["X"][row], mapped[row], equal_nan=True) for row in rows)
    good = same and shape == (len(data.obs), len(data.var))
    return good, f"{shape[0]:,} x {shape[1]:,} float32 at byte {offset:,}"


def contents(data: Compendium) -> tuple[bool, str]:
    """The parts that `curate build` writes, and no others; the columns of var and of the quality in obs among them."""
    with h5py.File(data.path, "r") as file:
        wrong = sorted({"X", "obs", "var", "uns", *EMPTY_GROUPS} ^ set(file))
        wrong += [name for name in EMPTY_GROUPS if name in file and len(file[name])]
        for name, table in (("obs", data.obs), ("var", data.var)):
            held = {*table.columns, str(file[name].attrs["_index"])}
            wrong += [f"{name}/{column}" for column in sorted(held ^ set(file[name]))]
    lost = [f"obs/{name}" for name in QUALITY if name not in data.obs] + [
        f"var/{name}" for name in sorted(set(VAR) ^ set(data.var.columns))
    ]
    lost += [f"{name} names one row twice" for name, table in (("obs", data.obs), ("var", data.var)) if not table.index.is_unique]
    return not (
        wrong or lost
    ), f"{len(data.obs.columns)} columns of obs, {len(data.var.columns)} of var, {len(wrong + lost)} wrong{first(wrong + lost)}"


def blocks(data: Compendium) -> tuple[bool, str]:
    """Every block of rows has its checksum, the blocks in order and without a gap."""
    x = open_matrix(data.path)
    lines = data.path.with_name(CHECKSUMS).read_text(encoding="utf-8").splitlines()[1:]
    wrong, n = [], 0
    for line in lines:
        start, n_rows, digest = line.split("\t")
        if int(start) != n or int(n_rows) < 1:
            wrong.append(f"{start}: block {n} is next")
            break
        rows = slice(int(start), int(start) + int(n_rows))
        n += int(n_rows)
        if hashlib.sha256(np.array(x[rows]).data).hexdigest() != digest:
            wrong.append(start)
    return not wrong and n == x.shape[0], f"{len(lines)} blocks, {n:,} rows, {len(wrong)} wrong{first(wrong)}"


def scaler(data: Compendium) -> tuple[bool, str]:
    """Two passes of numpy over the training rows, against the one pass of the export."""
    obs, var = data.obs, data.var
    rows = np.flatnonzero((obs["split"] == "train").to_numpy())
    if rows.size == 0:
        return bool(var["train_mean"].isna().all()), "no training rows"
    x = open_matrix(data.path)
    parts = [rows[i : i + ROWS_AT_ONCE] for i in range(0, rows.size, ROWS_AT_ONCE)]
    n = sum(np.isfinite(x[b]).sum(axis=0) for b in parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sum(np.nansum(x[b], axis=0, dtype=np.float64) for b in parts) / n
        std = np.sqrt(sum(np.nansum((x[b] - mean) ** 2, axis=0, dtype=np.float64) for b in parts) / n)
    same = [
        np.allclose(var[name], value, rtol=1e-5, atol=1e-6, equal_nan=True) for name, value in (("train_mean", mean), ("train_std", std))
    ]
    kept = bool((var["kept"].to_numpy() == (np.nan_to_num(var["train_std"].to_numpy()) >= SMALLEST_STD)).all())
    answer = f"{rows.size:,} rows, {int(var['kept'].sum()):,} of {len(var):,} genes vary by at least {SMALLEST_STD}"
    return all(same) and kept, answer


def closure(data: Compendium) -> tuple[bool, str]:
    """No value is negative or infinite, and every sample sums to one million."""
    x, worst, n_bad = open_matrix(data.path), 0.0, 0
    for start in range(0, x.shape[0], ROWS_AT_ONCE):
        block = x[start : start + ROWS_AT_ONCE].astype(np.float64)
        n_bad += int(((block < 0) | np.isinf(block)).sum())
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.nansum(np.exp2(block) - 1, axis=1)
        total = total[total != 0]
        worst = max(worst, float(np.abs(total / MILLION - 1).max(initial=0)))
    unit = str(data.uns["unit"])
    good = worst < 1e-4 and not n_bad and unit in UNIT_NAMES.values()
    return good, f"{unit}, largest deviation {worst:.1e}, {n_bad:,} values negative or infinite"


def quality(data: Compendium) -> tuple[bool, str]:
    """Genes detected and the share of zeros are those of X; outliers are those of the columns."""
    obs, x = data.obs, open_matrix(data.path)
    detected, measured = np.zeros(len(obs), np.int64), np.zeros(len(obs), np.int64)
    for start in range(0, len(obs), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        detected[rows], measured[rows] = (x[rows] > 0).sum(axis=1), (~np.isnan(x[rows])).sum(axis=1)
    said = obs["n_genes_detected"].to_numpy().astype(np.int64)
    size = obs["library_size"].to_numpy(np.float64)
    lost = np.where(np.isnan(size), FEW * said, 0)  # of counts, none is rounded to zero
    columns = np.column_stack([size, said, obs["fraction_zero"].to_numpy(np.float64)])
    checks = {
        "n_genes_detected": (said >= detected) & (said - detected <= lost),
        "fraction_zero": np.isclose(obs["fraction_zero"], 1 - said / np.maximum(measured, 1), rtol=1e-5, atol=1e-6),
        "library_size": np.isnan(size) | (size >= 0),
        "is_outlier": obs["is_outlier"].to_numpy(bool) == outliers(columns, obs["source"].astype(str).to_numpy()),
    }
    wrong = [f"{name} of {obs.index[int(np.argmin(good))]}" for name, good in checks.items() if not good.all()]
    return not wrong, f"{len(obs):,} rows, {len(wrong)} of {len(checks)} columns differ{first(wrong)}"


def tables(data: Compendium, kept: pa.Table, measured: pa.Table) -> tuple[bool, str]:
    """obs is the table `kept` of the database, column by column, and its quality the table `quality`."""
    obs = data.obs
    wrong = [] if list(obs.index) == kept["sample_id"].to_pylist() else ["sample_id"]
    expected = [*obs_names(kept), *QUALITY]
    wrong += (
        []
        if wrong or list(obs.columns) == expected
        else [f"its columns ({', '.join(sorted(set(expected) ^ {str(name) for name in obs.columns})) or 'their order'})"]
    )
    for name in [name for name in obs_names(kept) if name in kept.column_names] if not wrong else ():
        kind = COLUMNS[name]
        said = [EMPTY[kind] if value is None else value for value in kept[name].to_pylist()]
        if kind == "number":
            said = [None if value is None else float(np.float32(value)) for value in said]
        stored = [EMPTY[kind] if absent else value for absent, value in zip(obs[name].isna(), obs[name].astype(object), strict=True)]
        is_closed = kind != "category" or list(obs[name].cat.categories) == sorted({str(value) for value in stored})
        wrong += [] if stored == said and is_closed else [name]
    if not wrong:
        held = measured.to_pandas().set_index("sample_id").reindex(obs.index)
        wrong += [name for name in QUALITY if not np.array_equal(obs[name].to_numpy(float), held[name].to_numpy(float), equal_nan=True)]
    return not wrong, f"{len(obs):,} rows, {len(expected) + 1} columns, {len(wrong)} differ{first(wrong)}"
