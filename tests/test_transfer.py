"""`model transfer`: scores by hand, nulls, abstention, harmonisation, and cohorts and rubrics that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest
from evaluation_world import N_GENES, frame, trained, write
from typer.testing import CliRunner

from modelling.bundle.model import load
from modelling.bundle.reference import load_reference, write_reference
from modelling.cli import app
from modelling.data import Compendium
from modelling.predicting.cohort import CoverageTooLow
from modelling.studies.harmonise import HarmoniseError, harmonisation, to_profile, training_profile
from modelling.studies.metadata import MetadataError, keep, match
from modelling.studies.rubric import RubricError, load_rubric
from modelling.studies.subset import write_subset
from profiles.genes import load_genes

RUBRIC = "category\twide\tnarrow\treason\nhead\tbrain|liver\tbrain\tx\nchest\theart|lung\tlung\tx\nspace\tmoon\tmoon\tx\n"
CATEGORY = {"brain": "head", "heart": "chest", "lung": "chest", "liver": "space"}


@pytest.fixture(scope="module")
def genes():
    table = load_genes()
    named = zip(table.symbol, table.ensembl_gene_id, table.length_bp, strict=True)
    return [symbol for symbol, ensembl, length in named if ensembl and length == length][:N_GENES]


@pytest.fixture(scope="module")
def world(tmp_path_factory, genes):
    folder = tmp_path_factory.mktemp("transfer")
    x, obs = frame()
    path = write(folder / "compendium.h5ad", x, obs, genes)
    run = trained(path, folder / "run")
    write_reference(run, path, "pca")
    cohort_x, cohort_obs = frame()
    cohort_obs["site"] = cohort_obs["tissue"].map(CATEGORY).astype(str)
    cohort_obs = cohort_obs[cohort_obs["split"] == "test"]
    cohort_x = cohort_x[(obs["split"] == "test").to_numpy()]
    cohort_obs.iloc[0, cohort_obs.columns.get_loc("site")] = "elsewhere"
    cohort_obs.iloc[1, cohort_obs.columns.get_loc("site")] = ""
    (folder / "rubric.tsv").write_text(RUBRIC)
    write(folder / "cohort.h5ad", cohort_x, cohort_obs, genes)
    return folder, cohort_x, cohort_obs


def invoke(folder, out, *more):
    arguments = [
        "transfer",
        str(folder / "run"),
        str(folder / "cohort.h5ad"),
        "--rubric",
        str(folder / "rubric.tsv"),
        "--out",
        str(out),
        "--unit",
        "log2-tpm",
    ]
    return CliRunner().invoke(app, [*arguments, *more])


def test_scores_by_hand(world, tmp_path):
    folder, x, obs = world
    result = invoke(folder, tmp_path / "out", "--category", "site")
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "out" / "transfer.json").read_text())
    predictions = pl.read_csv(tmp_path / "out" / "predictions.tsv", separator="\t")
    site = obs["site"]
    assert predictions.height == site.isin(["head", "chest", "space"]).sum()
    said = "\n".join(content["notes"])
    assert "1 of" in said
    assert "elsewhere" in said
    assert "does not know moon" in said
    assert "no accepted tissue of space" in said
    model, reference = load(folder / "run"), load_reference(folder / "run")
    probability = model.probabilities(x)
    head = dict(zip(obs.index, np.array(model.tissues)[probability.argmax(1)], strict=True))
    rows = {(row["category"], row["rubric"], row["classifier"]): row for row in content["categories"]}
    chest = obs.index[site == "chest"]
    row = rows["chest", "wide", "classifier"]
    assert row["n"] == len(chest)
    assert row["score"] == pytest.approx(np.mean([head[name] in ("heart", "lung") for name in chest]))
    narrow = rows["chest", "narrow", "classifier"]["score"]
    assert narrow == pytest.approx(np.mean([head[name] == "lung" for name in chest]))
    assert row["interval"][0] <= row["score"] <= row["interval"][1]
    tissue = reference.table["tissue"].to_numpy()[reference.train]
    assert row["chance"] == pytest.approx(np.isin(tissue, ["heart", "lung"]).mean())
    assert row["null"] == float(content["largest_class"] in ("heart", "lung"))
    abstained = {name: p < 0.5 for name, p in zip(obs.index, probability.max(1), strict=True)}
    assert row["n_abstained"] == sum(abstained[name] for name in chest)
    assert not rows["space", "wide", "kNN"]["reachable"]
    overall = next(row for row in content["overall"] if (row["rubric"], row["classifier"]) == ("wide", "classifier"))
    assert overall["n"] == site.isin(["head", "chest"]).sum()
    assert "Does it hold elsewhere?" in (tmp_path / "out" / "report.html").read_text()


def test_knn_equals_scikit_learn(world, tmp_path):
    from sklearn.neighbors import KNeighborsClassifier

    folder, x, obs = world
    invoke(folder, tmp_path / "out", "--category", "site")
    reference = load_reference(folder / "run")
    tissue = reference.table["tissue"].to_numpy()[reference.train]
    model = load(folder / "run")
    expected = KNeighborsClassifier(5, metric="cosine").fit(reference.train_unit, tissue).predict(model.directions(model.embed(x)))
    found = pl.read_csv(tmp_path / "out" / "predictions.tsv", separator="\t")
    called = dict(zip(obs.index, expected, strict=True))
    assert [called[name] for name in found["sample_id"]] == found["kNN_tissue"].to_list()


def test_a_text_table_in_other_units_gives_the_same_calls(world, tmp_path, genes):
    folder, x, obs = world
    tpm = np.exp2(x) - 1
    table = pl.DataFrame({"gene": genes} | {name: row.astype(float) for name, row in zip(obs.index, tpm, strict=True)})
    table.write_csv(tmp_path / "cohort.tsv", separator="\t")
    pl.DataFrame({"id": obs.index.to_list(), "site": obs["site"].to_list()}).write_csv(tmp_path / "meta.csv")
    arguments = ["transfer", str(folder / "run"), str(tmp_path / "cohort.tsv"), "--rubric", str(folder / "rubric.tsv"), "--unit", "tpm"]
    result = CliRunner().invoke(
        app, [*arguments, "--metadata", str(tmp_path / "meta.csv"), "--category", "site", "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    model = load(folder / "run")
    expected = dict(zip(obs.index, np.array(model.tissues)[model.probabilities(x).argmax(1)], strict=True))
    found = pl.read_csv(tmp_path / "out" / "predictions.tsv", separator="\t")
    assert np.mean([expected[name] == called for name, called in zip(found["sample_id"], found["classifier_tissue"], strict=True)]) > 0.95


def test_metadata_in_another_layout_is_matched_by_the_named_column(world, tmp_path):
    """--id names the column of --metadata that holds the samples, where two do; remarks above it and quotes are no matter."""
    folder, _, obs = world
    others = list(reversed(obs.index.to_list()))
    rows = [f'"{a}","{b}","{site}"' for a, b, site in zip(others, obs.index, obs["site"], strict=True)]
    (tmp_path / "meta.csv").write_text("\n".join(["# from a colleague", '"alias","barcode","site"', *rows]) + "\n")
    arguments = ["transfer", str(folder / "run"), str(folder / "cohort.h5ad"), "--rubric", str(folder / "rubric.tsv"), "--category", "site"]
    called = {}
    for column in ("barcode", "alias"):
        more = ["--metadata", str(tmp_path / "meta.csv"), "--id", column, "--out", str(tmp_path / column)]
        result = CliRunner().invoke(app, [*arguments, *more])
        assert result.exit_code == 0, result.output
        table = pl.read_csv(tmp_path / column / "predictions.tsv", separator="\t")
        called[column] = dict(zip(table["sample_id"], table["category"], strict=True))
    assert len(called["barcode"]) > 50
    assert called["barcode"].items() <= dict(zip(obs.index, obs["site"], strict=True)).items()
    assert called["alias"].items() <= dict(zip(others, obs["site"], strict=True)).items()


def test_harmonisations_do_what_they_say(world):
    folder, x, _ = world
    model = load(folder / "run")
    with Compendium.open(folder / "compendium.h5ad") as compendium:
        profile = training_profile(model, compendium)
        np.testing.assert_allclose(profile, np.sort(compendium.x(compendium.rows("train")), axis=1).mean(0), rtol=1e-5)
        np.testing.assert_allclose(
            np.sort(to_profile(x + np.arange(x.shape[1], dtype=np.float32) * 1e-3, profile), axis=1),
            np.tile(profile, (len(x), 1)),
            atol=1e-3,
        )
    assert len(set(to_profile(np.zeros((1, len(profile)), np.float32), profile)[0])) == 1
    missing = x[:2].copy()
    missing[:, :5] = np.nan
    assert np.isnan(to_profile(missing, profile)[:, :5]).all()
    change, said = harmonisation("zscore", model, lambda: iter([x[:30], x[30:]]), None)
    z = (change(x) - model.mean_g) / model.std_g
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(z.std(0), 1, atol=1e-3)
    assert "transductive" in said[0]
    with pytest.raises(HarmoniseError, match="--compendium"):
        harmonisation("quantile", model, lambda: iter([x]), None)
    with pytest.raises(HarmoniseError, match="at least 10 samples, it has 4"):
        harmonisation("zscore", model, lambda: iter([x[:4]]), None)


def test_a_cohort_with_a_third_of_the_genes_is_refused_and_with_two_thirds_warned_about(world, tmp_path, genes):
    folder, x, obs = world
    for kept, exit_code in ((18, 1), (40, 0)):
        path = write(tmp_path / f"{kept}.h5ad", x[:, :kept], obs, genes[:kept])
        arguments = [
            "transfer",
            str(folder / "run"),
            str(path),
            "--rubric",
            str(folder / "rubric.tsv"),
            "--category",
            "site",
            "--unit",
            "log2-tpm",
        ]
        result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / f"out{kept}")])
        assert result.exit_code == exit_code, result.output
        if exit_code:
            assert isinstance(result.exception, CoverageTooLow)
            assert not (tmp_path / f"out{kept}").exists()
        else:
            assert (
                "less than 80% of the model's genes"
                in json.loads((tmp_path / f"out{kept}" / "transfer.json").read_text())["notes"].__repr__()
            )


def test_metadata_that_does_not_fit_is_said(world, tmp_path):
    folder, _, _ = world
    result = invoke(folder, tmp_path / "out", "--category", "nosuch")
    assert isinstance(result.exception, MetadataError)
    assert "no column 'nosuch'; columns: sample_id" in str(result.exception)
    table = pl.DataFrame({"id": ["a", "b", "b"], "site": ["x", "y", "z"]})
    with pytest.raises(MetadataError, match="'b' two values of 'site'"):
        match(table, ["a", "b"], "site")
    with pytest.raises(MetadataError, match="no metadata column holds any"):
        match(table, ["q"], "site")
    assert keep(table, ["site=y"]).height == 1
    with pytest.raises(MetadataError, match="no row; values of 'site': x, y, z"):
        keep(table, ["site=w"])


def test_shipped_rubrics_load_and_broken_ones_are_one_line(tmp_path):
    target = load_rubric("target")
    assert target.accepted["lenient"]["Wilms Tumor"] == {"kidney", "ovary", "uterus", "testis"}
    assert target.accepted["strict"]["Wilms Tumor"] == {"kidney"}
    tissues = load_rubric("tissues")
    shipped = (Path(__file__).resolve().parent.parent / "ontology" / "tissues.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert set(tissues.categories) == {line.split("\t")[0] for line in shipped}
    for way in (*target.accepted.values(), *tissues.accepted.values()):
        for accepted in way.values():
            assert accepted <= set(tissues.categories)
    with pytest.raises(RubricError, match=r"shipped ones \(target, tissues\)"):
        load_rubric("nosuch")
    for content, message in (
        ("category\treason\na\tb\n", "at least one column"),
        ("category\tx\na\tb\na\tb\n", "line 3.*occurs twice"),
        ("category\tx\na\t\n", "accepts no tissue"),
    ):
        (tmp_path / "bad.tsv").write_text(content)
        with pytest.raises(RubricError, match=message):
            load_rubric(str(tmp_path / "bad.tsv"))


def test_a_subset_is_a_compendium_with_its_own_statistics(world, tmp_path):
    folder, _, _ = world
    with Compendium.open(folder / "compendium.h5ad") as compendium:
        rows = np.flatnonzero(compendium.obs["source"] == "tcga")[::-1]
        path = write_subset(compendium, rows, tmp_path / "subset.h5ad")
        with Compendium.open(path) as subset:
            assert not subset.notes
            np.testing.assert_array_equal(subset.sample_ids, compendium.sample_ids[rows])
            np.testing.assert_array_equal(subset.x(np.arange(len(rows))), compendium.x(rows))
            train = compendium.x(rows[compendium.obs["split"][rows] == "train"])
            np.testing.assert_allclose(subset.moments()[0], train.mean(0), rtol=1e-5)


def test_a_subset_keeps_yes_no_and_unknown(tmp_path):
    x, obs = frame()
    obs["is_tumour"] = pd.array([True, False, pd.NA] * (len(obs) // 3) + [pd.NA] * (len(obs) % 3), dtype="boolean")
    with Compendium.open(write(tmp_path / "c.h5ad", x, obs)) as compendium:
        write_subset(compendium, np.array([0, 1, 2]), tmp_path / "subset.h5ad")
    kept = anndata.read_h5ad(tmp_path / "subset.h5ad").obs["is_tumour"]
    assert kept.dtype == "boolean"
    assert kept.tolist()[:2] == [True, False]
    assert kept.isna().tolist() == [False, False, True]
