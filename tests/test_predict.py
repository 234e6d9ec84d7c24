"""Predictions: one answer from every door, honest doubt, neighbours, map, outputs."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
import serving_world as world
from serving_world import genes, table_text
from sklearn.neighbors import NearestNeighbors
from typer.testing import CliRunner

from modelling.bundle import hub, reference
from modelling.bundle.model import TissueModel, load
from modelling.bundle.reference import ReferenceMissing, draw_map, load_reference
from modelling.cli import app
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.predicting.cohort import read_cohort
from modelling.predicting.genes import GeneSpace
from modelling.predicting.predict import predict
from modelling.predicting.results import tsv
from modelling.scores.conformal import in_set
from profiles.errors import TableFault


@pytest.fixture(scope="module")
def model(serving_run: Path) -> TissueModel:
    return load(serving_run)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counts of twelve new samples by Ensembl id."""
    values, names, _ = world.new_samples()
    path = tmp_path_factory.mktemp("table") / "samples.tsv"
    path.write_text(table_text(world.counts(values), names, [f"{g.ensembl_gene_id}.4" for g in genes()]))
    return path


def run(*arguments: str | int | Path) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_new_samples_get_their_tissue(model: TissueModel, table: Path) -> None:
    found = predict(model, table)
    assert found.table["tissue"].to_list() == world.new_samples()[2]
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    top = np.sort(found.probabilities, axis=1)[:, ::-1]
    for place, name in enumerate(("probability", "second_probability", "third_probability")):
        np.testing.assert_allclose(found.table[name], top[:, place], atol=1e-6)


def test_command_line_python_anndata_and_onnx_give_the_same_answer(
    model: TissueModel, serving_run: Path, table: Path, tmp_path: Path
) -> None:
    ours = predict(model, table)
    from_cli = pl.read_csv(run("predict", serving_run, table).encode(), separator="\t", null_values=[])
    assert from_cli["sample_id"].to_list() == ours.table["sample_id"].to_list()
    np.testing.assert_allclose(from_cli["probability"], ours.table["probability"], rtol=1e-5)
    assert from_cli["nearest_samples"].to_list() == ours.table["nearest_samples"].to_list()

    frame = pd.read_csv(table, sep="\t", index_col=0).T
    adata = anndata.AnnData(frame.to_numpy(np.float32), obs=pd.DataFrame(index=frame.index), var=pd.DataFrame(index=frame.columns))
    in_memory = predict(model, adata)
    np.testing.assert_allclose(in_memory.probabilities, ours.probabilities, atol=1e-6)

    hub.export(serving_run, tmp_path / "bundle")
    x_ng = np.concatenate([block.x_ng for block in read_cohort(table, GeneSpace.of(model))])
    session = onnxruntime.InferenceSession(tmp_path / "bundle" / "model.onnx")
    probability, latent = session.run(["probability", "latent"], {"expression": x_ng})
    np.testing.assert_allclose(probability, ours.probabilities, atol=1e-4)
    np.testing.assert_allclose(latent, ours.embedding, atol=1e-4)


def test_one_sample_alone_gets_the_answer_it_gets_among_others(model: TissueModel, table: Path, tmp_path: Path) -> None:
    together = predict(model, table)
    frame = pd.read_csv(table, sep="\t", index_col=0)
    frame[["new_5"]].to_csv(tmp_path / "one.csv")
    alone = predict(model, tmp_path / "one.csv")
    np.testing.assert_allclose(alone.probabilities[0], together.probabilities[5], atol=1e-6)


def test_neighbours_are_those_of_scikit_learn_and_of_the_training_part_only(model: TissueModel, table: Path, serving_run: Path) -> None:
    found, held = predict(model, table), load_reference(serving_run)
    assert set(held.table["split"][held.train]) == {"train"}
    other = NearestNeighbors(n_neighbors=5, metric="cosine").fit(held.unit_mk[held.train])
    distance, index = other.kneighbors(model.directions(found.embedding))
    assert found.neighbours is not None
    np.testing.assert_array_equal(found.neighbours, held.train[index])
    np.testing.assert_allclose(found.similarity, 1 - distance, atol=1e-5)
    named = found.table["nearest_samples"][0].split(";")
    assert named == held.table["sample_id"][held.train[index[0]]].to_list()
    assert "GSE" in found.table["nearest_series"][0]


