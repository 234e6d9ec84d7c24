"""A release is replaced, and a lock held, also where the file system or the C library knows neither renameat2 nor flock."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from curation import exchange
from curation.doctor import file_system_findings
from curation.release import BuildIsRunning, CannotWrite, staging, write_manifest
from profiles.lock import Held, lock

SHIM = r"""
#define _GNU_SOURCE
#include <errno.h>
int renameat2(int a, const char *b, int c, const char *d, unsigned e) { errno = EINVAL; return -1; }
int flock(int a, int b) { errno = ENOLCK; return -1; }
"""
REPLACE = """
import sys
from pathlib import Path
from curation.doctor import file_system_findings
from curation.release import staging, write_manifest
out = Path(sys.argv[1])
for text in "old", "new":
    with staging(out, replace=True) as part:
        (part / "data").write_text(text)
        write_manifest(part, {"build_id": text})
print(*(finding.found for finding in file_system_findings(out.parent)), sep="\\n")
"""


def write_release(out: Path, text: str) -> None:
    with staging(out, replace=True) as part:
        (part / "data").write_text(text)
        write_manifest(part, {"build_id": text})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class OldLibrary:
    """A C library without renameat2, as that of macOS."""

    def __init__(self, *arguments: Any, **options: Any) -> None: ...


def no_flock(code: int) -> Any:
    def flock(file: Any, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    return flock


def test_without_renameat2_two_renames_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_release(tmp_path / "out", "old")
    monkeypatch.setattr(ctypes, "CDLL", OldLibrary)
    write_release(tmp_path / "out", "new")
    assert (tmp_path / "out" / "data").read_text() == "new"
    assert names(tmp_path) == {"out"}


@pytest.mark.parametrize("failing", [1, 2])
def test_when_a_rename_fails_the_old_release_stands_and_the_new_one_is_kept(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(tmp_path / "out", "old")
    monkeypatch.setattr(ctypes, "CDLL", OldLibrary)
    rename, seen = Path.rename, []

    def sometimes(self: Path, target: Path) -> Path:
        seen.append(target)
        if len(seen) == failing:
            raise OSError(errno.EIO, "Input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", sometimes)
    with pytest.raises(CannotWrite, match=r"the new release is whole.*Input/output error.*kept as .*out\.partial; .*out is as it was"):
        write_release(tmp_path / "out", "new")
    assert (tmp_path / "out" / "data").read_text() == "old"
    assert (tmp_path / "out.partial" / "data").read_text() == "new"
    assert names(tmp_path) == {"out", "out.partial"}


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EINVAL, errno.ENOTSUP])
def test_without_flock_a_second_writer_is_told_of_the_first(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", no_flock(code))
    with staging(tmp_path / "out"), pytest.raises(BuildIsRunning, match=f"process {os.getpid()} on"), staging(tmp_path / "out"):
        pass
    assert names(tmp_path) == {"out"}


def test_without_flock_what_a_killed_process_left_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", no_flock(errno.ENOLCK))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    held = tmp_path / "lock.held"
    held.write_text(f"process {dead.pid} on {socket.gethostname()}\n")
    with lock(tmp_path / "lock", wait=1):
        assert str(os.getpid()) in held.read_text()
    held.write_text("process 1 on another-machine\n")  # whether that one lives cannot be told from here
    with pytest.raises(Held, match=r"another-machine \(if it has ended: delete .*lock\.held\)"), lock(tmp_path / "lock"):
        pass
    assert held.exists()


@pytest.mark.parametrize("with_flock", [True, False])
def test_one_at_a_time(with_flock: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_flock:
        monkeypatch.setattr(fcntl, "flock", no_flock(errno.EINVAL))
    count = tmp_path / "count"
    count.write_text("0")

    def add() -> None:
        for _ in range(5):
            with lock(tmp_path / "lock", wait=60):
                count.write_text(str(int(count.read_text()) + 1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.read_text() == "40"
    assert names(tmp_path) == {"count"}


def test_an_error_of_flock_that_says_something_else_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", no_flock(errno.EIO))
    with pytest.raises(OSError, match="Input/output"), lock(tmp_path / "lock"):
        pass


def test_a_file_system_that_has_neither(tmp_path: Path) -> None:
    """The C library itself refuses, as over NFS: a shim stands before it."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler and Linux")
    (tmp_path / "shim.c").write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "shim.so", tmp_path / "shim.c"], check=True)
    place = tmp_path / "place"
    place.mkdir()
    environment = {**os.environ, "LD_PRELOAD": str(tmp_path / "shim.so")}
    done = subprocess.run([sys.executable, "-c", REPLACE, place / "out"], env=environment, capture_output=True, text=True, check=True)
    assert (place / "out" / "data").read_text() == "new"
    assert names(place) == {"out"}
    assert done.stdout.splitlines() == [
        "with two renames, the old release put back on failure (EINVAL)",
        "by a file that is there (ENOLCK: no flock)",
    ]


def test_the_doctor_says_which_way(tmp_path: Path) -> None:
    replaced, held = file_system_findings(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert replaced.found.startswith("in one step") == (exchange.in_one_step(tmp_path / "a", tmp_path / "b") == "")
    assert held.found in ("with flock", "by a file that is there (ENOLCK: no flock)")
