"""A release folder stands whole or not at all."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curation.mark import MARK
from curation.release import BadRelease, BuildIsRunning, OutputExists, read_manifest, sha256, staging, write_manifest


def files(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_the_folder_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    with staging(tmp_path / "out") as part:
        (part / "a").write_text("1")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a").read_text() == "1"
    assert files(tmp_path) == {"out"}


def test_nothing_is_left_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), staging(tmp_path / "out") as part:
        (part / "a").write_text("1")
        1 / 0  # noqa: B018
    assert files(tmp_path) == set()


def test_an_existing_folder_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("1")
    with pytest.raises(OutputExists, match="--replace"), staging(tmp_path / "out"):
        pass
    assert files(tmp_path / "out") == {"mine"}
    assert files(tmp_path) == {"out"}


def test_replace_keeps_the_old_release_until_the_new_one_is_whole(tmp_path: Path) -> None:
    with staging(tmp_path / "out") as part:
        (part / "old").write_text("1")
        write_manifest(part, {"build_id": "1"})
    with pytest.raises(ZeroDivisionError), staging(tmp_path / "out", replace=True) as part:
        1 / 0  # noqa: B018
    assert files(tmp_path / "out") == {"old", "manifest.json", "blocks.sha256"}
    with staging(tmp_path / "out", replace=True) as part:
        (part / "new").write_text("1")
        write_manifest(part, {"build_id": "2"})
        assert files(tmp_path / "out") == {"old", "manifest.json", "blocks.sha256"}
    assert files(tmp_path / "out") == {"new", "manifest.json", "blocks.sha256"}
    assert files(tmp_path) == {"out"}


def test_a_second_build_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    code = f"from pathlib import Path\nfrom curation.release import staging\nimport time\nwith staging(Path({str(tmp_path / 'out')!r})):\n print('in', flush=True)\n time.sleep(60)"
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        with pytest.raises(BuildIsRunning, match=f"process {first.pid} on"), staging(tmp_path / "out"):
            pass
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    time.sleep(0.05)
    assert "out" not in files(tmp_path)
    with staging(tmp_path / "out") as part:
        assert files(part) == {MARK}
    assert files(tmp_path) == {"out"}


def test_a_folder_without_write_permission_says_so(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(Exception, match="cannot be written"), staging(tmp_path / "out"):
        pass


def test_the_manifest_holds_the_checksum_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    write_manifest(tmp_path, {"build_id": "x"})
    digest = hashlib.sha256(b"hello")
    manifest = read_manifest(tmp_path)
    entry, blocks = manifest["outputs"]
    assert entry == {"file": "a", "bytes": 5, "sha256": digest.hexdigest()}
    assert (tmp_path / "blocks.sha256").read_bytes() == digest.digest()
    assert manifest["block_sha256"] == [blocks["sha256"]] == [hashlib.sha256(digest.digest()).hexdigest()]
    assert sha256(tmp_path / "a", block=2) == entry["sha256"]


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"\xff\xfe"])
def test_a_folder_that_is_no_release_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(BadRelease, match=str(tmp_path)):
        read_manifest(tmp_path)
