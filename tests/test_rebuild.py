"""Builds of the same samples are the same: with other threads, another order of rows, another day; a larger archive keeps every split."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import anndata
import numpy as np
import pytest
import tiny_world

from curation.audit import run_query
from curation.checks import run_checks

LABELS = "SELECT sample_id, tissue, term_id, decided_by, evidence_id, is_cell_line FROM label ORDER BY sample_id"
SPLITS = "SELECT sample_id, group_id, split FROM split ORDER BY sample_id"
CAPS = "SELECT sample_id, cap_rank FROM draw ORDER BY sample_id"
KEPT = "SELECT row, sample_id, tissue, split FROM kept ORDER BY row"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_inputs_give_the_same_bytes_with_any_number_of_threads(tiny, tmp_path):
    from curation.build import RunOptions, build
    from curation.config import BuildConfig
    from curation.progress import Progress

    options = RunOptions(threads=2, ontology=tiny / "ontology")
    build(tiny / "world", tmp_path / "again", BuildConfig(cap=10, unit="cpm"), options, Progress())
    for name in ("compendium.h5ad", "labels.parquet", "evidence.parquet", "funnel.md", "CITATION.txt"):
        assert digest(tmp_path / "again" / name) == digest(tiny / "release" / name), name
    ids = [json.loads((place / "manifest.json").read_text())["build_id"] for place in (tiny / "release", tmp_path / "again")]
    assert ids[0] == ids[1]


@pytest.fixture(scope="module")
def shuffled(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shuffled")
    tiny_world.write_input(folder / "world", order=7)
    tiny_world.build_tiny(folder / "world", folder / "release", ontology=tiny / "ontology")
    return folder / "release"


@pytest.mark.parametrize("query", [LABELS, SPLITS, CAPS, KEPT], ids=["labels", "split", "cap", "kept"])
def test_another_order_of_the_archive_changes_no_decision(tiny, shuffled, query):
    assert run_query(shuffled, query).rows == run_query(tiny / "release", query).rows


def test_another_order_of_the_archive_changes_no_value(tiny, shuffled):
    one, other = (anndata.read_h5ad(place / "compendium.h5ad") for place in (tiny / "release", shuffled))
    assert list(one.obs_names) == list(other.obs_names)
    assert list(one.var_names) == list(other.var_names)
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.var["train_mean"], other.var["train_mean"])


def test_a_larger_archive_keeps_the_split_of_every_sample_that_was_there(tiny, tmp_path):
    """With the earlier release given, nothing moves, though new series join old ones."""
    tiny_world.write_input(tmp_path / "world", n_archs4=120, n_donors=12)
    tiny_world.build_tiny(tmp_path / "world", tmp_path / "release", ontology=tiny / "ontology", previous=tiny / "release")
    before = {name: split for name, _, split in run_query(tiny / "release", SPLITS).rows}
    after = {name: split for name, _, split in run_query(tmp_path / "release", SPLITS).rows}
    assert len(after) > len(before)
    assert {name: after[name] for name in before} == before


def test_the_cap_of_a_larger_build_holds_the_samples_of_the_smaller(tiny, tmp_path):
    tiny_world.build_tiny(tiny / "world", tmp_path / "small", cap=4, ontology=tiny / "ontology")
    small = {name for _, name, _, split in run_query(tmp_path / "small", KEPT).rows if split == "train"}
    large = {name for _, name, _, split in run_query(tiny / "release", KEPT).rows if split == "train"}
    assert small < large


def test_checks_can_be_run_again_on_a_release(tiny, tmp_path):
    """What a build promised is still true of what it wrote."""
    from curation.build import sql_parameters
    from curation.config import BuildConfig
    from curation.database import reading

    parameters = sql_parameters(BuildConfig(cap=10, unit="cpm"), ["archs4", "gtex"])
    with reading(tiny / "release" / "curation.duckdb") as con:
        assert run_checks(con, parameters)
        assert run_checks(con, parameters, "exported")
