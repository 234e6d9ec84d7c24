"""`model audit-labels`: planted wrong labels are found by a classifier that never saw their group, and the decisions wait for a person."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest
from evaluation_world import frame, write
from typer.testing import CliRunner

from modelling.cli import app
from modelling.data import Compendium
from modelling.studies import audit_labels


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    x, obs = frame()
    obs["tissue"] = obs["tissue"].astype(object)
    obs["term_id"] = obs["tissue"].map(
        {"brain": "UBERON:0000955", "heart": "UBERON:0000948", "liver": "UBERON:0002107", "lung": "UBERON:0002048"}
    )
    true = obs["tissue"].copy()
    wrong = obs.index[[5, 70, 130, 200, 201]]
    obs.loc[wrong, "tissue"] = ["liver", "brain", "lung", "heart", "heart"]
    obs.loc[obs.index[10], "tissue"] = "spleen"
    pl.DataFrame({"sample_id": list(obs.index), "true_tissue": true.to_list()}).write_csv(folder / "truth.tsv", separator="\t")
    evidence = {
        "sample_id": list(obs.index),
        "decided_by": "title",
        "field": "title",
        "matched_text": [f"a {t}\tx" if i == 5 else f"a {t}" for i, t in enumerate(obs["tissue"])],
    }
    pl.DataFrame(evidence).write_parquet(folder / "labels.parquet")
    return write(folder / "compendium.h5ad", x, obs), wrong


def test_planted_wrong_labels_are_found_and_scored(planted, tmp_path):
    path, wrong = planted
    result = CliRunner().invoke(app, ["audit-labels", str(path), "--out", str(tmp_path / "out"), "--truth", str(path.parent / "truth.tsv")])
    assert result.exit_code == 0, result.output
    suspects = pl.read_csv(tmp_path / "out" / "suspects.tsv", separator="\t")
    content = json.loads((tmp_path / "out" / "audit.json").read_text())
    found = set(suspects["sample_id"])
    assert len(found & set(wrong)) >= 4
    assert content["against_truth"]["n_right"] == len(found & set(wrong))
    assert content["against_truth"]["precision"] == pytest.approx(len(found & set(wrong)) / len(found))
    assert content["against_truth"]["recall"] == pytest.approx(len(found & set(wrong)) / 5)
    assert content["not_audited"] == {"spleen": 1}
    assert suspects["margin_of_expression"].is_sorted(descending=True)
    first = suspects.row(0, named=True)
    assert first["matched_text"].startswith(f"a {first['label']}")
    with (tmp_path / "out" / "overrides.tsv").open(newline="") as file:
        decisions = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["target"] for row in decisions] == suspects["sample_id"].to_list()
    assert {row["curator"] for row in decisions} == {""}
    assert all(row["term_id"].startswith("UBERON:") or not row["term_id"] for row in decisions)
    assert "Labels that the expression contradicts" in (tmp_path / "out" / "report.html").read_text()


def test_the_columns_are_those_of_the_ontology_folder():
    from pathlib import Path

    header = (Path(__file__).parent.parent / "ontology" / "overrides.tsv").read_text().splitlines()[0]
    assert tuple(header.split("\t")) == audit_labels.OVERRIDE_COLUMNS


def test_nobody_is_judged_by_a_classifier_that_saw_its_group(monkeypatch):
    rng = np.random.default_rng(0)
    x, label, group = rng.normal(size=(120, 6)).astype(np.float32), np.arange(120) % 3, np.arange(120) // 6
    x[:, 0] = group  # the group gives the sample away
    x += 100 * np.eye(20, 6)[group % 6][:, :6] * 0
    seen = []
    original = audit_labels.components_of
    monkeypatch.setattr(
        audit_labels, "components_of", lambda part, n, seed: seen.append(set(part[:, 0].astype(int))) or original(part, n, seed)
    )
    probability = audit_labels.cross_validated(x, label, group, 3, 5, 0)
    np.testing.assert_allclose(probability.sum(1), 1)
    assert len(seen) == 5
    assert all(len(groups) < 20 for groups in seen)
    assert sum(20 - len(groups) for groups in seen) == 20


def test_without_cleanlab_the_extra_is_named(planted, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cleanlab.filter", None)
    with Compendium.open(planted[0]) as compendium, pytest.raises(audit_labels.ExtraMissing, match=r"bulkatlas\[audit\]"):
        audit_labels.audit(compendium)


def test_a_compendium_of_one_tissue_is_refused(tmp_path):
    x, obs = frame()
    obs["tissue"] = "brain"
    with Compendium.open(write(tmp_path / "one.h5ad", x, obs)) as compendium, pytest.raises(audit_labels.AuditError, match="at least 2"):
        audit_labels.audit(compendium)
