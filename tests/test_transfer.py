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
from modelling.predicting.cohort import CoverageTooLow, read_cohort
from modelling.predicting.genes import GeneSpace
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
            content = json.loads((tmp_path / f"out{kept}" / "transfer.json").read_text())
            assert "less than 80% of the model's genes" in repr(content["notes"])
            model = load(folder / "run")
            x_ng = np.concatenate([block.x_ng for block in read_cohort(path, GeneSpace.of(model), unit="log2-tpm")])
            found = model.infer(x_ng)
            said = dict(
                pl.read_csv(tmp_path / f"out{kept}" / "predictions.tsv", separator="\t")["sample_id", "classifier_confidence"].iter_rows()
            )
            ours = dict(zip(obs.index, model.probabilities(x_ng).max(1).tolist(), strict=True))
            assert [said[name] for name in said] == pytest.approx([ours[name] for name in said], abs=1e-4)
            assert np.abs(model.probabilities_of(found.z_nk) - model.probabilities(x_ng)).max() > 1e-3  # what certainty changes
            assert content["cohort"]["certainty"]["median"] == pytest.approx(np.median(found.certainty_n), abs=1e-4)
            assert any("certainty of the embeddings" in note for note in content["notes"])


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


def test_several_runs_and_embeddings_are_scored_by_one_protocol(world, tmp_path):
    folder, _, obs = world
    with Compendium.open(folder / "compendium.h5ad") as compendium:
        reference = load_reference(folder / "run")
        training = reference.column("sample_id")[reference.train]
        tissue = dict(zip(compendium.sample_ids, compendium.obs["tissue"], strict=True))
    # an embedding that tells the tissue of every training sample, and of the cohort's samples only whether they are brain
    axis = {"brain": 0, "heart": 1, "liver": 2, "lung": 3}
    known = np.eye(4)[[axis[tissue[name]] for name in training]]
    asked = np.eye(4)[[0 if site == "head" else 3 for site in obs["site"]]]
    table = pl.DataFrame(np.concatenate([known, asked]) + 0.01, schema=["a", "b", "c", "d"])
    table.insert_column(0, pl.Series("sample_id", [*training, *obs.index])).unique("sample_id", keep="last").write_parquet(
        tmp_path / "e.parquet"
    )
    out = tmp_path / "out"
    command = ["transfer", str(folder / "run"), str(folder / "run"), str(folder / "cohort.h5ad")]
    assert "the name of two runs" in str(
        CliRunner().invoke(app, [*command, "--rubric", str(folder / "rubric.tsv"), "--out", str(out)]).exception
    )
    result = invoke(folder, out, "--category", "site", "--embedding", f"oracle={tmp_path / 'e.parquet'}")
    assert result.exit_code == 0, result.output
    content = json.loads((out / "transfer.json").read_text())
    assert content["classifiers"] == ["run classifier", "run kNN", "oracle logistic", "oracle kNN"]
    overall = {(row["rubric"], row["classifier"]): row for row in content["overall"]}
    assert overall["narrow", "oracle kNN"]["score"] == 1
    assert overall["narrow", "oracle logistic"]["score"] == 1
    mine = overall["narrow", "run classifier"]
    assert overall["narrow", "oracle kNN"]["minus_first"] == pytest.approx(1 - mine["score"])
    assert {row["n"] for row in content["overall"]} == {mine["n"]}
    assert mine["minus_first"] is None


def test_two_runs_side_by_side_are_each_what_they_are_alone(world, tmp_path):
    import shutil

    folder, _, _ = world
    shutil.copytree(folder / "run", tmp_path / "second")
    command = ["--rubric", str(folder / "rubric.tsv"), "--unit", "log2-tpm", "--category", "site"]
    inputs = [str(folder / "run"), str(tmp_path / "second"), str(folder / "cohort.h5ad")]
    result = CliRunner().invoke(app, ["transfer", *inputs, *command, "--out", str(tmp_path / "both")])
    assert result.exit_code == 0, result.output
    alone = invoke(folder, tmp_path / "alone", "--category", "site")
    assert alone.exit_code == 0
    both, one = (json.loads((tmp_path / name / "transfer.json").read_text()) for name in ("both", "alone"))
    assert both["runs"] == ["run", "second"]
    for way, prefix in ((row["rubric"], name) for row in one["overall"] for name in ("run", "second")):
        for classifier in ("classifier", "kNN"):
            mine = next(r for r in one["overall"] if (r["rubric"], r["classifier"]) == (way, classifier))
            theirs = next(r for r in both["overall"] if (r["rubric"], r["classifier"]) == (way, f"{prefix} {classifier}"))
            assert (theirs["score"], theirs["interval"], theirs["abstained"]) == (mine["score"], mine["interval"], mine["abstained"])


