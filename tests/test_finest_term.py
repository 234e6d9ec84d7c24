"""The finest term among evidence that agrees, where and what as two columns, and codes that count only as a whole value."""

from __future__ import annotations

import pytest
from labelling import label, reference


def term(name: str) -> str:
    ((term_id,),) = reference().execute("SELECT term_id FROM term_name WHERE name = $name", {"name": name}).fetchall()
    return str(term_id)


@pytest.mark.parametrize(
    ("texts", "tissue", "name"),
    [
        # a rule says the finest term of its words; the category follows
        ({"source_name": "cord blood"}, "blood", "umbilical cord blood"),
        ({"source_name": "foreskin"}, "skin", "skin of prepuce of penis"),
        ({"source_name": "ileal biopsy"}, "small_intestine", "ileum"),
        ({"source_name": "rectal cancer"}, "colon", "rectum"),
        ({"source_name": "monocyte-derived macrophages"}, "blood", "macrophage"),
        ({"source_name": "femur"}, "bone", "femur"),
        # the part is said in another field, and its own words decide
        ({"characteristics": "tissue: brain,tissue region: hippocampus"}, "brain", "hippocampal formation"),
        ({"title": "cerebellum 3", "source_name": "brain"}, "brain", "cerebellum"),
        ({"source_name": "colon", "characteristics": "tissue: sigmoid colon"}, "colon", "sigmoid colon"),
        ({"source_name": "intestine", "title": "ileum"}, "small_intestine", "ileum"),
        ({"source_name": "heart", "title": "epicardial fat"}, "adipose", "epicardial fat"),
        ({"source_name": "peripheral blood", "title": "neutrophils"}, "blood", "neutrophil"),
        ({"characteristics": "tissue: pancreatic islets,cell type: beta cells"}, "pancreas", "type B pancreatic cell"),
        # of two cells of one tissue the one that was made or sorted, not the one that it came from; a marker is an attribute
        ({"characteristics": "Human monocyte-derived macrophages obtained from peripheral blood mononuclear cells"}, "blood", "macrophage"),
        ({"source_name": "Peripheral blood", "characteristics": "Macrophages differentiated from CD14+ monocytes"}, "blood", "macrophage"),
        ({"source_name": "PBMC", "characteristics": "cell type: Monocytes"}, "blood", "monocyte"),
        ({"source_name": "CD14+ macrophages"}, "blood", "macrophage"),
        ({"source_name": "Naive CD4 T-cells"}, "blood", "naive thymus-derived CD4-positive, alpha-beta T cell"),
        # the loose name of a disease is as wide as what it is used for; what names the part is finer
        ({"source_name": "colon cancer"}, "colon", "colorectum"),
        ({"source_name": "colon", "characteristics": "disease: colon cancer"}, "colon", "colon"),
        ({"source_name": "squamous cell carcinoma of the skin"}, "skin", "skin epidermis"),
        # a number of Brodmann's inside the value of a tissue; near what a lesion lay
        ({"characteristics": "tissue: brain BA4"}, "brain", "Brodmann (1909) area 4"),
        ({"characteristics": "tissue: fibroblasts from a lesion behind left ear"}, "fibroblast", "fibroblast"),
        ({"source_name": "nasal fibroblasts"}, "head_and_neck", "nose"),
        # a description tells about the whole study, two parts that disagree do not refine each other
        ({"source_name": "brain", "description": "hippocampus and cerebellum were compared"}, "brain", "brain"),
        # a cell of many organs does not replace the organ
        ({"characteristics": "tissue: lung,cell type: macrophage"}, "lung", "lung"),
    ],
)
def test_the_finest_agreeing_term_wins(texts: dict[str, str], tissue: str, name: str) -> None:
    row = label([texts])["S0"]
    assert (row["tissue"], row["term_id"]) == (tissue, term(name))


def test_the_finest_wins_with_its_own_evidence() -> None:
    row = label([{"source_name": "brain", "characteristics": "tissue region: Hippocampus"}])["S0"]
    assert (row["field"], row["matched_text"], row["decided_by"]) == ("tissue", "Hippocampus", "tissue")


