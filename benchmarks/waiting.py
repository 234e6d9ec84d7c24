"""What people wait for, on the demo: processor seconds and seconds by the clock of whole processes, their children counted, medians.

    python benchmarks/waiting.py [DEMO] [--only predict,page,evaluate,tables,build] [--runs N]     DEMO: what `make demo` wrote

`predict` names six samples; `page` is `model serve` until the first page and what it draws were answered; `evaluate` with its pictures and report,
`tables` without; `build` is `curate build` of the demo's archives. Beside them what importing torch takes, which only training needs.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from record import record

MODEL = (sys.executable, "-c", "from modelling.cli import main; main()")
CURATE = (sys.executable, "-c", "from curation.cli import main; main()")

Cost = tuple[float, float]


def cost(work: Callable[[], None]) -> Cost:
    """Processor seconds of the processes that the work starts and waits for, and seconds by the clock."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began


def call(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def first_page(run: Path) -> None:
    """Until the page and what it asks for at once have been answered; then the server is told to end."""
    process = subprocess.Popen([*MODEL, "serve", str(run), "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[0]
        page = urllib.request.urlopen(url).read().decode()
        for name in [*re.findall(r'(?:src|href)="([a-z.]+)"', page), "api/about", "api/map", "api/map/names"]:
            urllib.request.urlopen(f"{url}/{name}").read()
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Print a line a task; record processor seconds: those by the clock say how busy the machine was."""
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=Path, nargs="?", default=Path("demo"))
    parser.add_argument("--only", default="torch,predict,page,evaluate,tables,build")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    run, compendium = asked.demo / "run", asked.demo / "release" / "compendium.h5ad"
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        new = (str(Path(folder) / str(i)) for i in range(10**6))
        tasks: dict[str, Callable[[], None]] = {
            "torch": lambda: call(sys.executable, "-c", "import torch"),
            "predict": lambda: call(*MODEL, "predict", str(run), str(run / "example.tsv"), "--out", f"{next(new)}.tsv"),
            "page": lambda: first_page(run),
            "evaluate": lambda: call(*MODEL, "evaluate", str(run), str(compendium), "--out", next(new)),
            "tables": lambda: call(*MODEL, "evaluate", str(run), str(compendium), "--out", next(new), "--no-figures"),
            "build": lambda: call(*CURATE, "build", "--input", str(asked.demo / "world"), "--out", next(new)),
        }
        for name in asked.only.split(","):
            if asked.runs > 1:
                tasks[name]()  # not counted: what is compiled once
            cpu, seconds = (statistics.median(column) for column in zip(*(cost(tasks[name]) for _ in range(asked.runs)), strict=True))
            figures[f"{name}_cpu_seconds"] = cpu
            print(f"{name}: {cpu:.2f} s of processor time, {seconds:.2f} s (load {os.getloadavg()[0]:.1f})")
    record("waiting", **figures)


if __name__ == "__main__":
    main()
