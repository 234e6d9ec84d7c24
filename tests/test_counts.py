"""Raw counts beside X, against the archive's own file."""

from __future__ import annotations

from pathlib import Path

import anndata
import h5py
import numpy as np
import polars as pl
import pytest
import tiny_world
from range_server import serving

import bulkatlas
from curation.config import BuildConfig
from curation.export import export
from curation.matrix.compendium import open_matrix
from curation.matrix.counts import COUNTS, NoCounts
from curation.matrix.counts_write import refuse_without_counts, write_counts
from curation.query.answer import ask
from curation.query.expression import UnknownLayer
from curation.release import read_manifest


@pytest.fixture(scope="module")
def release(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("counts") / "release"
    tiny_world.build_tiny(tiny / "world", out, with_counts=True)
    return out


def test_counts_are_those_of_the_archive_and_lie_beside_the_same_matrix(release: Path, tiny: Path) -> None:
    adata = bulkatlas.open(release).get_anndata(source="archs4", layer="counts")
    with h5py.File(tiny / "world" / "archs4" / "human_gene_v2.5.h5") as file:
        ids = [name.decode() for name in file["meta/samples/geo_accession"][:]]
        symbols = [name.decode() for name in file["meta/genes/symbol"][:]]
        raw = file["data/expression"][:]
    wanted = raw[np.ix_([symbols.index(gene) for gene in adata.var_names], [ids.index(name) for name in adata.obs_names])].T
    assert adata.shape[0] > 10 and np.array_equal(adata.X, wanted)
    assert (release / "compendium.h5ad").read_bytes() == (tiny / "release" / "compendium.h5ad").read_bytes()
    assert COUNTS in {row["file"] for row in read_manifest(release)["outputs"]}
    assert any("have raw counts" in note for note in read_manifest(release)["notes"])


def test_query_writes_them_from_a_folder_and_from_afar(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answer = ask(release, "tissue=liver", out=tmp_path / "a.h5ad", genes=["A1CF"], layer="counts")
    answer.write(tmp_path / "a.h5ad")
    written = anndata.read_h5ad(tmp_path / "a.h5ad")
    assert np.array_equal(written.X, np.round(written.X)) and written.X.max() > 10
    with serving(release.parent) as (url, behaviour):
        far = bulkatlas.open(f"{url}/release").get_anndata(tissue="liver", genes=["A1CF"], layer="counts")
        assert np.array_equal(far.X, written.X) and COUNTS in {name for name, _ in behaviour.asked}


def test_a_release_without_counts_says_how_to_keep_them(tiny: Path) -> None:
    with pytest.raises(UnknownLayer, match="--with-counts"):
        bulkatlas.open(tiny / "release").get_anndata(tissue="liver", layer="counts")


def test_sources_without_counts_and_counts_of_another_matrix_are_refused(release: Path, tiny: Path, tmp_path: Path) -> None:
    import shutil

    from curation.build import open_sources
    from curation.database import fetch_arrow, reading

    with pytest.raises(NoCounts, match="no source gives counts"):
        refuse_without_counts({})
    shutil.copytree(release, tmp_path / "other")
    x = np.array(open_matrix(tmp_path / "other" / "compendium.h5ad"))
    x[0, 0] += 1
    with h5py.File(tmp_path / "other" / "compendium.h5ad", "r+") as file:
        file["X"][:] = x
    with reading(release / "curation.duckdb") as con:
        kept = fetch_arrow(con, "SELECT * FROM kept ORDER BY row")
    sources = open_sources(tiny / "world")
    with pytest.raises(NoCounts, match="do not give their rows of X, first 0"):
        write_counts(
            tmp_path / "other" / "compendium.h5ad", tmp_path / "c.h5", kept, sources, BuildConfig(cap=10, unit="cpm"), "x", lambda n: None
        )
    assert not (tmp_path / "c.h5").exists()


def test_a_layer_is_exported_in_every_form(release: Path, tmp_path: Path) -> None:
    wanted = bulkatlas.open(release).get_anndata(source="archs4", layer="counts")
    for form in ("h5ad", "parquet", "csv"):
        export(release, tmp_path / form, form, layer="counts")
    whole = anndata.read_h5ad(tmp_path / "h5ad")
    assert np.array_equal(whole[wanted.obs_names].X, wanted.X, equal_nan=True) and whole.uns["unit"] == "counts"
    rows = pl.read_parquet(tmp_path / "parquet" / "expression.parquet").to_pandas().set_index("sample_id")
    assert np.array_equal(rows.loc[wanted.obs_names].to_numpy(), wanted.X, equal_nan=True)
    train = pl.read_csv(tmp_path / "csv" / "train" / "gex.csv")
    shared = [name for name in wanted.obs_names if name in train.columns]
    assert shared and np.array_equal(train[shared].to_numpy().T, wanted[shared].X, equal_nan=True)
    with pytest.raises(UnknownLayer, match="ask for log2cpm or cpm"):
        export(release, tmp_path / "x", "h5ad", layer="tpmm")
