"""Texts that differ in numbers only are read once: with the same labels, facts and words as if each were read by itself."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from curation import label as labelling_module
from curation.database import fetch_arrow
from curation.patterns import phrasing
from tests.labelling import label, reference

NUMBERED = (
    *("CD4+ T cells rep{}", "CD{} positive cells of donor {}", "{} cells", "HEK{}", "MCF{} cells day {}", "SK-N-{}", "BA{} of a brain"),
    *("liver {} years", "tumor {} and adjacent kidney {}", "aged {} years", "day {} neurons from iPSC {}", "stage {} lung adenocarcinoma"),
    *("patient {}, no cancer {}", "NCI-H{} xenograft", "T{}D", "week {} of gestation, heart", "colon ({}) from blood {}", "Th{} cells"),
)
NUMBERS = (1, 2, 4, 7, 8, 9, 12, 17, 47, 231, 293, 697, 1650)


def rows() -> list[dict[str, Any]]:
    """Texts of one shape with numbers that mean something in some of them, in fields that read them differently."""
    texts = [text.format(number, number + 1) for text in NUMBERED for number in NUMBERS]
    keys = ("tissue", "cell type", "cell line", "age", "diagnosis", "treatment")
    return [
        {"title": text, "source_name": texts[(7 * i) % len(texts)], "characteristics": f"{keys[i % len(keys)]}: {text}"}
        for i, text in enumerate(texts)
    ]


def read(monkeypatch: pytest.MonkeyPatch, *, each: bool) -> dict[str, pl.DataFrame]:
    """The tables of one labelling; with `each` every text is a shape of its own."""
    if each:
        monkeypatch.setattr(labelling_module, "phrasing", lambda con: phrasing(con) | {"numbers_differ": True})
    label(rows())
    columns = {"text_evidence": "SELECT * EXCLUDE (sample_id) FROM evidence", "label": "FROM label", "fact": "FROM fact"}
    return {name: pl.DataFrame(fetch_arrow(reference(), query)).sort(pl.all()) for name, query in columns.items()}


def test_texts_read_by_their_shape_say_what_they_say_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    together = read(monkeypatch, each=False)
    alone = read(monkeypatch, each=True)
    assert all(together[name].equals(alone[name]) for name in alone)
    assert together["text_evidence"].height > len(NUMBERS) and together["fact"].height > len(NUMBERS)


def test_a_number_that_means_something_is_told_from_one_that_does_not() -> None:
    found = label([{"source_name": text} for text in ("CD4 cells rep1", "CD8 cells rep2", "HEK293", "HEK294", "liver 3", "liver 12")])
    words = [found[f"S{i}"]["matched_text"] or found[f"S{i}"]["cell_line"] for i in range(6)]
    assert words[2] == "HEK293" and words[3] is None and words[4:] == ["liver", "liver"]
    rows = reference().execute("SELECT text, matched_text FROM evidence JOIN text USING (text_id) WHERE contains(text, 'rep')").fetchall()
    assert all(matched.split()[0] == text.split()[0] for text, matched in rows)


@pytest.mark.parametrize(
    ("word", "differs"),
    [
        ("covid19", True),
        ("day 14", True),
        ("day [0-9]", True),
        (r"d\d+", True),
        (r"\bday .\b", True),
        ("day [0-9]+", False),
        ("^(?:[a-z0-9]+ ){0,4}derived$", False),
        (r"\bfrom\b.*", False),
    ],
)
def test_words_that_tell_numbers_apart_are_noticed(word: str, differs: bool) -> None:
    con = reference()
    assert phrasing(con)["numbers_differ"] is False
    con.execute("CREATE OR REPLACE TEMP TABLE own AS SELECT 'origin_after' AS list, $word AS word, 'pattern' AS match", {"word": word})

    class Own:
        def execute(self, query: str, *more: Any) -> Any:
            return con.execute(query.replace("FROM vocabulary", "FROM own"), *more)

    assert phrasing(Own())["numbers_differ"] is differs  # type: ignore[arg-type]
