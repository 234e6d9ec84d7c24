"""Gathers the kept samples of all sources and writes them as one compendium.h5ad, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.config import BuildConfig
from curation.digests import FileDigests
from curation.matrix.assembly import Assembly
from curation.matrix.cluster import executor
from curation.matrix.compendium import finish, open_matrix, put_var
from curation.matrix.normalise import UNIT_NAMES
from curation.matrix.plan import ExportPlan, plan_export
from curation.matrix.quality import obs_frame, scaler_columns, var_frame
from curation.matrix.recompute import verify
from curation.progress import Progress

if TYPE_CHECKING:
    from curation.source import Source

Settle = Callable[[pa.Table], tuple[pa.Table, Mapping[str, Any]]]
QUALITY = ["library_size", "n_genes_detected", "fraction_zero", "is_outlier"]
VERIFIED_ROWS = 3  # of each source, computed again before the file gets its name


@dataclass(frozen=True)
class MatrixReport:
    """What was written."""

    path: Path
    n_samples: int
    n_genes: int
    unit: str
    offset: int  # byte of the file at which X begins
    ledger: pa.Table  # one row per input gene, and what became of it
    quality: pa.Table  # sample_id, library_size, n_genes_detected, fraction_zero, is_outlier
    notes: list[str]
    digests: FileDigests  # of the whole file


def write_compendium(
    path: Path,
    kept: pa.Table,
    sources: Mapping[str, Source],
    config: BuildConfig,
    *,
    uns: Mapping[str, Any],
    progress: Progress | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    threads: int | None = None,
    settle: Settle | None = None,
) -> MatrixReport:
    """Write the samples of `kept`, in its order, to `path`.

    `kept` has sample_id, source, series_id, group_id, tissue, term_id, is_tumour, split, matrix_file, matrix_row. Until it is whole, the
    file has another name and no X. With `resume`, what an interrupted export of the same plan had finished is not done again. `scheduler` is the
    address of a Dask cluster that reads the same folders. `settle` is given what was read of each sample (sample_id, n_genes_measured,
    n_genes_detected) and answers with the rows of `kept` that stay, in their order, and the `uns` that goes
    with them. Raises CurationError subclasses, and removes what it wrote then.
    """
    progress = progress or Progress()
    with progress.stage("genes"):
        plan = plan_export(kept, sources, config)
    work = Assembly(path, plan, resume=resume)
    try:
        with progress.stage("matrix", plan.n_samples) as advance, executor(scheduler, threads) as pool:
            work.run(pool, advance, is_remote=scheduler is not None)
        kept, uns, settled = _settle(work, kept, uns, settle, sources, config, progress)
        if settled is None:  # a matrix left as a whole, and with it what kept a gene out
            work.remove()
            return write_compendium(
                path, kept, sources, config, uns=uns, progress=progress, scheduler=scheduler, threads=threads, settle=settle
            )
        plan = settled
        with progress.stage("compendium"):
            obs = obs_frame(kept, work.records)
            finish(work.partial, obs, var_frame(plan.genes), {**uns, "unit": UNIT_NAMES[config.unit]})
        with progress.stage("matrix read back", plan.n_samples) as advance:
            is_train = np.array(kept["split"].to_pylist()) == "train"
            digests = work.seal(is_train, lambda moments: put_var(work.partial, scaler_columns(moments)), advance)
        with progress.stage("matrix against sources"):
            n_verified = verify(open_matrix(work.partial), kept, plan, sources, config.unit, n_rows=VERIFIED_ROWS, seed=config.seed)
            work.put_in_place()
    except BaseException:
        work.remove()
        raise
    quality = pa.Table.from_pandas(obs[QUALITY].reset_index(names="sample_id"), preserve_index=False)
    notes = [*plan.notes, *work.notes, f"{n_verified} rows of the matrix were computed again from the sources and are equal"]
    return MatrixReport(path, plan.n_samples, plan.n_genes, UNIT_NAMES[config.unit], work.offset, plan.ledger, quality, notes, digests)


def _read(kept: pa.Table, plan: ExportPlan, work: Assembly) -> pa.Table:
    """One row per sample that was read: genes of the matrix that its own matrix measures, and those with a read."""
    measured = np.zeros(plan.n_samples, np.int32)
    for matrix in plan.matrices:
        measured[matrix.destination] = matrix.normaliser.measured.sum()
    detected = work.records["n_genes_detected"].astype(np.int32)
    return pa.table({"sample_id": kept["sample_id"], "n_genes_measured": measured, "n_genes_detected": detected})


def _settle(
    work: Assembly,
    kept: pa.Table,
    uns: Mapping[str, Any],
    settle: Settle | None,
    sources: Mapping[str, Source],
    config: BuildConfig,
    progress: Progress,
) -> tuple[pa.Table, Mapping[str, Any], ExportPlan | None]:
    """Leave out the rows that do not stay; what stays, what goes with it, and its plan: None where that has other genes, and nothing was done."""
    if settle is None:
        return kept, uns, work.plan
    stays, uns = settle(_read(kept, work.plan, work))
    if stays.num_rows == kept.num_rows:
        return kept, uns, work.plan
    plan = plan_export(stays, sources, config)
    if plan.genes.symbol != work.plan.genes.symbol:
        return stays, uns, None
    with progress.stage("rows that leave"):
        work.leave_out(np.isin(kept["sample_id"].to_numpy(), stays["sample_id"].to_numpy()), plan)
    return stays, uns, plan
