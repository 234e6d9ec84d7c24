"""Commands under faults: each runs in a process of its own, and what became of it is told: exit code, signal, what it said, a traceback or not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
UNEXPECTED = ("did not expect this", "Traceback (most recent call last)", "Fatal Python error")
SECONDS = 120.0
SHIM = HERE / "fault_shim.c"


@dataclass(frozen=True)
class Outcome:
    """How one command ended. `late`: it was still running when its time was over, and was killed."""

    code: int | None
    signal: int
    late: bool
    seconds: float
    out: str
    said: str
    details: str
    wrote: float = 0.0  # seconds before its end when something first appeared in the watched folder

    @property
    def verdict(self) -> str:
        """`fine` for a documented end, else what is wrong with it."""
        if self.signal:
            return "late" if self.late else f"signal {self.signal}"
        if any(word in self.said for word in UNEXPECTED):
            return "traceback"
        if self.code == 1 and (not self.said.strip() or "error: " not in self.said):
            return "nothing said"
        return "fine" if self.code in (0, 1, 2, 130) else f"code {self.code}"


class Runner:
    """One warm process; use as a context manager."""

    def __init__(self, scratch: Path, *, preload: Path | None = None) -> None:
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)
        scratch.chmod(0o777)
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "POLARS_MAX_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "200",
            "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)]), "PYTHONFAULTHANDLER": "",
        }  # fmt: skip
        if preload:
            environment["LD_PRELOAD"] = str(preload)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "fault_zygote.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("the warm process did not start")

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)

    def __call__(
        self,
        *words: str | Path,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        kill_after: float = 0.0,
        watch: Path | None = None,
        after_write: float | None = None,
        memory: int = 0,
        user: int = 0,
        stdout: str = "",
        stderr: str = "",
    ) -> Outcome:
        """Run `curate ...` or `model ...`; `kill_after` seconds it is killed, as is after `seconds` what hangs.

        `after_write`: it is killed that many seconds after something appeared in the folder `watch`.
        """
        shutil.rmtree(self.scratch / "tmp", ignore_errors=True)
        (self.scratch / "tmp").mkdir()
        (self.scratch / "tmp").chmod(0o777)
        job = {
            "words": [str(word) for word in words],
            "folder": str(folder or self.scratch),
            "stdout": stdout or str(self.scratch / "stdout"),
            "stderr": stderr or str(self.scratch / "stderr"),
            "environment": {"TMPDIR": str(self.scratch / "tmp"), **(environment or {})},
            "seconds": seconds,
            "kill_after": kill_after,
            "watch": str(watch) if watch else "",
            "after_write": after_write,
            "memory": memory,
            "user": user,
        }
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        ended = json.loads(self.process.stdout.readline())
        details = "".join(path.read_text(errors="replace") for path in sorted((self.scratch / "tmp").glob("*-fault-*.txt")))
        texts = [Path(job[name]).read_text(errors="replace") if Path(job[name]).is_file() else "" for name in ("stdout", "stderr")]
        return Outcome(ended["code"], ended["signal"], ended["late"], ended["seconds"], *texts, details, ended["wrote"])


@contextlib.contextmanager
def small_disk(place: Path, n_bytes: int, *, read_only: bool = False) -> Iterator[Path | None]:
    """A file system of its own of `n_bytes` at `place`; None where there is no right to mount one."""
    place.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(place)], capture_output=True, check=False)
    try:
        yield None if made.returncode else place
    finally:
        if not made.returncode:
            subprocess.run(["umount", "-l", str(place)], check=False)


def remount(place: Path, options: str) -> None:
    """Change a mounted file system: `ro`, `rw`, `size=...`."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def names_in(folder: Path) -> list[str]:
    """Everything in a folder, for a look at what was left."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def table(rows: Sequence[tuple[str, Outcome]]) -> str:
    """n and how many ended in a traceback, a signal, late or silently."""
    verdicts = [outcome.verdict for _, outcome in rows]
    n = {word: sum(verdict.startswith(word) for verdict in verdicts) for word in ("traceback", "signal", "late", "nothing", "code")}
    return f"n {len(rows)}, " + ", ".join(f"{word} {count}" for word, count in n.items())