def test_what_a_person_or_the_source_decided_is_not_refined() -> None:
    declared = {"declared_field": "SMTSD", "declared_text": "Brain", "declared_term_id": "UBERON:0000955"}
    assert label([{"title": "cerebellum", **declared}])["S0"]["term_id"] == "UBERON:0000955"


@pytest.mark.parametrize(
    ("texts", "where", "what"),
    [
        ({"characteristics": "tissue: lung,cell type: macrophage"}, "lung", "macrophage"),
        ({"source_name": "bone marrow", "characteristics": "cell type: neutrophils"}, "bone marrow", "neutrophil"),
        ({"source_name": "peripheral blood", "title": "monocytes"}, "venous blood", "monocyte"),
        ({"source_name": "whole blood", "title": "monocytes"}, "blood", "monocyte"),
        ({"source_name": "lung fibroblasts"}, "lung", "fibroblast of lung"),  # the Cell Ontology places it there
        ({"source_name": "T cells"}, None, "T cell"),  # no text says where
        ({"source_name": "liver"}, "liver", None),
        ({"source_name": "iPSC-derived neurons"}, None, "neuron"),
    ],
)
def test_where_and_what_are_two_columns(texts: dict[str, str], where: str | None, what: str | None) -> None:
    row = label([texts])["S0"]
    assert (row["tissue_ontology_term_id"], row["cell_type_ontology_term_id"]) == (where and term(where), what and term(what))
    for column, found in (("tissue_evidence_id", where), ("cell_type_evidence_id", what)):
        assert (row[column] is None) == (found is None)


@pytest.mark.parametrize(
    ("texts", "tissue"),
    [
        ({"characteristics": "cell type: beta"}, "pancreas"),
        ({"characteristics": "cell type: WAT"}, "adipose"),
        ({"characteristics": "celltype: NK"}, "blood"),
        ({"characteristics": "brain region: BA9"}, "brain"),
        ({"characteristics": "tissue: BM"}, "bone_marrow"),
        ({"title": "5053_CD4_Naive_0"}, "blood"),
        ({"title": "t1_NHBEctr_rep1"}, "lung"),
        ({"title": "beta 3"}, None),  # not the whole value of a tissue or cell type
        ({"title": "BA9_rep1"}, None),
        ({"characteristics": "tissue: LV"}, None),  # left or lateral ventricle
        ({"characteristics": "tissue: CVS tissue"}, "placenta"),
    ],
)
def test_a_code_counts_only_as_the_whole_value(texts: dict[str, str], tissue: str | None) -> None:
    assert label([texts])["S0"]["tissue"] == tissue


@pytest.mark.parametrize(
    ("texts", "tissue"),
    [
        ({"characteristics": "tissue: Bone Marrow, Iliac Crest"}, "bone_marrow"),  # the bone is where the marrow was drawn
        ({"characteristics": "tissue: Soft Tissue,tissue type: normal lung"}, "lung"),
        ({"characteristics": "cell type: CLL leukemic cells"}, "blood"),
        ({"source_name": "Male Subject with Carotid Disease", "characteristics": "cell type: Monocytes"}, "blood"),
        ({"characteristics": "tissue: prostate tumor metastases in para tracheal lymph node"}, "lymphoid"),
        ({"characteristics": "breast cancer patient: T12,tissue type: Tumor"}, "breast"),
        ({"source_name": "liver and kidney"}, None),
    ],
)
def test_what_lies_around_makes_no_label_ambiguous(texts: dict[str, str], tissue: str | None) -> None:
    assert label([texts])["S0"]["tissue"] == tissue


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"title": "10x library 3, PBMC"}, "10x library"),
        ({"source_name": "single nuclei of cortex"}, "single nuclei"),
        ({"title": "Smart-seq2 cell 45"}, "Smart-seq2 cell"),
        ({"characteristics": "tissue: blood,library type: Drop-seq"}, "Drop-seq"),
        ({"title": "single cell clone 3 of HCT116"}, None),
        ({"title": "liver, single-cell suspension sorted"}, None),
        ({"title": "10x dose, liver"}, None),
    ],
)
def test_words_of_single_cells(texts: dict[str, str], words: str | None) -> None:
    assert label([texts])["S0"]["single_cell_words"] == words
