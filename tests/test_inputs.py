"""Checksums of inputs are those of the files, and stop with the build; a file read once gives the digests of its parts."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from curation.digests import Digester, digests
from curation.inputs import InputChecksums, Stopped, input_checksums
from curation.progress import Progress
from curation.release import write_manifest
from profiles.blocks import BLOCK_BYTES, DIGEST_BYTES


def source(*files: Path) -> SimpleNamespace:
    return SimpleNamespace(input_files=lambda: list(files))


@pytest.fixture
def ontology(tmp_path: Path) -> Path:
    folder = tmp_path / "ontology"
    folder.mkdir()
    return folder


def test_every_input_is_listed_in_order_with_its_checksum(tmp_path: Path, ontology: Path) -> None:
    texts = {"b.tsv": b"", "a.tsv": b"a" * 9_000_000, "studies.tsv": b"words"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    sources = {"own": source(tmp_path / "b.tsv", tmp_path / "a.tsv")}
    with input_checksums(sources, ontology, tmp_path / "studies.tsv") as reading:  # type: ignore[arg-type]
        rows = reading.rows(Progress())
    rows = [row for row in rows if row["source"] != "ontology"]  # the gene table is always among them
    assert [(row["source"], row["file"]) for row in rows] == [("own", "a.tsv"), ("own", "b.tsv"), ("studies", "studies.tsv")]
    assert all((row["bytes"], row["sha256"]) == (len(texts[row["file"]]), hashlib.sha256(texts[row["file"]]).hexdigest()) for row in rows)


def test_a_build_that_fails_waits_for_no_checksum(tmp_path: Path, ontology: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large.h5").open("wb") as file:
        file.truncate(1 << 40)  # sparse; an hour to read
    begun = threading.Event()
    monkeypatch.setattr(os, "posix_fadvise", lambda *_: begun.set(), raising=False)
    with pytest.raises(ValueError, match="no liver"), input_checksums({"own": source(tmp_path / "large.h5")}, ontology, None) as reading:  # type: ignore[dict-item]
        assert begun.wait(60)
        raise ValueError("no liver")
    with pytest.raises(Stopped):
        reading.rows(Progress())


def test_a_file_that_cannot_be_read_is_told_where_the_checksums_are_taken(tmp_path: Path, ontology: Path) -> None:
    reading = InputChecksums({"own": source(tmp_path / "gone.tsv")}, ontology, None)  # type: ignore[dict-item]
    with pytest.raises(FileNotFoundError, match=r"gone\.tsv"):
        reading.rows(Progress())
    reading.stop()


@pytest.mark.parametrize("n_bytes", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 17])
def test_digests_of_a_file_handed_over_in_any_pieces(tmp_path: Path, n_bytes: int) -> None:
    content, draw = random.Random(n_bytes).randbytes(n_bytes), random.Random(1)
    path = tmp_path / "file"
    path.write_bytes(content)
    with Digester() as digester:
        at = 0
        while at < n_bytes:
            size = draw.randint(1, 2 * BLOCK_BYTES)
            digester.update(memoryview(content)[at : at + size])
            at += size
        found = digester.of(path)
    by_hand = [hashlib.sha256(content[at : at + BLOCK_BYTES]).digest() for at in range(0, n_bytes, BLOCK_BYTES)]
    assert found == digests(path)
    assert (found.sha256, found.n_bytes) == (hashlib.sha256(content).hexdigest(), n_bytes)
    assert [found.blocks[i : i + DIGEST_BYTES] for i in range(0, len(found.blocks), DIGEST_BYTES)] == by_hand


def test_a_file_that_was_written_to_after_it_was_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "compendium.h5ad"
    path.write_bytes(b"as it was")
    before = digests(path)
    path.write_bytes(b"as it is.")
    os.utime(path, ns=(before.changed_ns + 1, before.changed_ns + 1))
    manifest = write_manifest(tmp_path, {}, {path.name: before})
    (row,) = [row for row in manifest["outputs"] if row["file"] == path.name]
    assert row["sha256"] == hashlib.sha256(b"as it is.").hexdigest()


def test_a_file_that_was_not_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "compendium.h5ad"
    path.write_bytes(b"as it was")
    before = digests(path)
    monkeypatch.setattr("curation.release.digests", lambda path: pytest.fail(f"{path} was read"))
    manifest = write_manifest(tmp_path, {}, {path.name: before})
    assert manifest["outputs"][1]["sha256"] == hashlib.sha256(b"as it was").hexdigest()