def test_target_is_read_as_xena_and_the_gdc_ship_it(world, tmp_path):
    """Xena: Ensembl ids with versions, log2(tpm + 0.001), phenotypes in Latin-1. GDC: log2(tpm + 1), a sample sheet with the project."""
    folder, x, obs = world
    table = load_genes()
    ensembl = dict(zip(table.symbol, table.ensembl_gene_id, strict=True))
    with Compendium.open(folder / "compendium.h5ad") as compendium:
        names = [f"{ensembl[str(symbol)]}.{3 + i % 9}" for i, symbol in enumerate(compendium.genes)]
    tpm = np.exp2(x) - 1
    ids = [f"TARGET-30-P{i:05d}-01" for i in range(len(x))]
    brain = (obs["tissue"] == "brain").to_numpy()
    xena = pl.DataFrame({"sample": names} | dict(zip(ids, np.log2(tpm + 0.001), strict=True)))
    xena.write_csv(tmp_path / "xena.tsv", separator="\t")
    disease = np.where(brain, "Neuroblastoma", "Wilms Tumor")
    lines = ["sample\tdetailed_category\t_primary_site\t_study"]
    lines += [f"{name}\t{what}\tSympathetic\xcaNervous System\tTARGET" for name, what in zip(ids, disease, strict=True)]
    (tmp_path / "phenotype.txt").write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    gdc = pl.DataFrame({"Ensembl_ID": names} | {f"{name}A": row for name, row in zip(ids, np.log2(tpm + 1), strict=True)})
    gdc.write_csv(tmp_path / "gdc.tsv", separator="\t")
    sheet = ["File ID\tFile Name\tProject ID\tCase ID\tSample ID\tSample Type"]
    sheet += [f"f{i}\tf{i}.tsv\tTARGET-{'NBL' if brain[i] else 'WT'}\t{name[:-3]}\t{name}A\tPrimary Tumor" for i, name in enumerate(ids)]
    (tmp_path / "sheet.tsv").write_text("\n".join(sheet) + "\n")
    found = {}
    for name, unit, metadata, category in (
        ("xena", "log2-tpm-0.001", "phenotype.txt", "detailed_category"),
        ("gdc", "log2-tpm", "sheet.tsv", "Project ID"),
    ):
        command = ["transfer", str(folder / "run"), str(tmp_path / f"{name}.tsv"), "--rubric", "target", "--unit", unit]
        result = CliRunner().invoke(
            app, [*command, "--metadata", str(tmp_path / metadata), "--category", category, "--out", str(tmp_path / name)]
        )
        assert result.exit_code == 0, f"{result.output} {result.exception}"
        found[name] = {
            (
                row["rubric"],
                row["classifier"],
                row["category"][:7] if name == "xena" else {"TARGET-NBL": "Neurobl", "TARGET-WT": "Wilms T"}[row["category"]],
            ): row
            for row in json.loads((tmp_path / name / "transfer.json").read_text())["categories"]
        }
    assert set(found["xena"]) == set(found["gdc"])
    assert found["xena"]["lenient", "classifier", "Neurobl"]["score"] > 0.9
    for key, row in found["xena"].items():
        assert found["gdc"][key]["n"] == row["n"]
        assert found["gdc"][key]["score"] == pytest.approx(row["score"], abs=0.06)
    assert not found["xena"]["strict", "classifier", "Neurobl"]["reachable"]
    assert found["xena"]["lenient", "classifier", "Neurobl"]["reachable"]


def test_an_ablation_scores_an_outside_cohort(world, tmp_path):
    folder, _, _ = world
    command = ["ablate", str(folder / "compendium.h5ad"), "--cap", "20", "--seeds", "1", "--epochs", "1", "--out", str(tmp_path / "out")]
    command += ["--cohort", str(folder / "cohort.h5ad"), "--rubric", str(folder / "rubric.tsv"), "--category", "site", "--unit", "log2-tpm"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    content = json.loads((tmp_path / "out" / "ablate.json").read_text())
    for row in content["rows"]["cap"]:
        assert 0.4 < row["cohort_wide"] <= 1
    first, second = content["rows"]["cap"]
    assert content["differences"]["cap"]["cohort_narrow"][0] == pytest.approx(second["cohort_narrow"] - first["cohort_narrow"])
    assert "cohort, narrow" in (tmp_path / "out" / "report.html").read_text()