def test_a_sample_stands_on_the_map_among_its_own_tissue(model: TissueModel, table: Path, serving_run: Path) -> None:
    found, held = predict(model, table), load_reference(serving_run)
    centres = {t: held.map_xy[(held.table["tissue"] == t).to_numpy()].mean(axis=0) for t in world.TISSUES}
    for row in found.table.iter_rows(named=True):
        nearest = min(centres, key=lambda t: float(np.hypot(*(centres[t] - (row["map_x"], row["map_y"])))))
        assert nearest == row["tissue"]


def test_doubt_is_said_where_two_tissues_are_possible_and_where_nothing_is_near(model: TissueModel, tmp_path: Path) -> None:
    values, _, tissues = world.new_samples(1)
    brain, cord = values[tissues.index("brain")], values[tissues.index("spinal_cord")]
    share = np.linspace(0, 1, 21)
    mixed = np.exp2(np.outer(1 - share, np.log2(brain + 1)) + np.outer(share, np.log2(cord + 1))) - 1
    shuffled = np.random.default_rng(0).permuted(values, axis=1)
    path = tmp_path / "t.tsv"
    path.write_text(table_text(np.concatenate([mixed, shuffled]), [f"s{i}" for i in range(27)]))
    with pytest.raises(TableFault, match=r"6 numeric columns may be no sample: s21, .*--samples"):
        predict(model, path, unit="tpm")
    found = predict(model, path, unit="tpm", samples=["s*"]).table
    sure, between, nothing = found[[0, 20]], found[5:16], found[21:]
    assert not sure["unsure"].any()
    assert between["unsure"].any()
    assert nothing["unsure"].all()
    assert nothing["unsure_because"].str.contains("far from all training samples").all()
    for row in found.iter_rows(named=True):
        held = [name for name in row["tissue_set"].split(";") if name]
        assert held[0] == row["tissue"]
        assert row["unsure"] == bool(row["unsure_because"])
        assert row["unsure"] or (len(held) == 1 and row["probability"] >= 0.5)


def test_half_and_half_names_both(model: TissueModel, tmp_path: Path) -> None:
    values, _, tissues = world.new_samples(1)
    pairs = [(i, j) for i in range(len(tissues)) for j in range(i)]
    path = tmp_path / "t.tsv"
    path.write_text(table_text(np.array([(values[i] + values[j]) / 2 for i, j in pairs]), [f"s{i}" for i in range(len(pairs))]))
    found = predict(model, path, unit="tpm").table
    both = [{tissues[i], tissues[j]} <= set(held.split(";")) for (i, j), held in zip(pairs, found["tissue_set"], strict=True)]
    assert np.mean(both) > 0.7
    assert found["unsure"].to_numpy()[both].all()
    assert found["unsure_because"].to_numpy()[both][0].startswith("may be ")


def test_sets_hold_the_truth_as_often_as_promised(model: TissueModel, serving_run: Path) -> None:
    limits = model.calibration
    assert limits.claims
    assert limits.cross_validated
    with Compendium.open(serving_run.parent / "compendium.h5ad") as compendium:
        rows = compendium.rows("test", labelled=True)
        truth = np.array([model.tissues.index(t) for t in compendium.obs["tissue"][rows]])
        probability = model.probabilities(compendium.x(rows))
    held = in_set(probability, limits.mass)[np.arange(len(rows)), truth]
    assert abs(held.mean() - limits.coverage) < 0.05


