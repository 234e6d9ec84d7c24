"""The page of `model audit-labels`: suspects, most certain first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelling.data import Compendium
from modelling.figures.audit import suspects
from modelling.figures.canvas import FigureFolder, spaced
from modelling.reports.page import Report, Section, Table, Tile, number, shown
from modelling.reports.sample_links import SAID, explain_command, page_link
from modelling.studies.audit_labels import Suspicion
from profiles import __version__

if TYPE_CHECKING:
    import polars as pl

N_SHOWN = 200
COLUMNS = ("rank", "sample_id", "label", "suggested", "margin_of_expression", "decided_by", "matched_text", "source", "title")


N_SAID = 5


def write_page(
    path: Path, found: Suspicion, ranked: pl.DataFrame, scores: dict[str, Any] | None, compendium: Compendium, settings: dict[str, int]
) -> None:
    """Write the page and figures/ beside it; `scores` are those against a known truth, None without one."""
    columns = [name for name in COLUMNS if name in ranked.columns]
    rows = _rows(ranked, columns, compendium)
    figures = FigureFolder(path.parent / "figures")
    if len(found.rows):
        suspects(
            figures, found.margin, found.probability_nt.max(axis=1), found.suspect, compendium.text("source", found.rows), _named(found)
        )
    Report(
        title="Labels that the expression contradicts",
        subject=compendium.path.name + (f" (build {compendium.build_id})" if compendium.build_id else ""),
        lead=_lead(found, ranked.height),
        simulated=compendium.simulated,
        tiles=_tiles(scores),
        notes=[
            f"{spaced(name)}: {n} samples of one study or donor only, cannot be cross-validated, not audited"
            for name, n in found.not_audited.items()
        ],
        sections=[
            Section(
                "Margin and confidence",
                [
                    "A suspect far to the right and high up is one that the classifier is sure of; one near 0 is undecided between two tissues."
                ],
                [
                    shown(
                        figures.folder,
                        "suspects",
                        f"{len(found.rows):,} audited samples; the {N_SAID} surest suspects with label and suggestion.",
                    )
                ]
                if figures.names
                else [],
            ),
            Section(
                f"Suspects, most certain first{f' (the first {N_SHOWN} of {ranked.height:,})' if ranked.height > N_SHOWN else ''}",
                [SAID],
                tables=[Table([*columns, "why it has its label"], rows)],
            )
            if rows
            else Section("Suspects", ["None."]),
        ],
        colophon=f"Made by bulkatlas {__version__}, `model audit-labels`, {settings['folds']} folds, seed {settings['seed']}. All suspects: suspects.tsv.",
    ).write(path)


def _rows(ranked: pl.DataFrame, columns: list[str], compendium: Compendium) -> list[list[str]]:
    """The first suspects as the page shows them: tissues in words, the sample as a link, and what to type for its evidence."""
    place = columns.index("sample_id")
    shown_as = [spaced if name in ("label", "suggested") else str for name in columns]
    rows = [
        [write(str(cell)) for write, cell in zip(shown_as, row, strict=True)] for row in ranked.select(columns).head(N_SHOWN).iter_rows()
    ]
    return [[*row[:place], page_link(row[place]), *row[place + 1 :], explain_command(row[place], compendium)] for row in rows]


def _named(found: Suspicion) -> dict[int, str]:
    """Label and suggestion of the surest suspects."""
    names = [spaced(name) for name in found.classes]
    said = {int(i): f"{names[found.label[i]]} → {names[found.suggested[i]]}" for i in found.order[:N_SAID]}
    return {i: word for i, word in said.items() if list(said.values()).index(word) == list(said).index(i)}


def _lead(found: Suspicion, n_suspects: int) -> str:
    return (
        f"{len(found.rows):,} labelled samples of {len(found.classes)} tissues were each judged "
        "by a classifier that saw no sample of their study, donor or patient. "
        "Where it contradicts the label by more than the usual confusion between the two tissues "
        f"(confident learning), the sample is listed: {n_suspects:,} of them. "
        "A suspect is not an error: tumours, borderline sites and mixed tissue are found too. To accept, delete the rows of overrides.tsv that you do not "
        "agree with, put your name into `curator`, and run `curate override import overrides.tsv`."
    )


def _tiles(scores: dict[str, Any] | None) -> list[Tile]:
    if scores is None:
        return []
    return [
        Tile("Precision", number(scores["precision"]), f"{scores['n_right']} of {scores['n_suspects']} suspects are wrong labels"),
        Tile("Recall", number(scores["recall"]), f"{scores['n_right']} of {scores['n_wrong_audited']} wrong labels are suspects"),
        Tile("Average precision", number(scores["average_precision"]), "of the whole ranking by margin"),
    ]
