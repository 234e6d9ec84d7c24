"""The page of `model paper`: the published study's figures and tables in its order, its number beside ours, and why the two may differ.

Published numbers are facts in published.tsv, each with its source. One that is not there is not known to us, and the page says so.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from modelling.data import Compendium
from modelling.reports.opening import values_word
from modelling.reports.page import Report, Section, Shown, Table, Tile, number, shown, with_interval
from modelling.reports.paper_words import FIGURES, WHY
from modelling.reports.trainings import size, told
from modelling.studies.retrain import words_of
from profiles import __version__, aside

UNKNOWN = "not known to us"
AND = "; "  # between the numbers of several sizes
PUBLICATION = (
    "A. Pande, B. Uyar, A. Akalin: a tissue-supervised variational autoencoder on 118,263 bulk RNA-seq samples "
    "(code: github.com/BIMSBbioinfo/flexynesis_tissue_vae_manuscript)"
)


@dataclass(frozen=True)
class Line:
    """One number of ours beside the published one."""

    item: str
    measure: str
    word: str
    ours: str
    n: str = ""


def write_paper_page(out: Path, compendium: Compendium, preset: str, quick: bool, skipped: Mapping[str, str]) -> list[dict[str, str]]:
    """report.html and numbers.tsv in `out`, from what the steps wrote there; returns the rows of numbers.tsv."""
    found = {name: _json(out / name / file) for name, file in STEPS.items()}
    lines = [line for make in (_compendium, _figures_1_to_3, _transfer, _methods, _scale, _ablation) for line in make(found, compendium)]
    rows = number_rows(lines)
    _write_numbers(out / "numbers.tsv", rows)
    sections = [section for item, title in FIGURES.items() if (section := _section(out, item, title, lines, skipped)) is not None]
    Report(
        title="The published study, from this compendium",
        subject=f"{compendium.path.name}, preset {preset}",
        lead=(
            f"What {PUBLICATION} shows, in its order, made from {compendium.path.name} by the commands named at each part. Its number stands beside ours "
            "where it is known to us; figures of the paper whose numbers were never stated in text say so. Two numbers of different samples are no "
            "contest: each part says why they may differ."
            + (" This is a quick run: few epochs, one seed. Its scores show that everything works, not how well." if quick else "")
        ),
        simulated=compendium.simulated,
        tiles=_tiles(found),
        notes=[*compendium.notes, *(f"left out, {name}: {why}" for name, why in skipped.items())],
        sections=sections,
        colophon=f"Made by bulkatlas {__version__}, `model paper`. All numbers of this page: numbers.tsv; of each step: its folder.",
    ).write(out / "report.html")
    return rows


STEPS = {
    "evaluation": "metrics.json",
    "baselines": "baselines.json",
    "transfer": "transfer.json",
    "scale": "scale.json",
    "ablation": "ablate.json",
    "held-out": "source.json",
}
Found = Mapping[str, Any]


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def published() -> dict[tuple[str, str], tuple[str, str]]:
    """(item, measure) -> number as published, and where."""
    text = resources.files("modelling.reports").joinpath("published.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {(row["item"], row["measure"]): (row["published"], row["source"]) for row in rows}


def _tiles(found: Found) -> list[Tile]:
    """Across studies first, the score on the model's own archives beside it, then what no training part held."""
    metrics, moved, tiles = found["evaluation"], found["transfer"], []
    if metrics["across"]:
        across = metrics["across"]
        scores = across["together"]
        detail = f"{_between(scores['intervals']['balanced_accuracy'])}{scores['n']:,} samples of {values_word(across)}; the head saw no label of theirs"
        tiles.append(Tile(f"Balanced accuracy, each {across['field']} left out", number(scores["balanced_accuracy"]), detail))
    detail = f"{_between(metrics['intervals']['balanced_accuracy'])}{metrics['n']['labelled']:,} test samples from the same archives; published 0.949"
    tiles.append(Tile("Balanced accuracy, in distribution", number(metrics["balanced_accuracy"]), detail))
    return tiles + [
        Tile(
            f"Transfer, {row['rubric']}",
            number(row["score"]),
            f"{_between(row['interval'])}{row['n']:,} samples of {moved['cohort_name']}, {row['classifier']}; the largest class alone: {number(row['null'])}",
        )
        for row in _heads(moved)
    ]


