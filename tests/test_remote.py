"""A release behind HTTP against the same release in a folder, over a server that drops, stalls, refuses and lies."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from range_server import Behaviour, serving

import bulkatlas
from curation.audit import run_audit, run_query
from curation.database import DatabaseFault
from curation.explain import explain
from curation.export import add_by_gene
from curation.matrix.opened import COMPENDIUM
from curation.query.answer import ask
from curation.query.samples import NothingFound, select
from curation.release import read_manifest, sha256
from curation.remote import place as remote_place
from curation.remote.cache import Cached
from curation.remote.file import RangeFile
from curation.remote.place import Remote, place_of
from curation.remote.ranges import RangeFault, Web
from curation.seal import add_blocks
from profiles.blocks import BLOCK_BYTES
from profiles.fetching.download import Patience

HASTE = Patience(attempts=3, first=0.01, longest=0.05, timeout=1.0)


@pytest.fixture(scope="module")
def folder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny release with by_gene.h5."""
    place = tmp_path_factory.mktemp("remote") / "release"
    shutil.copytree(tiny / "release", place)
    add_by_gene(place)
    return place


@pytest.fixture
def server(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Behaviour]]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving(folder.parent) as (url, behaviour):
        yield f"{url}/release", behaviour


def opened(url: str) -> Remote:
    return Remote.open(url, Web(HASTE))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("tissue=liver", {}),
        ("tissue=brain|lung, source=archs4", {"exact": True}),
        ("", {"where": "age_years > 30 AND split = 'train'"}),
        ("", {"outside": True}),
    ],
)
def test_samples_are_those_of_the_folder_and_every_byte_is_counted(folder, server, query, options):
    url, behaviour = server
    place = opened(url)
    far, near = select(place, query, **options), select(folder, query, **options)
    assert far.samples.equals(near.samples) and far.n_outside == near.n_outside and len(near) > 3
    assert [n for _, n in far.conditions] == [n for _, n in near.conditions]
    assert place.traffic.n_bytes == behaviour.n_sent and place.traffic.n_requests == len(behaviour.asked)
    assert place.traffic.n_retries == 0
    before = behaviour.n_sent
    assert select(opened(url), query, **options).samples.equals(near.samples)
    assert behaviour.n_sent - before == (folder / "manifest.json").stat().st_size  # the rest lies here


@pytest.mark.parametrize(("name", "genes"), [("a.tsv", ["A1CF", "A1BG"]), ("a.h5ad", None), ("b.h5ad", ["A1CF"]), ("a.parquet", ["A1BG"])])
def test_files_are_those_of_the_folder(folder, server, tmp_path, name, genes):
    written = []
    for place in (folder, opened(server[0])):
        answer = ask(place, "tissue=liver|lung", out=tmp_path / name, genes=genes)
        answer.write(tmp_path / name)
        written.append(sha256(tmp_path / name))
    assert written[0] == written[1]


def test_one_gene_is_read_from_the_file_by_gene(server, tmp_path):
    url, behaviour = server
    ask(opened(url), "", out=tmp_path / "a.tsv", genes=["A1CF"]).write(tmp_path / "a.tsv")
    assert "by_gene.h5" in {name for name, _ in behaviour.asked}


def test_drops_stalls_and_refusals_are_outlasted(folder, server):
    url, behaviour = server
    place = opened(url)
    behaviour.refuse, behaviour.drop, behaviour.stall = [503, 429], [100, 0, 5000, 1], [0.0, 0.0, 2.5]
    assert select(place, "tissue=liver").samples.equals(select(folder, "tissue=liver").samples)
    assert place.traffic.n_retries >= 4 and behaviour.drop == [] and behaviour.stall == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"refuse": [503] * 40}, r"answered 503 .*3 tries without a new byte"),
        ({"refuse": [404]}, "answered 404"),
        ({"refuse": [403]}, "answered 403"),
        ({"stall": [2.5] * 40}, "tries without a new byte|the server sent"),
        ({"ranges": False}, "knows no ranges"),
        ({"longer": 1}, "it has changed"),
        ({"damage": {"samples.parquet"}}, "samples.parquet: bytes 0 to .* are not those that the manifest"),
        ({"damage": {"curation.duckdb"}}, "curation.duckdb: bytes .* are not those that the manifest"),
        ({"damage": {"blocks.sha256"}}, "blocks.sha256: bytes .* are not those that the manifest"),
    ],
)
def test_what_cannot_be_had_or_is_not_what_was_published_is_told(server, changes, told):
    url, behaviour = server
    for name, value in changes.items():
        setattr(behaviour, name, value)
    with pytest.raises(RangeFault, match=told):
        select(opened(url), "tissue=liver")


def test_damage_of_matrix_and_genes_is_told_through_hdf5(server, tmp_path):
    url, behaviour = server
    for name in (COMPENDIUM, "by_gene.h5"):
        behaviour.damage = {name}
        with pytest.raises(RangeFault, match=f"{name}: bytes .* are not those"):
            ask(opened(url), "", out=tmp_path / "a.tsv", genes=["A1CF"]).write(tmp_path / "a.tsv")
        assert not (tmp_path / "a.tsv").exists()


