"""What the faults are put into: a world to build from, a release, a run, a bundle, and one table of samples in every format; made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import anndata
import h5py
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
    _write_rest(folder)
    (folder / "done").touch()
    return folder


def of_fixtures(folder: Path, tiny: Path, run: Path) -> Path:
    """The same from what conftest.py has made already."""
    for name in ("world", "ontology", "release"):
        (folder / name).symlink_to(tiny / name)
    (folder / "run").symlink_to(run)
    (folder / "compendium.h5ad").symlink_to(run.parent / "compendium.h5ad")
    _write_rest(folder)
    return folder


def _write_rest(folder: Path) -> None:
    write_samples(folder)
    write_table_source(folder / "table", folder)
    write_small_tables(folder)
    write_catalogue(folder)


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


def write_small_tables(folder: Path) -> None:
    """Every small table that a command reads beside its main one: gold set, decisions, studies, ids, cohort, truths, CSV files of a compendium."""
    values, names, tissues = serving_world.new_samples(4)
    (folder / "gold.tsv").write_text(
        _lines("sample_id\ttitle\ttissue_ids", [f"{name}\t{tissue}\tUBERON:0002107" for name, tissue in zip(names, tissues, strict=True)])
    )
    (folder / "labels.tsv").write_text(_lines("sample_id\ttissue\tterm_id", [f"{name}\tliver\tUBERON:0002107" for name in names]))
    (folder / "decisions.tsv").write_text(
        _lines("scope\ttarget\tterm_id\tis_cell_line\tcurator\tdate\treason", ["sample\tGSM0001\tUBERON:0002107\t\tA\t2026-01-01\tread it"])
    )
    (folder / "studies.tsv").write_text(_lines("series_id\ttitle\tsummary", ["GSE0\tLiver of mice and men\tSamples of liver."]))
    (folder / "ids.txt").write_text("GSM0001\nGSM0002\n")
    (folder / "genes.txt").write_text("A1BG\nA1CF\n")
    (folder / "cohort.tsv").write_text(
        _lines("sample_id\tcategory", [f"{name}\t{tissue}" for name, tissue in zip(names, tissues, strict=True)])
    )
    (folder / "rubric.tsv").write_text(_lines("category\tstrict", [f"{tissue}\t{tissue}" for tissue in sorted(set(tissues))]))
    (folder / "cohort.matrix.tsv").write_text(serving_world.table_text(values, names))
    (folder / "truth.tsv").write_text(_lines("sample_id\ttrue_tissue\taudit", ["GSM10000\tliver\tsex"]))
    (folder / "csv").mkdir(exist_ok=True)
    (folder / "csv" / "gex.csv").write_text(serving_world.table_text(values, names, separator=","))
    (folder / "csv" / "clin.csv").write_text(
        _lines(
            "sample_id,tissue,study", [f"{name},{tissue},S{i // 2}" for i, (name, tissue) in enumerate(zip(names, tissues, strict=True))]
        )
    )
    with h5py.File(folder / "compendium.h5ad") as file:
        ids = [name.decode() for name in file["obs"][file["obs"].attrs["_index"]][:]]
    np.save(folder / "embedding.npy", np.random.default_rng(3).normal(size=(len(ids), 4)).astype(np.float32))
    (folder / "embedding.ids.txt").write_text("\n".join(ids) + "\n")


def _lines(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def write_catalogue(folder: Path) -> None:
    """`catalogue` with the release and a bundle, and that bundle."""
    from curation.sharing import publish_release
    from modelling.bundle.manifest import write_manifest
    from modelling.bundle.sharing import push

    shutil.copytree(folder / "run", folder / "bundle")
    write_manifest(folder / "bundle", sorted(path.name for path in (folder / "bundle").iterdir()))
    publish_release(folder / "release", str(folder / "catalogue"), "atlas@1", labels_only=False)
    push(folder / "bundle", str(folder / "catalogue"), "tissues@1")


def write_table_source(folder: Path, world: Path) -> None:
    """Input of `build`: one folder `table` with a matrix and a metadata table."""
    (folder / "table").mkdir(parents=True, exist_ok=True)
    values, names, tissues = serving_world.new_samples(4)
    counts = serving_world.counts(values)
    (folder / "table" / "matrix.tsv").write_text(serving_world.table_text(counts, names))
    rows = [f"{name}\tGSE{i // 2}\t{tissue}\tsample {i}" for i, (name, tissue) in enumerate(zip(names, tissues, strict=True))]
    (folder / "table" / "metadata.tsv").write_text("\n".join(["sample_id\tseries_id\tsource_name\ttitle", *rows]) + "\n")
