"""The columns of obs: what a compendium and labels.parquet say of a sample, under CELLxGENE's names where it has one."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["category", "text", "boolean", "number"]

# name -> kind; a category or a text is empty, a boolean NA and a number NaN where nothing is stated.
COLUMNS: Final[dict[str, Kind]] = {
    "source": "category",
    "series_id": "text",
    "group_id": "text",
    "tissue": "category",
    "class": "category",
    "term_id": "category",
    "is_tumour": "boolean",
    "split": "category",
    "tissue_ontology_term_id": "category",
    "cell_type_ontology_term_id": "category",
    "disease": "category",
    "disease_ontology_term_id": "category",
    "tissue_status": "category",
    "sex": "category",
    "sex_ontology_term_id": "category",
    "age": "number",
    "age_unit": "category",
    "development_stage": "category",
    "development_stage_ontology_term_id": "category",
    "treatment": "text",
    "is_control": "boolean",
    "is_xenograft": "boolean",
    "is_organoid": "boolean",
    "donor_id": "text",
    "origin_tissue": "category",
}
EMPTY: Final[dict[Kind, str | None]] = {"category": "", "text": "", "boolean": None, "number": None}
