"""The export: every value against loops written by hand, the file in the hands of other libraries, and what must stop it."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import anndata
import h5py
import matrix_world
import numpy as np
import pyarrow as pa
import pytest
from matrix_world import World

from curation.config import BuildConfig
from curation.errors import CurationError
from curation.matrix.assembly import Assembly
from curation.matrix.compendium import CannotWriteMatrix, matrix_offset, open_matrix
from curation.matrix.normalise import UnitMix, outliers
from curation.matrix.plan import plan_export
from curation.matrix.recompute import NotAsTheSource
from curation.matrix.scaler import Moments, varies
from curation.matrix.shards import MatrixFault
from curation.progress import Progress


@pytest.fixture
def world(tmp_path: Path) -> World:
    return matrix_world.make(tmp_path)


def check_values(world: World, data: Any, expected: dict[str, dict[str, float]]) -> None:
    assert list(data.obs_names) == world.kept["sample_id"].to_pylist()
    wanted = np.array([[expected[s].get(g, np.nan) for g in data.var_names] for s in data.obs_names])
    np.testing.assert_allclose(data.X, wanted, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("genes", ["shared", "union"])
def test_every_value_is_that_of_a_loop(world: World, genes: str) -> None:
    report = world.write(config=BuildConfig(genes=genes))  # type: ignore[arg-type]
    data = anndata.read_h5ad(report.path)
    assert list(data.var_names) == sorted(world.symbols if genes == "union" else world.symbols[20:])
    check_values(world, data, matrix_world.expected(world, genes=genes))
    assert data.uns["unit"] == "log2(TPM+1)"
    assert np.isnan(data.X).any() == (genes == "union")


def test_without_lengths_counts_become_cpm_and_tpm_are_refused(world: World) -> None:
    with pytest.raises(UnitMix, match=r"gtex/tpm\.tsv"):
        world.write(config=BuildConfig(unit="cpm"))
    expected = matrix_world.expected(world, genes="union", unit="cpm")
    del world.sources["gtex"]
    world.kept = world.kept.filter(pa.array([s == "archs4" for s in world.kept["source"].to_pylist()]))
    report = world.write(config=BuildConfig(unit="cpm"))
    data = anndata.read_h5ad(report.path)
    assert data.uns["unit"] == "log2(CPM+1)"
    check_values(world, data, expected)


def test_genes_without_a_length_leave_with_a_reason(world: World) -> None:
    from profiles.genes import load_genes

    table = load_genes()
    without = next(s for s, bp in zip(table.symbol, table.length_bp, strict=True) if np.isnan(bp))
    source = world.sources["archs4"].matrix
    ids = dataclasses.replace(source.genes, symbol=(*source.genes.symbol[:-1], without))
    world.sources["archs4"].matrix = dataclasses.replace(source, genes=ids)
    report = world.write(config=BuildConfig(genes="union"))
    row = next(r for r in report.ledger.to_pylist() if r["input_symbol"] == without)
    assert not row["is_exported"]
    assert row["not_exported_because"] == "no length is known, and counts have to become TPM"
    assert any("1 genes were left out of the matrix because no length" in note for note in report.notes)


def test_the_ledger_says_what_became_of_every_input_gene(world: World) -> None:
    ledger = world.write().ledger.to_pylist()
    assert len(ledger) == (matrix_world.N_GENES + 2) + (matrix_world.N_GENES - 20)
    because = {(r["source"], r["input_symbol"]): r["not_exported_because"] for r in ledger}
    assert because["archs4", world.symbols[0]] == "not measured by gtex/tpm.tsv"
    assert because["archs4", "NOT_A_GENE"] == "no gene of HGNC"
    assert because["gtex", world.symbols[20]] is None


def test_obs_var_and_uns(world: World) -> None:
    report = world.write()
    data = anndata.read_h5ad(report.path)
    counts = world.sources["archs4"].matrix.values
    row = data.obs.loc["S5"]
    assert row["library_size"] == counts[5].sum()  # all genes of the file, exported or not
    used = {s: counts[5][i] for i, s in enumerate(world.symbols)}
    used[world.symbols[3]] += counts[5][matrix_world.N_GENES]
    detected = sum(used[g] > 0 for g in data.var_names)
    assert row["n_genes_detected"] == detected
    assert row["fraction_zero"] == pytest.approx(1 - detected / data.n_vars)
    assert np.isnan(data.obs.loc["S70"]["library_size"])  # TPM have no library size
    train = np.asarray(data.X)[(data.obs["split"] == "train").to_numpy()].astype(float)
    np.testing.assert_allclose(data.var["train_mean"], train.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(data.var["train_std"], train.std(axis=0), rtol=1e-5, atol=1e-7)
    assert (data.var["kept"] == (data.var["train_std"] >= 0.1)).all()
    assert data.obs["is_tumour"].isna().sum() == matrix_world.N_COUNTS
    assert (data.obs["tissue"].astype(str) == world.kept["tissue"].to_pylist()).all()
    assert data.uns["simulated"]
    assert report.quality.num_rows == 90


def test_other_libraries_open_it(world: World) -> None:
    import scanpy

    report = world.write()
    backed = anndata.read_h5ad(report.path, backed="r")
    assert backed.X[:3, :4].shape == (3, 4)
    backed.file.close()
    data = scanpy.read_h5ad(report.path)
    scanpy.pp.highly_variable_genes(data, n_top_genes=20)
    assert data.var["highly_variable"].sum() == 20
    with h5py.File(report.path) as file:
        assert file["X"].chunks is None
        assert file["X"].compression is None
        np.testing.assert_array_equal(file["X"][:], open_matrix(report.path))
    offset, shape = matrix_offset(report.path)
    raw = np.fromfile(report.path, np.float32, count=shape[0] * shape[1], offset=offset).reshape(shape)
    np.testing.assert_array_equal(raw, data.X)
    assert offset == report.offset


def test_the_same_input_gives_the_same_bytes_on_any_number_of_threads(world: World) -> None:
    first = world.write("a.h5ad", threads=1).path.read_bytes()
    assert world.write("b.h5ad", threads=3).path.read_bytes() == first


def test_nothing_but_the_compendium_and_its_checksums_is_left(world: World) -> None:
    progress = Progress()
    world.write(progress=progress)
    assert sorted(p.name for p in world.folder.iterdir()) == ["compendium.checksums.tsv", "compendium.h5ad", "counts.h5"]
    assert [s.name for s in progress.stages] == ["genes", "matrix", "compendium", "matrix read back", "matrix against sources"]


def replace_column(world: World, name: str, change: dict[str, Any]) -> None:
    values = world.kept[name].to_pylist()
    for sample, value in change.items():
        values[world.kept["sample_id"].to_pylist().index(sample)] = value
    at = world.kept.schema.get_field_index(name)
    world.kept = world.kept.set_column(at, name, pa.array(values, world.kept.schema.field(name).type))


FAULTS: dict[str, tuple[Any, str]] = {
    "duplicate sample id": (lambda w: replace_column(w, "sample_id", {"S7": "S8"}), "1 sample ids occur more than once.*S8"),
    "row outside the matrix": (lambda w: replace_column(w, "matrix_row", {"S7": 60}), "S7.*60 samples; metadata and matrix disagree"),
    "row used twice": (lambda w: replace_column(w, "matrix_row", {"S7": 8}), "same row 8"),
    "no such matrix": (lambda w: replace_column(w, "matrix_file", {"S7": "other.h5"}), "archs4/other.h5"),
    "negative value": (lambda w: set_tpm(w, 3, 5, -1.0), r"gtex/tpm\.tsv: 1 negative.*sample S63, gene 6 "),
    "missing value": (lambda w: set_tpm(w, 3, 5, np.nan), "first nan in sample S63"),
    "fewer genes than names": (lambda w: cut_tpm(w), "270 genes came for 280 gene names"),
    "sample not given": (lambda w: lose_samples(w), "came 0 times instead of once"),
    "sample ids of the matrix are others": (lambda w: name_rows(w), "stand at rows of other samples"),
}


def set_tpm(world: World, sample: int, gene: int, value: float) -> None:
    world.sources["gtex"].matrix.values[sample, gene] = value


def cut_tpm(world: World) -> None:
    matrix = world.sources["gtex"].matrix
    world.sources["gtex"].matrix = dataclasses.replace(matrix, values=matrix.values[:, :-10])


def lose_samples(world: World) -> None:
    class Forgetful(matrix_world.ArrayMatrix):
        def blocks(self, rows: np.ndarray) -> Any:
            yield from list(super().blocks(rows))[1:]

    matrix = world.sources["gtex"].matrix
    world.sources["gtex"].matrix = Forgetful(matrix.file, matrix.genes, matrix.unit, matrix.values)


def name_rows(world: World) -> None:
    class Named(matrix_world.ArrayMatrix):
        sample_ids = tuple(f"S{60 + (i + 1) % 30}" for i in range(30))

    matrix = world.sources["gtex"].matrix
    world.sources["gtex"].matrix = Named(matrix.file, matrix.genes, matrix.unit, matrix.values)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_the_export_and_leaves_nothing(world: World, fault: str) -> None:
    plant, message = FAULTS[fault]
    plant(world)
    before = sorted(world.folder.iterdir())
    with pytest.raises(MatrixFault, match=message):
        world.write()
    assert sorted(world.folder.iterdir()) == before


def test_a_sample_without_counts_is_kept_flagged_and_zero(world: World) -> None:
    world.sources["gtex"].matrix.values[4] = 0
    data = anndata.read_h5ad(world.write().path)
    assert (data["S64"].X == 0).all()
    assert data.obs["is_outlier"]["S64"]


def test_a_source_that_changes_during_the_export_is_found(world: World) -> None:
    with h5py.File(world.sources["archs4"].matrix.path, "r+") as file:  # what the export reads is not what the reader says
        file["data/expression"][:, :] += 1
    with pytest.raises(NotAsTheSource, match="archs4, sample S"):
        world.write()
    assert not (world.folder / "compendium.h5ad").exists()


def test_rows_that_are_not_read_back_as_written(world: World) -> None:
    plan = plan_export(world.kept, world.sources, BuildConfig())
    work = Assembly(world.folder / "c.h5ad", plan, resume=False)
    from curation.matrix.cluster import executor

    with executor(None, 1) as pool:
        work.run(pool, lambda n: None, is_remote=False)
    with work.partial.open("r+b") as file:
        file.seek(work.offset + 4 * plan.n_genes * 17 + 40)
        file.write(b"\x01")
    with pytest.raises(MatrixFault, match="1 rows were not read back as they were written, first row 17"):
        work.seal(np.ones(90, bool), lambda moments: None, lambda n: None)


KILLED = """
    import os, signal, sys
    sys.path.insert(0, {tests!r})
    import matrix_world
    from pathlib import Path
    import curation.matrix.shards, curation.matrix.write

    world = matrix_world.make(Path({folder!r}))
    save, left = curation.matrix.shards.save_records, [{shards}]

    def save_and_die(path, records):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        save(path, records)

    curation.matrix.shards.save_records = save_and_die
    curation.hdf5.gather.SHARD_ROWS = 8
    world.write(threads=1)
