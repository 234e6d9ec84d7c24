"""A warm process that forks one child per command: what a fresh `curate` or `model` would do, without five seconds of imports for each.

Reads one job a line (JSON) from standard input, answers one line each. Run as a script, with LD_PRELOAD where a shim shall stand before the C library.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

PRELOADED = (
    "profiles", "anndata", "duckdb", "h5py", "pandas", "polars", "pronto", "pyarrow.parquet", "torch", "safetensors.torch", "scipy.sparse", "sklearn.decomposition",
    "rich.console", "typer.rich_utils", "jinja2", "curation.matrix.write", "curation.hdf5.gather", "curation.label", "curation.build_report", "curation.crate",
    "curation.export", "curation.label_table", "curation.query.answer", "modelling.commands.predict", "modelling.commands.evaluate", "modelling.commands.train",
    "modelling.bundle.hub", "matplotlib.pyplot",
)  # fmt: skip


def main() -> None:
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _run(job: dict[str, Any]) -> dict[str, Any]:
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_command(job)
    ended, wrote = _wait(
        child, begun + float(job.get("kill_after") or job["seconds"]), Path(job.get("watch") or os.devnull), job.get("after_write")
    )
    if ended is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return {"code": None, "signal": signal.SIGKILL, "seconds": time.monotonic() - begun, "late": True, "wrote": _since(wrote)}
    return {
        "code": os.waitstatus_to_exitcode(ended) if os.WIFEXITED(ended) else None,
        "signal": os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0,
        "seconds": time.monotonic() - begun,
        "late": False,
        "wrote": _since(wrote),
    }


def _wait(child: int, until: float, watched: Path, after_write: float | None) -> tuple[int | None, float]:
    """How a child ended, None when its time was over; and when (on the clock) something first appeared in the watched folder, 0 for never.

    `after_write`: its time is over that many seconds after something appeared there.
    """
    before, wrote = _looks(watched), 0.0
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status, wrote
        if not wrote and watched.is_dir() and _looks(watched) != before:
            wrote = time.monotonic()
            until = until if after_write is None else wrote + after_write
        time.sleep(0.001)
    return None, wrote


def _since(moment: float) -> float:
    return time.monotonic() - moment if moment else 0.0


def _looks(folder: Path) -> dict[str, int]:
    """When each folder in a folder, itself included, was last changed: something appeared in it, or went."""
    places = [folder, *(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))] if folder.is_dir() else []
    return {str(place): place.stat().st_mtime_ns for place in places if place.exists()}


def _be_command(job: dict[str, Any]) -> None:
    """Become the command in this forked child; never returns."""
    os.setpgid(0, 0)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        descriptor = os.open(job.get(name) or os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - for the life of the process
    os.chdir(job["folder"])
    os.environ.update(job.get("environment") or {})
    import tempfile

    tempfile.tempdir = os.environ.get("TMPDIR")
    if job.get("memory"):
        resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [os.fsdecode(os.fsencode(word)) for word in job["words"]]
    if job.get("user"):
        os.setgroups([])
        os.setgid(job["user"])
        os.setuid(job["user"])
    try:
        if job["words"][0] == "curate":
            from curation.cli import main as command
        else:
            from modelling.cli import main as command
        command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a traceback is what the caller looks for
        import traceback

        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent)]
    main()