def _between(interval: Sequence[float] | None) -> str:
    return f"95% interval {interval[0]:.3f} to {interval[1]:.3f}; " if interval else ""


def _heads(moved: Any) -> list[dict[str, Any]]:
    """The first run's head by each way of counting."""
    return [row for row in moved["overall"] if row["classifier"] == moved["classifiers"][0]] if moved else []


def _compendium(found: Found, compendium: Compendium) -> list[Line]:
    n = found["evaluation"]["n"]
    n_train = len(compendium.rows("train", labelled=True))
    values = {
        "n_train": ("labelled training samples", n_train),
        "n_test": ("labelled test samples", n["labelled"]),
        "n_kept": ("labelled samples in all", sum(len(compendium.rows(split, labelled=True)) for split in ("train", "validation", "test"))),
        "n_tissues": ("tissues", len(compendium.tissues)),
        "n_genes": ("genes", n["genes"]),
        "n_latent": ("latent dimensions", n["latent"]),
    }
    return [Line("compendium", key, word, number(value)) for key, (word, value) in values.items()]


def _figures_1_to_3(found: Found, _: Compendium) -> list[Line]:
    metrics = found["evaluation"]
    n, lines = f"{metrics['n']['labelled']:,}", []
    mixing = metrics["source_mixing"]
    if mixing:
        value = mixing["within_tissue"] or mixing["global"]
        said = f"{number(value['observed'])} (perfect mixing: {number(value['perfect_mixing'])})"
        lines.append(Line("figure1", "source_mixing", "neighbours from another source, within tissue", said, number(value["n"])))
        lisi = metrics["source_lisi"]
        lines.append(
            Line(
                "figure1",
                "lisi",
                "source LISI, median",
                f"{number(lisi['median'], 2)} (at most {number(lisi['ceiling'], 2)})",
                number(lisi["n"]),
            )
        )
    if metrics["across"]:
        across = metrics["across"]
        scores = across["together"]
        word = f"balanced accuracy, each {across['field']} left out"
        lines.append(
            Line(
                "figure2",
                "across",
                word,
                with_interval(scores["balanced_accuracy"], scores["intervals"]["balanced_accuracy"]),
                f"{scores['n']:,}",
            )
        )
    models = {metrics["run"]: metrics | {"intervals": metrics["intervals"] | metrics["reconstruction"]["intervals"]}, **metrics["beside"]}
    for name, scores in models.items():
        for key, word in (("balanced_accuracy", "balanced accuracy"), ("weighted_f1", "F1, weighted by samples")):
            lines.append(Line("figure2", key, f"{word}, {name}", with_interval(scores[key], scores["intervals"][key]), n))
        for key, word in (
            ("r2", "variance restored (R²)"), ("per_gene_spearman", "Spearman per gene, median"), ("per_sample_spearman", "Spearman per sample, median"),
        ):  # fmt: skip
            lines.append(
                Line("figure3", key, f"{word}, {name}", with_interval(scores[key], scores["intervals"][key]), f"{metrics['n']['test']:,}")
            )
        for share, value in scores["imputation"].items():
            cells = f"{metrics['imputation_detail'][share]['n_cells']:,} cells"
            lines.append(Line("figure3", "imputation", f"{float(share):.0%} of cells hidden, restored, {name}", number(value), cells))
    return lines


def _transfer(found: Found, _: Compendium) -> list[Line]:
    moved = found["transfer"]
    if not moved:
        return []
    source = found["held-out"]["source"] if found["held-out"] else None
    moved["cohort_name"] = f"{source} (held out)" if source else "the cohort"
    return [
        Line(
            "figure4" if row["classifier"] == moved["classifiers"][0] else "figure6",
            row["rubric"] if row["classifier"] == moved["classifiers"][0] else "others",
            f"agreement, {row['rubric']}, {row['classifier']}",
            f"{with_interval(row['score'], row['interval'])} (null {number(row['null'])})",
            f"{row['n']:,} of {moved['cohort_name']}",
        )
        for row in moved["overall"]
    ]


