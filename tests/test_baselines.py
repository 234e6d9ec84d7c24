"""`model baselines`: each method against scikit-learn, outside embeddings by the same protocol, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from evaluation_world import frame, trained, write
from sklearn import metrics as sk
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from typer.testing import CliRunner

from modelling.cli import app
from modelling.commands.baselines import WrongInputs, named_files
from modelling.data import Compendium
from modelling.studies import baselines
from modelling.studies.embeddings import EmbeddingError, read_embedding
from modelling.studies.linear import SHRINKAGES


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write(tmp_path_factory.mktemp("baselines") / "compendium.h5ad", *frame())


@pytest.fixture(scope="module")
def parts(path):
    with Compendium.open(path) as compendium:
        return baselines.read_parts(compendium, None)


@pytest.fixture(scope="module")
def plain(parts):
    x, obs = frame()
    train, test = ((obs["split"] == split).to_numpy() for split in ("train", "test"))
    mean, std = x[train].mean(0), x[train].std(0)
    return {
        "train": (x[train] - mean) / std,
        "test": (x[test] - mean) / std,
        "y_train": obs["tissue"][train],
        "y_test": obs["tissue"][test],
        "raw": x[train],
        "raw_test": x[test],
    }


def test_knn_on_all_genes_equals_scikit_learn(parts, plain):
    expected = KNeighborsClassifier(5, metric="cosine").fit(plain["train"], plain["y_train"]).predict(plain["test"])
    found, dimensions = baselines.methods(0)[0].predict(parts)
    assert dimensions == 60
    np.testing.assert_array_equal(np.array(parts.classes)[found], expected)


def test_variable_genes_are_chosen_on_unscaled_training_values(parts, plain, monkeypatch):
    monkeypatch.setattr(baselines, "N_VARIABLE", 20)
    expected = np.sort(np.argsort(-plain["raw"].var(0))[:20])
    np.testing.assert_allclose(baselines.variable(parts, "train"), plain["train"][:, expected], atol=1e-4)


def test_a_penalty_does_not_see_a_rotation(parts, plain):
    train, _, test = baselines.pca_features(parts, 1000, 0)
    assert train.shape[1] == 60
    rotated = LogisticRegression(C=0.01, tol=1e-6, max_iter=2000).fit(train, plain["y_train"]).predict_proba(test)
    direct = LogisticRegression(C=0.01, tol=1e-6, max_iter=2000).fit(plain["train"], plain["y_train"]).predict_proba(plain["test"])
    np.testing.assert_allclose(rotated, direct, atol=2e-3)


def test_all_methods_and_the_model_are_scored_on_the_same_samples(tmp_path, path):
    run = trained(path, tmp_path / "run")
    x, obs = frame()
    label = obs["tissue"].astype("category").cat.codes.to_numpy()
    pl.DataFrame({"sample_id": obs.index.to_list()[::-1], "a": label[::-1], "b": 3.0 - label[::-1], "c": 1.0}).write_parquet(
        tmp_path / "told.parquet"
    )
    arguments = [
        "baselines",
        str(run),
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--no-umap",
        "--embedding",
        f"told={tmp_path / 'told.parquet'}",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "out" / "baselines.json").read_text())
    rows = {row["method"]: row for row in content["methods"]}
    assert len(rows) == 14
    assert {row["n"] for row in rows.values()} == {int((obs["split"] == "test").sum())}
    assert rows["told, kNN"]["balanced_accuracy"] == 1
    for row in rows.values():
        assert row["interval"][0] <= row["balanced_accuracy"] <= row["interval"][1]
    for row in rows.values():
        low, high = row["minus_first"]
        assert row["tie_with_first"] == (low <= 0 <= high)
    assert "tie" in result.output
    x_test = x[(obs["split"] == "test").to_numpy()]
    from modelling.bundle.model import load

    model = load(run)
    called = np.array(model.tissues)[model.probabilities(x_test).argmax(1)]
    assert rows["the model, its classifier"]["balanced_accuracy"] == pytest.approx(
        sk.balanced_accuracy_score(obs["tissue"][obs["split"] == "test"], called)
    )
    assert "Is a model needed?" in (tmp_path / "out" / "report.html").read_text()


def test_embeddings_of_three_kinds_come_in_the_order_of_the_samples(tmp_path):
    import anndata

    ids, values = np.array(["b", "a", "c"]), np.array([[1.0, 2], [3, 4], [5, 6]], np.float32)
    np.save(tmp_path / "e.npy", values)
    (tmp_path / "e.ids.txt").write_text("b\na\nc\n")
    pl.DataFrame({"sample_id": ids, "x": values[:, 0], "y": values[:, 1]}).write_parquet(tmp_path / "e.parquet")
    adata = anndata.AnnData(X=values * 0, obsm={"X_z": values})
    adata.obs_names = ids
    adata.write_h5ad(tmp_path / "e.h5ad")
    for name in ("e.npy", "e.parquet", "e.h5ad:X_z"):
        np.testing.assert_array_equal(read_embedding(tmp_path / name, np.array(["a", "c"])), [[3, 4], [5, 6]])
    with pytest.raises(EmbeddingError, match=r"1 of 2 labelled samples .* first: \['q'\]"):
        read_embedding(tmp_path / "e.parquet", np.array(["a", "q"]))
    with pytest.raises(EmbeddingError, match="no obsm 'nope'; there are: X_z"):
        read_embedding(tmp_path / "e.h5ad:nope", ids)
    (tmp_path / "e.ids.txt").unlink()
    with pytest.raises(EmbeddingError, match=r"e\.ids\.txt"):
        read_embedding(tmp_path / "e.npy", ids)


def test_wrong_pairs_are_refused():
    for pairs in (["noequals"], ["=file"], ["a=1", "a=2"]):
        with pytest.raises(WrongInputs):
            named_files(pairs)


def test_umap_without_its_package_names_the_extra(parts, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(baselines.ExtraMissing, match=r"bulkatlas\[figures\]"):
        baselines.umap_features(parts, 5, 0)


def test_discriminant_analysis_sees_unscaled_values_and_weighs_tissues_alike(parts, plain):
    features = baselines.unscaled_features(parts, 0)
    centred = plain["raw"] - plain["raw"].mean(0)
    np.testing.assert_allclose((features[0] ** 2).sum(), (centred**2).sum(), rtol=1e-3)
    called, _ = baselines.discriminant(features, parts.y)
    settings = [
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s, priors=np.full(len(parts.classes), 1 / len(parts.classes)))
        for s in SHRINKAGES
    ]
    fitted = [lda.fit(centred, plain["y_train"]) for lda in settings]
    assert any((np.array(parts.classes)[called] == f.predict(plain["raw_test"] - plain["raw"].mean(0))).mean() > 0.95 for f in fitted)
