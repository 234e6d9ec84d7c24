"""A gene in several rows is the sum of them, whoever reads the table: asked of both command lines, in every format."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pytest
import serving_world
from anndata.io import read_elem
from sources_world import write
from typer.testing import CliRunner

from curation.cli import app as curate
from curation.resources import ontology_folder
from modelling.cli import app as model

N_GENES = 40
Writer = Callable[[Path, np.ndarray, list[str], list[str]], Path]


def text(folder: Path, values_ng: np.ndarray, samples: list[str], genes: list[str]) -> Path:
    body = ["\t".join([gene, *(f"{v:.0f}" for v in row)]) for gene, row in zip(genes, values_ng.T, strict=True)]
    return write(folder / "matrix.tsv", ["\t".join(["gene", *samples]), *body])


def parquet(folder: Path, values_ng: np.ndarray, samples: list[str], genes: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"gene": genes} | dict(zip(samples, values_ng, strict=True))).write_parquet(folder / "matrix.parquet")
    return folder / "matrix.parquet"


def h5ad(folder: Path, values_ng: np.ndarray, samples: list[str], genes: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Variable names are not unique")  # which is the point
        adata = anndata.AnnData(values_ng.astype(np.float32), pd.DataFrame(index=samples), pd.DataFrame(index=genes))
        adata.write_h5ad(folder / "matrix.h5ad")
    return folder / "matrix.h5ad"


def in_two_rows(values_ng: np.ndarray, genes: list[str]) -> tuple[np.ndarray, list[str]]:
    """Every third gene as two rows under one name: a small one first, and the rest of its reads far from it at the end."""
    chosen = np.arange(0, len(genes), 3)
    first = np.floor(values_ng[:, chosen] * 0.2)
    split = np.concatenate([values_ng, values_ng[:, chosen] - first], axis=1)
    split[:, chosen] = first
    return split, [*genes, *(genes[i] for i in chosen)]


def run(app: object, *words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def reads() -> tuple[np.ndarray, list[str], list[str]]:
    """Counts (n, g), sample ids and symbols."""
    symbols = [name for name in pl.read_csv(ontology_folder() / "genes.tsv.gz", separator="\t", infer_schema=False)["symbol"] if name]
    values = np.random.default_rng(5).negative_binomial(2, 0.002, (24, N_GENES)).astype(float)
    return values, [f"own{i:02}" for i in range(24)], symbols[:N_GENES]


@pytest.mark.parametrize("writer", [text, parquet, h5ad], ids=lambda writer: writer.__name__)
def test_a_build_adds_the_rows_of_one_gene(
    writer: Writer, reads: tuple[np.ndarray, list[str], list[str]], tiny: Path, tmp_path: Path
) -> None:
    values, samples, symbols = reads
    split, names = in_two_rows(values, symbols)
    writer(tmp_path / "input" / "table", split, samples, names)
    tissues = ["liver", "lung", "kidney"]
    write(
        tmp_path / "input" / "table" / "metadata.tsv",
        ["sample_id\tseries_id\ttissue", *(f"{s}\tS{i // 2}\t{tissues[i % 3]}" for i, s in enumerate(samples))],
    )
    run(curate, "build", "--input", tmp_path / "input", "--out", tmp_path / "out", "--unit", "cpm", "--ontology", tiny / "ontology")
    with h5py.File(tmp_path / "out" / "compendium.h5ad") as file:
        obs, var, x = read_elem(file["obs"]), read_elem(file["var"]), file["X"][:]
    assert sorted(obs.index) == samples
    assert sorted(var.index) == sorted(symbols)
    expected = pd.DataFrame(np.log2(values / values.sum(axis=1, keepdims=True) * 1e6 + 1), samples, symbols)
    np.testing.assert_allclose(x, expected.loc[obs.index, var.index], atol=1e-4)


@pytest.mark.parametrize("writer", [text, parquet, h5ad], ids=lambda writer: writer.__name__)
def test_a_prediction_adds_the_rows_of_one_gene(writer: Writer, serving_run: Path, tmp_path: Path) -> None:
    tpm, samples, _ = serving_world.new_samples()
    values, symbols = serving_world.counts(tpm), [gene.symbol for gene in serving_world.genes()]
    whole = writer(tmp_path / "whole", values, samples, symbols)
    split = writer(tmp_path / "split", *(lambda cut: (cut[0], samples, cut[1]))(in_two_rows(values, symbols)))
    expected, found = (
        pl.read_csv(run(model, "predict", serving_run, path, "--latent", "--unit", "counts").encode(), separator="\t")
        for path in (whole, split)
    )
    latent = [name for name in expected.columns if name.startswith("z") and name[1:].isdigit()]
    assert len(latent) == 16
    np.testing.assert_allclose(found[latent].to_numpy(), expected[latent].to_numpy(), atol=1e-4)
    assert found["tissue"].equals(expected["tissue"])
