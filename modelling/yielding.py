"""A process that computes on several threads gives way on a busy machine and runs at full speed on an idle one; results do not change.

Threads of OpenMP that wait for each other spin for milliseconds before they sleep. Alone on the machine nothing is faster; beside other programs
they spin for one that is itself waiting for a processor, and a training all but stops (benchmarks/busy.py). GNU's libgomp, which torch brings on
Linux, spins thousands of times less while it manages more threads than there are processors. So a watcher looks how long threads of this process
were ready and got no processor; where that is much, it holds some sleeping threads, and lets them go when nothing has waited for a while. Threads
of numpy's BLAS that spin beside torch's are noticed in the same way.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

SET_BY_USER = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
TASKS = Path("/proc/self/task")
TICK_SECONDS = 0.05
CONTENDED, CALM = 0.12, 0.08
BUSY_SECONDS = 0.01
FIRST_CALM_TICKS, MOST_CALM_TICKS, LIBRARIES_TICKS = 10, 640, 20

_users = 0
_lock = threading.Lock()
_watcher: Watcher | None = None


@contextlib.contextmanager
def yielding() -> Iterator[None]:
    """Inside, a watcher makes this process give way. Nothing on systems without libgomp, or where the user has set how threads wait."""
    global _users, _watcher
    with _lock:
        if _users == 0 and policy() == GIVES_WAY:
            _watcher = Watcher()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            ended, _watcher = (_watcher, None) if _users == 0 else (None, _watcher)
        if ended is not None:
            ended.stop()


GIVES_WAY = "spin, unless the machine is busy"


def policy() -> str:
    """How threads that wait for each other do so here, in words for a record of the run."""
    said = [f"{name}={os.environ[name]}" for name in SET_BY_USER if os.environ.get(name)]
    if said:
        return ", ".join(said)
    return GIVES_WAY if sys.platform.startswith("linux") and Path("/proc/self/schedstat").exists() else "as the library does"


class Watcher:
    """Looks every `TICK_SECONDS` at how long this process's threads were kept waiting, and holds or releases sleeping threads."""

    def __init__(self) -> None:
        self.hold: Hold | None = None
        self.n_holds = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="yielding", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and let go what is held."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        before, calm, patience, held_for = waited(), 0, FIRST_CALM_TICKS, 0
        while not self._ended.wait(TICK_SECONDS):
            now = waited()
            computed, delayed = now[0] - before[0], now[1] - before[1]
            if computed + delayed < BUSY_SECONDS:
                continue  # what little was done is counted with the next tick
            before, share = now, delayed / (computed + delayed)
            if self.hold is None:
                if share > CONTENDED and (loaded := libraries()):
                    patience = FIRST_CALM_TICKS if calm > patience else min(2 * patience, MOST_CALM_TICKS)
                    self.hold, calm, held_for, self.n_holds = Hold(loaded), 0, 0, self.n_holds + 1
                else:
                    calm += 1
                continue
            calm, held_for = calm + 1 if share < CALM else 0, held_for + 1
            is_old = held_for % LIBRARIES_TICKS == 0 and set(libraries()) != set(self.hold.paths)
            if calm >= patience or is_old:
                self._release()
                calm = 0
                if is_old:  # one was loaded since
                    self.hold = Hold(libraries())
        self._release()

    def _release(self) -> None:
        if self.hold is not None:
            self.hold.release()
        self.hold = None


class Hold:
    """Sleeping threads, so that there are more than processors, in each libgomp of this process: while they are there, others hardly spin."""

    def __init__(self, paths: list[str]) -> None:
        self.paths, self._end, self._begun = paths, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._sleep, args=(paths,), name="yielding-hold", daemon=True)
        self._thread.start()
        self._begun.wait()

    def _sleep(self, paths: list[str]) -> None:
        nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)  # each thread of the team frees NULL, which does nothing
        for path in paths:
            with contextlib.suppress(OSError, AttributeError):  # another library of that name
                library = ctypes.CDLL(path)
                library.GOMP_parallel(nothing, None, _team(library), 0)
        self._begun.set()
        self._end.wait()

    def release(self) -> None:
        """Let them go: libgomp ends the team of a thread that has ended."""
        self._end.set()
        self._thread.join()


def _team(library: ctypes.CDLL) -> int:
    """How many threads, this one with them, make one more than there are processors, beside those that compute: no more than are needed."""
    of_torch = getattr(sys.modules.get("torch"), "get_num_threads", None)  # it may be half imported
    computing = of_torch() if of_torch is not None else library.omp_get_max_threads()
    return max(2, int(library.omp_get_num_procs()) - int(computing) + 2)


def libraries() -> list[str]:
    """Paths of every libgomp that is loaded: torch, scikit-learn and numba may each bring one."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    return sorted({line.split(maxsplit=5)[5] for line in lines if "libgomp" in line.rpartition("/")[2]})


def waited() -> tuple[float, float]:
    """Seconds that the threads of this process have computed, and that they were ready and got no processor."""
    ran = delayed = 0
    for thread in os.listdir(TASKS):
        with contextlib.suppress(OSError):  # it may have ended
            fields = (TASKS / thread / "schedstat").read_text(encoding="ascii").split()
            ran, delayed = ran + int(fields[0]), delayed + int(fields[1])
    return ran / 1e9, delayed / 1e9
