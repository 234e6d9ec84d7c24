"""`curate export` and `curate import-csv`: the files as their readers expect them, and the way back."""

from __future__ import annotations

from pathlib import Path

import anndata
import h5py
import matrix_world
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import curation.export
from curation.cli import app
from curation.config import BuildConfig
from curation.export import CannotExport, export
from curation.import_csv import CannotImport, Columns, import_csv, parse_unit
from curation.matrix.compendium import open_matrix
from curation.sources.matrices import Asked


@pytest.fixture(scope="module")
def compendium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return matrix_world.make(tmp_path_factory.mktemp("export")).write().path


def test_flexynesis_folders(compendium: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curation.export, "BLOCK_BYTES", 5000)  # several blocks
    assert export(compendium, tmp_path / "fx", "flexynesis") == {"train": 60, "test": 20}
    data = anndata.read_h5ad(compendium)
    for part, splits in (("train", ["train", "validation"]), ("test", ["test"])):
        wanted = data[data.obs["split"].isin(splits)]
        with h5py.File(tmp_path / "fx" / part / "gex.h5") as file:
            assert sorted(file) == ["feature_names", "matrix", "sample_ids"]
            assert file["matrix"].dtype == np.float32
            np.testing.assert_array_equal(file["matrix"][:], wanted.X)
            assert [s.decode() for s in file["sample_ids"][:]] == list(wanted.obs_names)
            assert [g.decode() for g in file["feature_names"][:]] == list(wanted.var_names)
        clinical = pl.read_csv(tmp_path / "fx" / part / "clin.csv")
        assert clinical["sample_id"].to_list() == list(wanted.obs_names)
        assert clinical["tissue"].to_list() == wanted.obs["tissue"].tolist()


def test_parquet(compendium: Path, tmp_path: Path) -> None:
    export(compendium, tmp_path / "pq", "parquet")
    data = anndata.read_h5ad(compendium)
    table = pl.read_parquet(tmp_path / "pq" / "expression.parquet")
    assert table["sample_id"].to_list() == list(data.obs_names)
    np.testing.assert_array_equal(table.drop("sample_id").to_numpy(), data.X)
    assert pl.read_parquet(tmp_path / "pq" / "var.parquet")["symbol"].to_list() == list(data.var_names)
    assert pl.read_parquet(tmp_path / "pq" / "obs.parquet")["split"].cast(pl.String).to_list() == data.obs["split"].tolist()


def test_what_a_source_does_not_measure_is_empty(tmp_path: Path) -> None:
    world = matrix_world.make(tmp_path)
    path = world.write(config=BuildConfig(genes="union")).path
    n_missing = int(np.isnan(open_matrix(path)).sum())
    export(path, tmp_path / "pq", "parquet")
    assert sum(pl.read_parquet(tmp_path / "pq" / "expression.parquet").null_count().row(0)) == n_missing
    export(path, tmp_path / "csv", "csv")
    nulls = sum(sum(pl.read_csv(tmp_path / "csv" / part / "gex.csv").null_count().row(0)) for part in ("train", "test"))
    data = anndata.read_h5ad(path)
    assert nulls == int(np.isnan(data[data.obs["split"] != "unlabelled"].X).sum())


def test_compressed_h5ad_holds_the_same(compendium: Path, tmp_path: Path) -> None:
    export(compendium, tmp_path / "small.h5ad", "h5ad")
    data, whole = anndata.read_h5ad(tmp_path / "small.h5ad"), anndata.read_h5ad(compendium)
    np.testing.assert_array_equal(data.X, whole.X)
    assert data.obs.equals(whole.obs)
    assert data.var.equals(whole.var)
    with h5py.File(tmp_path / "small.h5ad") as file:
        assert file["X"].compression == "gzip"


