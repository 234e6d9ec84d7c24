"""What a user's own table says of his samples: rows of the sample table from profiles.metadata, matched to the samples of the matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.sources.declared import declared_tissues, look_up
from curation.sources.folder import refuse_duplicates, some
from profiles.errors import MetadataFault
from profiles.metadata import describe, is_missing, read_frame

if TYPE_CHECKING:
    from curation.source import Matrix

TEXTS = ("series_id", "donor_id", "title", "source_name", "characteristics", "description")
OWN_COLUMNS = ("tissue_term", "is_tumour", "is_cell_line", "single_cell_probability", *TEXTS)
TERM = re.compile(r"^(?:UBERON|CL):\d{7}$")
TRUE, FALSE = ("true", "yes", "y", "t", "1", "tumour", "tumor"), ("false", "no", "n", "f", "0", "normal")


@dataclass(frozen=True)
class About:
    """The table's rows by sample id: its own columns, and under our names what was recognised."""

    where: str
    rows: dict[str, dict[str, Any]]
    declares: bool  # a column `tissue` holds our tissues; in an archive's layout it is the submitter's word
    notes: tuple[str, ...] = ()

    @property
    def sample_ids(self) -> list[str]:
        """In the order of the table."""
        return list(self.rows)


def read_about(path: Path, id: str | None = None, text: Sequence[str] | None = None) -> About:
    """Read a metadata table, or the obs of an .h5ad, whose index names the samples. Raises MetadataFault and TableFault."""
    frame = read_frame(path, str(path))
    is_obs = path.suffix.lower() == ".h5ad"
    found = describe(frame, id=frame.frame.columns[0] if id is None and is_obs else id, text=text)
    ours = found.samples.to_dicts()
    rows = {own["sample_id"]: {**theirs, **own} for theirs, own in zip(found.frame.to_dicts(), ours, strict=True)}
    named_as_text = any(column.lower() == "tissue" for column in found.read.get("characteristics", []))
    declares = not (found.is_foreign or named_as_text)
    unread = found.account([*OWN_COLUMNS, *(["tissue"] if declares else [])]).sentences()
    return About(str(path), rows, declares, (*found.notes, *(f"{path.name}: {note} (source.json: text)" for note in unread)))


def sample_rows(about: About, matrix: Matrix, ids: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of SAMPLE_SCHEMA in the order of the matrix, and the samples of the matrix that the table lacks. Raises MetadataFault."""
    refuse_duplicates(ids, matrix.file)
    absent = sorted(set(about.rows) - set(ids))
    if absent:
        raise MetadataFault(
            f"{len(absent)} samples of {about.where} are not in {matrix.file}: {some(absent)}; metadata and matrix must agree"
        )
    rows = [_row(sample, about, matrix, i) for i, sample in enumerate(ids) if sample in about.rows]
    return rows, [sample for sample in ids if sample not in about.rows]


def _row(sample: str, about: About, matrix: Matrix, i: int) -> dict[str, Any]:
    row = about.rows[sample]
    field, text, term = _declared(row, about)
    return {
        "sample_id": sample,
        "source": "table",
        **{column: (row.get(column) or "").strip() or None for column in TEXTS},
        "single_cell_probability": _number(row, "single_cell_probability", about.where),
        "is_tumour": _truth(row, "is_tumour", about.where),
        "is_cell_line_declared": _truth(row, "is_cell_line", about.where),
        "declared_field": field,
        "declared_text": text,
        "declared_term_id": term,
        "unit": matrix.unit,
        "matrix_file": matrix.file,
        "matrix_row": i,
    }


def _declared(row: dict[str, Any], about: About) -> tuple[str | None, str | None, str | None]:
    """(field, text, term): tissue_term is a UBERON or CL id, tissue one of the categories; the term decides."""
    term = row.get("tissue_term")
    if not is_missing(term):
        if not TERM.match(term or ""):
            raise MetadataFault(
                f"{about.where}: tissue_term '{term}' is no UBERON or CL id like UBERON:0002107; leave it empty where unknown"
            )
        return "tissue_term", term, term
    text = row.get("tissue")
    if about.declares and not is_missing(text):
        declared = look_up("table", "tissue", text)
        if declared is None:
            known = ", ".join(row.text for row in declared_tissues("table").values())
            raise MetadataFault(
                f"{about.where}: tissue '{text}' is none of {known}; correct it, give the term in tissue_term, or name the column with `text`"
                " in source.json to have its words read"
            )
        return "tissue", text, declared.term_id
    return None, None, None


def _truth(row: dict[str, Any], column: str, where: str) -> bool | None:
    value = row.get(column)
    if value is None or isinstance(value, bool):
        return value
    if is_missing(value):
        return None
    lowered = value.strip().lower()
    if lowered in TRUE or lowered in FALSE:
        return lowered in TRUE
    raise MetadataFault(f"{where}: {column} '{value}' is neither true nor false; leave it empty where unknown")


def _number(row: dict[str, Any], column: str, where: str) -> float | None:
    value = row.get(column)
    if is_missing(value):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except ValueError as error:
        raise MetadataFault(f"{where}: {column} '{value}' is no number; leave it empty where unknown") from error
