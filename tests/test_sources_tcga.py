"""The TCGA and TARGET reader: Xena matrices, GDC STAR counts, tumour and normal, sites and samples that no table lists."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from sources_world import REAL_INPUT, needs_real_input, rows, values, write

from curation.sources import open_source
from curation.sources.barcode import SAMPLE_TYPES, is_tumour, sample_type_in_words
from curation.sources.declared import look_up
from curation.sources.sheets import Clinic, read_phenotypes
from profiles.errors import BulkatlasError, UnitFault

PHENOTYPE = "sample\tdetailed_category\tprimary disease or tissue\t_primary_site\t_sample_type\t_gender\t_study"
SAMPLES = ["TCGA-56-0001-01", "TCGA-56-0001-11", "TCGA-D3-0002-06", "TCGA-56-0009-11"]
LISTED = [
    "TCGA-56-0001-01\tLUSC\tx\tLung\tPrimary Tumor\tMale\tTCGA",
    "TCGA-56-0001-11\tLUSC\tx\tLung\tSolid Tissue Normal\tMale\tTCGA",
    "TCGA-D3-0002-06\tSKCM\tx\tSkin\tMetastatic\tMale\tTCGA",
    "TARGET-30-PAAAAA-01\tNBL\tx\tSympathetic\xcaNervous System\tPrimary Solid Tumor\t\tTARGET",
    "TARGET-20-PABBBB-09\tAML\tx\tWhite blood cell\tPrimary Blood Derived Cancer - Bone Marrow\t\tTARGET",
]


def xena(
    tmp_path: Path, *, program: str = "tcga", samples: list[str] = SAMPLES, table: list[str] | None = None, cells: str | None = None
) -> Path:
    folder = tmp_path / program
    line = "\t".join(["3.0", "0.0", "1.585", "5.8637"][: len(samples)])
    write(folder / "tcga_RSEM_Hugo_expected_count.tsv.gz", ["\t".join(["sample", *samples]), f"TSPAN6\t{cells or line}", f"TNMD\t{line}"])
    write(folder / "TcgaTargetGTEX_phenotype.txt.gz", table or [PHENOTYPE, *LISTED], encoding="latin-1")
    return folder


def test_the_logarithm_is_undone(tmp_path: Path) -> None:
    (matrix,) = open_source("tcga", xena(tmp_path)).matrices()
    assert matrix.unit == "log2_counts"
    assert matrix.genes.symbol == ("TSPAN6", "TNMD")
    np.testing.assert_allclose(values(matrix)[:, 0], [7, 0, 2**1.585 - 1, 2**5.8637 - 1], rtol=1e-6)
    assert values(matrix).min() == 0


def test_tumour_site_and_patient(tmp_path: Path) -> None:
    tumour, normal, metastasis, unlisted = rows(open_source("tcga", xena(tmp_path)))
    assert (tumour["is_tumour"], normal["is_tumour"], metastasis["is_tumour"], unlisted["is_tumour"]) == (True, False, True, False)
    assert tumour["donor_id"] == normal["donor_id"] == "TCGA-56-0001"
    assert (tumour["declared_field"], tumour["declared_text"], tumour["declared_term_id"]) == ("_primary_site", "Lung", "UBERON:0002048")
    assert (metastasis["declared_field"], metastasis["declared_text"], metastasis["declared_term_id"]) == (
        "sample_type",
        "Metastatic",
        None,
    )
    assert unlisted["declared_text"] is unlisted["declared_term_id"] is None


def test_a_sample_that_the_table_lacks_is_named_with_what_its_barcode_suggests(tmp_path: Path) -> None:
    notes = open_source("tcga", xena(tmp_path)).notes()
    (note,) = [note for note in notes if "not in TcgaTargetGTEX" in note]
    assert note.startswith(
        "1 samples are not in TcgaTargetGTEX_phenotype.txt.gz: TCGA-56-0009-11 (its tissue source site is Lung in 2 listed samples)"
    )
    assert "unlabelled" in note
    assert any(note.startswith("1 samples with sample_type 'Metastatic': the tables name the primary site") for note in notes)


def test_target_is_a_program_of_its_own(tmp_path: Path) -> None:
    samples = ["TARGET-30-PAAAAA-01", "TARGET-20-PABBBB-09", SAMPLES[0], "GTEX-AAAA-0126-SM-1"]
    source = open_source("target", xena(tmp_path, program="target", samples=samples))
    nerve, marrow = rows(source)
    assert (nerve["source"], nerve["declared_term_id"], nerve["donor_id"]) == ("target", "UBERON:0000013", "TARGET-30-PAAAAA")
    assert (marrow["declared_field"], marrow["declared_term_id"], marrow["is_tumour"]) == ("sample_type", "UBERON:0002371", True)
    assert any("2 columns of tcga_RSEM_Hugo_expected_count.tsv.gz are of another program" in note for note in source.notes())
    with pytest.raises(BulkatlasError, match="no sample with a TCGA barcode"):
        open_source("tcga", xena(tmp_path, samples=samples[:2]))


@pytest.mark.parametrize(
    ("sample", "sample_type", "expected"),
    [
        ("TCGA-AA-0001-01A", None, True),
        ("TCGA-AA-0001-09", "Solid Tissue Normal", True),
        ("TCGA-AA-0001-10", None, False),
        ("TARGET-10-PAAAAA-40A", None, True),
        ("TCGA-07-0249-20", "Control Analyte", None),
        ("MODEL-1", "Solid Tissue Normal", False),
        ("MODEL-1", "Primary Tumor", True),
        ("MODEL-1", None, None),
    ],
)
def test_tumour_or_normal_by_the_barcode_first(sample: str, sample_type: str | None, expected: bool | None) -> None:
    assert is_tumour(sample, sample_type) is expected


def test_a_phenotype_table_without_the_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"phenotype\.txt\.gz has no column '_primary_site'; its columns are: sample, _sample_type"):
        open_source("tcga", xena(tmp_path, table=["sample\t_sample_type", "TCGA-56-0001-01\tPrimary Tumor"]))


def test_z_scores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnitFault, match=r"2 values are negative: z-scores"):
        open_source("tcga", xena(tmp_path, cells="-0.5\t0.1\t1.7\t-1.2"))


def test_the_pseudo_count_of_xena_is_undone(tmp_path: Path) -> None:
    zero = "-9.9658"
    path = xena(tmp_path)
    (path / "tcga_RSEM_Hugo_expected_count.tsv.gz").unlink()
    write(path / "tcga_rsem_gene_tpm.gz", ["\t".join(["sample", *SAMPLES]), f"ENSG00000000003.14\t{zero}\t3.0\t{zero}\t1.0"])
    (matrix,) = open_source("tcga", path).matrices()
    assert matrix.unit == "log2_tpm"
    assert matrix.genes.ensembl == ("ENSG00000000003.14",)
    np.testing.assert_allclose(values(matrix)[:, 0], [0, 8 - 0.001, 0, 2 - 0.001], atol=1e-6)


STAR = [
    "# gene-model: GENCODE v36",
    "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded",
    "N_unmapped\t\t\t900\t900\t900\t\t\t",
    "N_multimapping\t\t\t80\t80\t80\t\t\t",
    "N_noFeature\t\t\t70\t70\t70\t\t\t",
    "N_ambiguous\t\t\t60\t60\t60\t\t\t",
]
SHEET = "File ID\tFile Name\tData Category\tData Type\tProject ID\tCase ID\tSample ID\tSample Type"


def star_file(
    folder: Path, file_id: str, counts: tuple[int, int], genes: tuple[str, str] = ("ENSG00000000003.15", "ENSG00000000005.6")
) -> str:
    name = f"{file_id}.rna_seq.augmented_star_gene_counts.tsv"
    body = [f"{gene}\tG{i}\tprotein_coding\t{n}\t0\t0\t1.5\t1.5\t1.5" for i, (gene, n) in enumerate(zip(genes, counts, strict=True))]
    write(folder / file_id / name, [*STAR, *body])
    return name


def gdc(tmp_path: Path, lines: list[tuple[str, str, str, str]]) -> Path:
    """lines: (file name, project, sample, sample type)."""
    folder = tmp_path / "tcga"
    sheet = [f"id\t{n}\tTranscriptome Profiling\tGene Expression Quantification\t{p}\tcase\t{s}\t{t}" for n, p, s, t in lines]
    write(folder / "gdc_sample_sheet.2026-11-22.tsv", [SHEET, *sheet])
    return folder


def test_star_counts_with_their_sheet(tmp_path: Path) -> None:
    folder = tmp_path / "tcga"
    first, second = star_file(folder, "aaa", (12, 0)), star_file(folder, "bbb", (7, 30_000_000))
    gdc(
        tmp_path,
        [(second, "TCGA-LUAD", "TCGA-05-0001-11A", "Solid Tissue Normal"), (first, "TCGA-PCPG", "TCGA-06-0002-01A", "Primary Tumor")],
    )
    source = open_source("tcga", folder)
    (matrix,) = source.matrices()
    np.testing.assert_array_equal(values(matrix), [[12, 0], [7, 30_000_000]])
    assert matrix.genes.ensembl == ("ENSG00000000003.15", "ENSG00000000005.6")
    pcpg, luad = rows(source)
    assert (luad["sample_id"], luad["declared_field"], luad["declared_text"]) == ("TCGA-05-0001-11A", "project", "TCGA-LUAD")
    assert (luad["declared_term_id"], luad["is_tumour"], luad["donor_id"]) == ("UBERON:0002048", False, "TCGA-05-0001")
    assert (pcpg["declared_term_id"], pcpg["is_tumour"]) == (None, True)
    assert any("1 samples with project 'TCGA-PCPG': phaeochromocytoma" in note for note in source.notes())


SHEET_2024 = SHEET.replace("Sample Type", "Tissue Type\tTumor Descriptor\tSpecimen Type\tPreservation Method")


def test_sheets_before_and_since_2024_stand_side_by_side_and_the_barcode_decides(tmp_path: Path) -> None:
    folder = tmp_path / "tcga"
    names = [star_file(folder, f, (1, 2)) for f in ("aaa", "bbb", "ccc", "ddd")]
    gdc(tmp_path, [(names[0], "TCGA-LUAD", "TCGA-05-0001-01A", "Primary Tumor")])
    told = [
        (names[1], "TCGA-BRCA", "TCGA-05-0002-11A", "Tumor\tPrimary\tSolid Tissue\tOCT"),
        (names[2], "TCGA-LAML", "TCGA-05-0003-03A", "Tumor\tPrimary\tPeripheral Blood NOS\tUnknown"),
        (names[3], "TCGA-SKCM", "TCGA-05-0004-06A", "Tumor\tMetastatic\tSolid Tissue\tUnknown"),
    ]
    lines = [f"id\t{n}\tTranscriptome Profiling\tGene Expression Quantification\t{p}\tcase\t{s}\t{t}" for n, p, s, t in told]
    write(folder / "gdc_sample_sheet.2026-11-23.tsv", [SHEET_2024, *lines])
    source = open_source("tcga", folder)
    found = {row["sample_id"]: (row["is_tumour"], row["declared_text"], row["declared_term_id"]) for row in rows(source)}
    assert found == {
        "TCGA-05-0001-01A": (True, "TCGA-LUAD", "UBERON:0002048"),
        "TCGA-05-0002-11A": (False, "TCGA-BRCA", "UBERON:0000310"),
        "TCGA-05-0003-03A": (True, "Primary Blood Derived Cancer - Peripheral Blood", "UBERON:0000178"),
        "TCGA-05-0004-06A": (True, "Metastatic", None),
    }
    write(folder / "gdc_sample_sheet.2026-11-24.tsv", [SHEET_2024, lines[0].replace("TCGA-05-0002-11A", "TCGA-05-0009-11A")])
    with pytest.raises(BulkatlasError, match=r"gives bbb.* to TCGA-05-0009-11A, another sheet to TCGA-05-0002-11A"):
        open_source("tcga", folder)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("Normal", "Not Applicable", "Solid Tissue"), "Solid Tissue Normal"),
        (("Normal", "Not Applicable", "Peripheral Whole Blood"), "Blood Derived Normal"),
        (("Tumor", "Recurrence", "Bone Marrow NOS"), "Recurrent Blood Derived Cancer - Bone Marrow"),
        (("Tumor", "Metastatic", "Solid Tissue"), "Metastatic"),
        (("Tumor", "Primary", "3D Organoid"), "Next Generation Cancer Model"),
        (("Tumor", "Primary", "Cell Line"), "Cell Lines"),
        (("Unknown", "Primary", "Solid Tissue"), None),
    ],
)
def test_a_sample_type_that_is_spread_over_three_columns(told: tuple[str, str, str], expected: str | None) -> None:
    assert sample_type_in_words(*told) == expected


def test_every_sample_code_has_a_verdict_and_the_specimens_their_tissue() -> None:
    verdicts = {code: is_tumour(f"TARGET-10-PAAAAA-{code:02}A", None) for code in SAMPLE_TYPES}
    assert {code for code, verdict in verdicts.items() if verdict} == {1, 2, 3, 4, 5, 6, 7, 8, 9, 40, 41, 42}
    assert {code for code, verdict in verdicts.items() if verdict is False} == {*range(10, 19), 99}
    tissues = {code: look_up("tcga", "sample_type", name) for code, name in SAMPLE_TYPES.items()}
    assert {code: row.tissue for code, row in tissues.items() if row and row.tissue} == {
        3: "blood", 4: "bone_marrow", 9: "bone_marrow", 10: "blood", 12: "head_and_neck", 13: "blood", 14: "bone_marrow", 15: "fibroblast",
        16: "bone_marrow", 17: "lymphoid", 40: "blood", 41: "bone_marrow", 42: "blood", 99: "blood",
    }  # fmt: skip
    assert {code for code, row in tissues.items() if row and row.is_cell_line} == {13, 50, 85, 86, 87}
    assert all(tissues[code] and not tissues[code].tissue for code in (6, 7, 20, 50, 60, 61, 85, 86, 87))


def test_the_clinical_table_of_the_gdc_hub_is_a_phenotype_table(tmp_path: Path) -> None:
    table = tmp_path / "TCGA-BRCA.clinical.tsv"
    write(table, ["sample\tprimary_site\tproject_id.project\tsample_type.samples", "TCGA-05-0001-01A\tBreast\tTCGA-BRCA\tPrimary Tumor"])
    assert read_phenotypes([table], []) == {"TCGA-05-0001-01A": Clinic("project", "TCGA-BRCA", "Primary Tumor")}
    other = tmp_path / "other.clinical.tsv"
    write(other, ["sample\t_primary_site\t_sample_type", "TCGA-05-0001-01A\tLung\tPrimary Tumor"])
    with pytest.raises(BulkatlasError, match="1 samples have two rows that contradict each other"):
        read_phenotypes([table, other], [])


def test_further_runs_of_a_sample_and_unlisted_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "tcga"
    names = [star_file(folder, f, (1, 2)) for f in ("aaa", "bbb", "ccc")]
    gdc(tmp_path, [(name, "TCGA-LUAD", "TCGA-05-0001-01A", "Primary Tumor") for name in names[:2]])
    source = open_source("tcga", folder)
    assert source.matrices()[0].n_samples == 1
    notes = " ".join(source.notes())
    assert f"1 count files are not in gdc_sample_sheet.2026-11-22.tsv and were left out: {names[2]}" in notes
    assert f"1 files are further sequencing runs of a sample and were left out: TCGA-05-0001-01A ({names[1]})" in notes


def test_files_of_two_releases_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tcga"
    names = [star_file(folder, "aaa", (1, 2)), star_file(folder, "bbb", (1, 2), genes=("ENSG00000000003.14", "ENSG00000000005.5"))]
    gdc(tmp_path, [(name, "TCGA-LUAD", f"TCGA-05-000{i}-01A", "Primary Tumor") for i, name in enumerate(names)])
    (matrix,) = open_source("tcga", folder).matrices()
    with pytest.raises(BulkatlasError, match="has other genes than aaa"):
        values(matrix)


def test_a_negative_count_of_a_later_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "tcga"
    names = [star_file(folder, "aaa", (1, 2)), star_file(folder, "bbb", (1, -2))]
    gdc(tmp_path, [(name, "TCGA-LUAD", f"TCGA-05-000{i}-01A", "Primary Tumor") for i, name in enumerate(names)])
    (matrix,) = open_source("tcga", folder).matrices()
    with pytest.raises(BulkatlasError, match=r"first: -2.0 for gene 'ENSG00000000005.6' in sample 'bbb"):
        values(matrix)


def test_a_matrix_column_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match="TCGA-56-0001-01"):
        open_source("tcga", xena(tmp_path, samples=[SAMPLES[0], SAMPLES[1], SAMPLES[0]]))


@needs_real_input
def test_the_measured_input_is_read() -> None:
    source = open_source("tcga", REAL_INPUT / "tcga")
    table = rows(source)
    (matrix,) = source.matrices()
    assert len(table) == matrix.n_samples == 798
    assert sum(row["is_tumour"] is True for row in table) == 225
    assert sum(row["is_tumour"] is False for row in table) == 573
    unlabelled = [row["sample_id"] for row in table if row["declared_term_id"] is None]
    assert sorted(unlabelled) == ["TCGA-56-7579-11", "TCGA-AG-3902-01", "TCGA-CG-5721-11", "TCGA-EI-6883-01", "TCGA-FL-A1YF-11"]
    assert all(sample in " ".join(source.notes()) for sample in unlabelled)
    with gzip.open(REAL_INPUT / "tcga" / matrix.file, "rt") as lines:
        first = [next(lines).rstrip("\n").split("\t") for _ in range(101)][1:]
    logs = np.array([[float(cell) for cell in line[1:]] for line in first])
    np.testing.assert_allclose(values(matrix)[:, :100], (2**logs - 1).T, rtol=1e-5, atol=1e-6)
