"""Files that claim more than they hold, or lead outside of themselves: refused in words, at once, by the readers of both packages."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
import serving_world as world
from serving_world import genes, table_text

from curation.sources import open_source
from modelling.data import Compendium
from modelling.h5ad import CompendiumError
from modelling.predicting.cohort import read_cohort, read_text
from modelling.predicting.genes import GeneSpace
from profiles.errors import BulkatlasError, TableFault
from profiles.limits import LimitExceeded, Limits

N_SAMPLES = 6


@pytest.fixture(scope="module")
def space() -> GeneSpace:
    mean = np.log2(world.tpm(0, 20)[0] + 1).mean(axis=0)
    return GeneSpace([g.symbol for g in genes()], [g.ensembl_gene_id for g in genes()], [g.hgnc_id for g in genes()], mean, "log2(TPM+1)")


@contextmanager
def seconds(n: int) -> Iterator[None]:
    """A hang becomes a failure."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"not done after {n} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(n)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_gct_that_promises_a_million_million_rows_is_refused_at_once(space: GeneSpace, tmp_path: Path) -> None:
    text = b"#1.3\n2\t1\t0\t1000000000000\nName\tA\nTP53\t1\nACTB\t2\n"
    assert len(text) <= 70
    with seconds(5), pytest.raises(TableFault, match=r"promises 1,000,000,000,000 rows of sample metadata, 2 are there"):
        read_text(text, "small.gct", space)
    with seconds(5), pytest.raises(LimitExceeded, match="more than 200,000 rows"):
        read_text(text, "small.gct", space, limits=Limits(rows=200_000))
    (tmp_path / "small.gct").write_bytes(text.replace(b"\n2\t1\t0", b"\n" + b"9" * 5000))  # more digits than int() takes
    with seconds(5), pytest.raises(TableFault, match="needs its numbers of rows and columns"):
        read_cohort(tmp_path / "small.gct", space)


def test_rows_of_sample_metadata_that_are_there_are_passed_over(space: GeneSpace, tmp_path: Path) -> None:
    values, names, _ = world.new_samples(1)
    head, *rows = table_text(values, names).splitlines()
    about = ["\t".join([f"field{i}", *["text"] * len(names)]) for i in range(300)]
    (tmp_path / "t.gct").write_text("\n".join([f"#1.3\n{len(rows)}\t{len(names)}\t0\t300", head, *about, *rows]) + "\n")
    x_ng = np.concatenate([block.x_ng for block in read_cohort(tmp_path / "t.gct", space)])
    np.testing.assert_allclose(x_ng, np.log2(values + 1), atol=1e-4)


def write_h5ad(path: Path, kind: str = "csr") -> Path:
    """Six samples of log2(TPM+1), sparse, with what a compendium needs in obs."""
    values = np.log2(world.new_samples(1)[0] + 1).astype(np.float32)
    obs = pd.DataFrame({"tissue": ["liver", "heart"] * 3, "split": ["train"] * 4 + ["test"] * 2}, index=[f"s{i}" for i in range(N_SAMPLES)])
    matrix = sp.csr_matrix(values) if kind == "csr" else sp.csc_matrix(values) if kind == "csc" else values
    anndata.AnnData(matrix, obs, pd.DataFrame(index=[g.symbol for g in genes()])).write_h5ad(path)
    return path


def put(name: str, position: int, value: int) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[f"X/{name}"][position] = value

    return change


def resize(name: str, shape: tuple[int, ...], dtype: str = "f4") -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        attributes = dict(file[name].attrs)
        del file[name]
        data = np.zeros(shape, dtype) if math.prod(shape) < MANY else None  # a claim that no file holds stays one
        file.create_dataset(name, shape, dtype, data=data, chunks=tuple(min(n, 64) for n in shape)).attrs.update(attributes)

    return change


