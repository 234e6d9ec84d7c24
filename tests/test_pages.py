"""The blocks of README and docs say what they are; those that are not run say why. The reader of blocks notices what it should."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402

SHOWN = {"text", "csv", "tsv", "sql", "json"}  # hold no commands
FOREIGN = {"r"}  # cannot be run here at all: a reason stands on the page
INDENTED = re.compile(r"(?:\A|\n)(?!\s*(?:[-*]|\d+\.) )[^\n ][^\n]*\n\n    \S")
READING_PATH = 7_000
PROSE_OFF = re.compile(r"^(`{3,})[^\n]*\n.*?^\1 *$|<!--.*?-->", re.M | re.S)


@pytest.mark.parametrize("page", pages.pages(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_block_says_what_it_is_and_why_it_is_not_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    wrong = [
        f"line {b.line}: {b.language or 'no language'}" for b in pages.blocks(text) if b.language not in {*pages.RUN, *SHOWN, *FOREIGN}
    ]
    wrong += [f"line {b.line}: r, and no reason" for b in pages.blocks(text) if b.language in FOREIGN and not b.why_not]
    wrong += [f"line {text[: m.start()].count(chr(10)) + 1}: an indented block" for m in INDENTED.finditer(pages.FENCE.sub("", text))]
    assert wrong == []


def reading_path() -> list[Path]:
    """What a newcomer reads: README, tutorial, how-to, explanation. Reference and logs are looked up."""
    return [
        ROOT / "README.md",
        *(page for part in ("tutorial", "how-to", "explanation") for page in sorted((ROOT / "docs" / part).glob("*.md"))),
    ]


def words(path: Path) -> int:
    """Words of a page, its blocks too."""
    return len(path.read_text(encoding="utf-8").split())


def test_the_reading_path_is_short() -> None:
    counted = {page.relative_to(ROOT).as_posix(): words(page) for page in reading_path()}
    assert len(counted) > 12
    assert sum(counted.values()) <= READING_PATH, counted
    assert counted["README.md"] <= 900


def test_numbers_may_differ_a_little_and_words_not_at_all() -> None:
    shown = ["liver  66 samples", "...", "score 0.934 [0.907, 0.966]", "took 3.1 s"]
    assert pages.alike(shown, ["liver 66 samples", "x", "y", "score 0.94 [0.91, 0.96]", "took 17 s"])
    assert not pages.alike(shown, ["liver 66 samples", "score 0.84 [0.91, 0.96]", "took 17 s"])
    assert not pages.alike(shown, ["lung 66 samples", "score 0.934 [0.907, 0.966]", "took 3.1 s"])
    assert not pages.alike(["a"], ["a", "b"]) and not pages.alike(["a", "b"], ["a"])
    assert not pages.alike(["GSM12 liver"], ["GSM13 liver"])


def test_a_block_that_prints_something_else_is_found_and_renewed(tmp_path: Path) -> None:
    page = "```console\n$ echo one; echo two\none\nthree\n```\n\n```pycon\n>>> 1 + 1\n3\n```\n\n<!-- not run: no reason -->\n```bash\nfalse\n```\n"
    runner = pages.Runner(tmp_path)
    console, python, left = pages.blocks(page)
    assert runner.run(console) == ["$ echo one; echo two\none\ntwo"]
    assert "Expected:\n    3\nGot:\n    2" in runner.run(python)[0]
    assert left.why_not == "no reason"
    assert "$ echo one; echo two\none\ntwo\n```" in pages.renewed(page, runner)
    with pytest.raises(AssertionError, match="false"):
        runner.run(pages.blocks("```bash\nfalse\n```\n")[0])
