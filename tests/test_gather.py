"""The gather against h5py's own reading, for every way in which a matrix may lie in its file, and for every way in which it may be damaged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curation.hdf5.gather
from curation.hdf5.chunks import ChunkIndexFault, _by_library, chunk_table
from curation.hdf5.gather import Gather, gather
from curation.hdf5.layout import GatherFault, Layout

N_GENES, N_SAMPLES = 530, 47
ROWS = np.array([0, 3, 4, 5, 20, 21, 39, 46])

LAYOUTS: dict[str, dict[str, Any]] = {
    "tall": {"chunks": (200, 1), "compression": "gzip"},
    "square": {"chunks": (20, 20), "compression": "gzip", "compression_opts": 1},
    "wide": {"chunks": (13, 47), "compression": "gzip"},
    "shuffled": {"chunks": (200, 7), "compression": "gzip", "shuffle": True},
    "shuffled only": {"chunks": (200, 7), "shuffle": True},
    "uncompressed chunks": {"chunks": (50, 10)},
    "contiguous": {},
    "lzf, through the library": {"chunks": (100, 10), "compression": "lzf"},
    "fletcher32, through the library": {"chunks": (100, 10), "compression": "gzip", "fletcher32": True},
}


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    return np.random.default_rng(0).negative_binomial(1, 0.01, (N_GENES, N_SAMPLES)).astype(np.uint32)


def write(path: Path, values: np.ndarray, **options: Any) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("data/expression", data=values, **options)
    return path


def read(path: Path, rows: np.ndarray = ROWS, n_genes: int = N_GENES) -> np.ndarray:
    result = np.full((rows.size, n_genes), np.nan, np.float32)
    for positions, values in gather(path, "data/expression", rows, n_genes=n_genes):
        result[positions] = values
    return result


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["uint32", "int16", "float32", "float64", ">u4"])
def test_every_layout_reads_as_h5py_reads_it(tmp_path: Path, counts: np.ndarray, layout: str, dtype: str) -> None:
    path = write(tmp_path / "a.h5", counts.astype(dtype), **LAYOUTS[layout])
    np.testing.assert_array_equal(read(path), counts[:, ROWS].T)


@pytest.mark.parametrize("layout", ["tall", "shuffled", "contiguous"])
def test_samples_on_the_first_axis(tmp_path: Path, counts: np.ndarray, layout: str) -> None:
    options = dict(LAYOUTS[layout])
    if "chunks" in options:
        options["chunks"] = options["chunks"][::-1]
    path = write(tmp_path / "a.h5", counts.T.copy(), **options)
    np.testing.assert_array_equal(read(path), counts[:, ROWS].T)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_shape_chunk_axis_filter_and_choice_of_samples(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    n_genes, n_samples = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    shape = (n_genes, n_samples) if data.draw(st.booleans()) or n_genes == n_samples else (n_samples, n_genes)
    options: dict[str, Any] = {}
    if data.draw(st.booleans()):
        options["chunks"] = tuple(data.draw(st.integers(1, length)) for length in shape)
        options["shuffle"] = data.draw(st.booleans())
        options["compression"] = data.draw(st.sampled_from([None, "gzip", "lzf"]))
    values = (
        np.random.default_rng(data.draw(st.integers(0, 9)))
        .poisson(3, shape)
        .astype(data.draw(st.sampled_from(["u1", "u4", "i8", "f4", ">i2"])))
    )
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, n_samples - 1), min_size=1))))
    path = write(tmp_path_factory.mktemp("any") / "a.h5", values, **options)
    by_sample = values.T if shape[0] == n_genes else values
    np.testing.assert_array_equal(read(path, rows, n_genes), by_sample[rows])


def test_a_file_in_the_latest_format_is_read_and_one_with_unwritten_chunks_refused(tmp_path: Path, counts: np.ndarray) -> None:
    with h5py.File(tmp_path / "latest.h5", "w", libver="latest") as file:
        file.create_dataset("data/expression", data=counts, chunks=(200, 1), compression="gzip")
    np.testing.assert_array_equal(read(tmp_path / "latest.h5"), counts[:, ROWS].T)
    with h5py.File(tmp_path / "holes.h5", "w") as file:
        data = file.create_dataset("data/expression", counts.shape, "u4", chunks=(200, 5), compression="gzip")
        data[:200, 20:25] = counts[:200, 20:25]
    with pytest.raises(GatherFault, match=r"never written|written in part"):
        read(tmp_path / "holes.h5")


@pytest.mark.parametrize("shape", [(1, 1), (7, 3)])
def test_the_chunk_index_read_from_the_file_is_the_librarys(tmp_path: Path, shape: tuple[int, int]) -> None:
    """(1, 1) makes 10,000 chunks: a tree of several levels."""
    path = write(tmp_path / "a.h5", np.arange(10_000, dtype="u4").reshape(100, 100), chunks=shape, compression="gzip")
    columns = np.unique(np.array([0, 5, 31, 99]) // shape[1])
    with h5py.File(path) as file:
        data = file["data/expression"]
        ours = chunk_table(data, path, columns, 1)
        slot = np.full(-(-100 // shape[1]), -1)
        slot[columns] = np.arange(columns.size)
        theirs = _by_library(data, slot, 1, np.full_like(ours.offset, -1), np.zeros_like(ours.n_bytes))
    np.testing.assert_array_equal(ours.offset, theirs.offset)
    np.testing.assert_array_equal(ours.n_bytes, theirs.n_bytes)


def test_genes_that_share_a_target_are_summed_and_the_total_counts_all(tmp_path: Path, counts: np.ndarray) -> None:
    target = np.random.default_rng(1).integers(-1, 40, N_GENES)
    path = write(tmp_path / "a.h5", counts, **LAYOUTS["square"])
    with Gather(Layout.of(path, "data/expression", n_genes=N_GENES), ROWS, target=target, n_columns=40) as work:
        sums, total = work.read(np.arange(ROWS.size))
    expected = np.stack([counts[target == k][:, ROWS].sum(axis=0, dtype=np.uint64) for k in range(40)], axis=1)
    np.testing.assert_array_equal(sums, expected)
    np.testing.assert_array_equal(total, counts[:, ROWS].sum(axis=0, dtype=np.uint64))


def test_the_system_is_asked_for_every_wanted_chunk_and_no_other(
    tmp_path: Path, counts: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def note(descriptor: int, offset: int, n_bytes: int, advice: int) -> None:
        if advice == os.POSIX_FADV_WILLNEED:
            asked.append((offset, offset + n_bytes))

    monkeypatch.setattr(os, "posix_fadvise", note)
    monkeypatch.setattr("curation.hdf5.gather.NEAR", 0)
    path = write(tmp_path / "tall.h5", counts, chunks=(50, 1), compression="gzip")
    read(path)
    with h5py.File(path) as file:
        chunks: list[Any] = []
        file["data/expression"].id.chunk_iter(chunks.append)
    wanted = {byte for c in chunks if c.chunk_offset[1] in ROWS for byte in range(c.byte_offset, c.byte_offset + c.size)}
    assert {byte for start, stop in asked for byte in range(start, stop)} == wanted


def test_sums_do_not_overflow_uint32(tmp_path: Path) -> None:
    values = np.full((3, 2), 4_000_000_000, np.uint32)
    path = write(tmp_path / "a.h5", values, chunks=(3, 1), compression="gzip")
    with Gather(Layout.of(path, "data/expression", n_genes=3), np.array([0, 1]), target=np.array([0, 0, 0])) as work:
        sums, _ = work.read(np.array([0, 1]))
    assert sums.ravel().tolist() == [12_000_000_000.0, 12_000_000_000.0]


def test_shards_cut_no_chunk_and_hold_bounded_memory(tmp_path: Path, counts: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.h5", counts, **LAYOUTS["square"])
    layout, rows = Layout.of(path, "data/expression", n_genes=N_GENES), np.arange(N_SAMPLES)
    with Gather(layout, rows) as work:
        assert [s.tolist() for s in work.shards(10)] == [list(range(20)), list(range(20, 40)), list(range(40, 47))]
        assert np.concatenate(work.shards(1)).tolist() == rows.tolist()
    monkeypatch.setattr(curation.hdf5.gather, "BLOCK_BYTES", 8 * N_GENES * 8)  # 8 rows of float64
    with Gather(layout, rows) as work:
        sizes = [s.size for s in work.shards(10)]
    assert max(sizes) == 8
    assert sum(sizes) == N_SAMPLES
    np.testing.assert_array_equal(read(path), counts[:, ROWS].T)


def chunk_place(path: Path, sample: int) -> tuple[int, int]:
    with h5py.File(path) as file:
        info = file["data/expression"].id.get_chunk_info_by_coord((0, sample))
    return info.byte_offset, info.size


def test_a_corrupt_chunk_names_file_dataset_and_sample(tmp_path: Path, counts: np.ndarray) -> None:
    path = write(tmp_path / "a.h5", counts, **LAYOUTS["tall"])
    offset, size = chunk_place(path, 20)
    with path.open("r+b") as file:
        file.seek(offset + size // 2)
        file.write(b"\xff" * 8)
    layout = Layout.of(path, "data/expression", n_genes=N_GENES)
    with (
        Gather(layout, ROWS, names=[f"GSM{r}" for r in ROWS]) as work,
        pytest.raises(GatherFault, match=r"a\.h5, data/expression, sample GSM20:.*corrupt"),
    ):
        work.read(np.arange(ROWS.size))
    with Gather(layout, np.array([0, 3])) as work:  # samples in other chunks are still read
        np.testing.assert_array_equal(work.read(np.array([0, 1]))[0], counts[:, [0, 3]].T)


def test_a_file_cut_short_after_it_was_opened(tmp_path: Path, counts: np.ndarray) -> None:
    path = write(tmp_path / "a.h5", counts, **LAYOUTS["tall"])
    with Gather(Layout.of(path, "data/expression", n_genes=N_GENES), ROWS) as work:
        offset, size = chunk_place(path, 46)
        with path.open("r+b") as file:
            file.truncate(offset + size // 2)
        with pytest.raises(GatherFault, match="ends inside the chunk"):
            work.read(np.arange(ROWS.size))


def test_a_damaged_index_is_an_error_and_no_zeros(tmp_path: Path, counts: np.ndarray) -> None:
    path = write(tmp_path / "a.h5", counts, **LAYOUTS["tall"])
    data = bytearray(path.read_bytes())
    nodes = [i for i in range(len(data) - 5) if data[i : i + 5] == b"TREE\x01"]
    data[nodes[-1] : nodes[-1] + 4] = b"XXXX"
    path.write_bytes(data)
    with pytest.raises((ChunkIndexFault, GatherFault)):
        read(path)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("layout", ["tall", "lzf, through the library"])
def test_negative_and_missing_values_stop_the_gather(tmp_path: Path, counts: np.ndarray, layout: str, value: float) -> None:
    values = counts.astype("f4")
    values[100, 4] = value
    path = write(tmp_path / "a.h5", values, **LAYOUTS[layout])
    with pytest.raises(GatherFault, match=r"sample row 4: a negative or missing"):
        read(path)


def test_what_is_no_expression_matrix(tmp_path: Path, counts: np.ndarray) -> None:
    path = write(tmp_path / "a.h5", counts)
    with pytest.raises(GatherFault, match="with 531 genes"):
        Layout.of(path, "data/expression", n_genes=531)
    with pytest.raises(GatherFault, match="has no dataset"):
        Layout.of(path, "data/none", n_genes=530)
    with pytest.raises(GatherFault, match="47 samples"):
        Gather(Layout.of(path, "data/expression", n_genes=530), np.array([47]))
    (tmp_path / "page.h5").write_text("<html>")
    with pytest.raises(GatherFault, match="cannot be opened as HDF5"):
        Layout.of(tmp_path / "page.h5", "data/expression", n_genes=530)
