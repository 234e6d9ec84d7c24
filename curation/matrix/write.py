"""Gathers the kept samples of all sources and writes them as one compendium.h5ad, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
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
from curation.matrix.plan import plan_export
from curation.matrix.quality import obs_frame, scaler_columns, var_frame
from curation.matrix.recompute import verify
from curation.progress import Progress

if TYPE_CHECKING:
    from curation.source import Source

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
) -> MatrixReport:
    """Write the samples of `kept`, in its order, to `path`.

    `kept` has sample_id, source, series_id, group_id, tissue, term_id, is_tumour, split, matrix_file, matrix_row. Until it is whole, the
    file has another name and no X. With `resume`, what an interrupted export of the same plan had finished is not done again. `scheduler` is the
    address of a Dask cluster that reads the same folders. Raises CurationError subclasses, and removes what it wrote then.
    """
    progress = progress or Progress()
    with progress.stage("genes"):
        plan = plan_export(kept, sources, config)
    work = Assembly(path, plan, resume=resume)
    try:
        with progress.stage("matrix", plan.n_samples) as advance, executor(scheduler, threads) as pool:
            work.run(pool, advance, is_remote=scheduler is not None)
        work.collect()
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
    quality = pa.Table.from_pandas(
        obs[["library_size", "n_genes_detected", "fraction_zero", "is_outlier"]].reset_index(names="sample_id"), preserve_index=False
    )
    notes = [*plan.notes, *work.notes, f"{n_verified} rows of the matrix were computed again from the sources and are equal"]
    return MatrixReport(path, plan.n_samples, plan.n_genes, UNIT_NAMES[config.unit], work.offset, plan.ledger, quality, notes, digests)
