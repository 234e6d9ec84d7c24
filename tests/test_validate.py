"""`curate validate` on the command line: what it says of a good release, of a damaged one, and of its origin. plants.py has the faults."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curation.cli import app
from curation.digests import FileDigests, digests
from curation.errors import CurationError
from curation.release import read_manifest
from curation.seal import release_id
from curation.validating import papers


@pytest.fixture
def release(tiny: Path, tmp_path: Path) -> Path:
    """A copy of a small release, to be damaged."""
    return Path(shutil.copytree(tiny / "release", tmp_path / "release"))


def said(*arguments: object) -> tuple[str, Exception | None]:
    result = CliRunner().invoke(app, ["validate", *map(str, arguments)])
    return result.output, result.exception  # type: ignore[return-value]


def test_a_good_release_passes_with_everything_computed_again(tiny: Path) -> None:
    output, error = said(tiny / "release", "--input", tiny / "world", "--rows", 1000, "--ontology", tiny / "ontology")
    assert error is None, output
    assert "WRONG" not in output
    assert "58 samples x 58 genes computed again from h5py, 0 differ" in output
    assert "lines of text" in output
    assert "10 tables made again, 0 differ" in output


def test_every_file_is_read_once_for_both_its_checksums(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, seen = read_manifest(tiny / "release"), []
    monkeypatch.setattr(papers, "digests", lambda path: seen.append(path.name) or digests(path))
    read: dict[str, FileDigests] = {}
    assert papers.files(tiny / "release", manifest, read)[0] and papers.blocks(tiny / "release", manifest, read)[0]
    assert sorted(seen) == sorted(row["file"] for row in manifest["outputs"])


def test_what_could_not_be_made_again_is_said(tiny: Path) -> None:
    """The release was built with another ontology than the shipped one, which is what is asked without --ontology."""
    output, error = said(tiny / "release", "--input", tiny / "world")
    assert error is None, output
    assert "not made again: the ontology here is another" in output


def test_the_id_is_that_of_sha256sum_and_is_compared(tiny: Path, release: Path) -> None:
    found = release_id(release)
    printed = subprocess.run(
        "sha256sum manifest.json ro-crate-metadata.json | sha256sum", shell=True, cwd=release, capture_output=True, text=True, check=True
    ).stdout
    assert printed.split()[0] == found
    output, _ = said(release)
    assert f"release {found}: its parts agree; where it comes from they cannot prove: compare the id with a published one" in output
    output, error = said(release, "--expect", found.upper())
    assert error is None
    assert "cannot prove" not in output
    output, error = said(release, "--expect", "0" * 64)
    assert isinstance(error, CurationError)
    assert f"its id is {found}" in output


def test_the_crate_names_the_manifest_and_the_manifest_all_else(release: Path) -> None:
    import json

    crate = {entity["@id"]: entity for entity in json.loads((release / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]}
    assert crate["manifest.json"]["sha256"] == hashlib.sha256((release / "manifest.json").read_bytes()).hexdigest()
    named = {row["file"] for row in read_manifest(release)["outputs"]}
    assert named == {path.name for path in release.iterdir()} - {"manifest.json", "ro-crate-metadata.json"}
    assert named <= crate.keys()


def test_files_that_are_changed_lost_or_added(release: Path) -> None:
    (release / "funnel.md").write_text("")
    (release / "CITATION.txt").unlink()
    (release / "extra.txt").write_text("")
    output, error = said(release)
    assert isinstance(error, CurationError)
    assert "2 missing or changed (CITATION.txt, funnel.md), 1 not in the manifest (extra.txt)" in output
    assert "checks failed; do not use this release" in str(error)


def test_what_a_stranger_wrote_is_shown_without_its_tricks(release: Path) -> None:
    (release / "a\u202eb\x1b[31m.txt").write_text("")
    output, _ = said(release)
    assert "\x1b" not in output
    assert "\u202e" not in output
