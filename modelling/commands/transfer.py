"""`model transfer` as people see it: scores on the terminal, transfer.json, predictions.tsv, a figure and a page."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelling.commands.telling import bounded, console, tell_table
from modelling.errors import ModellingError
from modelling.figures.canvas import FigureFolder, spaced
from modelling.figures.methods import transfer_bars
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.calls import calls_section
from modelling.reports.json import plain
from modelling.reports.page import Report, Section, Table, Tile, number, shown, with_interval
from modelling.studies.transfer import Question, Transfer, transfer
from profiles import __version__


class WrongInputs(ModellingError):
    """The command was not given what it needs."""


def runs_and_cohort(inputs: Sequence[Path]) -> tuple[Sequence[Path], Path]:
    """RUN... COHORT as they stand on the line. Raises WrongInputs."""
    if len(inputs) < 2:
        raise WrongInputs(f"takes RUN... COHORT, got {len(inputs)} paths")
    return inputs[:-1], inputs[-1]


def run_transfer(runs: Sequence[Path], question: Question, out: Path, seed: int, embeddings: Mapping[str, Path] | None = None) -> None:
    """Score the cohort by every run and embedding, and write the folder."""
    with new_folder(out) as folder:
        with bars() as stage:
            advance = stage("the cohort through the models", 1)
            found = transfer(runs, question, seed, embeddings)
            advance(1)
        write(folder, found, runs, question, seed)
    _tell(found, out)


def write(folder: Path, found: Transfer, runs: Sequence[Path], question: Question, seed: int) -> None:
    """transfer.json, predictions.tsv, figure and report.html."""
    content = {
        "format": 1,
        "run": runs[0].resolve().name,
        "runs": [run.resolve().name for run in runs],
        "classifiers": found.calls.names,
        "cohort": found.cohort,
        "rubric": question.rubric.name,
        "harmonise": question.way,
        "transductive": question.way == "zscore",
        "largest_class": found.largest,
        "seed": seed,
        "overall": found.overall,
        "categories": found.rows,
        "notes": found.notes,
    }
    (folder / "transfer.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    calls = found.calls
    with (folder / "predictions.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(
            ["sample_id", "category", *(f"{name}_{what}" for name in calls.names for what in ("tissue", "confidence", "abstains"))]
        )
        for i, name in enumerate(calls.sample_id):
            cells = [(c.tissue[i], f"{c.confidence[i]:.4f}", str(bool(c.abstained[i])).lower()) for c in calls.contestants]
            writer.writerow([name, calls.category[i], *(cell for group in cells for cell in group)])
    figures = FigureFolder(folder / "figures")
    transfer_bars(figures, found.rows, list(question.rubric.accepted), found.calls.names)
    Report(
        title="Does it hold elsewhere?",
        subject=f"run {', '.join(f'“{run.resolve().name}”' for run in runs)} on {', '.join((question.cohort.name, *question.where))}",
        lead=lead(found, question),
        simulated=False,
        tiles=[_tile(row) for row in found.overall],
        notes=found.notes,
        sections=[calls_section(figures, found, question), _section(found, figures.folder)],
        colophon=f"Made by bulkatlas {__version__}, `model transfer`, seed {seed}. All numbers: transfer.json; every sample: predictions.tsv.",
    ).write(folder / "report.html")


def lead(found: Transfer, question: Question) -> str:
    """What was done, in words."""
    way = {
        "none": "Each sample was read by itself, as a new sample would be",
        "quantile": "Each sample was brought to the quantiles of the training part",
        "zscore": "Genes were scaled within the cohort (transductive: calls depend on which samples were read together)",
    }[question.way]
    return (
        f"{len(found.calls.sample_id):,} samples of {len(set(found.calls.category)):,} categories, "
        f"none seen in training. {way}. {len(found.calls.names)} classifiers: each model's own, and the "
        f"vote of the five nearest training samples; of an embedding, logistic regression and the same vote."
        f" The null always answers {spaced(found.largest)}, the largest tissue in training: what it scores "
        "needs no model. A classifier abstains below a probability of one half, the vote when it has no majority; the score counts all samples as called."
    )


def _tile(row: dict[str, Any]) -> Tile:
    return Tile(
        f"{row['classifier']}, {row['rubric']}",
        number(row["score"]),
        f"{with_interval(row['score'], row['interval'])} of {row['n']:,} samples; mean over "
        f"{row['n_categories']} categories {with_interval(row['mean_over_categories'], row['mean_interval'])}; "
        f"null {number(row['null'])}; abstained {number(row['abstained'], 2)}",
    )


def _section(found: Transfer, figures: Path) -> Section:
    head = ["category", "counting", "by", "n", "score [95%]", "null", "by chance", "abstained", "score where it answered", "called most"]
    rows = [
        [
            spaced(row["category"]),
            row["rubric"],
            row["classifier"],
            number(row["n"]),
            with_interval(row["score"], row["interval"], 2) if row["reachable"] else "not reachable",
            number(row["null"], 2),
            number(row["chance"], 2),
            f"{row['abstained']:.0%}",
            number(row["score_answered"], 2),
            ", ".join(f"{spaced(name)} {n}" for name, n in row["called"].items()),
        ]
        for row in found.rows
    ]
    return Section(
        "Category by category",
        [],
        [shown(figures, "transfer", "Share of each category called an accepted tissue; in brackets the samples.")],
        [Table(head, rows)],
    )


def _tell(found: Transfer, out: Path) -> None:
    people = console()
    width = max(12, *(len(name) + 2 for name in found.calls.names))
    for row in found.overall:
        beside = (
            f"; minus the first {with_interval(row['minus_first'], row['minus_first_interval'])}" if row["minus_first"] is not None else ""
        )
        people.print(
            f"{row['rubric']:10}{row['classifier']:{width}}{with_interval(row['score'], row['interval'])} "
            f"of {row['n']:,} samples; mean over {row['n_categories']} categories "
            f"{number(row['mean_over_categories'])}; null {number(row['null'])}; abstained {number(row['abstained'], 2)}{beside}",
            markup=False,
        )
    for note in found.notes:
        people.print(f"  note: {note}", markup=False)
    people.print(f"wrote {out}/ (report.html, transfer.json, predictions.tsv, figures/)")
    tell_table([_flat(row) for row in found.overall])


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat = {name: row[name] for name in ("rubric", "classifier", "n", "n_categories")} | bounded("score", row["score"], row["interval"])
    flat |= bounded("mean_over_categories", row["mean_over_categories"], row["mean_interval"])
    return (
        flat
        | {"null": row["null"], "abstained": row["abstained"]}
        | bounded("minus_first", row["minus_first"], row["minus_first_interval"])
    )
