"""Faults by kind under the real commands: a bounded part of those in fault_cases.py (`make fuzz` runs them all). Each ends as documented: in 0, or in 1 with one
line; by no traceback, no signal, in bounded time, and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import fault_cases
import fault_world
import h5py
import numpy as np
import pytest
from fault_disk import WRITERS, outputs
from fault_runner import SHIM, Runner, names_in, remount, small_disk

from modelling.bundle.manifest import BundleDamaged, BundleError, write_manifest
from modelling.bundle.model import load
from profiles import aside

SEEDS = 2  # of each random kind, of which the share below is taken
SHARE = {"h5ad": 0.013, "archs4": 0.01, "paths": 0.025, "text": 0.025, "bundle": 0.02, "files": 0.003}
SECONDS = 60.0


def chosen() -> list[fault_cases.Case]:
    """The same cases on every machine, drawn by their names."""
    return [
        case
        for group, share in SHARE.items()
        for case in fault_cases.GROUPS[group](SEEDS)
        if "bomb" not in case.kind and zlib.crc32(f"{case.kind} #{case.number}".encode()) % 1000 < 1000 * share
    ]


@pytest.fixture(scope="module")
def world(tiny: Path, serving_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fault_world.of_fixtures(tmp_path_factory.mktemp("faults"), tiny, serving_run)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with Runner(tmp_path_factory.mktemp("runner")) as runner:
        yield runner


@pytest.mark.parametrize("case", chosen(), ids=lambda case: f"{case.kind} #{case.number}")
def test_a_fault_ends_as_documented_and_leaves_nothing(world, run, tmp_path, case):
    words = case.words(world, tmp_path)
    before = set(names_in(tmp_path))
    outcome = run(*words, folder=tmp_path, seconds=SECONDS)
    assert outcome.verdict == "fine", outcome.said[-2000:] + outcome.details[-2000:]
    if outcome.code:
        assert set(names_in(tmp_path)) == before
        assert len(outcome.said.strip().splitlines()[-1]) < 1500


def test_the_harness_would_notice(run, world, tmp_path):
    """A traceback, a signal and a hang are told apart from an end as documented."""
    assert run("curate", "sql", "SELECT 1", "--db", world / "release", seconds=0.01).verdict == "late"
    assert run("model", "predict", world / "run", world / "samples.tsv", "--out", tmp_path / "o.tsv", memory=1 << 20).verdict != ""
    told = run("curate", "sql", "SELECT 1", "--db", world / "release", environment={"COLUMNS": "many"})
    assert told.verdict in ("fine", "traceback")


def refuses(folder: Path, match: str) -> None:
    with pytest.raises(BundleError, match=match):
        load(folder)


def edited(run_folder: Path, place: Path, name: str, value: float) -> Path:
    from safetensors.numpy import load_file, save_file

    shutil.copytree(run_folder, place)
    tensors = load_file(place / "model.safetensors")
    tensors[name] = tensors[name].copy()
    tensors[name].reshape(-1)[0] = value
    save_file(tensors, place / "model.safetensors")
    return place


@pytest.mark.parametrize(
    ("tensor", "value", "told"),
    [
        ("temperature", 0.0, "temperature is 0.0"),
        ("temperature", -1.0, "temperature is -1.0"),
        ("temperature", np.nan, "missing .NaN. or infinite"),
        ("decode_linear.weight", np.nan, "1 of .* numbers of decode_linear.weight are missing"),
        ("decode_linear.weight", np.inf, "infinite"),
        ("standardise.std_g", 0.0, "standardise.std_g holds 0"),
        ("standardise.std_g", -1.0, "standardise.std_g holds -1"),
        ("residual_g", -1.0, "residual_g holds -1"),
    ],
)
def test_weights_that_are_no_numbers_are_refused_at_load(serving_run, tmp_path, tensor, value, told):
    refuses(edited(serving_run, tmp_path / "run", tensor, value), told)


def test_and_are_never_written(serving_run, tmp_path):
    from modelling.bundle.model import save

    model = load(serving_run)
    model.temperature = float("nan")
    (tmp_path / "run").mkdir()
    with pytest.raises(BundleError, match="temperature are missing"):
        save(tmp_path / "run", model, model.gene_rows, model.tissue_rows)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_bundle_lists_every_file_and_nothing_lies_beside_them(serving_run, tmp_path):
    folder = Path(shutil.copytree(serving_run, tmp_path / "bundle"))
    names = sorted(path.name for path in folder.iterdir())
    write_manifest(folder, names)
    (folder / ".gitattributes").write_text("of a hub: hidden, and read by nobody")
    assert load(folder).genes
    (folder / "extra.py").write_text("print('hello')")
    with pytest.raises(BundleDamaged, match=r"1 files that its manifest.json does not list \(extra\.py\)"):
        load(folder)
    (folder / "extra.py").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["model.safetensors"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleDamaged, match=r"does not list model\.safetensors"):
        load(folder)


def test_sizes_without_end_take_no_memory(serving_run, tmp_path):
    folder = Path(shutil.copytree(serving_run, tmp_path / "run"))
    content = json.loads((folder / "config.json").read_text())
    content["train"]["n_hidden"] = 10**9
    (folder / "config.json").write_text(json.dumps(content))
    refuses(folder, "its weights are not those of config.json")


def test_rows_of_fill_value_are_never_data(run, world, tmp_path):
    """One chunk of the expression that was never written: the samples in it are named, and nothing is built."""
    shutil.copytree(world / "world", tmp_path / "world")
    path = tmp_path / "world" / "archs4" / "human_gene_v2.5.h5"
    with h5py.File(path, "r+") as file:
        values = file["data/expression"][:]
        del file["data/expression"]
        made = file.create_dataset("data/expression", values.shape, values.dtype, chunks=(60, 12), compression="gzip")
        made[:, :60] = values[:, :60]
    told = run(
        "curate", "build", "--input", tmp_path / "world", "--out", tmp_path / "out", "--ontology", world / "ontology", "--unit", "cpm"
    )
    assert told.code == 1
    assert "data/expression was written in part: 5 of 6 chunks are there" in told.said


FULL = ("label database", "query h5ad", "export h5ad", "override add", "model export")


@pytest.mark.parametrize("name", FULL)
def test_a_full_and_a_read_only_disk_are_one_line_and_leave_nothing(run, world, tmp_path, name):
    with small_disk(tmp_path / "disk", 64 << 20) as disk:
        if disk is None:
            pytest.skip("no right to mount a file system here")
        shutil.copytree(world / "ontology", disk / "ontology")
        used = sum(-(-path.stat().st_size // 4096) * 4096 for path in disk.rglob("*") if path.is_file())
        before = names_in(disk)
        for room in ("size=" + str(used + 4096), "size=" + str(used + (64 << 10)), "ro"):
            remount(disk, room)
            outcome = run(*WRITERS[name](world, disk), seconds=SECONDS)
            assert outcome.verdict == "fine", outcome.said[-1500:] + outcome.details[-1500:]
            assert outcome.code in (0, 1)
            if outcome.code == 0:  # it fitted: away with it, for the next disk
                for entry in outputs(disk):
                    shutil.rmtree(disk / entry) if (disk / entry).is_dir() else (disk / entry).unlink()
                if name == "override add":
                    shutil.copy(world / "ontology" / "overrides.tsv", disk / "ontology")
                continue
            assert any(word in outcome.said for word in ("space", "read-only", "Read-only")), outcome.said
            assert names_in(disk) == before
    assert outcome.code == 1, "a read-only disk was written"


def test_a_kill_between_two_files_of_a_run_leaves_one_that_goes_on(serving_run, tmp_path, monkeypatch):
    """The weights come last: until they stand there the run is one that was stopped."""
    from modelling.bundle.model import save

    model = load(serving_run)
    (tmp_path / "run").mkdir()

    class Killed(BaseException):
        pass

    replace, seen = aside.os.replace, []

    def killed(source: Path, target: Path) -> None:
        seen.append(Path(target).name)
        if len(seen) == 3:
            raise Killed
        replace(source, target)

    monkeypatch.setattr("profiles.aside.os.replace", killed)
    with pytest.raises(Killed):
        save(tmp_path / "run", model, model.gene_rows, model.tissue_rows)
    refuses(tmp_path / "run", "was `model train` stopped")
    monkeypatch.undo()
    save(tmp_path / "run", model, model.gene_rows, model.tissue_rows)
    assert load(tmp_path / "run").genes == model.genes
    assert seen[-1] != "model.safetensors"


KILLED = ("model predict h5ad", "model export")


@pytest.mark.parametrize("name", KILLED)
def test_killed_at_any_moment_nothing_is_torn_and_the_next_run_clears_up(run, world, tmp_path, name):
    from fault_kills import trial

    _, left, torn = trial(name, world, tmp_path / "place", run, 3)
    assert (left, torn) == (0, [])


def test_build_train_and_predict_where_nothing_can_be_locked_or_exchanged(world, tmp_path):
    """A shim before the C library refuses flock, fcntl's locks and renameat2 below one folder, as NFS and FUSE may."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler and Linux")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "shim.so", SHIM, "-ldl"], check=True)
    place = tmp_path / "place"
    place.mkdir()
    build = ("curate", "build", "--input", place / "world", "--out", place / "out", "--ontology", world / "ontology", "--unit", "cpm")
    shutil.copytree(world / "world", place / "world")
    shutil.copy(world / "compendium.h5ad", place)
    with Runner(tmp_path / "scratch", preload=tmp_path / "shim.so") as run:

        def done(*words):
            told = run(*words, environment={"WITHOUT_LOCKS": str(place)})
            assert (told.code, told.verdict) == (0, "fine"), told.said[-2000:] + told.details
            return told.out

        refused = "import fcntl; fcntl.lockf(open('x', 'w'), fcntl.LOCK_EX)"
        environment = {**os.environ, "LD_PRELOAD": str(tmp_path / "shim.so"), "WITHOUT_LOCKS": str(place)}
        tried = subprocess.run([sys.executable, "-c", refused], cwd=place, env=environment, capture_output=True, text=True, check=False)
        assert "No locks available" in tried.stderr
        (place / "x").unlink()
        done(*build)
        done(*build, "--replace")
        assert "\t96\n" in done("curate", "sql", "SELECT 'samples', count(*) FROM sample", "--db", place / "out")
        done("model", "train", place / "compendium.h5ad", "--out", place / "run", "--epochs", "1", "--device", "cpu", "--map", "pca")
        done("model", "predict", place / "run", world / "samples.tsv", "--out", place / "predicted.tsv")
    assert {path.name for path in place.iterdir()} == {"world", "compendium.h5ad", "out", "run", "predicted.tsv"}
    assert len((place / "predicted.tsv").read_text().splitlines()) > 1


def test_scratch_on_a_full_disk_is_an_error_and_no_signal(tmp_path, monkeypatch):
    from modelling import scratch

    monkeypatch.setattr(scratch, "MEMORY_LIMIT", 1 << 20)
    kept = scratch.scratch_array((1024, 512))
    kept[:] = 3
    assert kept.sum() == 3 * 1024 * 512
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        if disk is None:
            pytest.skip("no right to mount a file system here")
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        with pytest.raises(
            scratch.ScratchFull, match=r"has no room for 0\.0 GB of intermediate results \(No space left on device\); set TMPDIR"
        ):
            scratch.scratch_array((1024, 512))
        spool = scratch.Spool(np.float32)
        with pytest.raises(scratch.ScratchFull, match="set TMPDIR"):
            spool.write(np.zeros(1 << 19, np.float32))


def test_a_fetch_that_is_killed_at_any_moment_goes_on_and_leaves_no_part(run, tmp_path):
    from fault_kills import fetch_trial

    killed, left, torn = fetch_trial(tmp_path / "place", run, 5)
    assert killed > 0
    assert (left, torn) == (0, [])
