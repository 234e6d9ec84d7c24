"""What does not carry our own mark is neither deleted nor replaced, and is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_world

from curation import exchange
from curation.export import CannotExport, export
from curation.mark import MARK, NotOurs, discard, put_mark, refuse_overlap
from curation.release import CannotWrite, staging, write_manifest


def photos(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "wedding.jpg").write_text("the only copy")
    return folder / "wedding.jpg"


def write_release(out: Path, text: str, *, replace: bool = False) -> None:
    with staging(out, replace=replace) as part:
        (part / "data").write_text(text)
        write_manifest(part, {"build_id": text})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("content", [None, "{", "{}", '{"outputs": [], "schema_version": 1}', '{"name": "a web app"}'])
def test_replace_refuses_what_is_no_release(tmp_path: Path, content: str | None) -> None:
    mine = photos(tmp_path / "out")
    if content is not None:
        (tmp_path / "out" / "manifest.json").write_text(content)
    with pytest.raises(NotOurs, match=r"out holds no manifest\.json of `curate build`"):
        write_release(tmp_path / "out", "new", replace=True)
    assert mine.read_text() == "the only copy"
    assert names(tmp_path) == {"out"}


def test_replace_refuses_a_release_that_holds_somebodys_work(tmp_path: Path) -> None:
    write_release(tmp_path / "out", "old")
    mine = photos(tmp_path / "out" / "run")
    with pytest.raises(NotOurs, match=r"holds 1 files that are not in its manifest\.json \(run/wedding\.jpg\)"):
        write_release(tmp_path / "out", "new", replace=True)
    assert mine.exists()
    shutil.rmtree(mine.parent)
    write_release(tmp_path / "out", "new", replace=True)
    assert (tmp_path / "out" / "data").read_text() == "new"


def test_work_that_arrives_during_the_build_is_not_replaced_either(tmp_path: Path) -> None:
    write_release(tmp_path / "out", "old")
    with (
        pytest.raises(CannotWrite, match=r"the new release is whole.*wedding\.jpg.*kept as .*out\.partial"),
        staging(tmp_path / "out", replace=True) as part,
    ):
        (part / "data").write_text("new")
        write_manifest(part, {"build_id": "new"})
        mine = photos(tmp_path / "out" / "run")
    assert mine.exists()
    assert (tmp_path / "out.partial" / "data").read_text() == "new"


@pytest.mark.parametrize("resume", [False, True])
def test_a_neighbour_called_partial_is_left_alone(tmp_path: Path, resume: bool) -> None:
    mine = photos(tmp_path / "out.partial")
    with pytest.raises(NotOurs, match=r"out\.partial .*left alone"), staging(tmp_path / "out", resume=resume):
        pass
    assert mine.exists()
    assert names(tmp_path) == {"out.partial"}


def test_marked_work_of_a_killed_build_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    mine = photos(tmp_path / "mine")
    left = tmp_path / "out.partial"
    left.mkdir()
    put_mark(left)
    (left / "link").symlink_to(mine.parent, target_is_directory=True)
    write_release(tmp_path / "out", "new")
    assert mine.exists()
    left.symlink_to(mine.parent, target_is_directory=True)
    with pytest.raises(NotOurs, match="is no folder"):
        discard(left)
    assert mine.exists()


def test_a_deletion_that_is_cut_short_can_be_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_release(tmp_path / "out", "old")

    def die(self: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "rmdir", die)
        (tmp_path / "out" / "more").mkdir()
        patched.setattr(shutil, "rmtree", die)
        discard(tmp_path / "out")
    assert (tmp_path / "out").exists()
    discard(tmp_path / "out")
    assert names(tmp_path) == set()


def test_a_foreign_lock_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".out.lock").write_text("npm")
    with pytest.raises(NotOurs, match="where the lock goes"):
        write_release(tmp_path / "out", "new")
    assert (tmp_path / ".out.lock").read_text() == "npm"


def test_a_link_for_out_is_resolved(tmp_path: Path) -> None:
    write_release(tmp_path / "real", "old")
    (tmp_path / "out").symlink_to(tmp_path / "real", target_is_directory=True)
    write_release(tmp_path / "out", "new", replace=True)
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / "data").read_text() == "new"
    assert names(tmp_path) == {"real", "out"}


@pytest.mark.parametrize("out", ["world", "world/release", "world/../world/archs4/x", ".", "link/release"])
def test_out_in_or_around_the_input_is_refused(tmp_path: Path, out: str) -> None:
    mine = photos(tmp_path / "world" / "archs4")
    (tmp_path / "link").symlink_to(tmp_path / "world", target_is_directory=True)
    with pytest.raises(NotOurs, match="which is read; choose a folder beside it"):
        tiny_world.build_tiny(tmp_path / "world", tmp_path / out, replace=True)
    assert mine.exists()
    refuse_overlap(tmp_path / "world2", [tmp_path / "world"])


def test_an_export_leaves_its_neighbours_alone_and_clears_away_what_a_killed_one_left(tiny: Path, tmp_path: Path) -> None:
    mine = photos(tmp_path / "out.partial")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, of_another = tmp_path / f".bulkatlas-{ended.pid}-abcd1234", tmp_path / f".bulkatlas-{ended.pid}-efgh5678"
    left.mkdir()
    put_mark(left)
    (left / MARK).write_text((left / MARK).read_text().replace(f"process {os.getpid()} ", f"process {ended.pid} "))
    (left / "out").write_text("half of it")
    of_another.mkdir()
    (of_another / "photo.jpg").write_text("no mark: not ours, whatever it is called")
    export(tiny / "release", tmp_path / "out", "h5ad")
    assert mine.exists()
    assert names(tmp_path) == {"out", "out.partial", of_another.name}
    with pytest.raises(CannotExport, match="exists"):
        export(tiny / "release", tmp_path / "out", "h5ad")


def test_what_stands_between_two_renames_gets_its_place_back(tmp_path: Path) -> None:
    write_release(tmp_path / "out", "old")
    os.rename(tmp_path / "out", tmp_path / "out.replaced")  # killed here
    exchange.mend(tmp_path / "out")
    assert (tmp_path / "out" / "data").read_text() == "old"
    shutil.copytree(tmp_path / "out", tmp_path / "out.replaced")  # killed after the second rename
    write_release(tmp_path / "out", "new", replace=True)
    assert names(tmp_path) == {"out"}
    photos(tmp_path / "out.replaced")
    with pytest.raises(NotOurs, match=r"out\.replaced"):
        write_release(tmp_path / "out", "newer", replace=True)
    assert MARK not in names(tmp_path / "out")
