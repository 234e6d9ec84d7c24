"""Why a sample of the compendium has its label: read from the Parquet files that a release keeps beside its compendium.

Modelling reads no database. `labels.parquet` holds one row per sample with the deciding evidence; `evidence.parquet`, where there is one, every
proposal; `facts.parquet` each fact with its words. All are only ever read.
"""

from __future__ import annotations

import csv
import datetime
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from modelling.errors import ModellingError
from profiles.resources import ontology_folder


class NoEvidence(ModellingError):
    """The release has no labels to show."""


@dataclass(frozen=True)
class Evidence:
    """The label files of one release."""

    labels: Path
    proposals: Path | None
    facts: Path | None = None

    def beside(self, name: str) -> Path | None:
        """A file of the same release, None where it has none."""
        path = self.labels.with_name(name)
        return path if path.is_file() else None

    @classmethod
    def open(cls, path: str | Path) -> Evidence:
        """From a release folder, or any file in it (its curation.duckdb, its labels.parquet). NoEvidence says what is missing."""
        path = Path(path)
        folder = path if path.is_dir() else path.parent
        labels = path if path.suffix == ".parquet" else folder / "labels.parquet"
        if not labels.is_file():
            raise NoEvidence(f"{path}: no labels.parquet there; give the folder that `curate build --out` wrote")
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            names = pq.read_schema(labels).names
        except (pa.ArrowInvalid, OSError) as error:
            raise NoEvidence(f"{labels}: not a readable Parquet file ({error})") from error
        if "sample_id" not in names:
            raise NoEvidence(f"{labels}: has no column sample_id; columns: {', '.join(names[:8])}")
        found = cls(labels, None)
        return cls(labels, found.beside("evidence.parquet"), found.beside("facts.parquet"))

    def of(self, sample_id: str) -> dict[str, Any] | None:
        """Label, proposals and facts of one sample, and why the rule that decided is one; None when the release does not know it."""
        rows = _rows(self.labels, sample_id)
        if not rows:
            return None
        return {
            "label": rows[0],
            "proposals": _rows(self.proposals, sample_id) if self.proposals else [],
            "facts": _rows(self.facts, sample_id) if self.facts else [],
            "rule_reason": _reasons().get(str(rows[0].get("rule_id") or ""), ""),
        }


@cache
def _reasons() -> dict[str, str]:
    """Why each rule of the curation is one."""
    with (ontology_folder() / "rules.tsv").open(encoding="utf-8", newline="") as file:
        return {row["rule_id"]: row["reason"] for row in csv.DictReader(file, delimiter="\t")}


def _rows(path: Path, sample_id: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    found = pq.read_table(path, filters=[("sample_id", "==", sample_id)]).slice(0, 200).to_pylist()
    return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    """A value that JSON can hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | bool | None.__class__) else str(value)
