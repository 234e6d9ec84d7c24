"""What stands after a build was killed, ran out of disk, or met another build: the old release or the new one, whole."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import tiny_world

from profiles.errors import BulkatlasError

KILLS = 20
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(
    ["tiny_world", "curation.matrix.write", "curation.label", "curation.build_report", "curation.crate", "anndata", "pronto"]
)


def build_in_child(world: Path, out: Path, cap: int, told: Path) -> None:
    """Build, and write to `told` what went wrong, if anything."""
    try:
        tiny_world.build_tiny(world, out, cap=cap, replace=True)
    except BulkatlasError as error:
        told.write_text(str(error))
        os._exit(1)


def start(world: Path, out: Path, cap: int, told: Path) -> multiprocessing.process.BaseProcess:
    told.unlink(missing_ok=True)
    process = SPAWN.Process(target=build_in_child, args=(world, out, cap, told))
    process.start()
    return process


def assert_whole(release: Path) -> str:
    """Every file is there with the bytes of the manifest, the database opens; returns the build id."""
    manifest = json.loads((release / "manifest.json").read_text())
    assert {path.name for path in release.iterdir()} == {row["file"] for row in manifest["outputs"]} | {
        "manifest.json",
        "ro-crate-metadata.json",
    }
    for row in manifest["outputs"]:
        assert hashlib.sha256((release / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
    con = duckdb.connect(str(release / "curation.duckdb"), read_only=True)
    (n_kept,) = con.execute("SELECT count(*) FROM kept").fetchone()
    con.close()
    assert n_kept > 0
    return manifest["build_id"]


@pytest.fixture
def place(tiny: Path, tmp_path: Path) -> tuple[Path, Path, Path]:
    """World, the folder of a first release, and where a child says what went wrong."""
    shutil.copytree(tiny / "release", tmp_path / "release")
    return tiny / "world", tmp_path / "release", tmp_path / "told"


@pytest.mark.slow  # twenty builds, killed half-way on average: the promise is about any moment
def test_a_build_killed_at_any_moment_leaves_the_old_or_the_new_release_whole(place):
    world, release, told = place
    ids = {assert_whole(release)}
    begun = time.perf_counter()
    process = start(world, release, 9, told)
    process.join()
    whole = time.perf_counter() - begun
    ids = {assert_whole(release)}
    rng = random.Random(42)
    n_killed = 0
    for number in range(KILLS):
        process = start(world, release, 8 if number % 2 else 9, told)
        process.join(timeout=rng.uniform(0.02, 1.05) * whole)
        n_killed += process.is_alive()
        process.kill()
        process.join()
        ids.add(assert_whole(release))
    assert n_killed >= KILLS // 2
    assert len(ids) <= 2
    process = start(world, release, 10, told)
    process.join()
    assert process.exitcode == 0, told.read_text()
    assert assert_whole(release) not in ids
    assert sorted(path.name for path in release.parent.iterdir() if path != told) == ["release"]


def test_a_second_build_is_refused_and_names_the_first(place):
    world, release, told = place
    process = start(world, release, 9, told)
    lock = release.with_name(".release.lock")
    while not (lock.exists() and lock.read_text().strip()):
        assert process.is_alive()
        time.sleep(0.005)
    with pytest.raises(BulkatlasError, match=rf"is being built by process {process.pid} on "):
        tiny_world.build_tiny(world, release, replace=True)
    process.join()
    assert process.exitcode == 0
    assert_whole(release)


def test_a_reader_is_undisturbed_by_a_build_that_replaces_what_it_reads(place):
    world, release, told = place
    reader = duckdb.connect(str(release / "curation.duckdb"), read_only=True)
    count = "SELECT count(*) FROM kept WHERE split = 'train'"
    before = reader.execute(count).fetchone()
    with (release / "compendium.h5ad").open("rb") as matrix:
        digest = hashlib.sha256(matrix.read()).hexdigest()
        process = start(world, release, 4, told)
        while process.is_alive():
            assert reader.execute(count).fetchone() == before
            time.sleep(0.05)
        assert process.exitcode == 0
        matrix.seek(0)
        assert hashlib.sha256(matrix.read()).hexdigest() == digest
    assert reader.execute(count).fetchone() == before
    reader.close()
    after = duckdb.connect(str(release / "curation.duckdb"), read_only=True)
    assert after.execute(count).fetchone() < before
    after.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no right to mount a file system here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def test_a_full_disk_is_one_clear_error_and_the_old_release_stands(tiny, small_disk, tmp_path):
    told = tmp_path / "told"
    shutil.copytree(tiny / "release", small_disk / "release")
    identity = assert_whole(small_disk / "release")
    taken = int(subprocess.run(["du", "-sk", str(small_disk)], capture_output=True, text=True, check=True).stdout.split()[0])
    for room_kb in (64, 2_000, 9_000, taken - 200):
        remount(small_disk, f"size={taken + room_kb}k")
        process = start(tiny / "world", small_disk / "release", 9, told)
        process.join()
        assert process.exitcode == 1, f"{room_kb} kB: exit code {process.exitcode}"
        assert "space" in told.read_text(), told.read_text()
        assert "\n" not in told.read_text().strip()
        assert assert_whole(small_disk / "release") == identity
        assert [path.name for path in small_disk.iterdir()] == ["release"]


def test_a_read_only_folder_is_one_clear_error(tiny, small_disk, tmp_path):
    remount(small_disk, "ro")
    told = tmp_path / "told"
    process = start(tiny / "world", small_disk / "release", 9, told)
    process.join()
    assert process.exitcode == 1
    assert "cannot be written: Read-only file system" in told.read_text()
