"""The same matrix in every container: Parquet, .h5ad in its habits, AnnData and pandas in memory, Excel; each with a fate for all it holds."""

from __future__ import annotations

import pickle
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
import tables_world as world
from tables_world import SAMPLES, genes

from profiles.errors import BulkatlasError
from profiles.opening import open_table
from profiles.table import Table

NAMES = [gene.symbol for gene in genes()]


def values(table: Table) -> np.ndarray:
    blocks = list(table.blocks(size=3))
    return np.concatenate([piece for _, piece in blocks])[np.argsort(np.concatenate([positions for positions, _ in blocks]))]


def frame() -> pd.DataFrame:
    return pd.DataFrame(world.counts(), index=pd.Index(NAMES, name="gene"), columns=list(SAMPLES))


def adata(matrix: object = None) -> anndata.AnnData:
    x = world.counts().T.astype(np.float32) if matrix is None else matrix
    return anndata.AnnData(x, pd.DataFrame({"site": list("abcd")}, index=list(SAMPLES)), pd.DataFrame({"kind": "x"}, index=NAMES))


def test_parquet_in_both_orientations_and_with_the_index_last(tmp_path: Path) -> None:
    frame().reset_index().to_parquet(tmp_path / "a.parquet")
    frame().to_parquet(tmp_path / "b.parquet")
    frame().T.rename_axis("sample").reset_index().to_parquet(tmp_path / "c.parquet")
    for name in "abc":
        table = open_table(tmp_path / f"{name}.parquet")
        assert list(table.sample_ids) == list(SAMPLES)
        np.testing.assert_array_equal(values(table), world.counts().T)
        table.account.check()


def test_gtex_parquet_holds_name_and_description(tmp_path: Path) -> None:
    wide = frame().reset_index(drop=True)
    wide.insert(0, "Name", [f"{gene.ensembl}.3" for gene in genes()])
    wide.insert(1, "Description", NAMES)
    wide.set_index("Name").to_parquet(tmp_path / "gene_reads.parquet")
    table = open_table(tmp_path / "gene_reads.parquet")
    assert table.gene_names[0] == f"{genes()[0].ensembl}.3"
    assert list(table.gene_symbols[:2]) == NAMES[:2]
    np.testing.assert_array_equal(values(table), world.counts().T)


def test_a_parquet_with_two_columns_of_a_name_is_refused(tmp_path: Path) -> None:
    columns = [pa.array(NAMES), *(pa.array(world.counts()[:, i]) for i in range(2))]
    pq.write_table(pa.Table.from_arrays(columns, ["gene", "S1", "S1"]), tmp_path / "d.parquet")
    with pytest.raises(BulkatlasError, match="1 column names occur more than once, first: S1"):
        open_table(tmp_path / "d.parquet")


@pytest.mark.parametrize("kind", ["dense", "csr", "csc", "memory", "turned"])
def test_anndata_in_every_storage(kind: str, tmp_path: Path) -> None:
    counts = world.counts().T.astype(np.float32)
    made = adata({"csr": sp.csr_matrix(counts), "csc": sp.csc_matrix(counts)}.get(kind, counts))
    made = made.T.copy() if kind == "turned" else made
    path = tmp_path / "m.h5ad"
    made.write_h5ad(path)
    table = open_table(made if kind == "memory" else path)
    assert list(table.sample_ids) == list(SAMPLES)
    assert list(table.gene_names) == NAMES
    np.testing.assert_array_equal(values(table), counts)
    some = np.array([2, 3])
    np.testing.assert_array_equal(next(iter(table.blocks(genes=np.array([0, 7]), samples=some)))[1], counts[2:4][:, [0, 7]])
    np.testing.assert_array_equal(table.probe(2)[1], counts[[0, 3]])
    table.account.check()
    assert ("the genes stand in obs: the matrix was turned" in table.notes) == (kind == "turned")


def test_a_layer_raw_or_x_is_read_as_asked_and_what_is_elsewhere_is_named(tmp_path: Path) -> None:
    made = adata()
    made.raw = made.copy()
    made.layers["counts"] = made.X * 2
    made.X = made.X - 100
    made.write_h5ad(tmp_path / "m.h5ad")
    for layer, expected in (("counts", world.counts().T * 2), ("raw", world.counts().T), ("X", world.counts().T - 100)):
        for source in (tmp_path / "m.h5ad", made):
            np.testing.assert_array_equal(values(open_table(source, layer=layer)), expected)
    assert "also holds the layer 'counts', raw: choose with --layer" in open_table(tmp_path / "m.h5ad").elsewhere
    with pytest.raises(BulkatlasError, match=r"has no layer 'tpm'; it holds the layer 'counts', raw, X: choose with --layer"):
        open_table(tmp_path / "m.h5ad", layer="tpm")
    bare = anndata.AnnData(None, made.obs, made.var, layers={"counts": made.X})
    bare.write_h5ad(tmp_path / "bare.h5ad")
    with pytest.raises(BulkatlasError, match="has no X; it holds the layer 'counts'"):
        open_table(tmp_path / "bare.h5ad")


def test_a_pandas_frame_is_read_both_ways() -> None:
    for given in (frame(), frame().T):
        table = open_table(given, "mine")
        assert list(table.sample_ids) == list(SAMPLES)
        np.testing.assert_array_equal(values(table), world.counts().T)


def test_an_excel_workbook_is_read_or_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.xlsx").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(BulkatlasError, match=r"bulkatlas\[excel\]|not a readable Excel workbook"):
        open_table(tmp_path / "m.xlsx")


def test_rows_of_a_workbook_are_a_table_whatever_stands_above() -> None:
    """What the library gives is turned into text: titles above the header go, whole floats are numbers, dates are what a spreadsheet shows."""
    import datetime

    from profiles.readers.xlsx import as_csv

    rows = [["Table S1", "", ""], ["", "", ""], ["gene", "a", "b"], [datetime.date(2026, 3, 1), 3.0, 0.5]]
    assert as_csv(rows) == b"gene,a,b\n1-Mar,3,0.5\n"


def test_an_opened_file_can_be_sent_to_another_process(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text(world.TABLES()["plain"].text)
    adata().write_h5ad(tmp_path / "m.h5ad")
    frame().reset_index().to_parquet(tmp_path / "m.parquet")
    for name in ("m.tsv", "m.h5ad", "m.parquet"):
        again = pickle.loads(pickle.dumps(open_table(tmp_path / name)))
        np.testing.assert_array_equal(values(again), world.counts().T)
