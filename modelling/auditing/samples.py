"""`model audit-samples`: all audits of a compendium, their tables, and the decisions that wait for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelling.auditing import cells, sex, species
from modelling.auditing.cells import audit_cell_lines, audit_single_cells
from modelling.auditing.duplicates import audit_duplicates
from modelling.auditing.mixtures import audit_mixtures
from modelling.auditing.reading import Audited, read_samples
from modelling.auditing.sex import audit_sex
from modelling.auditing.species import audit_species
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.progress import Stage, silent
from profiles.nearest import near

if TYPE_CHECKING:
    import polars as pl

MARKERS = (*sex.MARKERS, *cells.MARKERS, *species.HUMAN_ONLY)
DESCRIBED = ("source", "series_id", "group_id", "tissue", "split")


class TruthUnreadable(ModellingError):
    """The table of planted faults cannot be read."""


def audit_samples(compendium: Compendium, seed: int = 42, stage: Stage = silent) -> list[Audited]:
    """Every audit over every sample."""
    samples = read_samples(compendium, MARKERS, stage)
    audits = (audit_sex, audit_cell_lines, audit_single_cells, audit_mixtures, audit_species)
    advance = stage("audits", len(audits) + 1)
    found = []
    for audit in audits:
        found.append(audit(samples))
        advance(1)
    found.insert(1, audit_duplicates(samples, seed))
    advance(1)
    return found


def table(audited: Audited, compendium: Compendium) -> pl.DataFrame:
    """One row per suspicion, surest first: the sample as it is described, and the evidence."""
    import polars as pl

    row_of = {str(name): i for i, name in enumerate(compendium.sample_ids)}
    rows = []
    for finding in audited.findings:
        described = {name: str(compendium.text(name)[row_of[finding.sample_id]]) for name in DESCRIBED}
        rows.append({"sample_id": finding.sample_id, **described, **finding.evidence, "score": finding.score, "reason": finding.reason})
    return pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema={"sample_id": pl.String, "reason": pl.String})


def override_rows(found: list[Audited], columns: tuple[str, ...], day: str) -> list[dict[str, str]]:
    """Decisions to review, in the columns of ontology/overrides.tsv without id and curator, one for a sample and fact.

    A stated sex is replaced, a culture is called a cell line; else the label is taken away (empty term). Of two duplicates the second is named.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for audited in found:
        for finding in audited.findings:
            if not finding.decide:
                continue
            reason = " ".join(f"{audited.name}: {finding.reason}; expression audit".split())
            row = dict.fromkeys(columns, "") | {
                "scope": "sample", "target": finding.sample_id, "is_cell_line": "true" if finding.is_cell_line else "", "date": day, "reason": reason,
                "fact": finding.fact, "value": finding.value,
            }  # fmt: skip
            key = (finding.sample_id, finding.fact)
            if key in rows:
                rows[key]["reason"] += f". Also {reason}"
            else:
                rows[key] = row
    return list(rows.values())


def against_truth(found: list[Audited], truth: Path) -> dict[str, dict[str, Any]]:
    """Precision and recall of each audit where the faults are known: a TSV with `sample_id` and `audit`. Raises TruthUnreadable."""
    import polars as pl

    from profiles.metadata import read_frame

    content = read_frame(truth, str(truth)).raw
    if missing := sorted({"sample_id", "audit"} - set(content.columns)):
        meant = near(missing, content.columns)
        raise TruthUnreadable(f"{truth}: no column {' and no '.join(missing)}{meant}; columns: {', '.join(content.columns[:6])}")
    if strange := sorted(set(content["audit"]) - {audited.name for audited in found}):
        raise TruthUnreadable(f"{truth}: `audit` holds {strange[:3]}; the audits are {', '.join(audited.name for audited in found)}")
    scores = {}
    for audited in found:
        planted = set(content.filter(pl.col("audit") == audited.name)["sample_id"])
        flagged = {finding.sample_id for finding in audited.findings}
        hit = len(planted & flagged)
        scores[audited.name] = {
            "n_planted": len(planted), "n_found": len(flagged), "n_right": hit,
            "precision": hit / len(flagged) if flagged else None, "recall": hit / len(planted) if planted else None,
        }  # fmt: skip
    return scores