def test_csv_and_back(compendium: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(compendium), "--out", str(tmp_path / "csv"), "--format", "csv"])
    assert result.exit_code == 0, result.output
    arguments = ["import-csv", str(tmp_path / "csv"), "--out", str(tmp_path / "back.h5ad"), "--unit", "log2_tpm"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    old, new = anndata.read_h5ad(compendium), anndata.read_h5ad(tmp_path / "back.h5ad")
    old = old[new.obs_names, new.var_names]
    assert new.shape == (80, 280)
    np.testing.assert_allclose(new.X, old.X, atol=2e-6)
    for column in ("tissue", "split", "group_id", "term_id"):
        assert new.obs[column].tolist() == old.obs[column].tolist()


def test_cpm_goes_out_and_comes_back_as_cpm(tiny: Path, tmp_path: Path) -> None:
    """Three commands: a build in CPM, the files that it is exported to, the compendium that these make."""
    symbols = [name for name in matrix_world.load_genes().symbol if name][:1500]
    samples = [f"own{i:02}" for i in range(24)]
    counts = np.random.default_rng(5).negative_binomial(2, 0.002, (len(symbols), len(samples)))
    folder = tmp_path / "input" / "table"
    folder.mkdir(parents=True)
    pl.DataFrame({"gene": symbols} | dict(zip(samples, counts.T, strict=True))).write_csv(folder / "matrix.tsv", separator="\t")
    rows = [f"{s}\tS{i // 2}\t{('liver', 'lung', 'kidney')[i % 3]}\n" for i, s in enumerate(samples)]
    (folder / "metadata.tsv").write_text("sample_id\tseries_id\ttissue\n" + "".join(rows))
    path = tmp_path / "out" / "compendium.h5ad"
    for arguments in (
        ["build", "--input", tmp_path / "input", "--out", tmp_path / "out", "--unit", "cpm", "--ontology", tiny / "ontology"],
        ["export", path, "--out", tmp_path / "csv", "--format", "csv"],
        ["import-csv", tmp_path / "csv", "--out", tmp_path / "back.h5ad", "--unit", "log2_cpm"],
    ):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == 0, result.output
    old, new = anndata.read_h5ad(path), anndata.read_h5ad(tmp_path / "back.h5ad")
    assert (old.uns["unit"], new.uns["unit"]) == ("log2(CPM+1)", "log2(CPM+1)")
    np.testing.assert_allclose(new.X, old[new.obs_names, new.var_names].X, atol=2e-6)
    expected = counts[:, [samples.index(name) for name in new.obs_names]].T
    cpm = expected / expected.sum(axis=1, keepdims=True) * 1e6
    order = [symbols.index(name) for name in new.var_names]
    np.testing.assert_allclose(2.0**new.X - 1, cpm[:, order], rtol=1e-4, atol=1e-3)


def test_donors_that_nobody_knows_are_not_one_person(tmp_path: Path) -> None:
    """NA, unknown and - in the column that groups: each sample stands alone, so that they may fall into different parts."""
    write_pair(tmp_path / "pair")
    clinical = pl.read_csv(tmp_path / "pair" / "clin.csv")
    words = pl.Series("donor_id", (["NA", "unknown", "-", "N/A"] * clinical.height)[: clinical.height])
    clinical.drop("study").with_columns(words).write_csv(tmp_path / "pair" / "clin.csv")
    report = import_csv(tmp_path / "pair", tmp_path / "c.h5ad", Columns(), seed=1)
    obs = anndata.read_h5ad(tmp_path / "c.h5ad").obs
    assert obs["group_id"].nunique() == len(obs) == 40
    assert any("40 samples name no study or donor" in note for note in report.notes)


def write_pair(folder: Path, tissue: str = "tissue", n: int = 40) -> None:
    genes = matrix_world.load_genes().symbol
    values = np.random.default_rng(0).gamma(0.3, 30, (1200, n))
    values *= 1e6 / values.sum(axis=0)
    folder.mkdir(parents=True)
    names = [f"P{i}" for i in range(n)]
    lines = [",".join([gene, *(f"{v:.5f}" for v in np.log2(1 + row))]) for gene, row in zip(genes, values, strict=False)]
    (folder / "gex.csv").write_text("\n".join([",".join(["", *names]), *lines]) + "\n")
    rows = [f"{name},{'liver' if i % 2 else 'lung'},study{i // 4}" for i, name in enumerate(names)]
    (folder / "clin.csv").write_text("\n".join([f",{tissue},study", *rows, "absent,liver,study0"]) + "\n")


def test_a_pair_without_splits_is_split_by_group(tmp_path: Path) -> None:
    write_pair(tmp_path / "pair", tissue="organ")
    report = import_csv(tmp_path / "pair", tmp_path / "c.h5ad", Columns("organ", "study"), seed=1)
    data = anndata.read_h5ad(tmp_path / "c.h5ad")
    assert data.shape == (40, report.n_genes)
    assert data.obs.groupby("group_id", observed=True)["split"].nunique().max() == 1
    assert {"train", "test"} <= set(data.obs["split"])
    assert any("1 samples" in note and "not in gex.csv" in note for note in report.notes)
    order = [("train", "validation", "test", "unlabelled").index(s) for s in data.obs["split"]]
    assert order == sorted(order)


def test_the_papers_folders_keep_their_test_part(tmp_path: Path) -> None:
    write_pair(tmp_path / "both" / "train")
    write_pair(tmp_path / "both" / "test", n=8)
    for name in ("gex.csv", "clin.csv"):
        path = tmp_path / "both" / "test" / name
        path.write_text(path.read_text().replace("P", "Q", 8 if name == "gex.csv" else 9))
    path = tmp_path / "both" / "test" / "gex.csv"
    import_csv(tmp_path / "both", tmp_path / "c.h5ad", Columns(group="study"), Asked(unit=parse_unit("log2_tpm")), 1)
    data = anndata.read_h5ad(tmp_path / "c.h5ad")
    assert set(data.obs_names[data.obs["split"] == "test"]) == {f"Q{i}" for i in range(8)}


def test_what_cannot_be_exported_or_imported(compendium: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotExport, match="exists"):
        export(compendium, tmp_path, "csv")
    with pytest.raises(CannotExport, match="one of flexynesis"):
        export(compendium, tmp_path / "a", "tsv")
    with pytest.raises(CannotExport, match="no compendium"):
        export(tmp_path / "none", tmp_path / "a", "csv")
    with pytest.raises(CannotImport, match=r"clin\.csv not found"):
        import_csv(tmp_path, tmp_path / "c.h5ad", Columns(), seed=1)
    write_pair(tmp_path / "pair")
    with pytest.raises(CannotImport, match="no sample has a value in the column `organ`"):
        import_csv(tmp_path / "pair", tmp_path / "c.h5ad", Columns("organ"), seed=1)
    with pytest.raises(CannotImport, match="--unit furlongs"):
        parse_unit("furlongs")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pair"]


def test_a_compendium_without_a_test_part(tmp_path: Path) -> None:
    world = matrix_world.make(tmp_path)
    world.kept = world.kept.set_column(7, "split", [["train"] * 90])
    path = world.write().path
    with pytest.raises(CannotExport, match="no samples for test/"):
        export(path, tmp_path / "fx", "flexynesis")
    assert not list(tmp_path.glob("fx*"))
