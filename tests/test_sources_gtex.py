"""The GTEx reader: GCT counts and TPM, tissues by SMTSD, and files that contradict themselves."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from labelling import label, reference
from sources_world import REAL_INPUT, needs_real_input, rows, values, write

from curation.source import SourceFault
from curation.sources import open_source
from curation.sources.matrices import BadValue, MatrixFault
from profiles.errors import BulkatlasError, UnitFault

SAMPLES = ["GTEX-AAAA-0126-SM-1", "GTEX-AAAA-0226-SM-2", "GTEX-BBBB-0326-SM-3"]
HEADER = "\t".join(["Name", "Description", *SAMPLES])
GENES = ["ENSG00000000003.14\tTSPAN6\t10\t0\t7", "ENSG00000000005.5\tTNMD\t0\t3\t16777216", "ENSG00000000419.12\tDPM1\t5\t6\t0"]
COUNTS = [[10, 0, 5], [0, 3, 6], [7, 16777216, 0]]
ATTRIBUTES = ["SAMPID\tSMTS\tSMTSD", *(f"{s}\tx\t{t}" for s, t in zip(SAMPLES, ["Lung", "Whole Blood", "Brain - Cortex"], strict=True))]


def folder(
    tmp_path: Path, *, genes: list[str] = GENES, size: str = "3\t3", name: str = "x_gene_reads.gct.gz", header: str = HEADER
) -> Path:
    write(tmp_path / "gtex" / name, ["#1.2", size, header, *genes])
    write(tmp_path / "gtex" / "GTEx_SampleAttributesDS.txt", ATTRIBUTES)
    return tmp_path / "gtex"


@pytest.mark.parametrize("name", ["x_gene_reads.gct.gz", "x_gene_reads.gct"])
def test_counts_and_genes(tmp_path: Path, name: str) -> None:
    (matrix,) = open_source("gtex", folder(tmp_path, name=name)).matrices()
    assert matrix.unit == "counts"
    assert matrix.genes.ensembl == ("ENSG00000000003.14", "ENSG00000000005.5", "ENSG00000000419.12")
    assert matrix.genes.symbol == ("TSPAN6", "TNMD", "DPM1")
    np.testing.assert_array_equal(values(matrix), COUNTS)
    np.testing.assert_array_equal(values(matrix, [2]), COUNTS[2:])


def test_tissue_donor_and_state_come_from_the_tables(tmp_path: Path) -> None:
    lung, blood, cortex = rows(open_source("gtex", folder(tmp_path)))
    assert (lung["declared_field"], lung["declared_text"], lung["declared_term_id"]) == ("SMTSD", "Lung", "UBERON:0002048")
    assert (blood["declared_term_id"], cortex["declared_term_id"]) == ("UBERON:0000178", "UBERON:0000956")
    assert [row["donor_id"] for row in (lung, blood, cortex)] == ["GTEX-AAAA", "GTEX-AAAA", "GTEX-BBBB"]
    assert lung["is_tumour"] is False
    assert lung["is_cell_line_declared"] is False
    assert lung["series_id"] is lung["title"] is lung["source_name"] is lung["characteristics"] is None


def test_sex_and_decade_of_the_donors_reach_the_table_of_facts(tmp_path: Path) -> None:
    path = folder(tmp_path)
    write(path / "GTEx_SubjectPhenotypesDS.txt", ["SUBJID\tSEX\tAGE\tDTHHRDY", "GTEX-AAAA\t2\t60-69\t4", "GTEX-CCCC\t1\t20-29\t1"])
    source = open_source("gtex", path)
    assert path / "GTEx_SubjectPhenotypesDS.txt" in source.input_files()
    assert any(note.startswith("1 donors are not in GTEx_SubjectPhenotypesDS.txt: GTEX-BBBB") for note in source.notes())
    label(rows(source))
    said = reference().execute("SELECT sample_id, fact, value, ontology_term_id, decided_by FROM fact ORDER BY ALL").fetchall()
    female = ("sex", "female", "PATO:0000383", "declared")
    decade = ("development_stage", "seventh decade stage", "HsapDv:0000241", "declared")
    assert [row for row in said if row[1] in ("sex", "development_stage", "age")] == [
        (s, *f) for s in SAMPLES[:2] for f in (decade, female)
    ]
    write(path / "GTEx_SubjectPhenotypesDS.txt", ["SUBJID\tSEX", "GTEX-AAAA\t3"])
    with pytest.raises(SourceFault, match="SEX is 3; GTEx writes 1 for male and 2 for female"):
        open_source("gtex", path)


@pytest.mark.parametrize(
    ("text", "term", "is_line"),
    [
        ("Cells - EBV-transformed lymphocytes", "CL:0000542", True),
        ("Cells - Cultured fibroblasts", "CL:0000057", False),
        ("CELLS -  transformed FIBROBLASTS", "CL:0000057", False),
    ],
)
def test_cultured_cells(tmp_path: Path, text: str, term: str, is_line: bool) -> None:
    path = folder(tmp_path)
    write(path / "GTEx_SampleAttributesDS.txt", [ATTRIBUTES[0], f"{SAMPLES[0]}\tx\t{text}", *ATTRIBUTES[2:]])
    first = rows(open_source("gtex", path))[0]
    assert (first["declared_term_id"], first["is_cell_line_declared"]) == (term, is_line)


def test_a_wrong_dimension_line_is_reported_and_the_rows_are_believed(tmp_path: Path) -> None:
    source = open_source("gtex", folder(tmp_path, size="2\t9"))
    assert len(source.matrices()[0].genes) == 3
    assert any("line 2 says '2 x 9' but there are 3 genes x 3 samples; the rows were believed" in note for note in source.notes())


def test_a_file_with_fewer_rows_than_it_says_is_refused_as_cut_short(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"promises 56200 genes and 3 samples, 3 and 3 are there; is the file cut short"):
        open_source("gtex", folder(tmp_path, size="56200\t3"))


def test_samples_without_a_known_tissue_are_unlabelled_and_named(tmp_path: Path) -> None:
    path = folder(tmp_path)
    write(path / "GTEx_SampleAttributesDS.txt", [ATTRIBUTES[0], f"{SAMPLES[0]}\tx\tEar - Left"])
    source = open_source("gtex", path)
    assert [row["declared_term_id"] for row in rows(source)] == [None, None, None]
    notes = " ".join(source.notes())
    assert f"2 samples have no SMTSD in GTEx_SampleAttributesDS.txt: {SAMPLES[1]}, {SAMPLES[2]}; they are unlabelled" in notes
    assert "1 samples with SMTSD 'Ear - Left': it has no row in ontology/declared_tissue.tsv" in notes


def test_a_ragged_row_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"line 5 has 4 cells where the header has 5 \(it begins with 'ENSG00000000005.5'\)"):
        open_source("gtex", folder(tmp_path, genes=[GENES[0], GENES[1].rsplit("\t", 1)[0], GENES[2]]))


def test_a_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=rf"column '{SAMPLES[1]}', line 6: 'six' is no number"):
        open_source("gtex", folder(tmp_path, genes=[*GENES[:2], GENES[2].replace("6", "six")]))


@pytest.mark.parametrize("cell", ["NA", "", "nan"])
def test_a_missing_value_is_named(tmp_path: Path, cell: str) -> None:
    with pytest.raises(BadValue, match=rf"missing or infinite value for gene 'DPM1' in sample '{SAMPLES[1]}'"):
        open_source("gtex", folder(tmp_path, genes=[*GENES[:2], f"ENSG00000000419.12\tDPM1\t5\t{cell}\t0"]))


def test_a_negative_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnitFault, match="1 values are negative"):
        open_source("gtex", folder(tmp_path, genes=[*GENES[:2], "ENSG00000000419.12\tDPM1\t5\t-6\t0"]))


def test_bad_values_beyond_the_samples_that_tell_the_unit_are_found_when_read(tmp_path: Path) -> None:
    many = [f"GTEX-{i:04d}-1-SM-1" for i in range(40)]
    cells = ["1"] * 40
    cells[1] = "-2"
    path = folder(tmp_path, genes=["ENSG1\tA\t" + "\t".join(cells)], size="1\t40", header="\t".join(["Name", "Description", *many]))
    write(path / "GTEx_SampleAttributesDS.txt", [ATTRIBUTES[0], f"{many[0]}\tx\tLung"])
    (matrix,) = open_source("gtex", path).matrices()
    with pytest.raises(
        BadValue, match=r"holds 1 values that counts cannot have, first: -2.0 for gene 'ENSG1' in sample 'GTEX-0001-1-SM-1'"
    ):
        values(matrix)
    np.testing.assert_array_equal(values(matrix, [0, 2]), [[1], [1]])


def test_a_sample_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=f"its header: 1 sample ids occur more than once, first: {SAMPLES[0]}"):
        open_source("gtex", folder(tmp_path, header=HEADER.replace(SAMPLES[2], SAMPLES[0])))


def test_counts_and_tpm_of_the_same_samples_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path)
    write(path / "y_gene_tpm.gct", ["#1.2", "3\t3", HEADER, *GENES])
    with pytest.raises(BulkatlasError, match="3 sample ids"):
        open_source("gtex", path)


def test_a_cut_off_gzip_is_named(tmp_path: Path) -> None:
    path = folder(tmp_path) / "x_gene_reads.gct.gz"
    lines = ["#1.2", "400\t3", HEADER, *(f"ENSG{i}\tG{i}\t{i * 7919 % 1000}\t{i * 104729 % 1000}\t0" for i in range(400))]
    path.write_bytes(gzip.compress("\n".join(lines).encode())[:-100])
    with pytest.raises(BulkatlasError, match=r"x_gene_reads\.gct\.gz: is a damaged or cut-off gzip file"):
        open_source("gtex", path.parent)


@pytest.mark.parametrize(("first", "message"), [("<html>", "is a web page"), ("Name\tDescription", "is no GCT file")])
def test_what_is_no_gct_is_named(tmp_path: Path, first: str, message: str) -> None:
    path = folder(tmp_path, name="x_gene_reads.gct")
    write(path / "x_gene_reads.gct", [first, "3\t3", HEADER, *GENES])
    with pytest.raises(BulkatlasError, match=message):
        open_source("gtex", path)


def test_attributes_without_the_column_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path)
    write(path / "GTEx_SampleAttributesDS.txt", ["SAMPID\tSMTS", f"{SAMPLES[0]}\tLung"])
    with pytest.raises(BulkatlasError, match=r"has no column 'SMTSD'; near it: SMTS; its columns are: SAMPID, SMTS"):
        open_source("gtex", path)


def test_a_matrix_of_medians_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        MatrixFault, match=r"none of the 3 columns of .* \(Bladder, Lung, \.\.\.\) is a sample of GTEx_SampleAttributesDS.txt"
    ):
        open_source("gtex", folder(tmp_path, header="Name\tDescription\tBladder\tLung\tLiver"))


def test_a_folder_without_attributes_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "GTEx_SampleAttributesDS.txt").unlink()
    with pytest.raises(BulkatlasError, match=r"must hold one sample attribute table .* found none"):
        open_source("gtex", path)


@needs_real_input
def test_the_measured_input_is_read() -> None:
    source = open_source("gtex", REAL_INPUT / "gtex")
    table = rows(source)
    (matrix,) = source.matrices()
    assert len(table) == matrix.n_samples == 191
    assert all(row["declared_term_id"] for row in table)
    with gzip.open(REAL_INPUT / "gtex" / matrix.file, "rt") as lines:
        dense = np.array([line.rstrip("\n").split("\t")[2:] for line in list(lines)[3:]], dtype=np.float32)
    np.testing.assert_array_equal(values(matrix), dense.T)
