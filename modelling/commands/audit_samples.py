"""`model audit-samples` as people see it: one table an audit, overrides.tsv to review, audit.json and a page."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import Any

from modelling.auditing.reading import Audited
from modelling.auditing.samples import against_truth, audit_samples, override_rows, table
from modelling.commands.telling import console, tell_table
from modelling.data import Compendium
from modelling.figures.audit import found_samples
from modelling.figures.canvas import FigureFolder
from modelling.outfolder import new_folder
from modelling.predicting.results import tsv
from modelling.progress import bars
from modelling.reports.json import plain
from modelling.reports.page import Report, Section, Table, Tile, number, shown
from modelling.reports.sample_links import SAID, explain_command, page_link
from modelling.studies.audit_labels import OVERRIDE_COLUMNS
from profiles import __version__

FIRST = ("sample_id", "tissue", "reason")  # columns of the page; the table has them in another order
MOST_SHOWN = 50


def run_audit_samples(path: Path, out: Path, truth: Path | None, seed: int) -> None:
    """Run every audit and write the folder."""
    with Compendium.open(path) as compendium, new_folder(out) as folder:
        with bars() as stage:
            found = audit_samples(compendium, seed, stage)
        scores = against_truth(found, truth) if truth else None
        write(folder, found, scores, compendium, seed)
    _tell(found, scores, out)


def write(folder: Path, found: list[Audited], scores: dict[str, dict[str, Any]] | None, compendium: Compendium, seed: int) -> None:
    """AUDIT.tsv of each audit, overrides.tsv, audit.json and report.html; `scores` are those against a known truth."""
    tables = {audited.name: table(audited, compendium) for audited in found}
    for name, rows in tables.items():
        (folder / f"{name}.tsv").write_bytes(tsv(rows))
    with (folder / "overrides.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, OVERRIDE_COLUMNS, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writeheader()
        writer.writerows(override_rows(found, OVERRIDE_COLUMNS, datetime.date.today().isoformat()))
    content = {
        "format": 1, "simulated": compendium.simulated, "compendium": compendium.path.name, "seed": seed, "against_truth": scores,
        "audits": {a.name: {"n_found": len(a.findings), "n_audited": a.n_audited, "notes": a.notes} for a in found},
    }  # fmt: skip
    (folder / "audit.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    Report(
        title="Samples that are not what they are said to be",
        subject=f"{compendium.n_samples:,} samples of {compendium.path.name}",
        lead="What expression says against the description, audit by audit. A finding is a suspicion: overrides.tsv waits for a person's name.",
        simulated=compendium.simulated,
        tiles=[Tile(a.name.replace("_", " "), number(len(a.findings)), a.question) for a in found],
        notes=[f"{a.name}: {note}" for a in found for note in a.notes],
        sections=[
            *_picture(found, compendium, folder / "figures"),
            *(_section(a, tables[a.name].rows(), tables[a.name].columns, compendium) for a in found if a.findings),
        ],
        colophon=f"Made by bulkatlas {__version__}, `model audit-samples`, seed {seed}. All findings: one TSV an audit.",
    ).write(folder / "report.html")


def _picture(found: list[Audited], compendium: Compendium, folder: Path) -> list[Section]:
    """Findings by score and source; nothing where nothing was found."""
    if not any(audited.findings for audited in found):
        return []
    figures = FigureFolder(folder)
    source = dict(zip(compendium.sample_ids.astype(str), compendium.text("source"), strict=True))
    found_samples(figures, [(a.name, [(f.score, str(source[f.sample_id])) for f in a.findings]) for a in found])
    caption = "Every finding by how sure its audit is of it, from the least to the surest; the audit's own scores at the right, findings in brackets."
    return [Section("How sure, and from which source", [SAID], [shown(folder, "found", caption)])]


def _section(audited: Audited, rows: list[tuple[Any, ...]], columns: list[str], compendium: Compendium) -> Section:
    order = [columns.index(name) for name in (*FIRST, *(name for name in columns if name not in FIRST))]
    columns, rows = [columns[i] for i in order], [tuple(row[i] for i in order) for row in rows]
    cells = [["" if v is None else number(v, 2) if isinstance(v, float) else str(v) for v in row] for row in rows[:MOST_SHOWN]]
    place = columns.index("sample_id")
    cells = [[*row[:place], page_link(row[place]), *row[place + 1 :], explain_command(row[place], compendium)] for row in cells]
    columns = [*columns, "why it has its label"]
    shown = f"The first {MOST_SHOWN} of {len(rows):,}; all in {audited.name}.tsv." if len(rows) > MOST_SHOWN else ""
    return Section(audited.question, [shown] if shown else [], [], [Table(columns, cells)])


def _tell(found: list[Audited], scores: dict[str, dict[str, Any]] | None, out: Path) -> None:
    people = console()
    for audited in found:
        beside = ""
        if scores:
            score = scores[audited.name]
            beside = f"; of {score['n_planted']:,} planted {score['n_right']:,}: precision {number(score['precision'])}, recall {number(score['recall'])}"
        people.print(
            f"{audited.name.replace('_', ' '):13}{len(audited.findings):>5,} of {audited.n_audited:,} samples{beside}", markup=False
        )
        for finding in audited.findings[:3]:
            people.print(f"    {finding.sample_id}: {finding.reason}", markup=False)
        for note in audited.notes:
            people.print(f"    note: {note}", markup=False)
    people.print(f"wrote {out}/ (one TSV an audit, overrides.tsv to review, report.html, audit.json, figures/)")
    tell_table([{"audit": one.name, "sample_id": finding.sample_id, "reason": finding.reason} for one in found for finding in one.findings])
