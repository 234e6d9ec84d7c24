"""DepMap: OmicsExpression*.csv (models x genes, log2(TPM + 1)) and Model.csv (depmap.org, CC BY 4.0); every sample is a cell line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curation.sources.declared import Declared, look_up, unlabelled_notes
from curation.sources.folder import FolderSource, find_one, read_sheet, refuse_duplicates, sample_table, some, stated
from curation.sources.matrices import Asked, TableMatrix, open_matrix

MODEL_COLUMNS = ("ModelID", "PatientID", "OncotreeLineage", "OncotreePrimaryDisease")
# More exact than the lineage where a lineage is of two organs.
FIELDS = ("OncotreePrimaryDisease", "OncotreeLineage")
ALSO = ("PatientID", "CellLineName", "Sex", "Age", "OncotreeSubtype")


def open_depmap(folder: Path) -> FolderSource:
    """Open a folder with one OmicsExpression*.csv and one Model*.csv. Raises SourceFault."""
    path = find_one(folder, "expression matrix", "OmicsExpression*.csv", "OmicsExpression*.csv.gz", "OmicsExpression*.parquet")
    models_path = find_one(folder, "model table", "Model.csv", "Model_*.csv")
    read_notes: list[str] = []
    frame = read_sheet(models_path, MODEL_COLUMNS, read_notes, ALSO)
    refuse_duplicates(frame["ModelID"].drop_nulls().to_list(), str(models_path))
    models = {row["ModelID"]: row for row in frame.to_dicts() if row["ModelID"]}
    if n_nameless := frame["ModelID"].null_count():
        read_notes.append(f"{n_nameless} rows of {models_path.name} have no ModelID and were left out")
    matrix, notes = open_matrix(path, folder, Asked(layout="samples", is_archive=True), known=models.keys())
    notes = [*read_notes, *notes]
    rows = [_row(model, models.get(model), matrix, i) for i, model in enumerate(matrix.sample_ids)]
    absent = [row["sample_id"] for row in rows if row["sample_id"] not in models]
    if absent:
        notes.append(f"{len(absent)} models are not in {models_path.name}: {some(absent)}; they are unlabelled, and cell lines")
    return FolderSource("depmap", sample_table(rows, folder), [matrix], [path, models_path], notes + unlabelled_notes("depmap", rows))


def _row(model: str, about: dict[str, Any] | None, matrix: TableMatrix, i: int) -> dict[str, Any]:
    declared = _declared(about) if about else None
    disease = about["OncotreePrimaryDisease"] if about else None
    lineage = about["OncotreeLineage"] if about else None
    return {
        "sample_id": model,
        "source": "depmap",
        "characteristics": _stated(about) if about else None,
        "donor_id": (about or {}).get("PatientID") or model,
        "title": about.get("CellLineName") if about else None,
        "is_tumour": disease != "Non-Cancerous" if disease else None,
        "declared_field": declared.field if declared else "OncotreeLineage" if lineage else None,
        "declared_text": about[declared.field] if about and declared else lineage,
        "declared_term_id": declared.term_id if declared else None,
        "is_cell_line_declared": True,
        "unit": matrix.unit,
        "matrix_file": matrix.file,
        "matrix_row": i,
    }


def _stated(about: dict[str, Any]) -> str | None:
    """Sex, age and disease of the patient; the subtype says more than the primary disease where the ontology knows it."""
    told = stated(sex=about.get("Sex"), age=about.get("Age"), disease=about["OncotreePrimaryDisease"])
    return ",".join(filter(None, [told, stated(disease=about.get("OncotreeSubtype"))])) or None


def _declared(about: dict[str, Any]) -> Declared | None:
    rows = (look_up("depmap", field, about[field]) for field in FIELDS)
    return next((row for row in rows if row), None)
