"""`model compare`: what is expected of a normal sample, how sure a difference is, and whose normal samples may say so."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats
from serving_world import changed_samples, genes, table_text, tpm
from typer.testing import CliRunner

from modelling.bundle.model import load
from modelling.cli import app
from modelling.comparing.compare import Background, background, compare, false_discovery
from modelling.comparing.counting import counting_variance, read_values
from modelling.comparing.folder import load_background, save_background
from modelling.comparing.normals import PRIOR_SAMPLES, Normals, NormalsMissing, normal_rows, sums_of
from modelling.comparing.null import FRACTIONS, measure
from modelling.data import Compendium
from modelling.predicting.cohort import read_cohort
from modelling.predicting.genes import GeneSpace
from modelling.scores.sex import sex_signs

CHANGED = 15


@pytest.fixture(scope="module")
def compendium_path(serving_run: Path) -> Path:
    return serving_run.parent / "compendium.h5ad"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Two new samples, the first with some expressed genes 64 times higher."""
    linear, names, symbols = changed_samples(CHANGED)
    path = tmp_path_factory.mktemp("changed") / "new.tsv"
    path.write_text(table_text(linear, names))
    return path, symbols


def test_changed_genes_are_found_and_hardly_any_other(
    serving_run: Path, compendium_path: Path, changed: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, symbols = changed
    command = ["compare", str(serving_run), str(path), "--normals", str(compendium_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    table = pl.read_csv(tmp_path / "out" / "genes.tsv", separator="\t")
    assert table.group_by("sample_id").len()["len"].to_list() == [len(genes())] * 2
    first = table.filter(pl.col("sample_id") == "new_0", pl.col("fdr") < 0.05)
    assert len(set(first["gene"]) & set(symbols)) >= 0.7 * CHANGED
    assert len(set(first["gene"]) - set(symbols)) <= 3
    assert first.filter(pl.col("gene").is_in(symbols))["difference"].median() == pytest.approx(6, abs=0.8)
    assert table.filter(pl.col("sample_id") == "new_1", pl.col("fdr") < 0.05).height <= 3
    held = anndata.read_h5ad(tmp_path / "out" / "comparison.h5ad")
    np.testing.assert_allclose(held.layers["difference"], held.X - held.layers["expected"], atol=1e-4)
    assert {p.name for p in (tmp_path / "out" / "figures").glob("*.png")} >= {"volcano_1.png", "ranks_1.png"}
    assert json.loads((tmp_path / "out" / "compare.json").read_text())["genes_tsv_holds_all_genes"] is True


def test_p_values_of_new_normal_samples_are_uniform(serving_run: Path, compendium_path: Path) -> None:
    linear, tissue = tpm(1234, 3)
    model = load(serving_run)
    with Compendium.open(compendium_path) as compendium:
        made = background(compendium, model.genes)
    p = np.concatenate([compare(np.log2(row + 1), name, made).p_g for row, name in zip(linear, tissue, strict=True)])
    assert scipy.stats.kstest(p, "uniform").statistic < 0.03
    assert np.mean(p < 0.01) == pytest.approx(0.01, abs=0.004)


def test_a_donor_is_never_compared_with_itself(compendium_path: Path, serving_run: Path, tmp_path: Path) -> None:
    """A sample that stands in the compendium is judged by other studies only; taken in under another name it is not."""
    with Compendium.open(compendium_path) as compendium:
        row = normal_rows(compendium)[0]
        name, x = str(compendium.sample_ids[row]), np.exp2(compendium.x(np.array([row]))[0]) - 1
        series = compendium.text("series_id")[row]
    group = compendium_path.parent / "with_groups.h5ad"
    adata = anndata.read_h5ad(compendium_path)
    adata.obs["group_id"] = adata.obs["series_id"].astype(str)
    adata.write_h5ad(group)
    (tmp_path / "same.tsv").write_text(table_text(np.stack([x, x]), [name, "other_name"]))
    result = CliRunner().invoke(
        app,
        ["compare", str(serving_run), str(tmp_path / "same.tsv"), "--unit", "tpm", "--normals", str(group), "--out", str(tmp_path / "out")],
    )
    assert result.exit_code == 0, result.output
    table = pl.read_csv(tmp_path / "out" / "samples.tsv", separator="\t")
    mine = int(((adata.obs["series_id"] == series) & ~adata.obs["is_tumour"]).sum())
    assert table["left_out_of_own_donor"].to_list() == [mine, 0]
    assert table["normal_samples"][1] - table["normal_samples"][0] == mine


def test_the_expectation_is_the_mean_with_the_nearest_tissue_beside_it() -> None:
    """Against a second computation, gene by gene, from the samples themselves."""
    rng = np.random.default_rng(0)
    centre = {"colon": rng.normal(5, 2, 30), "liver": rng.normal(5, 2, 30)}
    centre["rectum"] = centre["colon"] + rng.normal(0, 0.3, 30)
    tissue = ["colon"] * 20 + ["liver"] * 12 + ["rectum"] * 3
    x = np.array([centre[t] for t in tissue]) + rng.normal(0, 0.5, (35, 30))
    names = [f"G{g}" for g in range(30)]
    normals = Normals(names, ["colon", "liver", "rectum"], "log2(TPM+1)", sums_of(x, tissue, names, ["colon", "liver", "rectum"]))
    found = normals.expect("rectum")
    own, other, y = x[-3:], x[:20], np.array(tissue)
    pooled = sum(((x[y == t] - x[y == t].mean(0)) ** 2).sum(0) for t in set(tissue)) / (35 - 3)
    assert found.neighbour == "colon"
    for g in range(30):
        low, high = sorted((own[:, g].mean(), other[:, g].mean()))
        assert low - 1e-9 <= found.mean_g[g] <= high + 1e-9
        assert found.spread_g[g] == pytest.approx((PRIOR_SAMPLES * pooled[g] + 2 * own[:, g].var(ddof=1)) / (PRIOR_SAMPLES + 2) + 0.01)
    truth = centre["rectum"]
    assert ((found.mean_g - truth) ** 2).mean() < 0.9 * ((own.mean(0) - truth) ** 2).mean()
    taken = normals.without(x[-1:], ["rectum"]).expect("rectum")
    direct = Normals(names, normals.tissues, normals.unit, sums_of(x[:-1], tissue[:-1], names, normals.tissues)).expect("rectum")
    np.testing.assert_allclose(taken.mean_g, direct.mean_g)
    with pytest.raises(NormalsMissing, match="spleen: 0 normal samples"):
        normals.expect("spleen")


def test_sex_genes_are_compared_within_a_sex() -> None:
    names = ["XIST", "RPS4Y1", "DDX3Y", "KDM5D", "UTY", "ALB"]
    woman, man = [8, 0.1, 0.1, 0.1, 0.1, 9], [0.1, 6, 5, 5, 5, 9]
    x = np.array([woman, man] * 10) + np.random.default_rng(1).normal(0, 0.05, (20, 6))
    assert sex_signs(x[:2], names).sex.tolist() == ["female", "male"]
    assert sex_signs(np.array([[8, 6, 5, 5, 5, 9], [0, 0, 0, 0, 0, 9.0]]), names).sex.tolist() == ["both", "none"]
    normals = Normals(names, ["liver"], "log2(TPM+1)", sums_of(x, ["liver"] * 20, names, ["liver"]))
    assert normals.expect("liver", "male").mean_g[0] == pytest.approx(0.1, abs=0.1)
    assert normals.expect("liver", "female").mean_g[0] == pytest.approx(8, abs=0.1)
    assert normals.expect("liver").mean_g[0] == pytest.approx(4, abs=0.1)


def test_p_values_are_tail_shares_of_the_null_and_go_on_beyond_it() -> None:
    score = np.random.default_rng(0).standard_t(5, (40, 2000))
    null = measure(score, np.full(score.shape, 3.0))
    asked = np.array([-4.0, -1.0, 0.0, 1.0, 2.5, 6.0, np.nan])
    p = null.p_values(asked, np.full(7, 3.0))
    np.testing.assert_allclose(p[[0, 1, 3, 4, 5]], scipy.stats.t.sf(np.abs(asked[[0, 1, 3, 4, 5]]), 5) * 2, rtol=0.25)
    assert p[2] > 0.97
    assert np.isnan(p[6])
    far = null.p_values(np.array([30.0, 60.0]), np.full(2, 3.0))
    assert 0 < far[1] < far[0] < 2 * FRACTIONS[0]


def test_false_discovery_rates_are_those_of_the_definition() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.5])
    order = np.sort(p[[0, 2, 3, 4]])
    by_hand = [min(order[j] * 4 / (j + 1) for j in range(i, 4)) for i in range(4)]
    fdr = false_discovery(p)
    np.testing.assert_allclose(np.sort(fdr[[0, 2, 3, 4]]), by_hand)
    assert np.isnan(fdr[1])


def test_counting_adds_what_a_poisson_draw_shows(serving_run: Path) -> None:
    space = GeneSpace.of(load(serving_run))
    linear, _ = tpm(5, 1)
    share = linear[0] * space.length_bp / (linear[0] * space.length_bp).sum()
    rng, n_reads = np.random.default_rng(0), 200_000
    draws = rng.poisson(share * n_reads, (300, len(share)))
    table = pd.DataFrame(draws, index=[f"s{i}" for i in range(300)], columns=space.symbol)
    cohort = read_cohort(table, space, unit="counts", layout="samples")
    x = np.concatenate([block.x_ng for block in cohort])
    reads = float(draws[0].sum())
    np.testing.assert_allclose(read_values(x[0], reads, cohort) * draws[0], np.exp2(x[0]) - 1, rtol=1e-3, atol=1e-3)
    expected = x.mean(0)
    found = counting_variance(x[0], expected, reads, cohort, float("nan"))
    well = share * n_reads > 20
    np.testing.assert_allclose(np.median(found[well] / x.var(0)[well]), 1, rtol=0.1)
    assert counting_variance(x[0], expected, reads, cohort, reads / 2).max() == 0


def test_few_reads_make_a_difference_less_sure_and_a_table_of_tpm_says_nothing_of_them(
    serving_run: Path, compendium_path: Path, tmp_path: Path
) -> None:
    """The same values as a table of 100,000 reads and as TPM: the squared errors differ by what counting adds, which is positive where reads are few."""
    model = load(serving_run)
    space = GeneSpace.of(model)
    linear, tissue = tpm(6, 1)
    share = linear[0] * space.length_bp / (linear[0] * space.length_bp).sum()
    draws = np.random.default_rng(1).poisson(share * 100_000).astype(float)
    as_tpm = draws / space.length_bp / (draws / space.length_bp).sum() * 1e6
    errors = {}
    for unit, values in (("counts", draws), ("tpm", as_tpm)):
        (tmp_path / f"{unit}.tsv").write_text(table_text(values[None], ["s"]))
        command = ["compare", str(serving_run), str(tmp_path / f"{unit}.tsv"), "--normals", str(compendium_path), "--unit", unit]
        result = CliRunner().invoke(app, [*command, "--tissue", tissue[0], "--out", str(tmp_path / unit)])
        assert result.exit_code == 0, result.output
        errors[unit] = pl.read_csv(tmp_path / unit / "genes.tsv", separator="\t").sort("gene")["standard_error"].to_numpy()
    more = errors["counts"] ** 2 - errors["tpm"] ** 2
    few = np.array([draws[i] for i in np.argsort([gene.symbol for gene in genes()])])
    assert np.all(more > -1e-6)
    assert np.median(more[(few > 0) & (few < 10)]) > 10 * np.median(more[few > 500]) > 0


def test_the_normal_samples_travel_with_a_run(serving_run: Path, compendium_path: Path, tmp_path: Path) -> None:
    model = load(serving_run)
    with Compendium.open(compendium_path) as compendium:
        made = background(compendium, model.genes)
    save_background(tmp_path, made)
    read = load_background(tmp_path, model.genes)
    x = np.log2(tpm(9, 1)[0][0] + 1)
    mine, theirs = (compare(x, "brain", one) for one in (made, read))
    np.testing.assert_allclose(mine.difference_g, theirs.difference_g, atol=1e-4)
    np.testing.assert_allclose(mine.p_g, theirs.p_g, rtol=0.01)
    with pytest.raises(NormalsMissing, match="model normals"):
        load_background(tmp_path / "nowhere", model.genes)


def test_a_compendium_without_normal_samples_and_a_tissue_without_are_told(
    serving_run: Path, compendium_path: Path, changed: tuple[Path, list[str]], tmp_path: Path
) -> None:
    adata = anndata.read_h5ad(compendium_path)
    adata.obs["is_tumour"] = True
    adata.write_h5ad(tmp_path / "tumours.h5ad")
    command = ["compare", str(serving_run), str(changed[0]), "--out", str(tmp_path / "out"), "--normals"]
    result = CliRunner().invoke(app, [*command, str(tmp_path / "tumours.h5ad")])
    assert isinstance(result.exception, NormalsMissing)
    assert "none of 360 labelled samples is said to be normal" in str(result.exception)
    result = CliRunner().invoke(app, [*command, str(compendium_path), "--tissue", "spleen"])
    assert "no normal samples of 'spleen'" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_the_null_is_not_made_of_scores_that_saw_their_own_donor(compendium_path: Path, serving_run: Path) -> None:
    """With themselves among the normal samples, scores would be too small, and p-values of others too."""
    model = load(serving_run)
    with Compendium.open(compendium_path) as compendium:
        rows = normal_rows(compendium)
        made = background(compendium, model.genes, rows)
        x, tissue = compendium.x(rows[:60], model.genes), compendium.text("tissue", rows[:60])
    inside = np.array(
        [(row - made.normals.expect(t).mean_g) / np.sqrt(made.normals.expect(t).variance_g) for row, t in zip(x, tissue, strict=True)]
    )
    wide = measure(inside, np.array([made.normals.expect(t).mean_g for t in tissue]))
    assert isinstance(made, Background)
    assert np.median(made.null.upper_lf[-1] / wide.upper_lf[-1]) > 1.01
