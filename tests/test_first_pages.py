"""docs/how-to/census_and_scanpy.md: our side of every task runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bulkatlas

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "how-to" / "census_and_scanpy.md").read_text(encoding="utf-8")
OURS = [text for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if text.startswith("# ours")]
LINES = [line for text in OURS for line in text.splitlines() if line.startswith(("atlas", "adata", "loader"))]


@pytest.mark.parametrize("line", LINES)
def test_our_line_runs_or_finds_nothing_in_a_small_release(line: str, tiny: Path) -> None:
    from torch.utils.data import DataLoader

    names: dict[str, object] = {"atlas": bulkatlas.open(tiny / "release"), "DataLoader": DataLoader}
    why = ""
    try:
        exec(line, names)
    except bulkatlas.Error as error:  # a small world without such samples, or such a study
        why = str(error)
    assert why == "" or re.search(r"^no sample of .* meets|names no (study|sample|cell type) of this release", why)


def test_every_task_has_both_sides_and_ours_is_no_longer() -> None:
    theirs = [text for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if text.startswith("# theirs")]
    assert len(LINES) >= 8 and len(theirs) == len(OURS)
    for their, our in zip(theirs, OURS, strict=True):
        assert len([x for x in our.splitlines() if x and x[0] != "#"]) <= max(3, len(their.splitlines()) - 1)