def _methods(found: Found, _: Compendium) -> list[Line]:
    rows = (found["baselines"] or {}).get("methods", [])
    return [
        Line(
            "figure5",
            "methods",
            f"{row['method']} ({row['n_dimensions']:,})",
            with_interval(row["balanced_accuracy"], row["interval"]),
            number(row["n"]),
        )
        for row in rows
    ]


def _scale(found: Found, _: Compendium) -> list[Line]:
    lines = []
    rows = found["scale"]["summary"]
    if rows:
        lines.append(Line("table2", "sizes", "training samples", AND.join(size(row["n_train"]) for row in rows), f"{rows[0]['n_test']:,}"))
    words: Callable[[Mapping[str, Any]], dict[str, str]] = words_of
    for key, word in words(rows[0]["scores"]).items():
        measure = "memory" if key == "memory_mib" else key
        lines.append(
            Line("table2", measure, word, AND.join(told(key, *row["scores"][key]) for row in rows), f"{rows[0]['n_seeds']} seeds a size")
        )
    return lines


def _ablation(found: Found, _: Compendium) -> list[Line]:
    content, lines = found["ablation"], []
    for name, differences in (content or {}).get("differences", {}).items():
        for key, word in words_of(differences).items():
            arms = list(dict.fromkeys(row["arm"] for row in content["rows"][name]))
            lines.append(Line("figureS3", key, f"{word}: {arms[1]} minus {arms[0]}", told(key, *differences[key])))
    return lines


def _section(out: Path, item: str, title: str, lines: Sequence[Line], skipped: Mapping[str, str]) -> Section | None:
    """Pictures, numbers and the sentence on why they may differ."""
    words = WHY[item]
    pictures: list[Shown] = []
    for step, name, caption in words.pictures:
        folder = out / step / "figures"
        if (folder / f"{name}.svg").is_file():
            pictures.append(shown(folder, name, caption, out))
    here = [line for line in lines if line.item == item]
    text = [f"Ours: {words.command}."]
    missing = [f"Left out here, {name}: {why}." for name, why in skipped.items() if name in words.needs]
    if not here and not pictures and not missing:
        return None
    said, tables = _beside(here) if here else ([], [])
    return Section(title, [*text, *missing, f"Why they may differ: {words.why}", *said], pictures, tables)


def _beside(lines: Sequence[Line]) -> tuple[list[str], list[Table]]:
    """The numbers of a part: published ones in a column where there are any, in a sentence where ours take several columns (one a size)."""
    known, of = published(), [line.ours.split(AND) for line in lines]
    stated = {line.word: "{} ({})".format(*known[line.item, line.measure]) for line in lines if (line.item, line.measure) in known}
    nothing = [] if stated else ["The paper's own numbers of this part are not known to us."]
    columns, n = max(map(len, of)), [[line.n] if any(line.n for line in lines) else [] for line in lines]
    counted = ["n"] if any(n) else []
    if columns > 1:
        sizes, *rows = ([line.word, *ours, *one] for line, ours, one in zip(lines, of, n, strict=True))
        told = [f"Published: {'; '.join(f'{word} {number}' for word, number in stated.items())}."] if stated else nothing
        return told, [Table([sizes[0], *sizes[1 : columns + 1], *counted], rows)]
    if not stated:
        rows = [[line.word, line.ours, *one] for line, one in zip(lines, n, strict=True)]
        return nothing, [Table(["what", "ours [95% interval]", *counted], rows)]
    rows = [[line.word, stated.get(line.word, UNKNOWN), line.ours, *one] for line, one in zip(lines, n, strict=True)]
    return [], [Table(["what", "published", "ours [95% interval]", *counted], rows)]


def number_rows(lines: Sequence[Line]) -> list[dict[str, str]]:
    """One row a number of ours, the published one and its source beside it."""
    known = published()
    rows = []
    for line in lines:
        said, source = known.get((line.item, line.measure), (UNKNOWN, ""))
        rows.append({"item": line.item, "what": line.word, "published": said, "source": source, "ours": line.ours, "n": line.n})
    return rows


def _write_numbers(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with aside.written(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
