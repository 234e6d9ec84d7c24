"""`model scale` and `model ablate`: who is in which training part, and that nothing else differs."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from evaluation_world import TISSUES, frame, write
from typer.testing import CliRunner

from modelling.cli import app
from modelling.commands.ablate import NothingAsked
from modelling.data import Compendium
from modelling.studies.ablate import AblationError, cap_arms, cell_line_arms, cell_line_flags, differences
from modelling.studies.retrain import COSTS, SCORES, labelled_training_rows, mean_interval
from modelling.studies.scale import ScaleError, nested_arms


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    x, obs = frame()
    rows = np.ones(len(obs), bool)
    brain = np.flatnonzero((obs["tissue"] == "brain") & (obs["split"] == "train"))
    rows[brain[:20]] = False
    return write(tmp_path_factory.mktemp("scale") / "compendium.h5ad", x[rows], obs[rows])


@pytest.fixture
def compendium(path):
    with Compendium.open(path) as opened:
        yield opened


def test_smaller_training_parts_lie_within_larger_ones_and_keep_the_shares(compendium):
    arms = nested_arms(compendium, (1.0, 0.25, 0.5), (1, 2))
    for seed in (1, 2):
        small, middle, whole = (set(arm.rows.tolist()) for arm in arms if arm.seed == seed)
        assert small < middle < whole
        assert whole == {row for rows in labelled_training_rows(compendium).values() for row in rows.tolist()}
        for rows in labelled_training_rows(compendium).values():
            assert len(small & set(rows.tolist())) == np.ceil(0.25 * len(rows))
    assert set(arms[0].rows.tolist()) != set(arms[3].rows.tolist())
    with pytest.raises(ScaleError, match="got 0, 2"):
        nested_arms(compendium, (0.0, 2.0), (1,))


def test_arms_differ_in_cell_lines_alone(compendium):
    lines = np.zeros(compendium.n_samples, bool)
    train = labelled_training_rows(compendium)
    lines[np.concatenate([train["liver"][:12], train["lung"][:5]])] = True
    out, mixed = cell_line_arms(compendium, lines, (1,))
    assert not lines[out.rows].any()
    assert lines[mixed.rows].sum() > 3
    tissue = compendium.obs["tissue"]
    for name in TISSUES:
        assert (tissue[out.rows] == name).sum() == (tissue[mixed.rows] == name).sum() == (~lines[train[name]]).sum()
    with pytest.raises(AblationError, match="no cell line; build with --cell-line-cap none"):
        cell_line_arms(compendium, ~np.ones(compendium.n_samples, bool), (1,))


def test_arms_of_the_cap_have_one_size(compendium):
    capped, free = cap_arms(compendium, 15, (3,))
    tissue = compendium.obs["tissue"]
    assert max(np.unique(tissue[capped.rows], return_counts=True)[1]) == 15
    assert len(capped.rows) == len(free.rows)
    assert max(np.unique(tissue[free.rows], return_counts=True)[1]) > 15
    with pytest.raises(AblationError, match="changes nothing"):
        cap_arms(compendium, 1000, (3,))


def test_cell_lines_come_from_the_labels_of_the_build(compendium, tmp_path):
    ids = compendium.sample_ids[:3].astype(str).tolist()
    pl.DataFrame({"sample_id": ids, "is_cell_line": [True, False, True]}).write_parquet(tmp_path / "labels.parquet")
    assert cell_line_flags(compendium, tmp_path / "labels.parquet").tolist()[:4] == [True, False, True, False]
    with pytest.raises(AblationError, match="no such file"):
        cell_line_flags(compendium, tmp_path / "none.parquet")


def test_mean_and_paired_difference_by_hand():
    mean, interval = mean_interval(np.array([0.5, 0.6, 0.7]))
    assert mean == pytest.approx(0.6)
    assert interval == pytest.approx((0.6 - 4.302653 * 0.1 / np.sqrt(3), 0.6 + 4.302653 * 0.1 / np.sqrt(3)))
    assert mean_interval(np.array([0.5]))[1] is None
    keys = ("balanced_accuracy", "macro_f1", "r2", "per_gene_spearman")
    rows = [
        {"arm": arm, "seed": seed, **dict.fromkeys(keys, value)}
        for arm, seed, value in (("a", 1, 0.1), ("b", 1, 0.3), ("a", 2, 0.9), ("b", 2, 1.1))
    ]
    assert differences(rows, "a", "b")["r2"][0] == pytest.approx(0.2)


def test_both_commands_end_to_end(path, tmp_path):
    result = CliRunner().invoke(
        app, ["scale", str(path), "--out", str(tmp_path / "scale"), "--fraction", "0.5", "--fraction", "1", "--seeds", "1", "--epochs", "1"]
    )
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "scale" / "scale.json").read_text())
    assert [row["n_seeds"] for row in content["summary"]] == [1, 1]
    assert {row["n_test"] for row in content["rows"]} == {80}
    assert "Do more samples help?" in (tmp_path / "scale" / "report.html").read_text()
    result = CliRunner().invoke(
        app, ["ablate", str(path), "--out", str(tmp_path / "ablate"), "--cap", "20", "--seeds", "1", "--epochs", "1"]
    )
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "ablate" / "ablate.json").read_text())
    assert set(content["differences"]["cap"]) == set(SCORES) | set(COSTS)
    row = content["rows"]["cap"][0]
    assert row["seconds"] > 0
    assert 50 < row["memory_mib"] < 20_000 or row["memory_mib"] is None  # None where the system does not count it
    assert all(-1 <= row[score] <= 1 for score in SCORES)
    assert isinstance(CliRunner().invoke(app, ["ablate", str(path), "--out", str(tmp_path / "x")]).exception, NothingAsked)
    assert not (tmp_path / "x").exists()
