"""The DepMap reader: models x genes, several profiles of a model, lineages of one organ and of two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sources_world import rows, values, write

from curation.sources import open_source
from curation.sources.matrices import BadValue
from profiles.errors import BulkatlasError

MODELS = [
    "ModelID,PatientID,CellLineName,OncotreeLineage,OncotreePrimaryDisease",
    'ACH-000001,PT-a,NIH:OVCAR-3,Ovary/Fallopian Tube,"Ovarian Epithelial Tumor, high grade"',
    "ACH-000002,PT-b,Hs 895.T,Fibroblast,Non-Cancerous",
    "ACH-000003,PT-b,KYSE-30,Esophagus/Stomach,Esophageal Squamous Cell Carcinoma",
    "ACH-000004,,OE19,Esophagus/Stomach,Esophagogastric Adenocarcinoma",
]
MATRIX = [
    ",TSPAN6 (7105),TNMD (64102),HLA-A (3105)",
    "ACH-000003,1.0,0.0,3.5",
    "ACH-000001,0.0,2.0,4.5",
    "ACH-000004,0.5,0.5,0.5",
    "ACH-000002,0.25,0.0,0.5",
    "ACH-009999,0.25,0.0,0.5",
]
NAME = "OmicsExpressionProteinCodingGenesTPMLogp1.csv"


def folder(tmp_path: Path, matrix: list[str] = MATRIX, models: list[str] = MODELS) -> Path:
    write(tmp_path / "depmap" / NAME, matrix)
    write(tmp_path / "depmap" / "Model.csv", models)
    write(tmp_path / "depmap" / "ModelCondition.csv", ["ModelConditionID", "MC-1"])
    return tmp_path / "depmap"


def test_values_genes_and_unit(tmp_path: Path) -> None:
    (matrix,) = open_source("depmap", folder(tmp_path)).matrices()
    assert matrix.unit == "log2_tpm"
    assert (matrix.genes.symbol, matrix.genes.entrez) == (("TSPAN6", "TNMD", "HLA-A"), ("7105", "64102", "3105"))
    np.testing.assert_allclose(values(matrix)[0], [1, 0, 2**3.5 - 1], rtol=1e-6)
    np.testing.assert_allclose(values(matrix, [1, 3]), [[0, 3, 2**4.5 - 1], [2**0.25 - 1, 0, 2**0.5 - 1]], rtol=1e-6)


def test_every_sample_is_a_cell_line_with_lineage_and_patient(tmp_path: Path) -> None:
    source = open_source("depmap", folder(tmp_path))
    by_id = {row["sample_id"]: row for row in rows(source)}
    assert {row["is_cell_line_declared"] for row in by_id.values()} == {True}
    ovary, fibroblast, both = by_id["ACH-000001"], by_id["ACH-000002"], by_id["ACH-000004"]
    assert (ovary["declared_field"], ovary["declared_term_id"], ovary["is_tumour"]) == ("OncotreeLineage", "UBERON:0000992", True)
    assert (ovary["donor_id"], ovary["title"], ovary["matrix_row"]) == ("PT-a", "NIH:OVCAR-3", 1)
    assert (fibroblast["declared_term_id"], fibroblast["is_tumour"], fibroblast["donor_id"]) == ("CL:0000057", False, "PT-b")
    squamous = by_id["ACH-000003"]
    assert (squamous["declared_field"], squamous["declared_term_id"]) == ("OncotreePrimaryDisease", "UBERON:0001043")
    assert (both["declared_term_id"], both["donor_id"]) == (None, "ACH-000004")
    notes = " ".join(source.notes())
    assert "1 samples with OncotreePrimaryDisease 'Esophagogastric Adenocarcinoma': two organs in one name: unlabelled" in notes
    assert "1 models are not in Model.csv: ACH-009999" in notes


def test_only_the_default_profile_of_a_model_is_taken(tmp_path: Path) -> None:
    matrix = [
        ",SequencingID,ModelID,IsDefaultEntryForModel,TSPAN6 (7105)",
        "0,CDS-1,ACH-000001,No,1.5",
        "1,CDS-2,ACH-000001,Yes,2.5",
        "2,CDS-3,ACH-000002,Yes,3.0",
    ]
    source = open_source("depmap", folder(tmp_path, matrix))
    table = rows(source)
    assert [(row["sample_id"], row["matrix_row"]) for row in table] == [("ACH-000001", 0), ("ACH-000002", 1)]
    np.testing.assert_allclose(values(source.matrices()[0], [0, 1])[:, 0], [2**2.5 - 1, 7], rtol=1e-6)
    assert any(
        "1 row is not asked for, not read (another profile of the model, not its default): ACH-000001" in note for note in source.notes()
    )


def test_two_profiles_of_a_model_without_a_default_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match="ACH-000001"):
        open_source("depmap", folder(tmp_path, [MATRIX[0], MATRIX[2], MATRIX[2]]))


def test_a_matrix_without_genes_in_its_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match="no column name is a human gene"):
        open_source("depmap", folder(tmp_path, ["ModelID,purity", "ACH-000001,1.0"]))


def test_a_missing_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"missing or infinite value for gene 'TNMD' in sample 'ACH-000001'"):
        open_source("depmap", folder(tmp_path, [*MATRIX[:2], "ACH-000001,0.0,,4.5"]))


def test_a_model_table_without_lineage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BulkatlasError, match=r"Model\.csv has no column 'OncotreeLineage'"):
        open_source("depmap", folder(tmp_path, models=["ModelID,PatientID,OncotreePrimaryDisease", "ACH-000001,PT-a,x"]))
