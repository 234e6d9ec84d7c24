"""A part of an ARCHS4 file behind HTTP: the same X as from the whole file, every byte counted, over a server that drops, stalls, refuses and lies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from range_server import Behaviour, serving
from sources_world import archs4_samples, values, write_archs4
from tiny_world import build_tiny
from typer.testing import CliRunner

from curation.build import RunOptions, build
from curation.cli import app
from curation.config import BuildConfig
from curation.database import reading
from curation.excerpt import archive as archive_module
from curation.excerpt import index as index_module
from curation.excerpt import store as store_module
from curation.excerpt.ahead import ReadsAhead
from curation.excerpt.archive import Archive
from curation.excerpt.decide import fetch_for_build, fetch_samples, read_ids
from curation.excerpt.index import Index, TooDear, Wanted
from curation.excerpt.requests import plan
from curation.hdf5.chunks import chunk_table
from curation.hdf5.layout import GatherFault
from curation.progress import Progress
from curation.remote.cache import Cached
from curation.remote.ranges import RangeFault, Web
from curation.sources import open_source
from profiles.fetching.download import Patience

HASTE = Patience(attempts=4, first=0.01, longest=0.05, timeout=1.0)
NAME = "human_gene_v2.5.h5"
N_GENES, N_SAMPLES = 4000, 300
WANTED = np.array([0, 3, 4, 5, 77, 150, 298, 299])


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    return np.random.default_rng(3).negative_binomial(2, 0.01, (N_GENES, N_SAMPLES)).astype(np.uint32)


@pytest.fixture(scope="module")
def large(counts: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `tall` and one `wide` with a file whose chunks are large beside what lies between them, and that holds more than is read."""
    folder = tmp_path_factory.mktemp("large")
    samples = archs4_samples(N_SAMPLES, extract_protocol_ch1=["never read here " * 20] * N_SAMPLES)
    for name, chunks in (("tall", (2000, 1)), ("wide", (500, 4))):
        write_archs4(folder / name / NAME, counts, symbols=[f"G{i}" for i in range(N_GENES)], samples=samples, chunks=chunks)
    return folder


@pytest.fixture
def server(large: Path) -> Iterator[tuple[str, Behaviour]]:
    with serving(large) as found:
        yield found


def ids(rows: np.ndarray) -> set[str]:
    return {f"GSM{i}" for i in rows}


def test_a_build_from_an_address_has_the_x_of_one_from_the_whole_file(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny / "world" / "gtex", tmp_path / "input" / "gtex")
    config, options = BuildConfig(cap=10, unit="cpm"), RunOptions(threads=1, ontology=tiny / "ontology")
    with serving(tiny / "world" / "archs4") as (url, behaviour):
        moved = fetch_for_build(f"{url}/{NAME}", tmp_path / "input", config, options, Progress(), patience=HASTE, anyway=True)
        assert behaviour.n_sent == sum(one.n_bytes for one in (moved.metadata, moved.index, moved.chunks))
        assert len(behaviour.asked) == sum(one.n_requests for one in (moved.metadata, moved.index, moved.chunks))
    part = build_tiny(tmp_path / "input", tmp_path / "part", ontology=tiny / "ontology")
    with h5py.File(tiny / "release/compendium.h5ad") as one, h5py.File(tmp_path / "part/compendium.h5ad") as other:
        assert one["X"][:].tobytes() == other["X"][:].tobytes()
        names = one["obs/sample_id"][:].tolist()
        assert names == other["obs/sample_id"][:].tolist()
    n_kept = sum(name.startswith(b"GSM") for name in names)
    assert moved.n_chunks == n_kept < 71  # one chunk a sample: 60 genes
    assert any(f"{n_kept} samples of http" in note for note in part.notes)
    with h5py.File(tmp_path / "input/archs4" / NAME) as file:
        missing = [row for row, name in enumerate(file["meta/samples/geo_accession"][:].tolist()) if name not in names]
        assert len(missing) == 72 - n_kept
    with pytest.raises(GatherFault, match="were never written"):
        next(iter(open_source("archs4", tmp_path / "input/archs4").matrices()[0].blocks(np.array(missing[:1]))))


