"""`model audit-samples`: planted faults of every kind are found, and ordinary samples are let be."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

from modelling.auditing.cells import COMPARTMENTS, DIVIDING
from modelling.auditing.duplicates import candidates, remaining_ranks
from modelling.auditing.mixtures import explained
from modelling.auditing.samples import TruthUnreadable
from modelling.auditing.species import HUMAN_ONLY
from modelling.auditing.within import Within, spread
from modelling.cli import app
from modelling.scores.sex import ABSENT, PRESENT, Y_GENES, limits, sex_signs
from modelling.studies.audit_labels import OVERRIDE_COLUMNS

TISSUES = ("brain", "heart", "liver", "lung", "skin")
N, N_OTHER = 150, 600
SURROUNDINGS = [gene for genes in COMPARTMENTS.values() for gene in genes]
SEX = ["XIST", *Y_GENES[:6]]
GENES = [*SEX, *DIVIDING, *SURROUNDINGS, *HUMAN_ONLY, *(f"G{i}" for i in range(N_OTHER))]
PLACE = {gene: i for i, gene in enumerate(GENES)}


def columns(names: list[str] | tuple[str, ...]) -> list[int]:
    return [PLACE[name] for name in names]


def ordinary(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linear expression (n, g) of tissues with blood, vessels and connective tissue, dividing little; tissue and sex of each."""
    programme = rng.normal(0, 2.0, (len(TISSUES), len(GENES)))
    quiet = [*columns(SEX), *columns(DIVIDING), *columns(SURROUNDINGS), *columns(HUMAN_ONLY)]
    programme[:, quiet] = 0
    tissue, sex = np.arange(N) % len(TISSUES), np.where(rng.random(N) < 0.5, "female", "male")
    log = 5 + programme[tissue] + rng.normal(0, 0.6, (N, len(GENES)))
    log[:, columns(DIVIDING)] -= 4.5
    for name, genes in (("female", SEX[:1]), ("male", SEX[1:])):
        log[np.ix_(sex != name, columns(genes))] = -6
    return np.exp2(log), tissue, sex


def counted(linear: np.ndarray, reads: float, rng: np.random.Generator) -> np.ndarray:
    counts = rng.poisson(linear / linear.sum(-1, keepdims=True) * reads)
    return counts / counts.sum(-1, keepdims=True) * linear.sum(-1, keepdims=True)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """A compendium with three faults of each kind, and a table that names them."""
    folder = tmp_path_factory.mktemp("faults")
    rng = np.random.default_rng(0)
    linear, tissue, sex = ordinary(rng)
    stated = sex.copy()
    stated[:3] = np.where(sex[:3] == "male", "female", "male")
    second = np.array([next(j for j in range(40, N) if tissue[j] == (tissue[i] + 2) % 5 and sex[j] == sex[i]) for i in range(9, 12)])
    culture, mouse = linear[15:18].copy(), linear[20:23] * np.exp2(rng.normal(0, 1, (3, len(GENES))))
    culture *= np.exp2(rng.normal(0, 1, culture.shape))
    culture[:, columns(SURROUNDINGS)] = 0.1
    culture[:, columns(DIVIDING)] = 30
    mouse[:, columns(HUMAN_ONLY)] = 0
    made = {
        "duplicates": counted(linear[5:8], 3e6, rng),
        "mixtures": 0.5 * linear[9:12] + 0.5 * linear[second],
        "cell_lines": culture,
        "species": mouse,
        "single_cells": counted(linear[25:28] * rng.gamma(0.3, 3, (3, len(GENES))), 600, rng),
    }
    ids, faults = [f"S{i}" for i in range(N)], {"sex": ["S0", "S1", "S2"]}
    tissues, sexes = tissue.tolist(), stated.tolist()
    for first, (audit, values) in zip((5, 9, 15, 20, 25), made.items(), strict=True):
        faults[audit] = [f"{audit}_{k}" for k in range(3)]
        ids += faults[audit]
        linear = np.concatenate([linear, values])
        tissues += tissue[first : first + 3].tolist()
        sexes += [""] * 3
    faults["duplicates"] += ["S5", "S6", "S7"]
    obs = pd.DataFrame({"tissue": np.array(TISSUES)[tissues], "sex": sexes, "group_id": [f"d{i}" for i in range(len(ids))]}, index=ids)
    obs["split"] = np.array(["train", "train", "validation", "test"])[np.arange(len(ids)) % 4]
    obs["source"] = obs["series_id"] = "x"
    x = np.log2(linear / linear.sum(1, keepdims=True) * 1e5 + 1).astype(np.float32)
    anndata.AnnData(x, obs=obs, var=pd.DataFrame(index=GENES), uns={"unit": "log2(TPM+1)"}).write_h5ad(folder / "compendium.h5ad")
    rows = [(name, audit) for audit, names in faults.items() for name in names]
    pl.DataFrame(rows, schema=["sample_id", "audit"], orient="row").write_csv(folder / "truth.tsv", separator="\t")
    return folder, faults


