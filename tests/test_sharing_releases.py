"""Releases that travel: what arrives is the release, labels without expression answer what they can, and a catalogue answers as one."""

from __future__ import annotations

import filecmp
import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import query_world
from range_server import serving
from typer.testing import CliRunner

import bulkatlas
from curation.cli import app
from curation.database import connect
from curation.diff import diff
from curation.explain import explain
from curation.query.across import Question, ask_all
from curation.query.answer import ask
from curation.query.output import CannotWriteAnswer
from curation.query.samples import NothingFound, select
from curation.query.terms import UnknownName
from curation.release import BadRelease, NoExpression
from curation.seal import release_id
from curation.sharing import publish_release, pull_release
from curation.validate import NotValid, validate
from modelling.data import Compendium, CompendiumError
from profiles.sharing.catalogue import INDEX, read_catalogue
from profiles.sharing.entry import Entry, Item, SharingFault
from profiles.sharing.publish import deprecate, publish


@pytest.fixture(scope="module")
def shelf(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with the tiny release, and its labels."""
    folder = tmp_path_factory.mktemp("shelf") / "shelf"
    publish_release(tiny / "release", str(folder), "tiny@1")
    publish_release(tiny / "release", str(folder), "tiny-labels@1", labels_only=True)
    return folder


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def same(one: Path, other: Path) -> bool:
    names = sorted(path.name for path in one.iterdir())
    return names == sorted(path.name for path in other.iterdir()) and not any(filecmp.cmpfiles(one, other, names, shallow=False)[1:])


def test_a_release_arrives_byte_for_byte_by_its_name_and_by_its_address(tiny: Path, shelf: Path, tmp_path: Path) -> None:
    known = release_id(tiny / "release")
    with serving(shelf) as (url, _):
        entry, pulled = pull_release(url, "tiny", tmp_path / "named", expect=known)
        pull_release(f"{url}/tiny/1/", "", tmp_path / "lone", expect=known)
        with pytest.raises(SharingFault, match=f"its id is {known}, not {'0' * 64}"):
            pull_release(f"{url}/tiny/1", "", tmp_path / "other", expect="0" * 64)
        with pytest.raises(SharingFault, match=r"is a catalogue; say which release of it is wanted: tiny@1, tiny-labels@1"):
            pull_release(url, "", tmp_path / "other")
        with pytest.raises(SharingFault, match=r"holds no release and no catalogue \(the server answers 404\)"):
            pull_release(f"{url}/nowhere", "", tmp_path / "other")
    assert same(tiny / "release", tmp_path / "named") and same(tiny / "release", tmp_path / "lone")
    assert (str(entry), entry.id, pulled.n_bytes) == ("tiny@1", known, entry.bytes)
    assert entry.licences == {"archs4": "NOASSERTION", "gtex": "LicenseRef-GTEx-open-access"}
    assert not (tmp_path / "other").exists()


def test_what_is_not_the_release_that_its_manifest_states_is_not_published(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny / "release", tmp_path / "release"))
    (folder / "funnel.md").write_text("more")
    for labels_only in (False, True):
        with pytest.raises(
            SharingFault, match=r"funnel.md is not the file that its manifest.json lists it; see `curate validate .*nothing was published"
        ):
            publish_release(folder, str(tmp_path / "shelf"), "a@1", labels_only=labels_only)
    assert not (tmp_path / "shelf").exists()
    with pytest.raises(SharingFault, match=r"lies in .*, which is to be published"):
        publish_release(tiny / "release", str(tiny / "release/shelf"), "a@1")
    assert not (tiny / "release/shelf").exists()
    with pytest.raises(SharingFault, match="says no version; give NAME@VERSION"):
        publish_release(tiny / "release", str(tmp_path / "shelf"), "a")


def test_an_index_that_names_other_files_than_the_manifest_is_refused(shelf: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shelf, tmp_path / "shelf"))
    index = json.loads((folder / INDEX).read_text())
    index["entries"][0]["files"] = [row for row in index["entries"][0]["files"] if row["file"] != "labels.parquet"]
    (folder / INDEX).write_text(json.dumps(index))
    with pytest.raises(SharingFault, match=r"index and manifest.json disagree about 1 files \(first: labels.parquet\)"):
        pull_release(str(folder), "tiny", tmp_path / "out")
    index["entries"][1]["schema_version"] = 3
    (folder / INDEX).write_text(json.dumps(index))
    with pytest.raises(
        SharingFault, match=r"tiny-labels@1 of .* is of schema version 3, this program reads up to 2; install a newer bulkatlas"
    ):
        pull_release(str(folder), "tiny-labels", tmp_path / "out")


def test_labels_answer_as_the_whole_release_does_and_hold_no_expression(tiny: Path, shelf: Path) -> None:
    whole, labels = tiny / "release", shelf / "tiny-labels" / "1"
    names = {path.name for path in labels.iterdir()}
    assert not [name for name in names if name.endswith((".h5ad", ".h5")) or "compendium" in name]
    for query in ("tissue=liver", "source=gtex, tissue=brain|lung"):
        assert select(labels, query).samples.equals(select(whole, query).samples)
    assert explain(labels, "GSM0001") == explain(whole, "GSM0001")
    findings = validate(labels)
    assert [f for f in findings if not f.is_good] == [] and len(findings) > 10
    assert release_id(labels) != release_id(whole) == json.loads((labels / "manifest.json").read_text())["labels_of"]


def test_labels_are_made_again_from_the_sources(tiny: Path, shelf: Path) -> None:
    from curation.build import open_sources

    found = validate(shelf / "tiny-labels" / "1", open_sources(tiny / "world"), tiny / "world", ontology=tiny / "ontology")
    assert [f for f in found if not f.is_good] == []
    assert found[-1].question == "the tables come again from the sources" and "tables made again, 0 differ" in found[-1].answer


def test_expression_of_labels_is_one_clear_error_near_and_far(tiny: Path, shelf: Path, tmp_path: Path, cached: None) -> None:
    with serving(shelf) as (url, _):
        for place in (str(shelf / "tiny-labels" / "1"), f"{url}/tiny-labels/1"):
            atlas = bulkatlas.open(place)
            assert (atlas.n_samples, atlas.n_genes, atlas.unit) == (bulkatlas.open(tiny / "release").n_samples, 0, "")
            assert len(atlas.samples(tissue="liver")) == len(select(tiny / "release", "tissue=liver"))
            for asked in (
                lambda atlas=atlas: atlas.get_anndata(tissue="liver"),
                lambda atlas=atlas: ask(atlas.place, "", out=tmp_path / "a.h5ad"),
            ):
                with pytest.raises(
                    NoExpression, match=rf"holds labels and no expression; .* has the id {release_id(tiny / 'release')}: pull that one"
                ):
                    asked()


def test_a_release_of_a_later_schema_is_one_line_everywhere(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny / "release", tmp_path / "release"))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 3}))
    with h5py.File(folder / "compendium.h5ad", "r+") as file:
        file["uns/schema_version"][()] = np.int64(3)
    said = "is of schema version 3, this program reads up to 2; install a newer bulkatlas$"
    for ask_it in (
        lambda: bulkatlas.open(folder),
        lambda: select(folder, "tissue=liver"),
        lambda: explain(folder, "GSM0001"),
        lambda: diff(tiny / "release", folder),
        lambda: validate(folder),
        lambda: publish_release(folder, str(tmp_path / "shelf"), "a@1"),
    ):
        with pytest.raises(BadRelease, match=said):
            ask_it()
    with pytest.raises(CompendiumError, match=said):
        Compendium.open(folder / "compendium.h5ad")


def test_a_release_of_schema_1_is_explained_and_compared(tiny: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(tiny / "release", tmp_path / "old"))
    con = connect(old / "curation.duckdb")
    for kind, name in (("VIEW", "exported_label"), ("VIEW", "exported_fact"), ("TABLE", "fact"), ("TABLE", "sample_fact")):
        con.execute(f"DROP {kind} IF EXISTS {name}")
    con.execute("UPDATE label SET tissue = 'lung' WHERE sample_id = 'GSM0001'")
    con.close()
    manifest = json.loads((old / "manifest.json").read_text())
    (old / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 1}))
    life = explain(old, "GSM0001")
    assert (life.facts, life.notes) == ([], ["the release was built by schema 1, which read no facts"])
    assert "the release was built by schema 1, which read no facts" in str(life)
    found = diff(old, tiny / "release")
    assert [(row[0], row[-1]) for row in found.changes.rows] == [
        ("GSM0001", "weights, fields or cell lines of the ontology folder (or the program: schema version 1 -> 2)")
    ]
    assert ("schema_version", 1, 2) in found.parameters
    (old / "funnel.md").write_text("other")
    said = r"is of schema version 1, this program validates version 2; of its files \d+ of \d+ have the checksum of its manifest.json \(.*'funnel.md'"
    with pytest.raises(NotValid, match=said) as told:
        validate(old)
    assert "\n" not in str(told.value)


def world(folder: Path, root: Path, wanted: str, *changes: str, facts: bool = True) -> None:
    """Publish the hand-made database of query_world with some changes."""
    query_world.write(folder, facts=facts)
    con = connect(folder / "curation.duckdb")
    for change in changes:
        con.execute(change)
    con.close()

    def fill(draft: Path) -> Entry:
        shutil.copyfile(folder / "curation.duckdb", draft / "curation.duckdb")
        return Entry("", "", "release", wanted, 2, "bulkatlas 0", "", {}, (Item("curation.duckdb", 1, "0" * 64),))

    publish(root, wanted, fill, lambda entry: False, folder)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """first@1 (older), first@2, second@1: S4 is liver in first, brain in second; S3 is in second's matrix only; S9 of a person's table is in both."""
    root = tmp_path_factory.mktemp("three") / "shelf"
    own = (
        "INSERT INTO sample VALUES ('S9', 'table', NULL, 't', NULL, NULL)",
        f"INSERT INTO label VALUES ('S9', 'brain', '{query_world.BRAIN}', NULL, 'title')",
        "INSERT INTO split VALUES ('S9', 'train')",
        "INSERT INTO sample_group VALUES ('S9', 'S9')",
        f"INSERT INTO kept VALUES ('S9', 9, 'brain', '{query_world.BRAIN}')",
    )
    world(root.parent / "a", root, "first@1")
    world(root.parent / "b", root, "first@2", "DELETE FROM kept WHERE sample_id = 'S3'", *own)
    brain = f"tissue = 'brain', term_id = '{query_world.BRAIN}' WHERE sample_id = 'S4'"
    world(root.parent / "c", root, "second@1", f"UPDATE kept SET {brain}", f"UPDATE label SET {brain}", *own)
    return root


def asked(root: Path, query: str, **options: bool) -> tuple[list[tuple[str, str, str]], list[str], int]:
    found = ask_all(read_catalogue(root), Question(query, **options)).found
    rows = found.samples.select(["sample_id", "release", "also_in"]).to_pylist()
    return sorted(tuple(row.values()) for row in rows), found.notes, found.n_outside


def test_a_catalogue_answers_with_each_sample_once(three: Path) -> None:
    rows, notes, n_outside = asked(three, "tissue=brain")
    assert rows == [
        ("S1", "second@1", "first@2"),
        ("S2", "second@1", "first@2"),
        ("S3", "second@1", "first@2"),
        ("S4", "second@1", ""),  # first calls it liver
        ("S9", "first@2", ""),
        ("S9", "second@1", ""),
    ]
    assert n_outside == 0
    assert "older versions of 2 names are left out: first@1" in notes
    assert any(note.startswith("3 samples stand in several releases and are counted once") for note in notes)
    assert any(note.startswith("1 ids of people's own tables stand in several releases; they are kept apart") for note in notes)


def test_another_tissue_in_another_release_is_counted_and_rows_outside_are_counted_once(three: Path) -> None:
    rows, notes, n_outside = asked(three, "")
    assert len(rows) == 6 + 2 and n_outside == 1  # S5 is in no matrix
    assert any("1 of them have another tissue elsewhere" in note for note in notes)
    assert len(asked(three, "", outside=True)[0]) == 9
    assert ("S4", "first@2", "") in asked(three, "tissue=liver")[0]


def test_what_is_deprecated_or_cannot_be_read_is_said_and_not_asked(three: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(three, tmp_path / "shelf"))
    deprecate(root, "second@1", "tissues swapped")
    (root / "first/1/curation.duckdb").unlink()
    rows, notes, _ = asked(root, "tissue=brain")
    assert {release for _, release, _ in rows} == {"first@2"}
    assert "second@1 is left out: deprecated: tissues swapped" in notes
    deprecate(root, "first@2", "also")
    with pytest.raises(NothingFound, match=r"no release of .* can be read: .*first@1 is left out: .* no DuckDB database"):
        asked(root, "tissue=brain")
    deprecate(root, "first@1", "all of it")
    with pytest.raises(NothingFound, match="holds no release that is not deprecated"):
        asked(root, "tissue=brain")


def test_a_word_that_no_release_knows_and_what_a_catalogue_cannot_give_are_errors(three: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="near it: brain"):
        asked(three, "tissue=brian")
    with pytest.raises(NothingFound, match="no sample"):
        asked(three, "tissue=liver, source=tcga")
    for options in ({"out": tmp_path / "a.h5ad"}, {"has_genes": True}):
        with pytest.raises(CannotWriteAnswer, match="expression comes of one release"):
            ask_all(read_catalogue(three), Question("tissue=brain"), **options)
    with pytest.raises(BadRelease, match="is a catalogue; give one of the releases in it"):
        bulkatlas.open(three)


def test_on_the_command_line_from_publishing_to_an_answer_over_http(tiny: Path, tmp_path: Path, cached: None) -> None:
    def run(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        return re.sub(r"\s+", " ", result.output)

    root = tmp_path / "shelf"
    assert "a@1 published: 72 samples of archs4, gtex, and 24 outside the matrix; 13 files" in run(
        "publish", tiny / "release", root, "--as", "a@1"
    )
    assert "note: no licence is stated for archs4; see CITATION.txt" in run("publish", tiny / "release", root, "--as", "a@1")
    assert "nothing was changed" in run("publish", tiny / "release", root, "--as", "a@1")
    run("publish", tiny / "release", root, "--as", "b@1", "--labels-only")
    assert "a@1 is deprecated: too small; use b" in run("deprecate", root, "a@1", "--reason", "too small", "--successor", "b")
    with serving(root) as (url, behaviour):
        listed = json.loads(CliRunner().invoke(app, ["releases", url, "--format", "json"]).stdout)
        assert [(row["name"], row["kind"], row["deprecated"]) for row in listed] == [
            ("a@1", "release", "deprecated: too small; use b"),
            ("b@1", "labels", ""),
        ]
        told = run("query", url, "tissue=liver", "--by", "release")
        assert "a@1 is left out: deprecated: too small; use b" in told and "release b@1 15" in told and "moved " in told
        out = run("pull", url, "a@1", "--out", tmp_path / "out")
        assert "all as published" in out and "note: a@1 is deprecated: too small; use b" in out
        assert behaviour.n_sent > 0
    assert same(tiny / "release", tmp_path / "out")