def chunks_of(path: Path, sample_ids: set[str]) -> int:
    """Bytes of the chunks of these samples, as the library tells them."""
    with h5py.File(path) as file:
        names, data = file["meta/samples/geo_accession"].asstr()[:].tolist(), file["data/expression"]
        columns = {names.index(name) // data.chunks[1] for name in sample_ids}
        sizes: dict[int, int] = {}

        def add(chunk) -> None:  # type: ignore[no-untyped-def]
            column = chunk.chunk_offset[1] // data.chunks[1]
            sizes[column] = sizes.get(column, 0) + chunk.size

        data.id.chunk_iter(add)
        return sum(sizes[column] for column in columns)


def kept_of(database: Path) -> set[str]:
    with reading(database) as con:
        return {name for (name,) in con.execute("SELECT sample_id FROM kept WHERE source = 'archs4'").fetchall()}


def test_a_build_with_a_larger_cap_fetches_only_what_is_new_and_takes_over_its_labels(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny / "world" / "gtex", tmp_path / "input" / "gtex")
    options, whole = RunOptions(threads=1, ontology=tiny / "ontology"), tiny / "world/archs4" / NAME
    kept, moved = [], []
    with serving(tiny / "world" / "archs4") as (url, behaviour):
        for cap in (1, 10):
            decided = tmp_path / f"decided{cap}"
            decided.mkdir()
            config, behaviour.drop, behaviour.stall = BuildConfig(cap=cap, unit="cpm"), [100, 0], [2.5]
            sent = behaviour.n_sent
            moved.append(
                fetch_for_build(
                    f"{url}/{NAME}", tmp_path / "input", config, options, Progress(), patience=HASTE, anyway=True, decided=decided
                )
            )
            kept.append(kept_of(decided / "decided.duckdb"))
            assert behaviour.n_sent - sent >= sum(one.n_bytes for one in (moved[-1].metadata, moved[-1].index, moved[-1].chunks))
            assert not behaviour.drop and not behaviour.stall
        asked = len(behaviour.asked)
        again = fetch_for_build(f"{url}/{NAME}", tmp_path / "input", config, options, Progress(), patience=HASTE, anyway=True)
        assert len(behaviour.asked) - asked == 1 and again.n_reused == chunks_of(whole, kept[1])  # its size is asked for, and nothing else
    first, second = moved
    assert kept[0] < kept[1] and second.n_reused == first.n_chunk_bytes == chunks_of(whole, kept[0])
    assert second.n_chunk_bytes == chunks_of(whole, kept[1] - kept[0]) and second.metadata.n_bytes < first.metadata.n_bytes / 20
    assert "inflated and taken over" in " ".join(second.lines())
    stages = Progress()
    report = build(tmp_path / "input", tmp_path / "part", config, replace(options, decided=tmp_path / "decided10"), stages)
    assert "labels" not in [stage.name for stage in stages.stages]
    other = build(tmp_path / "input", tmp_path / "other", config, replace(options, decided=tmp_path / "decided1"), stages)
    assert "labels" in [stage.name for stage in stages.stages] and other.build_id == report.build_id  # of another cap: decided anew
    with h5py.File(tiny / "release/compendium.h5ad") as one, h5py.File(tmp_path / "part/compendium.h5ad") as part:
        assert one["X"][:].tobytes() == part["X"][:].tobytes()
    assert contents(tmp_path / "part/curation.duckdb") == contents(tmp_path / "other/curation.duckdb")


def contents(database: Path) -> dict[str, list[str]]:
    """Every table and view of a database, its rows in order; but when it was made."""
    with reading(database) as con:
        names = [name for (name,) in con.execute("SELECT table_name FROM information_schema.tables ORDER BY ALL").fetchall()]
        return {name: sorted(str(row) for row in con.execute(f'FROM "{name}"').fetchall()) for name in names}


def test_a_chunk_that_was_damaged_on_the_disk_is_fetched_again(server, counts: np.ndarray, tmp_path: Path) -> None:
    url = f"{server[0]}/tall/{NAME}"
    path, _, first = fetch_samples(url, tmp_path, ids(WANTED), Progress(), patience=HASTE, anyway=True)
    with h5py.File(path) as file:
        damaged = file["data/expression"].id.get_chunk_info_by_coord((0, 2))
    with path.open("r+b") as raw:
        raw.seek(damaged.byte_offset + damaged.size // 2)
        raw.write(b"????")
    _, n, moved = fetch_samples(url, tmp_path, {"GSM0", "GSM200"}, Progress(), patience=HASTE, anyway=True)
    rows = np.union1d(WANTED, [200])
    assert n == len(rows) and moved.n_reused < first.n_chunk_bytes and 0 < moved.n_chunk_bytes < first.n_chunk_bytes
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["data/expression"][:], counts[:, rows])
        assert file["meta/samples/geo_accession"].asstr()[:].tolist() == [f"GSM{i}" for i in rows]


@pytest.mark.parametrize("layout", ["tall", "wide"])
def test_the_smaller_file_holds_the_samples_as_the_whole_one_does(
    large: Path, server, counts: np.ndarray, tmp_path: Path, layout: str
) -> None:
    url, behaviour = server
    path, n, moved = fetch_samples(f"{url}/{layout}/{NAME}", tmp_path / "archs4", ids(WANTED), Progress(), patience=HASTE, anyway=True)
    expected = WANTED if layout == "tall" else np.unique(WANTED // 4)[:, None] * 4 + np.arange(4)
    rows = np.unique(expected)
    assert n == len(rows)
    source = open_source("archs4", path.parent)
    names = [row for batch in source.samples() for row in batch.column("sample_id").to_pylist()]
    assert names == [f"GSM{i}" for i in rows]
    np.testing.assert_array_equal(values(source.matrices()[0]), counts.T[rows])
    with h5py.File(path) as small, h5py.File(large / layout / NAME) as file:
        np.testing.assert_array_equal(small["data/expression"][:], file["data/expression"][:, rows])
        assert small["data/expression"].chunks == file["data/expression"].chunks and small["data/expression"].compression == "gzip"
        assert small["meta/samples/title"].asstr()[:].tolist() == file["meta/samples/title"].asstr()[:][rows].tolist()
        assert small["meta/genes/symbol"][:].tolist() == file["meta/genes/symbol"][:].tolist()
        with_chunks = chunk_table(
            file["data/expression"], large / layout / NAME, np.unique(WANTED // small["data/expression"].chunks[1]), 1
        )
    assert moved.n_chunk_bytes == with_chunks.n_bytes.sum()
    assert moved.chunks.n_bytes <= 1.3 * moved.n_chunk_bytes
    assert behaviour.n_sent == sum(one.n_bytes for one in (moved.metadata, moved.index, moved.chunks))
    assert [p.name for p in path.parent.iterdir()] == [NAME]


def test_drops_stalls_and_refusals_are_outlasted(server, counts: np.ndarray, tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.refuse, behaviour.drop, behaviour.stall = [503, 429], [100, 0, 5000, 1], [0.0, 0.0, 2.5]
    path, _, moved = fetch_samples(f"{url}/tall/{NAME}", tmp_path, ids(WANTED), Progress(), patience=HASTE, anyway=True)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["data/expression"][:], counts[:, WANTED])
    assert sum(one.n_retries for one in (moved.metadata, moved.index, moved.chunks)) >= 3
    assert not behaviour.refuse and not behaviour.drop and not behaviour.stall


def stopped(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_requests: int) -> str:
    """A fetch that lost its server after `n_requests` for chunks."""
    url, behaviour = server
    monkeypatch.setattr(store_module, "GAP", 0)
    monkeypatch.setattr(archive_module, "CONNECTIONS", 1)
    bring, n = store_module.Store._bring, 0

    def failing(self: store_module.Store, request: int) -> bytes:
        nonlocal n
        n += 1
        if n > n_requests:
            behaviour.refuse = [503] * 4
        return bring(self, request)

    monkeypatch.setattr(store_module.Store, "_bring", failing)
    with pytest.raises(RangeFault, match="answered 503"):
        fetch_samples(f"{url}/tall/{NAME}", tmp_path, ids(WANTED), Progress(), patience=HASTE, anyway=True)
    monkeypatch.setattr(store_module.Store, "_bring", bring)
    behaviour.refuse = []
    return f"{url}/tall/{NAME}"


@pytest.mark.parametrize("harm", ["none", "chunks", "journal"])
def test_a_stopped_fetch_goes_on_with_what_is_whole(server, counts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    url = stopped(server, tmp_path, monkeypatch, 3)
    (work,) = (p.parent for p in tmp_path.glob(f".{NAME}.excerpt/*/chunks"))
    if harm == "chunks":
        with (work / "chunks").open("r+b") as file:
            file.write(b"????")
    if harm == "journal":
        with (work / "chunks.journal").open("ab") as file:
            file.write(b"cut")
    path, _, moved = fetch_samples(url, tmp_path, ids(WANTED), Progress(), patience=HASTE, anyway=True)
    assert moved.metadata.n_bytes < 2000  # of the earlier run
    assert 0 < moved.n_held < moved.n_chunk_bytes
    assert moved.chunks.n_bytes == moved.n_chunk_bytes - moved.n_held
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["data/expression"][:], counts[:, WANTED])


def test_a_file_that_was_exchanged_meanwhile_is_not_mixed(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server[1].etag = '"one"'
    url = stopped(server, tmp_path, monkeypatch, 3)
    server[1].etag = '"two"'
    _, _, moved = fetch_samples(url, tmp_path / "other", ids(WANTED), Progress(), patience=HASTE, anyway=True)
    _, _, again = fetch_samples(url, tmp_path, ids(WANTED), Progress(), patience=HASTE, anyway=True)
    assert again.n_held == 0 and again.metadata.n_bytes == moved.metadata.n_bytes
    with Archive.open(url, tmp_path / "third", patience=HASTE) as archive:
        server[1].etag = '"three"'
        with pytest.raises(RangeFault, match="has changed on the server while it was read"):
            archive.rows_of({"GSM1"})


def test_a_chunk_that_comes_damaged_twice_is_told(server, tmp_path: Path) -> None:
    url, behaviour = server
    with Archive.open(f"{url}/tall/{NAME}", tmp_path, patience=HASTE, anyway=True) as archive:
        metadata, found = archive.metadata(WANTED, tmp_path / "m", Progress()), archive.locate(WANTED, Progress())
        behaviour.damage = {NAME}
        with pytest.raises(RangeFault, match="cannot be decompressed, asked for twice"):
            archive.fetch(metadata, found, has_all=False, progress=Progress())
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize(
    ("address", "wanted", "told"),
    [
        ("tall/nothing.h5", {"GSM1"}, "answered 404"),
        ("tall/file.txt", {"GSM1"}, "does not end in .h5"),
        (f"tall/{NAME}", {"GSM1", "GSM999", "SRR1"}, "2 of 3 samples are not in .* first: GSM999, SRR1"),
    ],
)
def test_what_cannot_be_fetched_is_told(server, tmp_path: Path, address: str, wanted: set[str], told: str) -> None:
    with pytest.raises(RangeFault, match=told):
        fetch_samples(f"{server[0]}/{address}", tmp_path, wanted, Progress(), patience=HASTE, anyway=True)


def test_what_is_no_archive_is_told(large: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.h5").write_bytes(b"<html>nothing here</html>" * 10)
    with h5py.File(tmp_path / "in" / "b.h5", "w") as file:
        file["x"] = [1]
    with serving(tmp_path / "in") as (url, _):
        for name, told in (("a.h5", "cannot be read as HDF5"), ("b.h5", "is no ARCHS4 v2 gene file")):
            with pytest.raises(Exception, match=told):
                fetch_samples(f"{url}/{name}", tmp_path, {"GSM1"}, Progress(), patience=HASTE, anyway=True)


def test_nothing_of_somebody_else_is_built_from_or_replaced(server, tmp_path: Path) -> None:
    (tmp_path / "archs4").mkdir()
    (tmp_path / "archs4" / "mouse.h5").write_bytes(b"x")
    with pytest.raises(RangeFault, match=r"holds mouse\.h5 already"):
        fetch_for_build(f"{server[0]}/tall/{NAME}", tmp_path, BuildConfig(), RunOptions(), Progress(), patience=HASTE, anyway=True)
    (tmp_path / NAME).write_bytes(b"x")
    with pytest.raises(RangeFault, match="is there already"):
        fetch_samples(f"{server[0]}/tall/{NAME}", tmp_path, {"GSM1"}, Progress(), patience=HASTE, anyway=True)
    assert (tmp_path / NAME).read_bytes() == b"x"


@pytest.mark.parametrize("kind", ["in order", "in disorder", "latest"])
def test_the_index_names_the_chunks_that_the_library_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """40,000 chunks of one value: three levels; of few columns few nodes are read, of all of them all."""
    monkeypatch.setattr(index_module, "BATCH_NODES", 300)
    n_rows, n_columns = 10, 4000
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", libver=("latest", "latest") if kind == "latest" else None) as file:
        data = file.create_dataset("data", (n_rows, n_columns), np.uint32, chunks=(1, 1), compression="gzip")
        places = np.arange(n_rows * n_columns)
        for place in np.random.default_rng(0).permutation(places) if kind == "in disorder" else places:
            data.id.write_direct_chunk((place // n_columns, place % n_columns), b"x" * (1 + place % 7), int(place % 3 == 0))
    expected: dict[int, tuple[int, int, int]] = {}
    with h5py.File(path) as file:
        file["data"].id.chunk_iter(
            lambda c: expected.__setitem__(c.chunk_offset[0] * n_columns + c.chunk_offset[1], (c.byte_offset, c.size, c.filter_mask))
        )
    traffic = []
    with serving(tmp_path) as (url, _):
        for number, columns in enumerate((np.array([7]), np.array([0, 1, 2000, 3999]), np.arange(n_columns))):
            web, folder = Web(HASTE), tmp_path / f"state{number}"
            folder.mkdir()
            cached = Cached(web, f"{url}/file.h5", path.stat().st_size, folder / "blocks", None)
            raw = ReadsAhead(cached)
            with h5py.File(raw, "r") as file:
                nodes = Web(HASTE)
                found = Index(file["data"], raw, nodes, cached.url, folder).find(Wanted(n_rows, n_columns, columns))
            cached.close()
            web.close()
            nodes.close()
            traffic.append(nodes.traffic.n_bytes)
            for i, column in enumerate(columns):
                for row in range(n_rows):
                    three = (found.offset[i, row], found.n_bytes[i, row], found.mask[i, row])
                    assert three == expected[row * n_columns + column]
    if kind != "latest":
        assert traffic[0] < traffic[2] / 5


def test_where_the_whole_file_takes_less_time_that_is_told(server, tmp_path: Path) -> None:
    url = f"{server[0]}/tall/{NAME}"
    with pytest.raises(TooDear, match=r"the chunks would take .*, longer than the whole file of [0-9,]+ bytes; fetch the whole"):
        fetch_samples(url, tmp_path / "all", ids(np.arange(0, N_SAMPLES, 2)), Progress(), patience=HASTE)
    fetch_samples(url, tmp_path / "few", {"GSM1", "GSM2"}, Progress(), patience=HASTE)
    with Archive.open(url, tmp_path / "index", patience=HASTE) as archive, archive.opened(archive.web) as (file, raw):
        index = Index(file["data/expression"], raw, archive.index_web, url, tmp_path, 10.0)
        with pytest.raises(TooDear, match=r"the chunk index alone would take .* longer than the whole file .*; fetch the whole"):
            archive._found(index, Wanted(2, N_SAMPLES, WANTED))


def test_requests_join_what_lies_close_within_the_surplus() -> None:
    offset, n_bytes = np.array([0, 100, 250, 1000, 9000]), np.array([100, 100, 100, 100, 100])
    asked = plan(offset, n_bytes, surplus=0.2, gap=700)
    assert (asked.start.tolist(), asked.stop.tolist()) == ([0, 1000, 9000], [350, 1100, 9100])
    assert plan(offset, n_bytes, surplus=0.0, gap=700).start.tolist() == [0, 250, 1000, 9000]
    assert plan(offset, n_bytes, surplus=9.0, gap=700).start.tolist() == [0, 9000]
    assert plan(offset, n_bytes, surplus=9.0, gap=10_000, most=500).start.tolist() == [0, 1000, 9000]
    draw = np.random.default_rng(1)
    offset = np.sort(draw.choice(10**6, 2000, replace=False)) * 50
    for surplus in (0.0, 0.25, 1.0):
        asked = plan(offset, np.full(2000, 50), surplus=surplus, gap=1 << 16)
        assert asked.n_bytes <= (1 + surplus) * 50 * 2000
        assert asked.first.tolist() == [0, *asked.last[:-1].tolist()] and asked.last[-1] == 2000
        assert all(asked.start <= offset[asked.first]) and all(asked.stop == offset[asked.last - 1] + 50)


def test_samples_are_named_by_a_release_or_a_list(tiny: Path, tmp_path: Path) -> None:
    with h5py.File(tiny / "release/compendium.h5ad") as file:
        kept = {name.decode() for name in file["obs/sample_id"][:] if name.startswith(b"GSM")}
    assert read_ids(str(tiny / "release")) == read_ids(str(tiny / "release/curation.duckdb")) == kept
    (tmp_path / "ids.tsv").write_text("geo_accession\ttitle\nGSM1\tx\n\nGSM2\ty\n")
    assert read_ids(str(tmp_path / "ids.tsv")) == {"GSM1", "GSM2"}
    for content in ("", "sample_id\n"):
        (tmp_path / "none").write_text(content)
        with pytest.raises(RangeFault, match="names no sample"):
            read_ids(str(tmp_path / "none"))
    with pytest.raises(RangeFault, match="cannot be read"):
        read_ids(str(tmp_path / "missing"))


def test_the_commands_fetch_and_say_what_was_moved(tiny: Path, tmp_path: Path) -> None:
    run = CliRunner()
    with serving(tiny / "world" / "archs4") as (url, _):
        (tmp_path / "table.tsv").write_text(
            f"source\tvariant\trelease\tfile\turl\tn_bytes\tchecksum\tkind\tnote\narchs4\th5\t1\t{NAME}\t{url}/{NAME}\t\t\tfile\t\n"
        )
        (tmp_path / "ids").write_text("GSM0003\nGSM0004\n")
        fetch = f"fetch archs4 --samples-of {tmp_path}/ids --table {tmp_path}/table.tsv --out {tmp_path}/a --by-ranges".split()
        said = run.invoke(app, fetch, catch_exceptions=False).output
        assert "2 samples" in said and "chunk index: " in said and "for 2 chunks of" in said
        build = (
            f"build --input archs4={url}/{NAME} --out {tmp_path}/release --ontology {tiny}/ontology --cap 2 --unit cpm --by-ranges".split()
        )
        said = run.invoke(app, [*build, "--dry-run"], catch_exceptions=False).output
        assert "would fetch" in said and not (tmp_path / "release").exists() and not (tmp_path / "release-input/archs4" / NAME).exists()
        said = run.invoke(app, build, catch_exceptions=False).output
        assert (tmp_path / "release/manifest.json").exists() and "times the chunks" in said
        about = json.loads((tmp_path / "release/manifest.json").read_text())
        assert any(NAME in row["file"] for row in about["inputs"])