def test_planted_faults_are_found_and_wait_for_a_person(planted: tuple[Path, dict[str, list[str]]], tmp_path: Path) -> None:
    folder, faults = planted
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["audit-samples", str(folder / "compendium.h5ad"), "--truth", str(folder / "truth.tsv"), "--out", str(out)]
    )
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    found = {audit: set(pl.read_csv(out / f"{audit}.tsv", separator="\t")["sample_id"]) for audit in faults}
    assert found["sex"] == set(faults["sex"])
    assert found["duplicates"] == set(faults["duplicates"])
    assert found["cell_lines"] == set(faults["cell_lines"])
    assert found["species"] == set(faults["species"])
    assert found["single_cells"] == set(faults["single_cells"])
    assert len(found["mixtures"] & set(faults["mixtures"])) >= 2
    assert len(found["mixtures"] - set(faults["mixtures"])) <= 2
    scores = json.loads((out / "audit.json").read_text())["against_truth"]
    for audit, names in found.items():
        hit = len(names & set(faults[audit]))
        assert scores[audit]["precision"] == pytest.approx(hit / len(names))
        assert scores[audit]["recall"] == pytest.approx(hit / len(faults[audit]))
    with (out / "overrides.tsv").open(newline="") as file:
        decisions = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert tuple(decisions[0]) == OVERRIDE_COLUMNS
    assert {row["curator"] for row in decisions} == {""}
    of_sex = {row["target"]: row["value"] for row in decisions if row["fact"] == "sex"}
    stated = anndata.read_h5ad(folder / "compendium.h5ad").obs["sex"]
    assert {name: {"male": "female", "female": "male"}[value] for name, value in of_sex.items()} == {
        name: stated[name] for name in faults["sex"]
    }
    assert {row["target"] for row in decisions if row["is_cell_line"] == "true"} == set(faults["cell_lines"])
    assert sum(row["target"] in faults["duplicates"] for row in decisions) == 3  # one of each pair goes, the other stays
    twins = pl.read_csv(out / "duplicates.tsv", separator="\t")
    assert dict(zip(twins["sample_id"], twins["twin"], strict=True))["S5"] == "duplicates_0"
    assert "not what they are said to be" in (out / "report.html").read_text()


