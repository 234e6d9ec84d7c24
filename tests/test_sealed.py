"""The checksum of a compendium is its release's, and what was changed since is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from curation.release import write_manifest
from modelling import sealed
from modelling.h5ad import CompendiumError
from profiles.blocks import BLOCK_BYTES, BLOCKS

N_BLOCKS = 300  # more than are looked at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of a release; what stands in it does not matter here."""
    path = tmp_path / "compendium.h5ad"
    path.write_bytes(b"".join(number.to_bytes(4, "big") * (BLOCK_BYTES // 4) for number in range(N_BLOCKS)) + b"end")
    (tmp_path / "a.txt").write_text("before it in the manifest", encoding="utf-8")
    write_manifest(tmp_path, {"build_id": "x"})
    return path


def overwrite(path: Path, at: int, text: bytes = b"!") -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(text)


def test_the_checksum_is_that_of_the_whole_file(path: Path) -> None:
    by_hand = hashlib.sha256(path.read_bytes()).hexdigest()
    assert sealed.identity(path) == sealed.identity(path, whole=True) == by_hand


def test_only_a_sample_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "_sha256", lambda path: pytest.fail("the whole file was read"))
    assert len(sealed.identity(path)) == 64


@pytest.mark.parametrize("at", [0, 5, N_BLOCKS * BLOCK_BYTES + 1])
def test_a_changed_first_or_last_block_is_found(path: Path, at: int) -> None:
    overwrite(path, at)
    with pytest.raises(CompendiumError, match=f"other bytes from {at // BLOCK_BYTES * BLOCK_BYTES:,} on: it is not the file"):
        sealed.identity(path)


def test_a_change_between_the_blocks_of_the_sample_takes_the_whole_file(path: Path) -> None:
    overwrite(path, 2 * BLOCK_BYTES)
    sealed.identity(path)
    with pytest.raises(CompendiumError, match="has another checksum"):
        sealed.identity(path, whole=True)


def test_another_size_is_told_first(path: Path) -> None:
    overwrite(path, path.stat().st_size, b"more")
    with pytest.raises(CompendiumError, match="has 19,660,807 bytes, not 19,660,803"):
        sealed.identity(path)


def test_blocks_that_the_manifest_does_not_vouch_for_are_not_believed(path: Path) -> None:
    overwrite(path, 0)
    blocks = path.with_name(BLOCKS)
    blocks.write_bytes(blocks.read_bytes().replace(blocks.read_bytes()[32:64], hashlib.sha256(path.read_bytes()[:BLOCK_BYTES]).digest(), 1))
    with pytest.raises(CompendiumError, match="has another checksum"):
        sealed.identity(path)


@pytest.mark.parametrize("manifest", [None, "[]", '{"files": {}}', '{"outputs": [1]}', "no json"])
def test_without_a_manifest_of_ours_the_file_is_read(path: Path, manifest: str | None) -> None:
    path.with_name("manifest.json").unlink()
    if manifest is not None:
        path.with_name("manifest.json").write_text(manifest, encoding="utf-8")
    assert sealed.identity(path) == hashlib.sha256(path.read_bytes()).hexdigest()
