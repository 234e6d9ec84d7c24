"""`model audit-labels` as people see it: the suspects on the terminal, suspects.tsv, overrides.tsv and a page."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelling.commands.telling import console, tell_table
from modelling.data import Compendium
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.audit_labels import write_page
from modelling.reports.json import plain
from modelling.reports.page import number
from modelling.studies.audit_labels import OVERRIDE_COLUMNS, Suspicion, against_truth, audit, override_rows, table, terms_of_tissues

if TYPE_CHECKING:
    import polars as pl


def run_audit(path: Path, out: Path, labels: Path | None, truth: Path | None, n_folds: int, seed: int) -> None:
    """Audit the labels and write the folder. Without `labels`, labels.parquet beside the compendium is used where it is."""
    beside = path.parent / "labels.parquet"
    labels = labels or (beside if beside.is_file() else None)
    with Compendium.open(path) as compendium, new_folder(out) as folder:
        with bars() as stage:
            found = audit(compendium, n_folds, seed, stage)
        ranked = table(found, compendium, labels)
        decisions = override_rows(ranked, terms_of_tissues(compendium), datetime.date.today().isoformat())
        scores = against_truth(found, compendium, truth) if truth else None
        write(folder, found, ranked, decisions, scores, compendium, {"folds": n_folds, "seed": seed})
    _tell(found, ranked, scores, out)


def write(
    folder: Path,
    found: Suspicion,
    ranked: pl.DataFrame,
    decisions: list[dict[str, str]],
    scores: dict[str, Any] | None,
    compendium: Compendium,
    settings: dict[str, int],
) -> None:
    """suspects.tsv, overrides.tsv, audit.json and report.html; `scores` are those against a known truth."""
    ranked.write_csv(folder / "suspects.tsv", separator="\t")
    with (folder / "overrides.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, OVERRIDE_COLUMNS, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writeheader()
        writer.writerows(decisions)
    content = {
        "format": 1,
        "simulated": compendium.simulated,
        "compendium": compendium.path.name,
        "n_audited": len(found.rows),
        "n_suspects": ranked.height,
        "agreement": agreement(found),
        "not_audited": found.not_audited,
        "settings": settings,
        "against_truth": scores,
    }
    (folder / "audit.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    write_page(folder / "report.html", found, ranked, scores, compendium, settings)


def agreement(found: Suspicion) -> float:
    """Share of samples whose most likely tissue is their label."""
    return float(np.mean(found.probability_nt.argmax(axis=1) == found.label))


def _tell(found: Suspicion, ranked: pl.DataFrame, scores: dict[str, Any] | None, out: Path) -> None:
    people = console()
    people.print(f"{len(found.rows):,} labels audited, {agreement(found):.1%} agree with the expression, {ranked.height:,} suspects")
    for row in ranked.head(10).iter_rows(named=True):
        why = f" ({row['decided_by']}: {row['matched_text']})" if "matched_text" in ranked.columns else ""
        people.print(
            f"  {row['sample_id']}: {row['label']}{why}, expression says {row['suggested']} ({row['probability_suggested']:.2f})",
            markup=False,
        )
    for name, n in found.not_audited.items():
        people.print(f"  note: {name}, {n} samples of one study or donor only: not audited")
    if scores:
        people.print(
            f"against the truth: precision {number(scores['precision'])} ({scores['n_right']} of {scores['n_suspects']}), recall {number(scores['recall'])} "
            f"({scores['n_right']} of {scores['n_wrong_audited']}), average precision {number(scores['average_precision'])}"
        )
    people.print(f"wrote {out}/ (suspects.tsv, overrides.tsv to review, report.html, audit.json, figures/)")
    tell_table(ranked.rows(named=True))
