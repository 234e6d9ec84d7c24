"""`import bulkatlas`: its documented examples, and what it gives against the files it reads."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from torch.utils.data import DataLoader

import bulkatlas
from curation.audit import run_query
from curation.matrix.compendium import open_matrix


@pytest.fixture(scope="session")
def place(tiny: Path, serving_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the examples have it: release, ontology, run and mine.h5ad."""
    folder = tmp_path_factory.mktemp("face")
    for name, target in {
        "release": tiny / "release",
        "ontology": tiny / "ontology",
        "run": serving_run,
        "mine.h5ad": serving_run.parent / "compendium.h5ad",
    }.items():
        (folder / name).symlink_to(target)
    return folder


@pytest.mark.parametrize("name", ["bulkatlas", "bulkatlas.atlas", "bulkatlas.model"])
def test_the_examples_do_what_they_say(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 3 and result.failed == 0


def test_samples_are_those_of_the_database_in_any_kind_of_table(tiny: Path) -> None:
    atlas = bulkatlas.open(tiny / "release")
    wanted = [
        name for (name,) in run_query(tiny / "release", "SELECT sample_id FROM kept WHERE tissue IN ('liver', 'lung') ORDER BY row").rows
    ]
    assert atlas.samples(tissue=["liver", "lung"])["sample_id"].to_pylist() == wanted
    assert atlas.samples("tissue=liver|lung", kind="polars")["sample_id"].to_list() == wanted
    assert list(atlas.samples(where="tissue IN ('liver', 'lung')", kind="pandas")["sample_id"]) == wanted
    assert atlas.samples(outside=True).num_rows > atlas.n_samples
    with pytest.raises(bulkatlas.Error, match="near it: liver"):
        atlas.samples(tissue="livr")
    with pytest.raises(bulkatlas.Error, match="no manifest"):
        bulkatlas.open(tiny / "world")


def test_labels_are_those_of_the_command_for_each_kind_of_table(tiny: Path, tmp_path: Path) -> None:
    frame = pl.DataFrame({"sample_id": ["b", "a"], "title": ["HeLa cells", "liver biopsy"]})
    frame.write_csv(tmp_path / "in.tsv", separator="\t")
    arguments = ["label", str(tmp_path / "in.tsv"), "--out", str(tmp_path / "out.parquet"), "--ontology", str(tiny / "ontology")]
    subprocess.run([sys.executable, "-c", "from curation.cli import main; main()", *arguments], check=True, capture_output=True)
    wanted = pl.read_parquet(tmp_path / "out.parquet")
    for given, kind in ((frame, pl.DataFrame), (frame.to_pandas(), pd.DataFrame), (frame.to_arrow(), type(frame.to_arrow()))):
        found = bulkatlas.label(given, ontology=tiny / "ontology")
        assert isinstance(found, kind)
        assert (pl.from_pandas(found) if kind is pd.DataFrame else pl.DataFrame(found)).rows() == wanted.rows()
    indexed = bulkatlas.label(frame.to_pandas().set_index("sample_id"), ontology=tiny / "ontology")
    assert list(indexed["tissue"]) == wanted["tissue"].to_list()
    with pytest.raises(bulkatlas.Error, match="no table about samples"):
        bulkatlas.label(["liver"])


def test_predict_fills_an_anndata_that_can_be_written(place: Path, tmp_path: Path) -> None:
    model = bulkatlas.load_model(place / "run")
    mine = anndata.read_h5ad(place / "mine.h5ad")[:40].copy()
    mine.obs = mine.obs[["tissue"]]
    x = mine.X.copy()
    assert model.predict(mine) is mine
    assert np.array_equal(mine.X, x) and "tissue" in mine.obs and mine.obsm["X_bulkatlas"].shape == (40, model.inner.n_latent)
    best = np.array(model.tissues)[mine.obsm["bulkatlas_probability"].argmax(axis=1)]
    assert list(mine.obs["predicted_tissue"]) == list(best)
    assert (best == mine.obs["tissue"].astype(str)).mean() > 0.8  # nothing of its own columns was overwritten, and the model works
    assert np.allclose(mine.obsm["X_bulkatlas"], model.embed(mine).to_numpy())
    mine.write_h5ad(tmp_path / "predicted.h5ad")
    assert "log2(TPM+1)" in anndata.read_h5ad(tmp_path / "predicted.h5ad").uns["bulkatlas"]["report"]
    frame = pd.DataFrame(x, mine.obs_names, mine.var_names)
    assert list(model.predict(frame).obs["predicted_tissue"]) == list(best)


def test_a_dataset_without_torch_says_how_to_get_it(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkatlas.extras.find_spec", lambda name: None)
    with pytest.raises(bulkatlas.Error, match=r"pip install 'bulkatlas\[model\]'"):
        bulkatlas.open(tiny / "release").torch_dataset()


@pytest.mark.parametrize("genes", [None, ["A1CF", "A1BG"]])
def test_a_dataset_gives_the_rows_of_the_matrix(tiny: Path, genes: list[str] | None) -> None:
    dataset = bulkatlas.open(tiny / "release").torch_dataset(split="train", genes=genes)
    rows = run_query(tiny / "release", "SELECT row, tissue FROM kept WHERE split = 'train' ORDER BY row").rows
    symbols = list(anndata.read_h5ad(tiny / "release" / "compendium.h5ad", backed="r").var_names)
    columns = [symbols.index(gene) for gene in genes or symbols]
    x, target = zip(*(dataset[i] for i in range(len(dataset))), strict=True)
    assert np.array_equal(
        torch.stack(x).numpy(), open_matrix(tiny / "release" / "compendium.h5ad")[np.ix_([row for row, _ in rows], columns)]
    )
    assert [dataset.classes[i] for i in target] == [tissue for _, tissue in rows]
    with pytest.raises(bulkatlas.Error, match="no column 'tisue'"):
        bulkatlas.open(tiny / "release").torch_dataset(target="tisue")


def test_blocks_give_every_sample_once_an_epoch_under_spawn(tiny: Path) -> None:
    atlas = bulkatlas.open(tiny / "release")
    whole = atlas.torch_dataset(split="train")
    wanted = sorted(float(whole[i][0].sum()) for i in range(len(whole)))
    dataset = atlas.torch_dataset(split="train", block=5, seed=3)
    loader = DataLoader(dataset, batch_size=4, num_workers=2, multiprocessing_context="spawn")
    seen = [float(row.sum()) for x, _ in loader for row in x]
    assert sorted(seen) == pytest.approx(wanted)
    alone = [float(x.sum()) for x, _ in dataset]
    assert alone != sorted(alone) and alone == [float(x.sum()) for x, _ in dataset]
    dataset.set_epoch(1)
    assert alone != [float(x.sum()) for x, _ in dataset]
