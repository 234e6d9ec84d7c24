"""`model baselines` as people see it: a table on the terminal, baselines.json, a figure and a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelling.commands.telling import bounded, console, tell_table
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.figures.canvas import FigureFolder
from modelling.figures.methods import method_comparison
from modelling.outfolder import new_folder
from modelling.progress import bars
from modelling.reports.json import plain
from modelling.reports.page import Report, Section, Table, number, shown, with_interval
from modelling.studies.baselines import Parts, embedding_methods, methods, model_methods, read_parts, score_methods
from profiles import __version__


class WrongInputs(ModellingError):
    """The command was not given what it needs."""


def named_files(pairs: Sequence[str]) -> dict[str, Path]:
    """NAME=FILE options as a dict."""
    wrong = [pair for pair in pairs if "=" not in pair or not pair.split("=", 1)[0]]
    if wrong:
        raise WrongInputs(f"--embedding takes NAME=FILE, got {wrong[0]!r}")
    named = {name: Path(file) for name, file in (pair.split("=", 1) for pair in pairs)}
    if len(named) < len(pairs):
        raise WrongInputs("--embedding: two files have the same name")
    return named


SLOW = ("UMAP", "SVM", "boosting")


def run_baselines(inputs: Sequence[Path], out: Path, embeddings: Sequence[str], seed: int, *, umap: bool, slow: bool = True) -> None:
    """Score all methods and write the folder; without `slow` only those that take seconds."""
    if len(inputs) > 2:
        raise WrongInputs(f"takes [RUN] COMPENDIUM, got {len(inputs)} paths")
    run = inputs[0] if len(inputs) == 2 else None
    outside = named_files(embeddings)
    with Compendium.open(inputs[-1]) as compendium, new_folder(out) as folder:
        parts = read_parts(compendium, run)
        chosen = model_methods(run) if run else []
        chosen += [method for name, path in outside.items() for method in embedding_methods(name, path)]
        without = ("UMAP",) if slow and not umap else () if slow else SLOW
        chosen += [method for method in methods(seed) if not any(word in method.name for word in without)]
        with bars() as stage:
            rows = score_methods(chosen, parts, seed, stage)
        write(folder, rows, compendium, parts, seed, run)
    _tell(rows, out)


def write(folder: Path, rows: list[dict[str, Any]], compendium: Compendium, parts: Parts, seed: int, run: Path | None) -> None:
    """baselines.json, figure and report.html."""
    simulated = compendium.simulated
    content = {
        "format": 1,
        "simulated": simulated,
        "compendium": compendium.path.name,
        "run": str(run) if run else None,
        "seed": seed,
        "methods": rows,
    }
    (folder / "baselines.json").write_text(json.dumps(plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    figures = FigureFolder(folder / "figures")
    method_comparison(figures, rows)
    head = ["method", "dimensions", "balanced accuracy [95%]", f"minus {rows[0]['method']} [95%]", "accuracy", "macro F1", "MCC", "seconds"]
    cells = [
        [
            row["method"],
            number(row["n_dimensions"]),
            with_interval(row["balanced_accuracy"], row["interval"]),
            "–" if row is rows[0] else _difference(row, rows[0]),
            number(row["accuracy"]),
            number(row["macro_f1"]),
            number(row["mcc"]),
            number(row["seconds"], 1),
        ]
        for row in rows
    ]
    n_train, n_test, n_genes = len(parts.y["train"]), len(parts.y["test"]), parts.x["train"].shape[1]
    caption = f"Balanced accuracy on {n_test:,} labelled test samples, {len(set(parts.y['test'])):,} tissues; in brackets the dimensions classified in."
    text = (
        f"All methods: the same {n_genes:,} genes standardised on the training part, the same {n_train:,} labelled training samples, the same "
        "test part. kNN: five neighbours by cosine. Variable genes: the 2,000 with the largest variance of unscaled training values. In "
        "log2 means 5,000 such genes unscaled. Tissues weigh alike in the linear classifiers, their penalties are chosen on the validation part. "
        "The difference is taken within each bootstrap draw over studies, donors and "
        "patients, so it can be clear where two intervals overlap; where its interval holds 0 the two methods tie."
    )
    Report(
        title="Is a model needed?",
        subject=f"simple methods on {compendium.path.name}" + (f", beside run “{run.resolve().name}”" if run else ""),
        lead=text,
        simulated=simulated,
        sections=[Section("Methods", [], [shown(figures.folder, "methods", caption)], [Table(head, cells)])],
        notes=compendium.notes,
        colophon=f"Made by bulkatlas {__version__}, `model baselines`, seed {seed}. All numbers: baselines.json.",
    ).write(folder / "report.html")


def _difference(row: dict[str, Any], first: dict[str, Any]) -> str:
    """Difference to the first method with its interval, and "tie" where that holds 0."""
    said = with_interval(row["balanced_accuracy"] - first["balanced_accuracy"], row["minus_first"])
    return f"{said}, tie" if row["tie_with_first"] else said


def _tell(rows: list[dict[str, Any]], out: Path) -> None:
    people = console()
    for row in rows:
        scores = with_interval(row["balanced_accuracy"], row["interval"])
        beside = "" if row is rows[0] else f"   minus the first {_difference(row, rows[0])}"
        people.print(
            f"{row['method']:46}{row['n_dimensions']:>7,} dimensions   balanced accuracy {scores}{beside}   {row['seconds']:.1f} s",
            markup=False,
        )
    people.print(
        f"{rows[0]['n']:,} labelled test samples, {rows[0]['n_train']:,} training samples; wrote {out}/ (report.html, baselines.json, figures/)"
    )
    tell_table(
        [
            {
                "method": row["method"],
                "n_dimensions": row["n_dimensions"],
                **bounded("balanced_accuracy", row["balanced_accuracy"], row["interval"]),
            }
            | bounded("minus_first", row["balanced_accuracy"] - rows[0]["balanced_accuracy"], row["minus_first"])
            | {name: row[name] for name in ("accuracy", "macro_f1", "mcc", "seconds", "n", "n_train")}
            for row in rows
        ]
    )
