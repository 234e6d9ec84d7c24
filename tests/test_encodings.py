"""What newer anndata writes (text and yes/no columns as groups of values and mask) is read by both packages as the older encodings are."""

from __future__ import annotations

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import serving_world as world
from anndata.io import write_elem
from serving_world import genes

from curation.database import connect, fetch_arrow
from curation.sources import open_source
from curation.tables import read_back
from modelling.data import Compendium
from modelling.predicting.cohort import read_cohort
from modelling.predicting.genes import GeneSpace
from modelling.studies.metadata import cohort_metadata

IDS = [f"s{i}" for i in range(6)]


@pytest.fixture
def nullable(tmp_path: Path) -> Path:
    """An .h5ad whose index, text and yes/no columns are nullable arrays, as anndata 0.13 with pandas 3 writes them."""
    values = np.log2(world.new_samples(1)[0] + 1).astype(np.float32)
    obs = pd.DataFrame(
        {
            "tissue": pd.array(["liver", "heart", "liver", "heart", "liver", None], dtype="string"),
            "split": pd.array(["train"] * 4 + ["test"] * 2, dtype="string"),
            "is_tumour": pd.array([True, False, None, None, False, True], dtype="boolean"),
        },
        index=pd.Index(pd.array(IDS, dtype="string")),
    )
    var = pd.DataFrame(index=pd.Index(pd.array([g.symbol for g in genes()], dtype="string")))
    path = tmp_path / "matrix.h5ad"
    with anndata.settings.override(allow_write_nullable_strings=True), h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        for name, element in (("X", values), ("obs", obs), ("var", var), ("uns", {"unit": "log2(TPM+1)"})):
            write_elem(file, name, element)
        assert file["obs/_index"].attrs["encoding-type"] == "nullable-string-array"
        assert file["obs/tissue"].attrs["encoding-type"] == "nullable-string-array"
    return path


def test_the_rows_of_a_written_compendium_are_read_back(nullable: Path) -> None:
    con = connect()
    read_back(con, nullable)
    assert fetch_arrow(con, "SELECT sample_id FROM matrix_row ORDER BY row")["sample_id"].to_pylist() == IDS


def test_every_reader_takes_them(nullable: Path) -> None:
    with Compendium.open(nullable) as opened:
        assert opened.sample_ids.tolist() == IDS
        assert opened.obs["tissue"].tolist() == ["liver", "heart", "liver", "heart", "liver", ""]
    assert cohort_metadata(nullable, None)[0]["tissue"].to_list() == ["liver", "heart", "liver", "heart", "liver", ""]
    symbols = [g.symbol for g in genes()]
    space = GeneSpace(symbols, [g.ensembl_gene_id for g in genes()], [g.hgnc_id for g in genes()], np.ones(len(symbols)), "log2(TPM+1)")
    (block,) = read_cohort(nullable, space, unit="log2-tpm")
    assert cohort_metadata(nullable, None)[0]["is_tumour"].to_list() == ["True", "False", "", "", "False", "True"]
    assert block.sample_ids == IDS
    source = open_source("table", nullable.parent)
    assert [name for matrix in source.matrices() for name in matrix.sample_ids] == IDS