"""


@pytest.mark.parametrize("shards", [0, 4])
def test_a_killed_export_leaves_no_compendium_and_resume_finishes_it(world: World, shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    code = textwrap.dedent(KILLED.format(tests=str(Path(__file__).parent), folder=str(world.folder), shards=shards))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (world.folder / "compendium.h5ad").exists()
    partial = world.folder / "compendium.h5ad.partial"
    with h5py.File(partial) as file:
        assert "X" not in file
        assert "obs" not in file
    monkeypatch.setattr("curation.hdf5.gather.SHARD_ROWS", 8)
    report = world.write(resume=True)
    taken_over = [note for note in report.notes if "taken over" in note]
    assert bool(taken_over) == (shards > 0)
    assert report.path.read_bytes() == world.write("whole.h5ad").path.read_bytes()


def test_resume_with_another_plan_begins_again(world: World) -> None:
    plan = plan_export(world.kept, world.sources, BuildConfig())
    Assembly(world.folder / "compendium.h5ad", plan, resume=False)
    report = world.write(resume=True, config=BuildConfig(genes="union"))
    assert any("another plan" in note for note in report.notes)
    check_values(world, anndata.read_h5ad(report.path), matrix_world.expected(world, genes="union"))


def test_resume_does_a_damaged_shard_again(world: World) -> None:
    plan = plan_export(world.kept, world.sources, BuildConfig())
    work = Assembly(world.folder / "compendium.h5ad", plan, resume=False)
    from curation.matrix.cluster import executor

    with executor(None, 1) as pool:
        work.run(pool, lambda n: None, is_remote=False)
    with work.partial.open("r+b") as file:
        file.seek(work.offset + 4 * plan.n_genes * 17 + 40)
        file.write(b"\x01")
    report = world.write(resume=True)
    check_values(world, anndata.read_h5ad(report.path), matrix_world.expected(world))


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False).returncode == 0
    )
    if not mounted:
        pytest.skip("mounting a small file system is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_at_once_and_nothing_is_left(world: World, small_disk: Path) -> None:
    with pytest.raises(CannotWriteMatrix, match=r"No space left on device; 0\.00 GB are free; make room"):
        world.write("disk/compendium.h5ad")
    assert list(small_disk.iterdir()) == []


def test_a_folder_that_is_not_there(world: World) -> None:
    with pytest.raises(CurationError, match="cannot be written"):
        world.write("none/compendium.h5ad")


def test_moments_are_stable_and_skip_missing_values() -> None:
    draw = np.random.default_rng(0)
    x = (draw.normal(1e4, 0.01, (2000, 5))).astype(np.float32)  # a naive sum of squares loses all digits here
    x[::3, 1] = np.nan
    x[:, 2] = np.nan
    moments = Moments(5)
    for start in range(0, 2000, 333):
        moments.add(x[start : start + 333])
    with np.errstate(invalid="ignore"):
        expected = np.nanstd(x[:, [0, 1, 3, 4]].astype(float), axis=0)
    np.testing.assert_allclose(moments.std()[[0, 1, 3, 4]], expected, rtol=1e-5)
    assert np.isnan(moments.mean()[2])
    assert varies(np.array([0.0999, 0.1, np.nan], np.float32)).tolist() == [False, True, False]


def test_outliers_are_far_below_their_own_source() -> None:
    draw = np.random.default_rng(0)
    quality = np.column_stack([10 ** draw.normal(7, 0.1, 200), draw.normal(15_000, 300, 200), np.zeros(200)])
    quality[100:, :2] = np.column_stack([10 ** draw.normal(5, 0.1, 100), draw.normal(9_000, 300, 100)])
    quality[3, 0], quality[5, 1], quality[150, 1] = 1e5, 9_000, 0
    source = np.array(["a"] * 100 + ["b"] * 100)
    assert np.flatnonzero(outliers(quality, source)).tolist() == [3, 5, 150]
