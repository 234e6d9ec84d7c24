"""DepMap: OmicsExpression*.csv (models x genes, log2(TPM + 1)) and Model.csv (depmap.org, CC BY 4.0); every sample is a cell line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from curation.genes import parse_gene_names
from curation.sources.declared import Declared, look_up, unlabelled_notes
from curation.sources.delimited import read_grid
from curation.sources.folder import FolderSource, find_one, read_metadata, refuse_duplicates, sample_table, some, stated
from curation.sources.grid import MatrixFault, SampleRows, scan_samples
from curation.sources.unit import quantity_in_name, settle

# `TP53 (7157)` in most releases, `TP53 (ENSG00000141510)` in files of all genes; no other column has a number in parentheses.
GENE = re.compile(r"^\S+ \((?:\d+|ENSG\d+(?:\.\d+)?)\)$")
DEFAULT_ENTRY = "IsDefaultEntryForModel"
MODEL_COLUMNS = ("ModelID", "PatientID", "OncotreeLineage", "OncotreePrimaryDisease")
# More exact than the lineage where a lineage is of two organs.
FIELDS = ("OncotreePrimaryDisease", "OncotreeLineage")


def open_depmap(folder: Path) -> FolderSource:
    """Open a folder with one OmicsExpression*.csv and one Model*.csv. Raises SourceFault."""
    path = find_one(folder, "expression matrix", "OmicsExpression*.csv", "OmicsExpression*.csv.gz")
    models_path = find_one(folder, "model table", "Model.csv", "Model_*.csv")
    matrix, defaults, notes = _read_matrix(path, folder)
    frame = read_metadata(models_path, MODEL_COLUMNS)
    refuse_duplicates(frame["ModelID"].drop_nulls().to_list(), str(models_path))
    models = {row["ModelID"]: row for row in frame.to_dicts() if row["ModelID"]}
    rows = [_row(model, models.get(model), matrix, i) for i, model in enumerate(matrix.sample_ids) if i in defaults]
    absent = [row["sample_id"] for row in rows if row["sample_id"] not in models]
    if absent:
        notes.append(f"{len(absent)} models are not in {models_path.name}: {some(absent)}; they are unlabelled, and cell lines")
    return FolderSource("depmap", sample_table(rows, folder), [matrix], [path, models_path], notes + unlabelled_notes("depmap", rows))


def _read_matrix(path: Path, folder: Path) -> tuple[SampleRows, set[int], list[str]]:
    """The matrix, the rows that stand for their model, and notes."""
    grid = read_grid(path)
    genes = tuple(i for i, name in enumerate(grid.names) if GENE.match(name))
    if not genes:
        raise MatrixFault(f"{path} has no column like 'TP53 (7157)' in its header ({some(grid.names)}); it is no DepMap expression matrix")
    others = {name: i for i, name in enumerate(grid.names) if not GENE.match(name)}
    models = others.get("ModelID", 0)
    text = [models] + ([others[DEFAULT_ENTRY]] if DEFAULT_ENTRY in others else [])
    scanned = scan_samples(grid, text, genes)
    ids = parse_gene_names([grid.names[i] for i in genes])
    scale = settle(quantity_in_name(path.name), scanned.evidence, str(path))
    matrix = SampleRows(path.relative_to(folder).as_posix(), grid, ids, scale, scanned.text[0], genes)
    defaults = _default_rows(scanned.text[1] if len(text) > 1 else None, matrix.n_samples)
    notes = [f"{path.name}: {matrix.n_samples:,} samples x {len(ids):,} genes, {scale.unit} ({scanned.evidence})"]
    if len(defaults) < matrix.n_samples:
        notes.append(f"{matrix.n_samples - len(defaults)} further profiles of a model (not {DEFAULT_ENTRY}) were left out")
    return matrix, defaults, notes


def _default_rows(flags: tuple[str, ...] | None, n: int) -> set[int]:
    """Releases from 24Q4 hold several profiles of some models and mark the one to use."""
    if flags is None:
        return set(range(n))
    return {i for i, flag in enumerate(flags) if flag.strip().lower() in ("yes", "true", "1")}


def _row(model: str, about: dict[str, Any] | None, matrix: SampleRows, i: int) -> dict[str, Any]:
    declared = _declared(about) if about else None
    disease = about["OncotreePrimaryDisease"] if about else None
    lineage = about["OncotreeLineage"] if about else None
    return {
        "sample_id": model,
        "source": "depmap",
        "donor_id": (about or {}).get("PatientID") or model,
        "title": about.get("CellLineName") if about else None,
        "characteristics": _stated(about) if about else None,
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
    subtype = about.get("OncotreeSubtype")
    return ",".join(
        filter(None, [stated(sex=about.get("Sex"), age=about.get("Age"), disease=about["OncotreePrimaryDisease"]), stated(disease=subtype)])
    )


def _declared(about: dict[str, Any]) -> Declared | None:
    rows = (look_up("depmap", field, about[field]) for field in FIELDS)
    return next((row for row in rows if row), None)
