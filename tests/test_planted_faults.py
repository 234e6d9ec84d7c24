"""Each fault of plants.PLANTS is found by the question that asks for it, or is a listed tolerance that only the release's id tells."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from plants import EXPECTED, PLANTS, Planted, sealed

from curation.build import open_sources
from curation.export import add_by_gene
from curation.release import BadRelease
from curation.seal import release_id
from curation.validate import validate

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "provenance.md"


@pytest.fixture(scope="module")
def whole(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with every file that one can have, and its world; both are only read."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(tiny / "world", folder / "world")
    shutil.copytree(tiny / "release", folder / "release")
    add_by_gene(folder / "release")
    return folder


def copy(whole: Path, place: Path) -> Path:
    """Release and world with hard links in the place of files; a plant makes a copy of what it writes to."""
    for name in ("world", "release"):
        shutil.copytree(whole / name, place / name, copy_function=os.link)
    return place / "release"


def wrong(release: Path, tiny: Path, *, with_sources: bool, expect: str | None = None) -> set[str]:
    world = release.parent / "world"
    asked = {"sources": open_sources(world), "folder": world, "ontology": tiny / "ontology", "n_rows": 1000} if with_sources else {}
    return {finding.question for finding in validate(release, expect=expect, **asked) if not finding.is_good}  # type: ignore[arg-type]


def test_a_whole_release_has_no_fault_and_keeps_its_id(whole: Path, tiny: Path, tmp_path: Path) -> None:
    release = copy(whole, tmp_path)
    assert wrong(release, tiny, with_sources=True, expect=release_id(whole / "release")) == set()
    before = release_id(release)
    sealed(release, "all")
    assert release_id(release) == before, "sealing what is sealed changes nothing"


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.name.replace(" ", "-"))
def test_a_planted_fault_is_found_or_a_listed_tolerance(planted: Planted, whole: Path, tiny: Path, tmp_path: Path) -> None:
    release = copy(whole, tmp_path)
    published = release_id(release) if planted.found != EXPECTED else "0" * 64
    planted.plant(release)
    sealed(release, planted.seal)
    found = wrong(release, tiny, with_sources=planted.with_sources, expect=published)
    if re.fullmatch(r"T\d", planted.found):
        assert f"| {planted.found} " in PAGE.read_text(encoding="utf-8")
        assert found == {EXPECTED}, "nothing but the id tells it"
    else:
        assert planted.found in found
        papers = [(folder / name) for folder in (release, whole / "release") for name in ("manifest.json", "ro-crate-metadata.json")]
        is_same = (
            all(path.is_file() for path in papers)
            and papers[0].read_bytes() + papers[1].read_bytes() == papers[2].read_bytes() + papers[3].read_bytes()
        )
        assert (EXPECTED in found) != is_same or planted.found == EXPECTED, "the id tells whether papers were written again"


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"build_id": ', b"\xff\xfe"])
def test_what_has_no_manifest_is_no_release(content: bytes | None, whole: Path, tmp_path: Path) -> None:
    release = copy(whole, tmp_path)
    (release / "manifest.json").unlink()
    if content is not None:
        (release / "manifest.json").write_bytes(content)
    with pytest.raises(BadRelease):
        validate(release)


def test_the_list_is_long_and_names_each_fault_once() -> None:
    assert len(PLANTS) >= 70
    assert [name for name, n in Counter(planted.name for planted in PLANTS).items() if n > 1] == []
    assert sum(planted.found.startswith("T") and planted.found[1:].isdigit() for planted in PLANTS) <= 5
