"""Which cell line: accession, name, disease and organ; what is a line under which key, and what is none."""

from __future__ import annotations

import pytest
from labelling import label, reference


@pytest.mark.parametrize(
    ("texts", "accession", "tissue"),
    [
        (
            {"title": "PC3 control rep1", "source_name": "prostate", "characteristics": "cell type: prostate cancer"},
            "CVCL_0035",
            "prostate",
        ),
        ({"source_name": "LNCaP cells"}, "CVCL_0395", "prostate"),  # no "P cells" of the heart
        ({"characteristics": "cell type: VCaP cells"}, "CVCL_2235", "prostate"),
        ({"source_name": "HT29"}, "CVCL_0320", "colon"),
        ({"source_name": "K562"}, "CVCL_0004", "blood"),
        ({"source_name": "JMSU-1 cells"}, "CVCL_2081", "bladder"),
        ({"characteristics": "cell line: 786-O"}, "CVCL_1051", "kidney"),
        ({"characteristics": "cell line: 22Rv1"}, "CVCL_1045", "prostate"),
        ({"source_name": "HepG2-LTR-Luc cells"}, "CVCL_0027", "liver"),
        ({"title": "MCF-7_siRNA_rep2"}, "CVCL_0031", "breast"),
        ({"characteristics": "cell line: RS4;11"}, "CVCL_0093", "blood"),
        ({"characteristics": "cell type: HeLa-229 cells"}, "CVCL_1276", "cervix"),
        ({"title": "293Trex_input"}, "CVCL_D585", "kidney"),
        ({"characteristics": "strain: BT549 cells"}, "CVCL_1092", "breast"),
        # codes that laboratories know, where the sample names no other organ
        ({"title": "K562_rep1"}, "CVCL_0004", "blood"),
        ({"title": "A549 siRNA control rep2"}, "CVCL_0023", "lung"),
        ({"title": "HL-60 ATRA 24h"}, "CVCL_0002", "blood"),
        ({"title": "PC3 shNT rep1"}, "CVCL_0035", "prostate"),
        ({"title": "MV4;11 DMSO"}, "CVCL_0064", "blood"),
        ({"title": "T47D vehicle"}, "CVCL_0553", "breast"),
        ({"characteristics": "isolate: K562"}, "CVCL_0004", "blood"),
        ({"source_name": "H2087, parental"}, "CVCL_1524", "lung"),  # NCI-H2087
        ({"characteristics": "cell line: H69"}, "CVCL_1579", "lung"),  # NCI-H69, not the cholangiocytes
        ({"source_name": "BJ cells"}, "CVCL_3653", "skin"),
        ({"source_name": "H9 T cells"}, "CVCL_1240", "blood"),  # the lymphoma, by its company
    ],
)
def test_a_line_is_known_by_its_accession(texts: dict[str, str], accession: str, tissue: str) -> None:
    row = label([texts])["S0"]
    assert (row["is_cell_line"], row["cell_line_id"], row["cell_line_tissue"], row["tissue"]) == (True, accession, tissue, tissue)


def test_the_disease_stands_beside_the_line() -> None:
    row = label([{"source_name": "HL-60"}])["S0"]
    assert (row["cell_line_name"], row["cell_line_disease"]) == ("HL-60", "Acute Myeloid Leukemia")


@pytest.mark.parametrize(
    "texts",
    [
        {"characteristics": "cell line: GM12890"},
        {"title": "GM12890_RZ_1", "characteristics": "cell line: 12890"},
        {"characteristics": "cell type: EBV transformed B-cell"},
        {"characteristics": "cell type: EBV-transformed lymphoblastoid"},
        {"title": "LCL_shRNA_2", "characteristics": "cell line: LCL"},
        {"source_name": "Lymphoblastoids"},
    ],
)
def test_transformed_b_cells_are_lines_of_blood(texts: dict[str, str]) -> None:
    row = label([texts])["S0"]
    assert (row["is_cell_line"], row["tissue"]) == (True, "blood")


@pytest.mark.parametrize(
    ("value", "tissue"),
    [
        ("PBMC", "blood"),
        ("whole blood", "blood"),
        ("liver tissue", "liver"),
        ("human hepatocytes (lot 8)", "liver"),
        ("PBMCs from healthy donor", "blood"),
        ("TBD", None),
        ("12", None),
    ],
)
def test_a_specimen_under_a_cell_line_key_is_no_line(value: str, tissue: str | None) -> None:
    row = label([{"characteristics": f"cell line: {value}"}])["S0"]
    assert (row["is_cell_line"], row["tissue"]) == (False, tissue)


@pytest.mark.parametrize(
    "texts",
    [
        {"source_name": "H1 hESC cell line"},
        {"source_name": "iPSC cell line WTC11"},
        {"characteristics": "cell type: H1,differentiation stage: embryonic stem cells"},
        {"source_name": "WTC11 iPSC", "characteristics": "cell line: WTC11"},
    ],
)
def test_pluripotent_lines_are_not_flagged(texts: dict[str, str]) -> None:
    row = label([texts])["S0"]
    assert (row["is_cell_line"], row["tissue"]) == (False, "stem_cell")


@pytest.mark.parametrize(
    "texts",
    [
        {"title": "ICC8 (RNA-seq)", "characteristics": "tissue: liver,cell type: intrahepatic cholangiocarcinoma"},  # a patient's number
        {"characteristics": "tissue: SAT"},  # subcutaneous fat; a line too
        {"title": "NB 4", "source_name": "tonsillar naive B cells"},
        {"title": "T24", "source_name": "bladder tumour"},
        {"title": "T24 h post infection"},
        {"title": "H292", "source_name": "whole blood"},  # a code of three digits beside another organ
        {"title": "PC_3", "source_name": "preculture", "characteristics": "tissue: fetal lung"},
        {"characteristics": "cell type: TRA-1-60(+) cells on day 11"},  # an antibody, and its hybridoma's name
    ],
)
def test_names_that_number_samples_are_no_lines(texts: dict[str, str]) -> None:
    assert not label([texts])["S0"]["is_cell_line"]


def test_one_line_has_one_organ_and_one_name() -> None:
    query = "SELECT accession FROM cell_line WHERE accession IS NOT NULL GROUP BY accession HAVING count(DISTINCT coalesce(term_id, '') || line_name) > 1"
    assert reference().execute(query).fetchall() == []
    # by spelling without signs, a name has one accession
    query = "SELECT regexp_replace(lower(name), '[^a-z0-9]', '', 'g') AS squashed FROM cell_line GROUP BY 1 HAVING count(DISTINCT accession) > 1"
    assert reference().execute(query).fetchall() == []


def test_a_line_without_accession_says_why() -> None:
    rows = reference().execute("SELECT name, reason FROM cell_line WHERE coalesce(accession, '') = ''").fetchall()
    assert rows
    told = ("a family of lines", "no accession", "Cellosaurus")
    assert [name for name, reason in rows if not any(words in reason for words in told) and "CVCL_" not in reason] == []


@pytest.mark.parametrize("texts", [{"source_name": "hepatocellular carcinoma cell clone-1/7"}, {"source_name": "AG04450"}])
def test_what_is_grown_or_kept_as_a_line_is_one(texts: dict[str, str]) -> None:
    assert label([texts])["S0"]["is_cell_line"]
