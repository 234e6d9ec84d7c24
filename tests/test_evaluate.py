"""`model evaluate` on a tiny world: every number again by scikit-learn and scipy, and the test parts that make scoring hard."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from evaluation_world import N_GENES, frame, hard_frame, trained, write
from scipy.stats import norm, spearmanr
from sklearn import metrics as sk
from sklearn.neighbors import KNeighborsClassifier
from typer.testing import CliRunner

from modelling.bundle.model import load
from modelling.cli import app
from modelling.data import Compendium
from modelling.network.pca import fit_components
from modelling.reports.json import plain
from modelling.scores.imputation import PcaImputer, masks
from modelling.scratch import let_go, scratch_array
from modelling.studies.evaluate import evaluate
from modelling.studies.held_out import NothingHeldOut, TooFewGenes
from modelling.studies.imputation import simple_imputers


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    path = write(folder / "compendium.h5ad", *frame())
    return path, trained(path, folder / "run")


@pytest.fixture(scope="module")
def found(world):
    path, run = world
    with Compendium.open(path) as compendium:
        return evaluate(run, compendium)


@pytest.fixture(scope="module")
def again(world):
    """The test part read and scored the slow and plain way."""
    model, x_all, obs = load(world[1]), *frame()
    test = (obs["split"] == "test").to_numpy()
    x = x_all[test]
    truth = (x - model.mean_g) / model.std_g
    z = model.embed(x)
    return {
        "model": model,
        "x": x,
        "obs": obs[test],
        "truth": truth,
        "z": z,
        "restored": model.reconstruct(z),
        "train": x_all[(obs["split"] == "train").to_numpy()],
        "obs_train": obs[obs["split"] == "train"],
    }


def test_classification_equals_scikit_learn(found, again):
    model, label = again["model"], again["obs"]["tissue"].to_numpy()
    probability = model.probabilities(again["x"])
    called = np.array(model.tissues)[probability.argmax(1)]
    metrics = found.metrics
    assert metrics["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(label, called))
    assert metrics["weighted_f1"] == pytest.approx(sk.f1_score(label, called, average="weighted"))
    assert metrics["macro_f1"] == pytest.approx(sk.f1_score(label, called, average="macro"))
    assert metrics["mcc"] == pytest.approx(sk.matthews_corrcoef(label, called))
    report = sk.classification_report(label, called, output_dict=True, zero_division=0)
    for tissue, scores in metrics["per_class"].items():
        assert (scores["recall"], scores["n"]) == (pytest.approx(report[tissue]["recall"]), report[tissue]["support"])
    for source, scores in metrics["per_source"].items():
        rows = again["obs"]["source"] == source
        assert scores["n"] == rows.sum()
        assert scores["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(label[rows], called[rows]))
    tumour = again["obs"]["is_tumour"].to_numpy()
    assert metrics["per_condition"]["tumour"]["accuracy"] == pytest.approx((label == called)[tumour].mean())


def test_reconstruction_equals_its_definition(found, again):
    truth, restored, metrics = again["truth"].astype(float), again["restored"].astype(float), found.metrics
    assert metrics["r2"] == pytest.approx(1 - ((truth - restored) ** 2).sum() / ((truth - truth.mean(0)) ** 2).sum(), rel=1e-5)
    assert metrics["r2"] == pytest.approx(sk.r2_score(truth, restored, multioutput="variance_weighted"), rel=1e-5)
    assert metrics["mse"] == pytest.approx(sk.mean_squared_error(truth, restored), rel=1e-5)
    per_gene = [spearmanr(again["truth"][:, g], again["restored"][:, g]).statistic for g in range(N_GENES)]
    per_sample = [spearmanr(t, r).statistic for t, r in zip(again["truth"], again["restored"], strict=True)]
    assert metrics["per_gene_spearman"] == pytest.approx(np.median(per_gene), abs=1e-6)
    assert metrics["per_sample_spearman"] == pytest.approx(np.median(per_sample), abs=1e-6)


def test_imputation_is_the_pooled_spearman_over_hidden_cells(found, again):
    model = again["model"]
    hidden = next(masks(N_GENES, 0.2, 42, iter([len(again["x"])])))
    filled = model.impute(np.where(hidden, np.nan, again["x"]))
    restored, sd = (filled.values_ng - model.mean_g) / model.std_g, filled.sd_ng / model.std_g
    assert found.metrics["imputation"]["0.2"] == pytest.approx(spearmanr(restored[hidden], again["truth"][hidden]).statistic, abs=1e-4)
    detail = found.metrics["imputation_detail"]["0.2"]
    assert detail["n_cells"] == hidden.sum()
    inside = np.abs(restored - again["truth"])[hidden] <= norm.ppf(0.95) * sd[hidden]
    assert detail["interval_90_holds"] == pytest.approx(inside.mean(), abs=1e-3)
    assert 0.8 < detail["interval_90_holds"] < 0.97
    raw_mean = np.broadcast_to(model.mean_g, hidden.shape)
    assert detail["log2"]["gene_mean"] == pytest.approx(spearmanr(raw_mean[hidden], again["x"][hidden]).statistic, abs=1e-4)
    assert detail["standardised"]["gene_mean"] is None


def test_latent_neighbours_equal_scikit_learn(found, again):
    classifier = KNeighborsClassifier(5, metric="cosine").fit(again["model"].embed(again["train"]), again["obs_train"]["tissue"])
    called = classifier.predict(again["z"])
    assert found.metrics["latent_knn"]["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(again["obs"]["tissue"], called))


def test_intervals_hold_their_score(found):
    metrics = found.metrics
    for name, interval in {**metrics["intervals"], **metrics["reconstruction"]["intervals"]}.items():
        if interval is not None and name != "ece":  # a resampled calibration error is biased upwards
            assert interval[0] <= metrics[name] <= interval[1], name


def test_hidden_cells_do_not_depend_on_the_block_size():
    whole = next(masks(7, 0.3, 1, iter([10])))
    np.testing.assert_array_equal(whole, np.concatenate(list(masks(7, 0.3, 1, iter([3, 3, 4])))))
    assert 0.25 < np.concatenate(list(masks(500, 0.3, 1, iter([100])))).mean() < 0.35


def test_components_equal_scikit_learn_and_fill_a_low_rank_matrix():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, 4)) @ rng.normal(size=(4, 50)) + rng.normal(0, 0.01, (200, 50))).astype(np.float32)
    components = fit_components(lambda: [x[:90], x[90:]], 4, seed=0)
    expected = PCA(4, svd_solver="full").fit(x)
    np.testing.assert_allclose(np.abs(components.axes @ expected.components_.T), np.eye(4), atol=1e-3)
    hidden = rng.random(x.shape) < 0.2
    imputer = PcaImputer(components)
    restored = imputer.restore(imputer.scores(np.where(hidden, np.nan, x)))
    assert np.abs(restored - x)[hidden].mean() < 0.1 * np.abs(x)[hidden].mean()


def test_the_hard_test_part_is_scored_and_said(tmp_path):
    path = write(tmp_path / "hard.h5ad", *hard_frame(), simulated=True)
    run = trained(path, tmp_path / "run")
    result = CliRunner().invoke(app, ["evaluate", str(run), str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    said = "\n".join(metrics["notes"])
    assert "3 test samples have no tissue" in said
    assert "spleen (2 samples) is only in the test part" in said
    assert "one test sample only: lung" in said
    assert "1 of 60 genes are measured in no test sample" in said
    assert metrics["per_class"]["spleen"] | {"recall": 0.0, "n": 2, "unknown_to_model": True} == metrics["per_class"]["spleen"]
    _, obs = hard_frame()
    test = obs[obs["split"] == "test"]
    assert metrics["n"] | {"test": len(test), "unlabelled": 3, "in_classes_unknown_to_model": 2} == metrics["n"]
    n_tcga = int((test["source"] == "tcga").sum())
    assert metrics["reconstruction"]["n_cells_not_measured"] == 7 * n_tcga + len(test)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Simulated data" in page
    assert "spleen (2 samples) is only in the test part" in page
    answers, cells = metrics["levels"], re.findall(r"<td[^>]*>([^<]*)", page.split("How fine an answer holds")[-1])
    assert cells[cells.index("a tissue") + 1] == f"{answers['share_at_level']['tissue']:.1%}"
    assert cells[cells.index("the finest level that holds") + 2] == str(answers["back_off"]["n_wrong"])
    assert len((tmp_path / "out" / "predictions.tsv").read_text().splitlines()) == len(test) + 1
    for figure in ("tissue_accuracy", "confusion", "map_tissue", "imputation", "training"):
        assert all((tmp_path / "out" / "figures" / f"{figure}.{kind}").stat().st_size for kind in ("svg", "png", "csv"))
    assert 'src="http' not in page
    assert 'href="http' not in page
    plain = CliRunner().invoke(app, ["evaluate", str(run), str(path), "--out", str(tmp_path / "plain"), "--no-figures"])
    assert plain.exit_code == 0, plain.output
    assert {file.name for file in (tmp_path / "plain").iterdir()} == {"metrics.json", "predictions.tsv"}
    assert json.loads((tmp_path / "plain" / "metrics.json").read_text()) == metrics


def test_a_group_on_both_sides_is_said(tmp_path, world):
    x, obs = frame()
    obs["group_id"] = "one"
    path = write(tmp_path / "leaky.h5ad", x, obs)
    with Compendium.open(path) as compendium:
        notes = evaluate(world[1], compendium).metrics["notes"]
    n = int((obs["split"] == "test").sum())
    assert any(f"{n} of {n} test samples share a study" in note for note in notes)
    assert any("trained on another compendium" in note for note in notes)


def test_no_labels_and_one_source_give_nulls(tmp_path, world):
    x, obs = frame()
    obs.loc[obs["split"] == "test", "tissue"] = ""
    obs["source"] = "gtex"
    with Compendium.open(write(tmp_path / "plain.h5ad", x, obs)) as compendium:
        metrics = plain(evaluate(world[1], compendium).metrics)
    assert metrics["balanced_accuracy"] is None
    assert metrics["lisi"] is None
    assert metrics["r2"] is not None


def test_genes_are_refused_below_half_and_warned_about_below_nine_tenths(tmp_path, world):
    x, obs = frame()
    for share, kept in ((0.3, 18), (0.8, 48)):
        path = write(tmp_path / f"{kept}.h5ad", x[:, :kept], obs)
        with Compendium.open(path) as compendium:
            if share < 0.5:
                with pytest.raises(TooFewGenes, match=r"18 of the model's 60 genes \(30%\)"):
                    evaluate(world[1], compendium)
            else:
                notes = evaluate(world[1], compendium).metrics["notes"]
                assert any("48 of the model's 60 genes (80%)" in note for note in notes)


def test_no_test_part_and_a_taken_folder_are_one_red_line(tmp_path, world):
    x, obs = frame()
    obs["split"] = obs["split"].replace("test", "train")
    path = write(tmp_path / "no_test.h5ad", x, obs)
    with Compendium.open(path) as compendium, pytest.raises(NothingHeldOut, match="no sample in split 'test'"):
        evaluate(world[1], compendium)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("keep")
    result = CliRunner().invoke(app, ["evaluate", str(world[1]), str(world[0]), "--out", str(taken)])
    assert "exists and is not empty" in str(result.exception)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["no_test.h5ad", "taken"]


def test_tumour_is_read_from_is_tumour_or_condition(tmp_path):
    x, obs = frame()
    obs = obs.rename(columns={"is_tumour": "condition"}).assign(condition=lambda d: np.where(d["condition"], "Tumor", "normal"))
    with Compendium.open(write(tmp_path / "condition.h5ad", x, obs)) as compendium:
        assert set(compendium.conditions(np.arange(compendium.n_samples))) == {"tumour", "normal"}


def test_large_arrays_live_on_disk(monkeypatch):
    monkeypatch.setattr("modelling.scratch.MEMORY_LIMIT", 1000)
    array = scratch_array((100, 100))
    assert isinstance(array, np.memmap)
    array[:] = 1
    assert array.sum() == 10_000


def test_a_scratch_array_gives_its_memory_back_and_keeps_its_values(monkeypatch):
    monkeypatch.setattr("modelling.scratch.MEMORY_LIMIT", 1000)
    array = scratch_array((4096, 2048))
    array[:] = 1

    def mapped() -> int:
        return int(Path("/proc/self/statm").read_text().split()[2]) * os.sysconf("SC_PAGE_SIZE")

    before = mapped()
    let_go(array)
    assert before - mapped() > array.nbytes / 2
    assert array.sum() == array.size


def test_components_are_of_some_training_samples_and_neighbours_of_all(world, monkeypatch):
    path, run = world
    monkeypatch.setattr("modelling.studies.imputation.MOST_FITTED", 50)
    passed = []

    def stage(name, total):
        passed.append(total)
        return passed.append

    with Compendium.open(path) as compendium:
        imputers, z = simple_imputers(load(run), compendium, 0, stage)
        n = len(compendium.rows("train"))
        found = imputers.restore(((compendium.x(compendium.rows("train")[-3:]) - load(run).mean_g) / load(run).std_g).astype(np.float32))
    assert n > 50 and len(z) == len(imputers.knn.reference_mk) == n
    assert passed[0] == sum(passed[1:]) == 6 * 50 + n  # each reading is told
    assert found.keys() == {"knn", "pca"} and all(values.shape == (3, N_GENES) for values in found.values())


def test_each_source_left_out_is_named_by_prototypes_without_it(world, tmp_path):
    path, run = world
    result = CliRunner().invoke(app, ["evaluate", str(run), str(path), "--out", str(tmp_path / "out"), "--across", "source"])
    assert result.exit_code == 0, result.output
    assert "each source left out" in result.output
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())["across"]
    model, x, obs = load(run), *frame()
    z, tissue, source = model.embed(x), obs["tissue"].to_numpy(), obs["source"].to_numpy()
    fit = (obs["split"] != "test").to_numpy()
    hits = {}
    for row in metrics["values"]:
        out, others = source == row["value"], fit & (source != row["value"])
        means = np.array([z[others & (tissue == t)].mean(0) for t in model.tissues])
        scatter = np.concatenate([z[others & (tissue == t)] - means[i] for i, t in enumerate(model.tissues)])
        weight = np.concatenate(
            [
                np.full((others & (tissue == t)).sum(), (others & (tissue == t)).sum() ** -model.calibration.class_balance)
                for t in model.tissues
            ]
        )
        values, vectors = np.linalg.eigh((scatter * weight[:, None]).T @ scatter / weight.sum())
        u = (z - means.mean(0)) @ (vectors / np.sqrt(values + 0.02 * values.mean()))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        means = np.array([u[others & (tissue == t)].mean(0) for t in model.tissues])
        called = np.array(model.tissues)[(u[out] @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).argmax(1)]
        hits[row["value"]] = sk.balanced_accuracy_score(tissue[out], called)
        assert row["n"] == out.sum()
        assert row["balanced_accuracy"] == pytest.approx(hits[row["value"]])
        assert row["intervals"]["balanced_accuracy"][0] <= row["balanced_accuracy"] <= row["intervals"]["balanced_accuracy"][1]
    assert set(hits) == {"gtex", "tcga"}
    assert "Where it saw no label of a source" in (tmp_path / "out" / "report.html").read_text()
    refused = CliRunner().invoke(app, ["evaluate", str(run), str(path), "--out", str(tmp_path / "no"), "--across", "pipeline"])
    assert "obs has no column 'pipeline'" in str(refused.exception)
