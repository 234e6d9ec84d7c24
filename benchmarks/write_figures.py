"""Puts the figures of results.json into README and docs, at the words of figures.tsv. `make bench` ends with it; a test holds the pages against it.

python benchmarks/write_figures.py
"""

from __future__ import annotations

import csv
import json
import re
import string
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Results = dict[str, dict[str, Any]]


def results() -> Results:
    """benchmark -> figure -> value."""
    return dict(json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8")))


def places() -> list[tuple[str, str]]:
    """(page, words with places for figures)."""
    with (ROOT / "benchmarks" / "figures.tsv").open(encoding="utf-8", newline="") as file:
        return [(row["page"], row["words"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def pattern(words: str) -> re.Pattern[str]:
    """These words with any number in each place, and any line break for a space."""
    parts = [re.escape(text).replace(r"\ ", r"\s+") + (r"[\d.,]+" if name else "") for text, name, *_ in string.Formatter().parse(words)]
    return re.compile("".join(parts))


def figures_of(words: str) -> list[str]:
    """`benchmark[figure]` of each place."""
    return [name for _, name, *_ in string.Formatter().parse(words) if name]


def write(page: str, found: Results) -> tuple[str, list[str]]:
    """The text of a page with its figures, and the words that are not on it once. A line break within the words stays where it was."""
    text, lost = (ROOT / page).read_text(encoding="utf-8"), []
    for words in (words for name, words in places() if name == page):
        spots = pattern(words).findall(text)
        if len(spots) != 1:
            lost.append(words)
            continue
        new = iter(words.format(**found).split(" "))
        text = text.replace(spots[0], re.sub(r"\S+", lambda _, new=new: next(new), spots[0]))  # type: ignore[misc]
    return text, lost


if __name__ == "__main__":
    for page in dict.fromkeys(name for name, _ in places()):
        text, lost = write(page, results())
        if lost:
            raise SystemExit(f"{page} has no place, or two, for: {lost}")
        (ROOT / page).write_text(text, encoding="utf-8")
