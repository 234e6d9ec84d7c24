"""What a reader must know of the intervals on a page: what a draw without a tissue means, and why some lie far to one side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelling.scores.intervals import is_degenerate

LOPSIDED = 2.5
WHY = {
    "ece": "a draw of fewer studies leaves fewer different samples in each bin, which makes the error larger, never smaller",
    "macro_f1": "a tissue of few studies that is missing from a draw, but still called, counts there with F1 of zero",
    "balanced_accuracy": "tissues of few studies are missing from some draws, whose mean is then over the others",
}
OTHERWISE = "the score is near its end, or a few studies weigh much"


def interval_words(metrics: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    """Sentences for the page: on draws without a tissue, on lopsided intervals by name, and on scores without an error. `words`: score -> its name."""
    said = []
    share = metrics.get("draws_without_a_tissue")
    if share:
        said.append(
            f"Intervals come from drawing studies, donors and patients anew. In {share:.0%} of the draws at least one tissue had no sample: "
            "the draw's mean over tissues is then over those that it has."
        )
    perfect = [words[key] for key in words if metrics[key] == 1]
    if perfect:
        said.append(
            f"No error was seen in {', '.join(perfect)}: no draw differs, so the interval comes from the Wilson intervals of the tissues, "
            "with studies, donors and patients as trials."
        )
    for key, word in words.items():
        interval, value = metrics["intervals"].get(key), metrics[key]
        if not is_degenerate(interval) and value is not None and value < 1 and lopsided(value, interval):
            said.append(f"The interval of {word} lies to one side of its value: {WHY.get(key, OTHERWISE)}.")
    return said


def lopsided(value: float, interval: tuple[float, float]) -> bool:
    """Whether one side of an interval is much longer than the other, or the value lies outside it."""
    below, above = value - interval[0], interval[1] - value
    return below <= 0 or above <= 0 or max(below, above) > LOPSIDED * min(below, above)
