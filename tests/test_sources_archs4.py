"""The ARCHS4 reader: metadata as the archive has it, counts chunk by chunk, and files that are none."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from sources_world import REAL_INPUT, archs4_samples, needs_real_input, rows, values, write_archs4

from curation.source import SourceFault
from curation.sources import open_source
from curation.sources.archs4 import Archs4Fault
from curation.sources.folder import DuplicateSamples

SYMBOLS = [f"G{i}" for i in range(7)]
COUNTS = np.arange(7 * 5, dtype=np.uint32).reshape(7, 5) * 1000


def archive(folder: Path, name: str = "human_gene_v2.5.h5", **about: object) -> Path:
    arguments = {"symbols": SYMBOLS, "samples": archs4_samples(5), **about}
    return write_archs4(folder / "archs4" / name, COUNTS, **arguments)  # type: ignore[arg-type]


def test_metadata_is_handed_on_as_the_archive_has_it(tmp_path: Path) -> None:
    archive(tmp_path, samples=archs4_samples(5, series_id=["GSE1,GSE2"] + ["GSE1"] * 4, title=["5 Î¼M, 4 h"] + ["x"] * 4))
    first, second, *_ = rows(open_source("archs4", tmp_path / "archs4"))
    assert first["sample_id"] == "GSM0"
    assert first["series_id"] == "GSE1,GSE2"
    assert first["title"] == "5 Î¼M, 4 h"
    assert first["characteristics"] == "tissue: liver,age: 4"
    assert first["single_cell_probability"] == pytest.approx(0.1)
    assert (first["unit"], first["matrix_file"], first["matrix_row"]) == ("counts", "human_gene_v2.5.h5", 0)
    assert first["is_tumour"] is first["declared_term_id"] is first["donor_id"] is first["description"] is None
    assert second["matrix_row"] == 1


def test_text_that_is_no_utf8_is_read_as_latin_1(tmp_path: Path) -> None:
    path = archive(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["meta/samples/title"]
        file.create_dataset("meta/samples/title", data=np.array([b"caf\xe9", "µM".encode(), b"", b"a", b"b"], dtype="S8"))
    assert [row["title"] for row in rows(open_source("archs4", tmp_path / "archs4"))] == ["café", "µM", "", "a", "b"]


@pytest.mark.parametrize("name", ["ensembl_gene", "ensembl_gene_id"])
def test_both_names_of_the_ensembl_ids_are_known(tmp_path: Path, name: str) -> None:
    archive(tmp_path, ensembl=[f"ENSG{i:011d}" for i in range(7)], ensembl_name=name)
    genes = open_source("archs4", tmp_path / "archs4").matrices()[0].genes
    assert genes.ensembl[3] == "ENSG00000000003"
    assert genes.symbol == tuple(SYMBOLS)


@pytest.mark.parametrize("chunks", [(2000, 1), (3, 2), (2, 5), None])
def test_any_chunk_shape_gives_the_same_counts(tmp_path: Path, chunks: tuple[int, int] | None) -> None:
    archive(tmp_path, chunks=chunks)
    (matrix,) = open_source("archs4", tmp_path / "archs4").matrices()
    np.testing.assert_array_equal(values(matrix), COUNTS.T)
    np.testing.assert_array_equal(values(matrix, [1, 4]), COUNTS.T[[1, 4]])


def test_an_old_file_without_probability_says_that_single_cells_stay(tmp_path: Path) -> None:
    samples = archs4_samples(5)
    del samples["singlecellprobability"]
    archive(tmp_path, samples=samples)
    source = open_source("archs4", tmp_path / "archs4")
    assert {row["single_cell_probability"] for row in rows(source)} == {None}
    assert "single-cell samples cannot be told from bulk" in " ".join(source.notes())


def test_several_files_are_several_matrices(tmp_path: Path) -> None:
    archive(tmp_path, "a.h5")
    archive(tmp_path, "b.h5", samples=archs4_samples(5, geo_accession=[f"GSM9{i}" for i in range(5)]))
    source = open_source("archs4", tmp_path / "archs4")
    assert [matrix.file for matrix in source.matrices()] == ["a.h5", "b.h5"]
    assert [(row["matrix_file"], row["matrix_row"]) for row in rows(source)] == [(f, i) for f in ("a.h5", "b.h5") for i in range(5)]


def test_a_sample_of_two_files_is_refused(tmp_path: Path) -> None:
    archive(tmp_path, "a.h5")
    archive(tmp_path, "b.h5")
    with pytest.raises(DuplicateSamples, match=r"5 sample ids .* first: GSM0, "):
        open_source("archs4", tmp_path / "archs4")


def test_a_cut_off_file_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(Archs4Fault, match=r"human_gene_v2\.5\.h5 is cut off .*download it again"):
        open_source("archs4", tmp_path / "archs4")


def test_a_web_page_is_named(tmp_path: Path) -> None:
    path = tmp_path / "archs4" / "human_gene_v2.5.h5"
    path.parent.mkdir()
    path.write_text("\n<!DOCTYPE html><html><body>503</body></html>")
    with pytest.raises(Archs4Fault, match=r"human_gene_v2\.5\.h5 is a web page, not HDF5"):
        open_source("archs4", tmp_path / "archs4")


def test_the_first_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archs4" / "human_matrix.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file["meta/Sample_geo_accession"] = [b"GSM1"]
        file["data/expression"] = np.zeros((1, 1), np.uint32)
    with pytest.raises(Archs4Fault, match="ARCHS4 v1 layout"):
        open_source("archs4", tmp_path / "archs4")


def test_metadata_of_another_length_than_the_matrix_is_refused(tmp_path: Path) -> None:
    archive(tmp_path, samples=archs4_samples(4))
    with pytest.raises(Archs4Fault, match=r"data/expression is \(7, 5\) but the metadata name 7 genes x 4 samples"):
        open_source("archs4", tmp_path / "archs4")


def test_one_metadata_array_of_another_length_is_refused(tmp_path: Path) -> None:
    archive(tmp_path, samples=archs4_samples(5, title=["a"] * 6))
    with pytest.raises(Archs4Fault, match=r"5 samples but metadata of other lengths: \{'title': 6\}"):
        open_source("archs4", tmp_path / "archs4")


def test_a_mouse_file_is_refused(tmp_path: Path) -> None:
    archive(tmp_path, samples=archs4_samples(5, organism_ch1=["Mus musculus"] * 5))
    with pytest.raises(Archs4Fault, match="no sample of Homo sapiens but of Mus musculus"):
        open_source("archs4", tmp_path / "archs4")


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    (tmp_path / "archs4").mkdir()
    with pytest.raises(SourceFault, match=r"holds no \*\.h5 file; put human_gene_v2\.x\.h5 there"):
        open_source("archs4", tmp_path / "archs4")


@needs_real_input
def test_the_measured_input_is_read(tmp_path: Path) -> None:
    source = open_source("archs4", REAL_INPUT / "archs4")
    table = rows(source)
    (matrix,) = source.matrices()
    assert len(table) == matrix.n_samples == 90
    assert len(matrix.genes) == 54_828
    with h5py.File(REAL_INPUT / "archs4" / matrix.file) as file:
        np.testing.assert_array_equal(values(matrix, [0, 41, 89]), file["data/expression"][:][:, [0, 41, 89]].T)
