"""How many threads a command computes on and why, and that its threads stop spinning for each other where the machine is busy."""

import json
import os
import subprocess
import sys

import pytest
import torch
import typer
from training_world import SMALL, frame, write

from modelling import starting, threads, yielding
from modelling.data import Compendium
from modelling.training.train import train


def test_the_option_stands_anywhere_and_the_rest_is_left():
    assert threads.without_option(["train", "--threads", "3", "x.h5ad"]) == (["train", "x.h5ad"], 3)
    assert threads.without_option(["--threads=2", "train"]) == (["train"], 2)
    assert threads.without_option(["train", "--", "--threads", "2"]) == (["train", "--", "--threads", "2"], None)


@pytest.mark.parametrize("given", [["--threads"], ["--threads", "0"], ["--threads=two"], ["--threads", "-1"]])
def test_a_number_of_threads_that_is_none_is_refused(given):
    with pytest.raises(threads.ThreadsFault):
        threads.without_option(given)


def test_what_the_user_set_is_left_alone_and_the_command_line_wins(tmp_path):
    environment = {"OMP_NUM_THREADS": "5", "OPENBLAS_NUM_THREADS": "20"}
    threads.choose(environment, groups=tmp_path)
    assert (environment["OMP_NUM_THREADS"], environment["OPENBLAS_NUM_THREADS"]) == ("5", "20")
    assert "NUMBA_NUM_THREADS" not in environment
    assert threads.reason(environment) == "OMP_NUM_THREADS"
    threads.choose(environment, 2)
    assert {environment[name] for name in threads.COUNTS} == {"2"}
    assert threads.reason(environment) == "--threads 2"


def test_a_quota_of_the_control_group_counts_and_the_smallest_holds(tmp_path):
    own = tmp_path / "cgroup"
    own.write_text("0::/pod/job\n")
    (tmp_path / "pod/job").mkdir(parents=True)
    (tmp_path / "pod/job/cpu.max").write_text("max 100000\n")
    assert threads.quota_of(tmp_path, own) is None
    (tmp_path / "pod/cpu.max").write_text("150000 100000\n")
    assert threads.quota_of(tmp_path, own) == 1.5
    (tmp_path / "cpu,cpuacct/docker").mkdir(parents=True)
    own.write_text("4:cpu,cpuacct:/docker\n3:memory:/docker\n")
    for name, value in (("quota", 800000), ("period", 100000)):
        (tmp_path / f"cpu,cpuacct/docker/cpu.cfs_{name}_us").write_text(f"{value}\n")
    assert threads.quota_of(tmp_path, own) == 8


def test_less_time_than_processors_means_fewer_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(8)))
    environment: dict[str, str] = {"POLARS_MAX_THREADS": "7"}
    monkeypatch.setattr(threads, "quota_of", lambda _: 2.5)
    threads.choose(environment)
    assert [environment[name] for name in threads.COUNTS] == ["2", "2", "7"]
    assert "2.5" in threads.reason(environment)
    environment.clear()
    monkeypatch.setattr(threads, "quota_of", lambda _: 8.0)
    threads.choose(environment)
    assert not environment.keys() & set(threads.COUNTS)


SPINNING = """
import resource, sys, time, torch
from modelling import yielding
torch.set_num_threads(2)
x = torch.ones(1 << 18)
def seconds():
    for _ in range(3):
        x.add_(1)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(40):
        x.add_(1)
        time.sleep(0.006)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime - before.ru_utime
free = seconds()
hold = yielding.Hold(yielding.libraries())
held = seconds()
hold.release()
print(free, held, seconds())
"""


@pytest.mark.skipif(yielding.policy() == "as the library does", reason="no GNU OpenMP here")
def test_held_threads_stop_spinning_and_spin_again_when_released():
    environment = {name: value for name, value in os.environ.items() if name not in (*yielding.SET_BY_USER, *threads.COUNTS)}
    done = subprocess.run([sys.executable, "-c", SPINNING], env=environment, capture_output=True, text=True, check=True)
    free, held, again = map(float, done.stdout.split())
    if free < 0.02:
        pytest.skip(f"threads hardly spin here ({free:.3f} s of 40 waits)")
    assert held < free / 2
    assert again > 2 * held


