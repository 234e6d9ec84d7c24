"""A user's own samples: every format and orientation gives the same samples and values, and what disagrees is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sources_world import rows, values, write

from curation.source import UnknownSource
from curation.sources import open_source
from curation.sources.matrices import BadValue
from profiles.errors import BulkatlasError, UnitFault

SAMPLES = ["s1", "s2", "s3"]
SYMBOLS = ["TSPAN6", "TNMD", "HLA-A", "1-Mar"]
ENSEMBL = ["ENSG00000000003.15", "ENSG00000000005.6", "ENSG00000206503.13", "ENSG00000145416.14"]
COUNTS = np.array([[10, 0, 7, 1], [0, 3, 5, 2], [4, 4, 90000, 0]])
METADATA = [
    "sample_id\ttitle\tseries_id\tdonor_id\tis_tumour\ttissue\ttissue_term\tcharacteristics_ch1",
    "s1\tliver biopsy\tS1\tD1\tno\tliver\t\tage: 4",
    "s2\t\tS1\tD2\tTumour\t\tUBERON:0002116\t",
    "s3\tx\tS2\tD2\t\t\t\t",
]

Writer = Callable[[Path], None]


def genes_in_rows_tsv(folder: Path) -> None:
    write(
        folder / "matrix.tsv.gz",
        ["\t".join(["gene", *SAMPLES]), *("\t".join([g, *map(str, c)]) for g, c in zip(SYMBOLS, COUNTS.T, strict=True))],
    )


def genes_in_rows_with_annotation_csv(folder: Path) -> None:
    """As featureCounts and its like write: ids, names and lengths before the samples."""
    body = [f'"{e}","{s}",1000,{",".join(map(str, c))}' for e, s, c in zip(ENSEMBL, SYMBOLS, COUNTS.T, strict=True)]
    write(folder / "matrix.csv", ["Geneid,gene_name,Length,s1,s2,s3", *body])


def row_names_of_r_tsv(folder: Path) -> None:
    """R leaves out the name of the first column."""
    write(folder / "matrix.tsv", ["\t".join(SAMPLES), *("\t".join([g, *map(str, c)]) for g, c in zip(SYMBOLS, COUNTS.T, strict=True))])


def samples_in_rows_csv(folder: Path) -> None:
    write(folder / "matrix.csv", [",".join(["id", *SYMBOLS]), *(",".join([s, *map(str, c)]) for s, c in zip(SAMPLES, COUNTS, strict=True))])


def genes_in_rows_parquet(folder: Path) -> None:
    pl.DataFrame({**dict(zip(SAMPLES, COUNTS, strict=True)), "gene": SYMBOLS}).write_parquet(folder / "matrix.parquet")


def samples_in_rows_parquet(folder: Path) -> None:
    pl.DataFrame({"id": SAMPLES, **dict(zip(SYMBOLS, COUNTS.T, strict=True))}).write_parquet(folder / "matrix.parquet")


def dense_h5ad(folder: Path) -> None:
    anndata.AnnData(COUNTS.astype(np.float32), pd.DataFrame(index=SAMPLES), pd.DataFrame(index=SYMBOLS)).write_h5ad(folder / "matrix.h5ad")


def sparse_h5ad(folder: Path) -> None:
    var = pd.DataFrame({"gene_name": SYMBOLS}, index=ENSEMBL)
    anndata.AnnData(scipy.sparse.csr_matrix(COUNTS.astype(np.float32)), pd.DataFrame(index=SAMPLES), var).write_h5ad(folder / "matrix.h5ad")


WRITERS = [
    genes_in_rows_tsv,
    genes_in_rows_with_annotation_csv,
    row_names_of_r_tsv,
    samples_in_rows_csv,
    genes_in_rows_parquet,
    samples_in_rows_parquet,
    dense_h5ad,
    sparse_h5ad,
]


def folder(tmp_path: Path, writer: Writer = genes_in_rows_tsv, metadata: list[str] = METADATA) -> Path:
    path = tmp_path / "table"
    write(path / "metadata.tsv", metadata)
    writer(path)
    return path


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_every_format_and_orientation_gives_the_same(tmp_path: Path, writer: Writer) -> None:
    source = open_source("table", folder(tmp_path, writer))
    (matrix,) = source.matrices()
    assert matrix.unit == "counts"
    assert (matrix.genes.symbol or matrix.genes.ensembl) == tuple(SYMBOLS)
    if matrix.genes.ensembl:
        assert matrix.genes.ensembl == tuple(ENSEMBL)
    table = rows(source)
    assert [row["sample_id"] for row in table] == SAMPLES
    np.testing.assert_array_equal(values(matrix, [row["matrix_row"] for row in table]), COUNTS)  # type: ignore[arg-type]
    np.testing.assert_array_equal(values(matrix, [0, 2]), COUNTS[[0, 2]])


def test_metadata_becomes_the_sample_table(tmp_path: Path) -> None:
    first, second, third = rows(open_source("table", folder(tmp_path)))
    assert (first["title"], first["series_id"], first["donor_id"], first["characteristics"]) == ("liver biopsy", "S1", "D1", "age: 4")
    assert (first["declared_field"], first["declared_text"], first["declared_term_id"]) == ("tissue", "liver", "UBERON:0002107")
    assert (second["declared_field"], second["declared_term_id"], second["title"]) == ("tissue_term", "UBERON:0002116", None)
    assert (first["is_tumour"], second["is_tumour"], third["is_tumour"]) == (False, True, None)
    assert third["declared_term_id"] is None


def test_an_h5ad_may_carry_its_own_metadata(tmp_path: Path) -> None:
    obs = pd.DataFrame({"tissue": pd.Categorical(["liver", "brain", None]), "donor_id": ["a", "b", "b"]}, index=SAMPLES)
    (tmp_path / "table").mkdir()
    anndata.AnnData(COUNTS.astype(np.float32), obs, pd.DataFrame(index=SYMBOLS)).write_h5ad(tmp_path / "table" / "matrix.h5ad")
    table = rows(open_source("table", tmp_path / "table"))
    assert [row["declared_term_id"] for row in table] == ["UBERON:0002107", "UBERON:0000955", None]
    assert [row["donor_id"] for row in table] == ["a", "b", "b"]


def test_a_declared_logarithm_is_undone(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "matrix.tsv.gz").unlink()
    write(path / "matrix.tsv", ["gene\ts1\ts2\ts3", "TP53\t1.5\t0\t3"])
    write(path / "source.json", [json.dumps({"unit": "log2_tpm"})])
    (matrix,) = open_source("table", path).matrices()
    assert matrix.unit == "log2_tpm"
    np.testing.assert_allclose(values(matrix)[:, 0], [2**1.5 - 1, 0, 7], rtol=1e-6)


def test_a_unit_that_the_values_leave_open_must_be_declared(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "matrix.tsv.gz").unlink()
    write(path / "matrix.tsv", ["gene\ts1\ts2\ts3", "TP53\t1.5\t0\t300"])
    with pytest.raises(UnitFault, match=r"unit of .*matrix\.tsv cannot be told from the values of 1 genes .* declare it"):
        open_source("table", path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"unit": "reads"}', "source.json: no unit named 'reads'; there are: auto, counts"),
        ("{", "is no readable JSON"),
        ('{"u": 1}', "has u"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = folder(tmp_path)
    write(path / "source.json", [content])
    with pytest.raises(BulkatlasError, match=message):
        open_source("table", path)


def test_samples_of_the_metadata_that_the_matrix_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"1 samples of .*metadata\.tsv are not in matrix\.tsv\.gz: s4"):
        open_source("table", folder(tmp_path, metadata=[*METADATA, "s4\tx\tS1\tD1\t\t\t\t"]))


def test_samples_of_the_matrix_that_the_metadata_lacks_are_named(tmp_path: Path) -> None:
    source = open_source("table", folder(tmp_path, metadata=METADATA[:3]))
    assert [row["sample_id"] for row in rows(source)] == ["s1", "s2"]
    assert any("1 column is not asked for, not read (no sample of the metadata): s3" in note for note in source.notes())


@pytest.mark.parametrize("writer", [genes_in_rows_tsv, samples_in_rows_csv], ids=lambda writer: writer.__name__)
def test_ids_that_have_nothing_in_common_are_refused(tmp_path: Path, writer: Writer) -> None:
    with pytest.raises(BulkatlasError, match=r"2 samples of .*metadata\.tsv are not in matrix\..*: a, b; metadata and matrix must agree"):
        open_source("table", folder(tmp_path, writer, ["sample_id", "a", "b"]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("s3\tx\tS2\tD2\tmaybe\t\t\t", "is_tumour 'maybe' is neither true nor false"),
        ("s3\tx\tS2\tD2\t\tbrian\t\t", "tissue 'brian' is none of .*brain.*; correct it"),
        ("s3\tx\tS2\tD2\t\t\tUBERON:12\t", "tissue_term 'UBERON:12' is no UBERON or CL id"),
        ("\tx\tS2\tD2\t\t\t\t", "1 rows have no sample_id, first: row 2; every sample needs an id"),
    ],
)
def test_cells_that_cannot_be_understood_are_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(BulkatlasError, match=message):
        open_source("table", folder(tmp_path, metadata=[*METADATA[:3], line]))


def test_a_sample_listed_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"metadata\.tsv: 1 values of sample_id occur more than once, first: s2"):
        open_source("table", folder(tmp_path, metadata=[*METADATA, METADATA[2]]))


def test_metadata_without_an_id_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BulkatlasError, match=r"no column that is known to hold sample ids .*name it with --id; its columns are: name, title"
    ):
        open_source("table", folder(tmp_path, metadata=["name\ttitle", "s1\tx"]))


@pytest.mark.parametrize("bad", [np.nan, -1.0])
def test_bad_values_of_an_h5ad_are_named(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "table"
    path.mkdir()
    many = np.ones((40, 2), dtype=np.float32)
    many[1, 1] = bad
    obs = pd.DataFrame(index=[f"s{i}" for i in range(40)])
    anndata.AnnData(many, obs, pd.DataFrame(index=["TP53", "ALB"])).write_h5ad(path / "matrix.h5ad")
    (matrix,) = open_source("table", path).matrices()
    with pytest.raises(BadValue, match=r"holds 1 values that counts cannot have, first: (nan|-1.0) for gene 'ALB' in sample 's1'"):
        values(matrix)


def test_a_missing_value_among_the_samples_that_tell_the_unit_is_named(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    data = anndata.AnnData(np.array([[1, np.nan]], dtype=np.float32), pd.DataFrame(index=["s"]), pd.DataFrame(index=["TP53", "ALB"]))
    data.write_h5ad(tmp_path / "table" / "matrix.h5ad")
    with pytest.raises(BadValue, match="missing or infinite value for gene 'ALB' in sample 's'"):
        open_source("table", tmp_path / "table")


def test_an_h5ad_that_is_none_is_named(tmp_path: Path) -> None:
    write(tmp_path / "table" / "matrix.h5ad", ["<html>"])
    with pytest.raises(BulkatlasError, match=r"matrix\.h5ad: is a web page"):
        open_source("table", tmp_path / "table")


def test_a_parquet_that_is_none_is_named(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "matrix.tsv.gz").unlink()
    write(path / "matrix.parquet", ["<html>"])
    with pytest.raises(BulkatlasError, match=r"matrix\.parquet: not a readable Parquet file"):
        open_source("table", path)


def test_an_unknown_folder_lists_the_known_sources(tmp_path: Path) -> None:
    (tmp_path / "recount3").mkdir()
    with pytest.raises(
        UnknownSource, match=r"'recount3' .* is no known source; rename the folder to one of: archs4 .*human_gene_v2.* gtex .*gct.* tcga"
    ):
        open_source("recount3", tmp_path / "recount3")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"gtex is no folder; a source is a folder that holds GCT"):
        open_source("gtex", tmp_path / "gtex")
