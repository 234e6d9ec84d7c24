"""`model audit-labels` as people see it: the suspects on the terminal, suspects.tsv, overrides.tsv and a page."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelling import __version__
from modelling.data import Compendium
from modelling.figures.canvas import spaced
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.json import plain
from modelling.reports.page import Report, Section, Table, Tile, number
from modelling.studies.audit_labels import OVERRIDE_COLUMNS, Suspicion, against_truth, audit, override_rows, table, terms_of_tissues

if TYPE_CHECKING:
    import polars as pl

N_SHOWN = 200


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
    """suspects.tsv, overrides.tsv, audit.json and report.html."""
    ranked.write_csv(folder / "suspects.tsv", separator="\t")
    with (folder / "overrides.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, OVERRIDE_COLUMNS, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writeheader()
        writer.writerows(decisions)
    simulated = compendium.simulated
    content = {
        "format": 1,
        "simulated": simulated,
        "compendium": compendium.path.name,
        "n_audited": len(found.rows),
        "n_suspects": ranked.height,
        "agreement": agreement(found),
        "not_audited": found.not_audited,
        "settings": settings,
        "against_truth": scores,
    }
    (folder / "audit.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    shown = [
        name
        for name in ("rank", "sample_id", "label", "suggested", "margin_of_expression", "decided_by", "matched_text", "source", "title")
        if name in ranked.columns
    ]
    rows = [[str(cell) for cell in row] for row in ranked.select(shown).head(N_SHOWN).iter_rows()]
    Report(
        title="Labels that the expression contradicts",
        subject=compendium.path.name + (f" (build {compendium.uns['build_id']})" if compendium.uns.get("build_id") else ""),
        lead=(
            f"{len(found.rows):,} labelled samples of {len(found.classes)} tissues were each judged "
            "by a classifier that saw no sample of their study, donor or patient. "
            "Where it contradicts the label by more than the usual confusion between the two tissues "
            f"(confident learning), the sample is listed: {ranked.height:,} of them. "
            "A suspect is not an error: tumours, borderline sites and mixed tissue are found too. To accept, delete the rows of overrides.tsv that you do not "
            "agree with, put your name into `curator`, and run `curate override import overrides.tsv`."
        ),
        simulated=simulated,
        tiles=_tiles(scores),
        notes=[
            f"{spaced(name)}: {n} samples of one study or donor only, cannot be cross-validated, not audited"
            for name, n in found.not_audited.items()
        ],
        sections=[
            Section(
                f"Suspects, most certain first{f' (the first {N_SHOWN} of {ranked.height:,})' if ranked.height > N_SHOWN else ''}",
                tables=[Table(shown, rows)],
            )
            if rows
            else Section("Suspects", ["None."])
        ],
        colophon=f"Made by bulkatlas {__version__}, `model audit-labels`, {settings['folds']} folds, seed {settings['seed']}. All suspects: suspects.tsv.",
    ).write(folder / "report.html")


def agreement(found: Suspicion) -> float:
    """Share of samples whose most likely tissue is their label."""
    return float(np.mean(found.probability_nt.argmax(axis=1) == found.label))


def _tiles(scores: dict[str, Any] | None) -> list[Tile]:
    if scores is None:
        return []
    return [
        Tile("Precision", number(scores["precision"]), f"{scores['n_right']} of {scores['n_suspects']} suspects are wrong labels"),
        Tile("Recall", number(scores["recall"]), f"{scores['n_right']} of {scores['n_wrong_audited']} wrong labels are suspects"),
        Tile("Average precision", number(scores["average_precision"]), "of the whole ranking by margin"),
    ]


def _tell(found: Suspicion, ranked: pl.DataFrame, scores: dict[str, Any] | None, out: Path) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    console.print(f"{len(found.rows):,} labels audited, {agreement(found):.1%} agree with the expression, {ranked.height:,} suspects")
    for row in ranked.head(10).iter_rows(named=True):
        why = f" ({row['decided_by']}: {row['matched_text']})" if "matched_text" in ranked.columns else ""
        console.print(
            f"  {row['sample_id']}: {row['label']}{why}, expression says {row['suggested']} ({row['probability_suggested']:.2f})",
            markup=False,
        )
    for name, n in found.not_audited.items():
        console.print(f"  note: {name}, {n} samples of one study or donor only: not audited")
    if scores:
        console.print(
            f"against the truth: precision {number(scores['precision'])} ({scores['n_right']} of {scores['n_suspects']}), recall {number(scores['recall'])} "
            f"({scores['n_right']} of {scores['n_wrong_audited']}), average precision {number(scores['average_precision'])}"
        )
    console.print(f"wrote {out}/ (suspects.tsv, overrides.tsv to review, report.html, audit.json)")