class Scripted:
    """Seconds computed and waited, by the share that each tick is to see."""

    def __init__(self, shares):
        self.shares, self.ran, self.delayed = iter(shares), 0.0, 0.0

    def __call__(self):
        share = next(self.shares, 0.0)
        self.ran, self.delayed = self.ran + 0.1 * (1 - share), self.delayed + 0.1 * share
        return self.ran, self.delayed


def watched(monkeypatch, shares, loaded=lambda: ["libgomp"]):
    events = []

    class Noted:
        def __init__(self, paths):
            self.paths = paths
            events.append("hold")

        def release(self):
            events.append("release")

    monkeypatch.setattr(yielding, "waited", Scripted([0.0, *shares]))
    monkeypatch.setattr(yielding, "libraries", loaded)
    monkeypatch.setattr(yielding, "Hold", Noted)
    ticks = iter([False] * len(shares) + [True])
    watcher = yielding.Watcher.__new__(yielding.Watcher)
    watcher.hold, watcher.n_holds = None, 0
    watcher._ended = type("Ended", (), {"wait": lambda self, _: next(ticks)})()
    watcher._watch()
    return events


def test_the_watcher_holds_while_threads_wait_and_lets_go_afterwards(monkeypatch):
    calm = [0.01] * yielding.FIRST_CALM_TICKS
    assert watched(monkeypatch, calm) == []
    assert watched(monkeypatch, [*calm, 0.5, *calm[:-1]]) == ["hold", "release"]  # the last at its end
    assert watched(monkeypatch, [0.5, *calm * 2, 0.01]) == ["hold", "release"]
    busy = [0.5] * 50
    assert watched(monkeypatch, [*busy, *calm * 2, *busy, *calm * 3]) == ["hold", "release", "hold", "release"]
    found = iter([["one"], ["one", "two"], ["one", "two"]])  # a library that was loaded while others were held is held too
    assert watched(monkeypatch, [0.5] * (yielding.LIBRARIES_TICKS + 1), lambda: next(found)) == ["hold", "release", "hold", "release"]


def test_users_who_said_how_threads_wait_are_not_overruled(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    assert yielding.policy() == "OMP_WAIT_POLICY=PASSIVE"
    with yielding.yielding():
        assert yielding._watcher is None


@pytest.mark.skipif(yielding.policy() == "as the library does", reason="no GNU OpenMP here")
def test_the_same_pinned_threads_give_the_same_bytes_held_or_not(tmp_path, monkeypatch):
    monkeypatch.setenv(threads.REASON, "--threads 2")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with Compendium.open(write(tmp_path / "c.h5ad", *frame())) as compendium:
            train(compendium, tmp_path / "free", SMALL.replace(epochs=2), device="cpu")
            hold = yielding.Hold(yielding.libraries())
            train(compendium, tmp_path / "held", SMALL.replace(epochs=2), device="cpu")
            hold.release()
    finally:
        torch.set_num_threads(before)
    held, free = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("held", "free"))
    assert held == free
    said = json.loads((tmp_path / "free/environment.json").read_text())
    assert (said["threads"], said["threads_from"], said["threads_wait"]) == (2, "--threads 2", yielding.policy())


def test_a_command_sets_its_threads_before_it_runs_and_refuses_a_wrong_number(monkeypatch):
    for name in (*threads.COUNTS, *threads.ALONE, threads.REASON):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    seen = []
    command = starting.started(lambda **options: seen.append((sys.argv[1:], os.environ["OMP_NUM_THREADS"], options)))
    monkeypatch.setattr(sys, "argv", ["model", "predict", "--threads", "3", "run", "file"])
    command(standalone_mode=False)
    assert seen == [(["predict", "run", "file"], "3", {"standalone_mode": False})]
    monkeypatch.setattr(sys, "argv", ["model", "predict", "--threads=none"])
    with pytest.raises(typer.BadParameter, match="--threads needs a whole number"):
        command(standalone_mode=False)
    assert len(seen) == 1


def test_the_count_is_what_was_set_else_what_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert threads.count({"OMP_NUM_THREADS": "3"}) == 3
    assert threads.count({"OMP_NUM_THREADS": "5,2"}) == 5
    monkeypatch.setattr(threads, "_n_processors", lambda: 8)
    for quota, expected in ((None, 8), (2.5, 2), (0.5, 1), (64.0, 8)):
        monkeypatch.setattr(threads, "quota_of", lambda quota=quota: quota)
        threads._allowed.cache_clear()
        assert threads.count({}) == threads.count({"OMP_NUM_THREADS": "all"}) == expected
    threads._allowed.cache_clear()
