"""What a source's own tissue column means: ontology/declared_tissue.tsv, looked up by source, field and text."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from curation.errors import CurationError
from curation.resources import ontology_folder

COLUMNS = ("source", "field", "text", "term_id", "term_name", "tissue", "is_cell_line", "reason")
NOT_ASCII = re.compile(r"[^\x21-\x7e]+")


class DeclaredTissueFault(CurationError):
    """ontology/declared_tissue.tsv is not what it should be."""


@dataclass(frozen=True)
class Declared:
    """One row: the term of a text; an empty term says that the text names no single tissue."""

    field: str
    text: str
    term_id: str | None
    tissue: str | None
    is_cell_line: bool
    reason: str


def _key(text: str) -> str:
    """Releases differ in case and white space, and one carries a stray byte where a space belongs."""
    return NOT_ASCII.sub(" ", text).strip().casefold()


@cache
def declared_tissues(source: str, folder: Path | None = None) -> dict[tuple[str, str], Declared]:
    """The rows of one source by (field, text key). Raises DeclaredTissueFault for a wrong header or a repeated text."""
    path = (folder or ontology_folder()) / "declared_tissue.tsv"
    if not path.is_file():
        raise DeclaredTissueFault(f"{path} is missing; the ontology folder must hold {path.name}")
    rows: dict[tuple[str, str], Declared] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise DeclaredTissueFault(f"{path} must have the columns {', '.join(COLUMNS)}, has {', '.join(reader.fieldnames or ())}")
        for row in reader:
            if row["source"] != source:
                continue
            key = (row["field"], _key(row["text"]))
            if key in rows:
                raise DeclaredTissueFault(f"{path}: {source} {row['field']} '{row['text']}' stands twice (case ignored); keep one row")
            rows[key] = Declared(
                row["field"], row["text"], row["term_id"] or None, row["tissue"] or None, row["is_cell_line"] == "true", row["reason"]
            )
    return rows


def look_up(source: str, field: str, text: str | None) -> Declared | None:
    """The row for one cell of a source's table; None when the table does not know the text."""
    return declared_tissues(source, ontology_folder()).get((field, _key(text))) if text else None


def unlabelled_notes(source: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Which texts of a source's own column gave its sample rows no term, how many of each, and why."""
    texts = Counter((row["declared_field"], row["declared_text"]) for row in rows if row["declared_text"] and not row["declared_term_id"])
    notes = []
    for (field, text), n in sorted(texts.items()):
        declared = look_up(source, field, text)
        reason = declared.reason if declared else "it has no row in ontology/declared_tissue.tsv: unlabelled"
        notes.append(f"{n} samples with {field} '{text}': {reason}")
    return notes
