"""What the faults are put into: a world to build from, a release, a run, a bundle, and one table of samples in every format; made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import scipy.sparse
import serving_world
import tiny_world

GENES = 300


def make(folder: Path) -> Path:
    """world, ontology, release, run, compendium.h5ad, bundle, samples.*; what stands there already is taken."""
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    tiny_world.write_input(folder / "world")
    tiny_world.write_ontology(folder / "ontology")
    tiny_world.build_tiny(folder / "world", folder / "release")
    shutil.move(serving_world.write_run(folder), folder / "run") if not (folder / "run").exists() else None
    write_samples(folder)
    write_table_source(folder / "table", folder)
    (folder / "done").touch()
    return folder


def of_fixtures(folder: Path, tiny: Path, run: Path) -> Path:
    """The same from what conftest.py has made already."""
    for name in ("world", "ontology", "release"):
        (folder / name).symlink_to(tiny / name)
    (folder / "run").symlink_to(run)
    (folder / "compendium.h5ad").symlink_to(run.parent / "compendium.h5ad")
    write_samples(folder)
    write_table_source(folder / "table", folder)
    return folder


def write_samples(folder: Path) -> None:
    """samples.tsv, .gct, .parquet, .h5ad (dense), sparse.h5ad, by_gene.h5ad (CSC): the same few samples."""
    values, names, _ = serving_world.new_samples(1)
    symbols = [gene.symbol for gene in serving_world.genes()]
    values = values.astype(np.float32)
    (folder / "samples.tsv").write_text(serving_world.table_text(values, names))
    head = f"#1.2\n{len(symbols)}\t{len(names)}\n" + "\t".join(["Name", "Description", *names])
    rows = ["\t".join([symbol, "", *(f"{v:.6g}" for v in row)]) for symbol, row in zip(symbols, values.T, strict=True)]
    (folder / "samples.gct").write_text("\n".join([head, *rows]) + "\n")
    frame = pd.DataFrame(values.T, columns=names).assign(gene=symbols)[["gene", *names]]
    frame.to_parquet(folder / "samples.parquet", index=False)
    obs = pd.DataFrame({"tissue": pd.Categorical(["liver"] * len(names)), "n": np.arange(len(names))}, index=names)
    var = pd.DataFrame({"gene_name": symbols}, index=symbols)
    for name, matrix in (("samples", values), ("sparse", scipy.sparse.csr_matrix(values)), ("by_gene", scipy.sparse.csc_matrix(values))):
        anndata.AnnData(matrix, obs=obs, var=var, layers={"tpm": matrix}).write_h5ad(folder / f"{name}.h5ad")


def write_table_source(folder: Path, world: Path) -> None:
    """Input of `build`: one folder `table` with a matrix and a metadata table."""
    (folder / "table").mkdir(parents=True, exist_ok=True)
    values, names, tissues = serving_world.new_samples(4)
    counts = serving_world.counts(values)
    (folder / "table" / "matrix.tsv").write_text(serving_world.table_text(counts, names))
    rows = [f"{name}\tGSE{i // 2}\t{tissue}\tsample {i}" for i, (name, tissue) in enumerate(zip(names, tissues, strict=True))]
    (folder / "table" / "metadata.tsv").write_text("\n".join(["sample_id\tseries_id\tsource_name\ttitle", *rows]) + "\n")