def test_what_cannot_be_audited_is_said(planted: tuple[Path, dict[str, list[str]]], tmp_path: Path) -> None:
    adata = anndata.read_h5ad(planted[0] / "compendium.h5ad")
    bare = adata[:, [name.startswith("G") for name in adata.var_names]].copy()
    del bare.obs["sex"]
    bare.write_h5ad(tmp_path / "bare.h5ad")
    result = CliRunner().invoke(app, ["audit-samples", str(tmp_path / "bare.h5ad"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    audits = json.loads((tmp_path / "out" / "audit.json").read_text())["audits"]
    assert "XIST is not among the genes" in audits["sex"]["notes"][0]
    assert "no sample states a sex" in audits["sex"]["notes"][1]
    assert "fewer than 3 markers measured" in audits["cell_lines"]["notes"][0]
    assert "10 are needed" in audits["species"]["notes"][0]
    (tmp_path / "truth.tsv").write_text("sample_id\taudit\nS1\tmagic\n")
    command = ["audit-samples", str(tmp_path / "bare.h5ad"), "--truth", str(tmp_path / "truth.tsv"), "--out", str(tmp_path / "x")]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, TruthUnreadable)
    assert "holds ['magic']; the audits are sex, duplicates" in str(result.exception)
    assert not (tmp_path / "x").exists()


def test_hashing_finds_the_pairs_that_all_against_all_finds() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(5, 2, (300, 400))
    x[150:160] = x[:10] + rng.normal(0, 0.8, (10, 400))
    rest = remaining_ranks(x)
    every = rest @ rest.T
    alike = {(i, j) for i, j in zip(*np.nonzero(np.triu(every, 1) > 0.6), strict=True)}
    (first, second), crowded = candidates(rest, 0)
    assert alike == {(i, i + 150) for i in range(10)}
    assert alike <= set(zip(first.tolist(), second.tolist(), strict=True))
    assert crowded == 0


def test_a_mixture_is_explained_by_its_parts() -> None:
    rng = np.random.default_rng(1)
    means = rng.normal(6, 2, (4, 500))
    mixed = np.log2(0.7 * (np.exp2(means[1]) - 1) + 0.3 * (np.exp2(means[3]) - 1) + 1) + rng.normal(0, 0.1, 500)
    plain = Within(np.zeros(500), np.ones(500), np.zeros((0, 500)), np.zeros(0))
    pure = means[np.full(30, 2)] + rng.normal(0, 0.1, (30, 500))
    first, second, share, gain, left = explained(np.concatenate([[mixed], pure]), means, plain)
    assert (first[0], second[0], share[0]) == (1, 3, 0.3)
    assert gain[0] > 0.9 > 0 > gain[1]
    assert left[0] == pytest.approx(1, rel=0.3)  # no more than a pure sample leaves


def test_what_samples_of_a_tissue_differ_in_counts_as_its_own_covariance_says() -> None:
    """Squared distances are those of Mahalanobis under the covariance of a few factors and equal rests, in units of such a rest."""
    rng = np.random.default_rng(3)
    n, v = 240, 60
    rest = rng.normal(0, 1, (n, 5)) @ rng.normal(0, 2, (5, v)) + rng.normal(0, 0.7, (n, v))
    wide = spread(rest)
    assert wide == pytest.approx(np.sqrt(rest.var(0) + rest.mean(0) ** 2 + 0.25))
    within = Within.of(rng.normal(5, 1, v), wide, rest)
    scaled = np.clip(rest / wide, -5, 5)
    scaled = scaled[np.argsort((scaled**2).sum(1))[: n * 9 // 10]]
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    k = len(scaled) // 6
    values[: v - k] = ordinary = values[: v - k].mean()
    covariance = vectors @ np.diag(np.maximum(values, ordinary)) @ vectors.T
    one, other = rng.normal(5, 2, (2, v))
    apart = (one - other) / wide
    found = ((within(one[None]) - within(other[None])) ** 2).sum()
    assert found == pytest.approx(ordinary * apart @ np.linalg.solve(covariance, apart), rel=1e-3)
    assert found < 0.7 * apart @ apart


def test_what_counts_as_nothing_is_taken_from_two_clear_groups() -> None:
    rng = np.random.default_rng(2)
    low, high = limits(np.concatenate([rng.normal(4, 0.5, 50), rng.normal(12, 0.5, 50)]))
    assert (low, high) == (pytest.approx(6, abs=0.3), pytest.approx(10, abs=0.3))
    assert limits(rng.normal(4, 1, 100)) == (ABSENT, PRESENT)
    assert limits(np.full(3, np.nan)) == (ABSENT, PRESENT)
    x = np.array([[12.0, 4, 4, 4], [4, 12, 12, 12]] * 10)
    names = ["XIST", *Y_GENES[:3]]
    assert sex_signs(x, names).sex[0] == "both"
    assert sex_signs(x, names, by_groups=True).sex[:2].tolist() == ["female", "male"]
