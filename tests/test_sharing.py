"""Catalogues: a version comes out as it went in or not at all, whoever is killed, writes at the same time, or lies."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from range_server import serving

from profiles import aside
from profiles.errors import BulkatlasError, NotOurs
from profiles.fetching.download import DownloadFault, Patience
from profiles.sharing import publish as publishing
from profiles.sharing.catalogue import INDEX, NoCatalogue, read_catalogue
from profiles.sharing.entry import Entry, Item, SharingFault
from profiles.sharing.publish import deprecate, publish
from profiles.sharing.pull import Pulled, arriving, bring

FORK = multiprocessing.get_context("fork")
HASTE = Patience(attempts=2, first=0.01, longest=0.02, timeout=2.0)
FILES = {"a.parquet": b"labels" * 5000, "b.txt": b"", "c d.json": b"{}"}
KINDS = ("release",)


def filling(files: dict[str, bytes], pause: Callable[[], None] = lambda: None) -> Callable[[Path], Entry]:
    def fill(draft: Path) -> Entry:
        for name, content in files.items():
            (draft / name).write_bytes(content)
            pause()
        items = tuple(Item(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items())
        return Entry("", "", "release", hashlib.sha256(repr(files).encode()).hexdigest(), 2, "bulkatlas 0", "", {"gtex": "CC0-1.0"}, items)

    return fill


def put(root: Path, wanted: str, files: dict[str, bytes] | None = None) -> bool:
    fill = filling(FILES if files is None else files)
    scratch = root.parent / f"scratch-{os.getpid()}"
    scratch.mkdir(exist_ok=True)
    mine = fill(scratch).id
    return publish(root, wanted, fill, lambda entry: entry.id == mine, scratch)[1]


def get(source: str | Path, wanted: str, out: Path, patience: Patience = HASTE) -> Pulled:
    catalogue = read_catalogue(source, patience)
    entry = catalogue.choose(wanted, KINDS)
    with arriving(out) as part:
        return bring(entry.files, lambda file: catalogue.at(entry, file), part, patience=patience)


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    put(tmp_path / "shelf", "atlas@1")
    put(tmp_path / "shelf", "atlas@2", {"a.parquet": b"newer"})
    return tmp_path / "shelf"


def test_what_is_pulled_is_what_was_published_from_folder_and_server(shelf: Path, tmp_path: Path) -> None:
    assert get(shelf, "atlas@1", tmp_path / "near") == Pulled(sum(map(len, FILES.values())), 0)
    with serving(shelf) as (url, behaviour):
        get(url, "atlas@1", tmp_path / "far")
        get(f"{url}/{INDEX}", "atlas", tmp_path / "last")
        assert [name for name, _ in behaviour.asked].count("a.parquet") == 2
    assert held(tmp_path / "near") == held(tmp_path / "far") == FILES
    assert held(tmp_path / "last") == {"a.parquet": b"newer"}
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("scratch")) == ["far", "last", "near", "shelf"]
    assert sorted(p.name for p in shelf.rglob("*")) == sorted([INDEX, "atlas", "1", "2", *FILES, "a.parquet"])


def test_what_is_published_is_never_written_over(shelf: Path, tmp_path: Path) -> None:
    before = (shelf / INDEX).read_bytes()
    assert put(shelf, "atlas@1") is False
    with pytest.raises(SharingFault, match=r"atlas@1 was published in .* never written over: give another version"):
        put(shelf, "atlas@1", {"a.parquet": b"other"})
    assert (shelf / INDEX).read_bytes() == before and held(shelf / "atlas" / "1") == FILES


@pytest.mark.parametrize(
    ("harm", "near", "far"),
    [
        (lambda path: path.write_bytes(b"x" + FILES["a.parquet"][1:]), "is damaged: its sha256 is", "sha256 is .*, published is"),
        (lambda path: path.write_bytes(FILES["a.parquet"][:-7]), "it has 29,993 bytes, 30,000 are", "29,993 bytes came, 30,000 are"),
        (lambda path: path.unlink(), "is missing, but the index lists it", "answered 404, but the index lists this file"),
    ],
)
def test_a_file_that_is_damaged_cut_or_missing_is_one_line_and_no_folder(shelf: Path, tmp_path: Path, harm, near: str, far: str) -> None:
    harm(shelf / "atlas" / "1" / "a.parquet")
    with pytest.raises(BulkatlasError, match=near) as told:
        get(shelf, "atlas@1", tmp_path / "out")
    with serving(shelf) as (url, _), pytest.raises(BulkatlasError, match=far) as also:
        get(url, "atlas@1", tmp_path / "out")
    assert "\n" not in str(told.value) + str(also.value) and not (tmp_path / "out").exists()


def test_what_is_not_there_is_named_with_what_is(shelf: Path, tmp_path: Path) -> None:
    for wanted, said in (
        ("atlass", "holds no 'atlass'; near it: atlas; it holds atlas"),
        ("atlas@3", "holds no atlas@3; its versions are 2, 1"),
        ("../atlas", "is no name"),
    ):
        with pytest.raises(SharingFault, match=said):
            get(shelf, wanted, tmp_path / "out")
    with pytest.raises(NoCatalogue, match="is no folder"):
        get(tmp_path / "nowhere", "atlas", tmp_path / "out")
    with serving(shelf) as (url, _), pytest.raises(NoCatalogue, match=r"holds no catalogue.json \(the server answers 404\)"):
        get(f"{url}/atlas", "atlas", tmp_path / "out")
    with pytest.raises(SharingFault, match="give a folder, or one that begins with http"):
        get("s3://bucket/shelf", "atlas", tmp_path / "out")
    with pytest.raises(SharingFault, match="a server is not written to"):
        put_to = "http://127.0.0.1/shelf"
        publish(put_to, "atlas@4", filling(FILES), lambda entry: False, Path("elsewhere"))


def test_a_deprecated_version_is_passed_over_and_says_why_when_named(shelf: Path) -> None:
    with pytest.raises(SharingFault, match="holds no atlas@9 that could take"):
        deprecate(shelf, "atlas@2", "tissues swapped", "atlas@9")
    deprecate(shelf, "atlas@2", "tissues swapped", "atlas@1")
    catalogue = read_catalogue(shelf)
    assert catalogue.choose("atlas", KINDS).version == "1"
    assert str(catalogue.choose("atlas@2", KINDS).deprecated) == "deprecated: tissues swapped; use atlas@1"
    deprecate(shelf, "atlas@1", "withdrawn")
    with pytest.raises(SharingFault, match=r"every version of atlas in .* is deprecated: tissues swapped; use atlas@1; atlas@2 names one"):
        read_catalogue(shelf).choose("atlas", KINDS)


def test_a_pull_that_was_cut_goes_on_in_the_middle_of_a_file(shelf: Path, tmp_path: Path) -> None:
    with serving(shelf) as (url, behaviour):
        behaviour.drop = [10**9, 20_000, 0]  # the index whole, the file cut, and again
        with pytest.raises(DownloadFault, match="run the command again to go on"):
            get(url, "atlas@1", tmp_path / "out")
        assert not (tmp_path / "out").exists()
        behaviour.asked.clear()
        get(url, "atlas@1", tmp_path / "out")
        assert behaviour.asked[1] == ("a.parquet", "bytes=20000-")
    assert held(tmp_path / "out") == FILES and not (tmp_path / "out.pulled").exists()


def test_a_pull_that_was_killed_goes_on(shelf: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with serving(shelf) as (url, behaviour):
        behaviour.stall = [0.0, 30.0]
        child = FORK.Process(target=get, args=(url, "atlas@1", out, Patience()))
        child.start()
        waiting_for(lambda: (tmp_path / "out.pulled" / "a.parquet.part").exists() and half(tmp_path / "out.pulled" / "a.parquet.part"))
        with pytest.raises(SharingFault, match=f"is being written by process {child.pid}"):
            get(url, "atlas@1", out)
        kill(child)
        assert not out.exists()
        behaviour.asked.clear()
        behaviour.stall = []
        get(url, "atlas@1", out)
        assert behaviour.asked[1] == ("a.parquet", "bytes=15000-")
    assert held(out) == FILES


def half(path: Path) -> bool:
    return path.stat().st_size == 15_000


def waiting_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def kill(child: multiprocessing.process.BaseProcess) -> None:
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()


def test_files_of_another_version_are_kept_where_they_are_the_same_and_go_where_not(shelf: Path, tmp_path: Path) -> None:
    part = tmp_path / "out.pulled"
    part.mkdir()
    aside.put_mark(part)
    (part / "a.parquet").write_bytes(FILES["a.parquet"])
    (part / "c d.json").write_bytes(b"[]")
    (part / "old.h5ad").write_bytes(b"of another version")
    assert get(shelf, "atlas@1", tmp_path / "out").n_there == len(FILES["a.parquet"])
    assert held(tmp_path / "out") == FILES


def test_what_is_not_ours_is_left_alone(shelf: Path, tmp_path: Path) -> None:
    for name in ("out", "out.pulled"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("1")
        with pytest.raises(BulkatlasError, match=r"exists; choose another|left alone: move it away"):
            get(shelf, "atlas@1", tmp_path / "out")
        assert held(tmp_path / name) == {"mine": b"1"}
        (tmp_path / name / "mine").unlink()
        (tmp_path / name).rmdir()
    (shelf / "atlas" / "3").mkdir()
    (shelf / "atlas" / "3" / "mine").write_text("1")
    with pytest.raises(NotOurs, match="left alone"):
        put(shelf, "atlas@3")
    assert held(shelf / "atlas" / "3") == {"mine": b"1"}


def slow_publish(root: Path, wanted: str, stop: str) -> None:
    """Publish, and stand still or end at a moment."""
    if stop == "files":
        publish(root, wanted, filling(FILES, lambda: time.sleep(60)), lambda entry: False, Path("elsewhere"))
    else:
        publishing._index = lambda *_, **__: os._exit(9)  # type: ignore[assignment]
        publish(root, wanted, filling(FILES), lambda entry: False, Path("elsewhere"))


@pytest.mark.parametrize("stop", ["files", "index"])
def test_a_publisher_that_was_killed_leaves_nothing_that_is_read_and_the_next_one_goes_on(shelf: Path, stop: str) -> None:
    before = (shelf / INDEX).read_bytes()
    child = FORK.Process(target=slow_publish, args=(shelf, "atlas@3", stop))
    child.start()
    if stop == "files":
        waiting_for(lambda: bool(list((shelf / "atlas").glob(".bulkatlas-*/3/a.parquet"))))
        with pytest.raises(SharingFault, match=f"atlas@3 is being published by process {child.pid}"):
            put(shelf, "atlas@3")
        kill(child)
    child.join()
    assert (shelf / INDEX).read_bytes() == before
    assert put(shelf, "atlas@3") is True
    assert held(shelf / "atlas" / "3") == FILES
    assert sorted(path.name for path in (shelf / "atlas").iterdir()) == ["1", "2", "3"]


def test_a_mark_that_a_killed_publisher_left_on_what_is_published_goes(shelf: Path) -> None:
    aside.put_mark(shelf / "atlas" / "1")
    put(shelf, "atlas@3")
    assert held(shelf / "atlas" / "1") == FILES


def race(root: Path, wanted: str, content: bytes, told: Path) -> None:
    """Publish with a pause between reading and writing the index, in which another one would get in."""
    parse = publishing.parse_catalogue
    publishing.parse_catalogue = lambda *given: (time.sleep(0.03), parse(*given))[1]  # type: ignore[assignment]
    try:
        put(root, wanted, {"a.parquet": content})
    except SharingFault as fault:
        told.write_text(str(fault))


def test_publishers_at_the_same_time_all_get_in_and_one_name_is_given_once(shelf: Path, tmp_path: Path) -> None:
    wanted = [*(f"lab{i}@1" for i in range(6)), "shared@1", "shared@1"]
    children = [FORK.Process(target=race, args=(shelf, name, str(i).encode(), tmp_path / f"told{i}")) for i, name in enumerate(wanted)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert sorted(map(str, read_catalogue(shelf).entries)) == sorted({"atlas@1", "atlas@2", *wanted})
    assert [path.name for path in tmp_path.glob("told*")][:2] in (["told6"], ["told7"])
    (entry,) = (entry for entry in read_catalogue(shelf).entries if entry.name == "shared")
    assert hashlib.sha256((shelf / "shared/1/a.parquet").read_bytes()).hexdigest() == entry.files[0].sha256


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda index: index.update(schema_version=2), "is of schema version 2, this program reads up to 1; install a newer bulkatlas"),
        (lambda index: index.update(format="intake"), "is no index of a catalogue"),
        (lambda index: index["entries"][0].update(name=".."), "whose name cannot be"),
        (lambda index: index["entries"][0].update(kind="wheel"), "kind is 'wheel'"),
        (lambda index: index["entries"][0].update(about="a\nb"), "with a text that holds what"),
        (lambda index: index["entries"][0].update(published="\x1b[31m"), "with a text that holds what"),
        (lambda index: index["entries"][0]["licences"].update(gtex=["CC0"]), "with a text that holds what"),
        (lambda index: index["entries"][0]["files"][0].update(file="../../x"), "leads into another folder"),
        (lambda index: index["entries"][0]["files"][0].update(bytes=-1), "no size or sha256"),
        (lambda index: index["entries"][0]["files"][0].update(sha256="0"), "no size or sha256"),
        (lambda index: index["entries"][0].update(files=index["entries"][0]["files"] * 2), "or one twice"),
        (lambda index: index["entries"].append(index["entries"][0]), "lists one version twice"),
        (lambda index: index["entries"][0].update(deprecated={"reason": 3}), "deprecation reason is 3"),
    ],
)
def test_an_index_of_somebody_else_is_read_with_care(shelf: Path, change, said: str) -> None:
    index = json.loads((shelf / INDEX).read_text())
    change(index)
    (shelf / INDEX).write_text(json.dumps(index))
    with pytest.raises(SharingFault, match=said) as told:
        read_catalogue(shelf)
    assert "\n" not in str(told.value)
    with pytest.raises(SharingFault, match=said):  # nor is it written over
        put(shelf, "atlas@3")
    assert json.loads((shelf / INDEX).read_text()) == index


def test_what_a_later_program_adds_to_an_entry_stays(shelf: Path) -> None:
    index = json.loads((shelf / INDEX).read_text())
    index["entries"][0]["doi"] = "10.1/x"
    (shelf / INDEX).write_text(json.dumps(index))
    put(shelf, "atlas@3")
    assert json.loads((shelf / INDEX).read_text())["entries"][0]["doi"] == "10.1/x"
