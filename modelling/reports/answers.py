"""The section of the evaluation report on answers that back off: how many at which level, how many of them wrong, beside the flat softmax."""

from __future__ import annotations

from modelling.reports.opening import Metrics
from modelling.reports.page import Section, Table, number

LEVELS = {"term": "a finer term", "tissue": "a tissue", "group": "a group of tissues", "system": "an organ system", "none": "nothing"}
WAYS = {
    "back_off": "the finest level that holds",
    "flat_same_share": "flat softmax, as many answers",
    "flat_same_threshold": "flat softmax, the same threshold",
}


def answers_section(metrics: Metrics) -> Section | None:
    """Two tables; None for a model without levels, or where no test sample is of its tissues."""
    found = metrics.get("levels")
    if found is None:
        return None
    n = found["back_off"]["n"]
    at_level = [
        [said, f"{found['share_at_level'][kind]:.1%}", number(round(found["share_at_level"][kind] * n))] for kind, said in LEVELS.items()
    ]
    ways = [
        [
            said,
            f"{score['answered']:.1%}",
            number(score["n_wrong"]),
            number(score["right_of_answered"]),
            number(score["hierarchical_precision"]),
            number(score["hierarchical_recall"]),
        ]
        for said, score in ((said, found[way]) for way, said in WAYS.items())
    ]
    text = (
        f"A sample is answered at the finest level that is at least {found['at_least']:.0%} probable: a term, its tissue, a group of tissues, an organ"
        " system, or not at all. An answer is wrong where it does not hold the truth. Hierarchical precision and recall count every level above answer"
        " and truth, so a coarse answer that is right costs recall, not precision. Beside it the most probable finest answer, or none."
    )
    head = ["answers", "answered", "wrong", "right of those answered", "hierarchical precision", "hierarchical recall"]
    return Section(
        "How fine an answer holds", [text], [], [Table(["answered at", "share", "n"], at_level, f"{n:,} test samples"), Table(head, ways)]
    )