MANY = 1_000_000
SPOILED = {
    "index beyond the genes": (put("indices", 5, 2_000_000_000), r"1 indices are not from 0 to"),
    "index below zero": (put("indices", 0, -4), r"1 indices are not from 0 to"),
    "pointer beyond the values": (put("indptr", 2, 2_000_000_000), "run backwards or beyond"),
    "pointers backwards": (put("indptr", 3, 1), "run backwards or beyond"),
    "first pointer": (put("indptr", 0, 7), "first pointer is 7, not 0"),
    "too few pointers": (resize("X/indptr", (3,), "i4"), "has 3 pointers where"),
    "fewer values than indices": (resize("X/data", (3,)), "has 3 values and"),
    "another shape": (
        lambda file: file["X"].attrs.update(shape=np.array([N_SAMPLES, 7])),
        "are not from 0 to 6|pointers where|obs has 6 rows",
    ),
    "no pointers": (lambda file: file["X"].pop("indptr"), "no one-dimensional indptr"),
}


@pytest.mark.parametrize("kind", ["csr", "csc"])
@pytest.mark.parametrize("fault", SPOILED)
def test_a_sparse_matrix_that_leads_outside_is_refused_before_it_is_walked(fault: str, kind: str, space: GeneSpace, tmp_path: Path) -> None:
    """In a process of its own before the check: scipy reads and writes where the indices lead, and the process dies."""
    change, told = SPOILED[fault]
    path = write_h5ad(tmp_path / "matrix.h5ad", kind)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(TableFault, match=told):
        list(read_cohort(path, space))
    with pytest.raises(CompendiumError, match=told):
        Compendium.open(path)
    with pytest.raises(BulkatlasError, match=told):
        open_source("table", tmp_path)


def test_the_command_line_refuses_and_does_not_die(serving_run: Path, tmp_path: Path) -> None:
    path = write_h5ad(tmp_path / "matrix.h5ad", "csc")
    with h5py.File(path, "r+") as file:
        file["X/indices"][:50] = np.arange(1_000_000_000, 1_000_000_050)
    command = [sys.executable, "-c", "from modelling.cli import main; main()", "predict", str(serving_run), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1, done.stderr
    assert "50 indices are not from 0 to" in done.stderr


def test_a_sparse_anndata_in_memory_is_checked_too(space: GeneSpace, tmp_path: Path) -> None:
    adata = anndata.read_h5ad(write_h5ad(tmp_path / "m.h5ad"))
    adata.X.indices[3] = 5_000_000
    with pytest.raises(TableFault, match="leads outside of itself"):
        read_cohort(adata, space)


CLAIMS = {
    "X": (resize("X", (1_000_000_000_000, world.N_GENES)), "X was never written: its 1,500,000,000,000,000 values would all be fill"),
    "obs": (resize("obs/_index", (1_000_000_000_000,)), "obs/_index was never written: its 1,000,000,000,000 values would all be fill"),
    "rows of X": (resize("X", (7, world.N_GENES)), r"X is \(7, 1500\), but obs has 6 rows and var 1500"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_h5ad_larger_than_its_file_is_refused_at_once(claim: str, space: GeneSpace, tmp_path: Path) -> None:
    change, told = CLAIMS[claim]
    path = write_h5ad(tmp_path / "matrix.h5ad", "dense")
    with h5py.File(path, "r+") as file:
        change(file)
    with seconds(10), pytest.raises(TableFault, match=told):
        list(read_cohort(path, space))
    with seconds(10), pytest.raises(CompendiumError, match=told):
        Compendium.open(path)
    with seconds(10), pytest.raises(BulkatlasError, match=told):
        open_source("table", tmp_path)


def test_a_parquet_of_fifty_million_rows_in_a_few_bytes_is_refused_at_once(space: GeneSpace, tmp_path: Path) -> None:
    n = 1_000_000
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["TP53"]))
    table = pa.table({"gene": names, "s1": np.zeros(n, np.float32)})
    path = tmp_path / "matrix.parquet"
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(50):
            writer.write_table(table)
    assert path.stat().st_size < 500_000
    with seconds(5), pytest.raises(TableFault, match="says that it holds 50,000,000 rows"):
        read_cohort(path, space)
    (tmp_path / "metadata.tsv").write_text("sample_id\ttitle\ns1\tliver\n")
    with seconds(5), pytest.raises(BulkatlasError, match="says that it holds 50,000,000 rows"):
        open_source("table", tmp_path)