def test_what_is_kept_here_is_checked_again(folder, server):
    url, behaviour = server
    place = opened(url)
    select(place, "tissue=liver")
    kept = place.file("samples.parquet").data
    with kept.open("r+b") as file:
        file.write(b"damaged")
    asked = len(behaviour.asked)
    assert select(opened(url), "tissue=liver").samples.equals(select(folder, "tissue=liver").samples)
    assert [name for name, _ in behaviour.asked[asked:]] == ["manifest.json", "samples.parquet"]


def test_the_database_answers_from_afar_and_nothing_else_is_reached(folder, server):
    place = opened(server[0])
    assert str(explain(place, "GSM0001")) == str(explain(folder, "GSM0001"))
    assert run_audit(place, "exclusions_by_reason").rows == run_audit(folder, "exclusions_by_reason").rows
    assert run_query(place, "SELECT count(*) FROM label").rows == run_query(folder, "SELECT count(*) FROM label").rows
    with pytest.raises(NothingFound, match=r"release meets .*200"):
        select(place, "age>200")
    for file in (str(folder / "labels.parquet"), "bulkatlas://facts.parquet", f"{server[0]}/labels.parquet"):
        with pytest.raises(DatabaseFault):
            select(place, where=f"EXISTS (SELECT 1 FROM read_parquet('{file}'))")


def test_python_opens_an_address(folder, server):
    near, far = bulkatlas.open(folder), bulkatlas.open(server[0])
    assert (far.n_samples, far.n_genes, far.unit, far.build_id) == (near.n_samples, near.n_genes, near.unit, near.build_id)
    mine, theirs = far.get_anndata(tissue="liver"), near.get_anndata(tissue="liver")
    assert mine.obs.equals(theirs.obs) and mine.var.equals(theirs.var) and np.array_equal(mine.X, theirs.X, equal_nan=True)
    a, b = far.torch_dataset(split="test"), near.torch_dataset(split="test")
    assert len(a) == len(b) > 0
    assert all(np.array_equal(a[i][0], b[i][0], equal_nan=True) and a[i][1] == b[i][1] for i in range(len(a)))
    assert far.traffic is not None and far.traffic.n_bytes > 0 and near.traffic is None


def test_a_release_without_sums_of_blocks_is_refused_until_they_are_added(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    (old / "blocks.sha256").unlink()
    manifest = read_manifest(old)
    del manifest["block_sha256"]
    manifest["outputs"] = [row for row in manifest["outputs"] if row["file"] != "blocks.sha256"]
    (old / "manifest.json").write_text(json.dumps(manifest))
    with serving(tmp_path) as (url, _):
        with pytest.raises(RangeFault, match="curate export RELEASE --blocks"):
            opened(f"{url}/old")
        add_blocks(old)
        assert (old / "blocks.sha256").read_bytes() == (folder / "blocks.sha256").read_bytes()
        assert len(select(opened(f"{url}/old"), "tissue=liver")) == len(select(folder, "tissue=liver"))
        with pytest.raises(RangeFault, match="is no manifest"):
            (old / "manifest.json").write_text("[]")
            opened(f"{url}/old")
    with pytest.raises(RangeFault, match="connection failed"):
        opened(f"{url}/old")
    with pytest.raises(RangeFault, match="begins with http"):
        place_of("s3://bucket/release")


def test_hdf5_over_a_file_that_nobody_has_sums_of(server, folder, tmp_path):
    url, behaviour = server
    size = (folder / COMPENDIUM).stat().st_size
    cached = Cached(Web(HASTE), f"{url}/{COMPENDIUM}", size, tmp_path / "kept" / "x", None)
    with h5py.File(RangeFile(cached)) as far, h5py.File(folder / COMPENDIUM) as near:
        assert np.array_equal(far["X"][3:9], near["X"][3:9], equal_nan=True)
    assert 0 < behaviour.n_sent <= size + len(behaviour.asked) * BLOCK_BYTES


def test_neighbours_are_asked_for_together_and_holes_are_left(tmp_path):
    content = np.random.default_rng(0).bytes(200 * BLOCK_BYTES + 10)
    (tmp_path / "file").write_bytes(content)
    with serving(tmp_path) as (url, behaviour):
        cached = Cached(Web(HASTE), f"{url}/file", len(content), tmp_path / "kept" / "x", None)
        cached.ensure([(0, 1), (2 * BLOCK_BYTES, 2 * BLOCK_BYTES + 1), (150 * BLOCK_BYTES - 1, 150 * BLOCK_BYTES + 1)])
        assert sorted(asked for _, asked in behaviour.asked) == [
            f"bytes=0-{3 * BLOCK_BYTES - 1}",
            f"bytes={149 * BLOCK_BYTES}-{151 * BLOCK_BYTES - 1}",
        ]
        assert cached.read(len(content) - 5, len(content) + 99) == content[-5:]
        assert os.stat(cached.data).st_blocks * 512 < 20 * BLOCK_BYTES
        assert cached.read(0, len(content)) == content


def test_what_was_not_used_for_longest_makes_room(server, folder, monkeypatch):
    url, _ = server
    first = opened(url)
    select(first, "tissue=liver")
    (first.folder.parent / "mine").mkdir()
    (first.folder.parent / "mine" / "notes").write_text("not ours")
    manifest = json.loads((folder / "manifest.json").read_text())
    monkeypatch.setattr(remote_place, "MOST_KEPT", 1)
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "manifest.json").write_text(json.dumps(manifest | {"build_id": "another"}))
    opened(url.replace("/release", "/other"))
    assert not first.folder.exists() and (first.folder.parent / "mine" / "notes").exists()
