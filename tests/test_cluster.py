"""The export on a Dask cluster: a real scheduler and two worker processes, one of them killed midway, and the same bytes as here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matrix_world
import numpy as np
import pytest

from curation.config import BuildConfig
from curation.matrix.assembly import STATE, Assembly
from curation.matrix.cluster import ClusterFault, executor
from curation.matrix.plan import plan_export
from curation.matrix.shards import MatrixFault, Place, PlanReader, write_from_afar
from curation.progress import Advance, Progress

pytest.importorskip("distributed", reason="the cluster extra is not installed")
START_SECONDS = 120


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler on loopback, and its two workers."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    here = Path(__file__).resolve().parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)]), "OMP_NUM_THREADS": "1"}

    def start(tool: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "distributed.cli." + tool,
            "--scheduler-file",
            str(file),
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            *arguments,
        ]
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    processes = [start("dask_scheduler", "--port", "0")]
    deadline = time.monotonic() + START_SECONDS
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = [start("dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)) for _ in range(2)]
    processes += workers
    try:
        yield json.loads(file.read_text())["address"], workers
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for_workers(address: str, n: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(n, timeout=START_SECONDS)


class KillsAWorker(Progress):
    """Kills a process when the first shard of the matrix is done."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__()
        self.process, self.n_calls = process, 0

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        def advance(n: int) -> None:
            self.n_calls += name == "matrix"
            if name == "matrix" and self.n_calls == 1:
                self.process.send_signal(signal.SIGKILL)

        yield advance


def test_a_cluster_gives_the_same_bytes_and_survives_a_lost_worker(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, workers = cluster
    monkeypatch.setattr("curation.hdf5.gather.SHARD_ROWS", 4)
    world = matrix_world.make(tmp_path)
    wait_for_workers(address, 2)
    progress = KillsAWorker(workers[0])
    report = world.write("cluster.h5ad", scheduler=address, progress=progress)
    assert workers[0].wait(timeout=60) == -signal.SIGKILL
    assert progress.n_calls > 3  # shards were still to do when the worker was killed
    assert report.path.read_bytes() == world.write("here.h5ad").path.read_bytes()
    assert not list(tmp_path.glob("*.part*"))

    world.sources["gtex"].matrix.values[2, 2] = np.nan  # a worker's error comes back as our own
    with pytest.raises(MatrixFault, match="sample S62"):
        world.write("bad.h5ad", scheduler=address)
    assert not list(tmp_path.glob("bad*"))


def test_a_worker_that_comes_late_writes_nothing_into_the_file_of_another_export(tmp_path: Path) -> None:
    world = matrix_world.make(tmp_path)
    plan = plan_export(world.kept, world.sources, BuildConfig())
    reader, work = PlanReader(plan.matrices[0]), Assembly(tmp_path / "x.h5ad", plan, resume=False)
    late = Place(work.partial, work.folder / STATE, work.run_id, work.offset)
    again = Assembly(tmp_path / "x.h5ad", plan, resume=False)
    before = again.partial.read_bytes()
    part = reader.part(np.arange(2))
    with pytest.raises(MatrixFault, match="is of another export by now"):
        write_from_afar(part, late, again.folder / "late.done")
    assert again.partial.read_bytes() == before and not (again.folder / "late.done").exists()
    now = Place(again.partial, again.folder / STATE, again.run_id, again.offset)
    assert write_from_afar(part, now, again.folder / "now.done") == 2 and again.partial.read_bytes() != before
    again.remove()
    with pytest.raises(MatrixFault, match="every worker needs the same folders"):
        write_from_afar(part, now, again.folder / "gone.done")


def test_a_worker_tells_of_rows_that_the_disk_gives_back_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = matrix_world.make(tmp_path)
    plan = plan_export(world.kept, world.sources, BuildConfig())
    work = Assembly(tmp_path / "x.h5ad", plan, resume=False)
    place = Place(work.partial, work.folder / STATE, work.run_id, work.offset)
    monkeypatch.setattr("curation.matrix.shards.write_rows", lambda *_: None)
    with pytest.raises(MatrixFault, match=r"3 rows were not read back as they were written"):
        write_from_afar(PlanReader(plan.matrices[0]).part(np.arange(3)), place, work.folder / "a.done")
    assert not (work.folder / "a.done").exists()


def test_no_scheduler_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.matrix.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ClusterFault, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"), executor("tcp://127.0.0.1:9"):
        pass
