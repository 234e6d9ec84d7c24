"""README and docs print the figures of benchmarks/results.json and no others in their places."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import write_figures  # noqa: E402

PAGES = sorted({page for page, _ in write_figures.places()})


@pytest.mark.parametrize("page", PAGES)
def test_the_page_prints_what_was_measured(page: str) -> None:
    text, lost = write_figures.write(page, write_figures.results())
    assert lost == []
    assert text == (ROOT / page).read_text(encoding="utf-8"), "run python benchmarks/write_figures.py"


def test_every_figure_that_is_kept_is_printed_and_comes_from_a_benchmark() -> None:
    kept = {f"{name}[{figure}]" for name, figures in write_figures.results().items() for figure in figures if figure != "measured"}
    assert kept == {figure for _, words in write_figures.places() for figure in write_figures.figures_of(words)}
    for name in write_figures.results():
        assert f'record("{name}"' in (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8").replace("(\n        ", "(")


def test_another_measurement_changes_the_page_and_nothing_else_of_it() -> None:
    found = write_figures.results()
    before, _ = write_figures.write("README.md", found)
    after, lost = write_figures.write("README.md", found | {"gather": found["gather"] | {"samples_per_second": 12_345, "times": 44}})
    assert lost == []
    assert after.count("12,345 samples/s | archs4py 1.0.4: 278, so 44 times") == 1
    assert len(after.split("\n")) == len(before.split("\n"))
    assert sum(a != b for a, b in zip(after.split("\n"), before.split("\n"), strict=True)) == 1