def test_few_detected_genes_are_never_sure(model: TissueModel, tmp_path: Path) -> None:
    values, names, _ = world.new_samples(1)
    few = np.random.default_rng(0).poisson(world.counts(values) / 2e7 * 300)
    one = np.zeros_like(few)
    one[:, 5] = 1000
    path = tmp_path / "t.tsv"
    path.write_text(table_text(np.concatenate([world.counts(values), few, one]), [f"{k}{n}" for k in "abc" for n in names]))
    found = predict(model, path, unit="counts")
    n = len(names)
    assert not found.table["unsure"][:n].any()
    assert found.table["unsure"][n:].all()
    assert found.table["unsure_because"][2 * n].startswith("only 1 gene detected, 0.1% of those with a value")
    assert found.table["genes_detected"][n:].to_list() == [*(few > 0).sum(1).tolist(), *[1] * n]
    assert f"{2 * n} of {3 * n} samples have a value above zero" in " ".join(found.report.warnings)


def test_outputs_hold_the_same_in_each_format(model: TissueModel, serving_run: Path, table: Path, tmp_path: Path) -> None:
    ours = predict(model, table)
    for suffix in ("tsv", "parquet", "h5ad"):
        run("predict", serving_run, table, "--out", tmp_path / f"p.{suffix}", "--latent", "--impute", tmp_path / f"i.{suffix}")
        run("embed", serving_run, table, "--out", tmp_path / f"e.{suffix}")
    latent = [f"z{k + 1}" for k in range(model.n_latent)]
    rebuilt = np.maximum(model.reconstruct(ours.embedding) * model.std_g + model.mean_g, 0)
    for read, suffix in ((lambda p: pl.read_csv(p, separator="\t"), "tsv"), (pl.read_parquet, "parquet")):
        predicted, embedded, imputed = (read(tmp_path / f"{name}.{suffix}") for name in "pei")
        assert predicted["tissue"].to_list() == ours.table["tissue"].to_list()
        np.testing.assert_allclose(predicted.select(latent).to_numpy(), ours.embedding, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(embedded.select(latent).to_numpy(), ours.embedding, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(imputed.select(model.genes).to_numpy(), rebuilt, rtol=1e-4, atol=1e-5)
    predicted, embedded, imputed = (anndata.read_h5ad(tmp_path / f"{name}.h5ad") for name in "pei")
    assert predicted.obs["tissue"].to_list() == ours.table["tissue"].to_list()
    np.testing.assert_array_equal(predicted.obsm["X_latent"], ours.embedding)
    np.testing.assert_array_equal(embedded.obsm["X_latent"], ours.embedding)
    np.testing.assert_array_equal(imputed.X, rebuilt)
    assert imputed.var_names.to_list() == model.genes
    assert json.loads(predicted.uns["report"])["unit"] == "counts"
    assert json.loads(pl.read_parquet_metadata(tmp_path / "p.parquet")["report"])["unit"] == "counts"


def test_imputed_genes_come_near_those_that_were_hidden(serving_run: Path, tmp_path: Path) -> None:
    values, names, _ = world.new_samples(10)
    hidden = np.random.default_rng(0).random(world.N_GENES) < 0.3
    path = tmp_path / "partial.tsv"
    path.write_text(table_text(values[:, ~hidden], names, [g.symbol for g, h in zip(genes(), hidden, strict=True) if not h]))
    run("predict", serving_run, path, "--unit", "tpm", "--out", tmp_path / "p.tsv", "--impute", tmp_path / "i.parquet")
    imputed = pl.read_parquet(tmp_path / "i.parquet").drop("sample_id").to_numpy()[:, hidden]
    truth = np.log2(values + 1)[:, hidden]
    mean = np.log2(world.tpm(0, world.N_PER_TISSUE)[0] + 1).mean(axis=0)[hidden]
    assert np.square(imputed - truth).mean() < 0.6 * np.square(mean - truth).mean()


def test_a_refused_sample_keeps_its_row_and_nothing_else(model: TissueModel, tmp_path: Path) -> None:
    values, names, _ = world.new_samples()
    values[3, : int(0.6 * world.N_GENES)] = np.nan
    path = tmp_path / "t.tsv"
    path.write_text(table_text(values, names).replace("nan", ""))
    found = predict(model, path, unit="tpm")
    row = found.table.row(3, named=True)
    assert row["status"] == "refused: 40% of the model's genes have a value"
    assert {name for name, value in row.items() if value is not None} == {"sample_id", "coverage", "genes_detected", "status"}
    assert found.table["tissue"].null_count() == 1
    assert "1 of 12 samples refused" in " ".join(found.report.warnings)


def test_a_run_without_reference_says_how_to_make_one_and_can_do_without(serving_run: Path, table: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in hub.MODEL_FILES:
        (bare / name).write_bytes((serving_run / name).read_bytes())
    with pytest.raises(ReferenceMissing, match=r"model reference .*--without-reference"):
        predict(load(bare), table)
    found = predict(load(bare), table, without_reference=True).table
    assert "nearest_samples" not in found.columns
    assert found["tissue"].to_list() == world.new_samples()[2]
    run("reference", bare, serving_run.parent / "compendium.h5ad", "--map", "pca")
    assert (bare / "reference.tsv").read_bytes() == (serving_run / "reference.tsv").read_bytes()
    (bare / "reference.tsv").write_text("\n".join((bare / "reference.tsv").read_text().splitlines()[:-3]))
    with pytest.raises(ReferenceMissing, match="rows"):
        predict(load(bare), table)


def test_training_on_the_command_line_ends_with_the_reference(serving_run: Path, tmp_path: Path) -> None:
    compendium = serving_run.parent / "compendium.h5ad"
    told = run("train", compendium, "--out", tmp_path / "run", "--epochs", 1, "--map", "pca")
    assert "held-out samples" in told
    assert "similarity below" in told
    assert all((tmp_path / "run" / name).is_file() for name in reference.FILES)


def test_the_example_is_read_back_as_what_it_is(model: TissueModel, serving_run: Path) -> None:
    found = predict(model, serving_run / "example.tsv")
    assert found.report.unit == "TPM"
    with Compendium.open(serving_run.parent / "compendium.h5ad") as compendium:
        tissue = dict(zip(compendium.sample_ids, compendium.obs["tissue"], strict=True))
        split = dict(zip(compendium.sample_ids, compendium.obs["split"], strict=True))
    assert [tissue[name] for name in found.table["sample_id"]] == found.table["tissue"].to_list()
    assert {split[name] for name in found.table["sample_id"]} == {"validation"}


def test_nothing_half_written_is_left(serving_run: Path, table: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tsv"
    broken.write_text(table.read_text() + "ENSG00000000003\t1\n")
    for out in ("a.tsv", "a.parquet", "a.h5ad"):
        result = CliRunner().invoke(app, ["predict", str(serving_run), str(broken), "--out", str(tmp_path / out)])
        assert isinstance(result.exception, TableFault)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.tsv"]
    result = CliRunner().invoke(app, ["predict", str(serving_run), str(table), "--out", str(tmp_path / "a.xlsx")])
    assert "the output is .tsv, .parquet or .h5ad" in str(result.exception)


def test_formulas_are_neutralised_in_downloads_and_only_there() -> None:
    names = ["=1+1", "+cmd", "-2", "@x", " =hidden", "plain", "a\tb\nc"]
    frame = pl.DataFrame({"sample_id": names, "map_x": [-1.5] * len(names)})
    safe = tsv(frame, for_spreadsheet=True).decode().splitlines()[1:]
    assert [line.split("\t")[0] for line in safe] == ["'=1+1", "'+cmd", "'-2", "'@x", "' =hidden", "plain", "a b c"]
    assert all(line.endswith("\t-1.5") for line in safe)
    assert tsv(frame).decode().splitlines()[1].startswith("=1+1\t")


def test_maps_are_scaled_and_said() -> None:
    z_nk = np.random.default_rng(0).normal(size=(120, 6)) + np.repeat(np.eye(6) * 8, 20, axis=0)
    for method, said in (("pca", "principal components"), ("tsne", "t-SNE")):
        xy, how = draw_map(z_nk, method)
        assert said in how
        assert xy.shape == (120, 2)
        assert np.abs(xy).max() == pytest.approx(1)
        groups = xy.reshape(6, 20, 2)
        within = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).mean()
        assert within < np.linalg.norm(xy - xy.mean(axis=0), axis=1).mean()
    with pytest.raises(ModellingError, match="no map method"):
        reference.chosen_map("umap")
