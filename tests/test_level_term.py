"""`--level term`: the finest term is the class, the tissue stays beside it, and the compendium knows every class's organ system."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import pytest
from tiny_world import write_input, write_ontology

from curation.build import RunOptions, build
from curation.config import BuildConfig
from curation.database import connect
from curation.progress import Progress
from modelling.data import Compendium


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("level")
    write_input(world / "input")
    run = RunOptions(threads=1, ontology=write_ontology(world / "ontology"))
    build(world / "input", world / "release", BuildConfig(cap=None, unit="cpm", level="term"), run, Progress())
    return world / "release"


def test_obs_keeps_the_tissue_and_adds_the_class(release: Path) -> None:
    data = anndata.read_h5ad(release / "compendium.h5ad")
    con = connect(release / "curation.duckdb", read_only=True)
    labelled = dict(
        con.execute("SELECT label.sample_id, (label.tissue, term_name.name) FROM label JOIN term_name USING (term_id)").fetchall()
    )
    con.close()
    known = data.obs[data.obs["tissue"] != ""]
    assert len(known) > 20
    assert {i: (row["tissue"], row["class"]) for i, row in known.iterrows()} == {i: tuple(labelled[i]) for i in known.index}
    assert (known["class"].astype(str) != known["tissue"].astype(str)).any()
    systems = json.loads(data.uns["tissues"])
    assert {c: systems[c] for c in set(known["class"])} == {c: systems[t] for c, t in zip(known["class"], known["tissue"], strict=True)}


def test_a_model_learns_the_classes(release: Path) -> None:
    with Compendium.open(release / "compendium.h5ad") as compendium:
        train = compendium.obs["split"] == "train"
        assert compendium.tissues == sorted(set(compendium.obs["class"][train & (compendium.obs["class"] != "")]))
