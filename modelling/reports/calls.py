"""The section of the transfer report on where the samples of each category went."""

from __future__ import annotations

from modelling.figures.calls import transfer_calls
from modelling.figures.canvas import FigureFolder
from modelling.reports.page import Section, shown
from modelling.studies.transfer import Question, Transfer


def calls_section(folder: FigureFolder, found: Transfer, question: Question) -> Section:
    """A stacked bar a category for the head of each run and the linear classifier of each embedding (their votes are in predictions.tsv)."""
    figures = []
    for number, one in enumerate(found.calls.contestants[::2], start=1):
        name = "calls" if number == 1 else f"calls_{number}"
        transfer_calls(folder, name, found.calls.category, one.tissue, question.rubric.accepted, one.abstained)
        ways = " and ".join(question.rubric.accepted)
        caption = f"By the {one.name}: what each category's samples were called, the same bars counted {ways}. In brackets the samples."
        figures.append(shown(folder.folder, name, caption))
    return Section("Where the samples went", [], figures)
