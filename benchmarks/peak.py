"""Runs a command and samples the memory of its whole process tree (proportional set size, shared pages counted once)."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class Run:
    """What a command printed as its last line of JSON, and the highest memory of its process tree in MB."""

    result: dict[str, Any]
    peak_mb: float


def run(command: list[str], *, every: float = 0.05) -> Run:
    """Run to the end; raises RuntimeError with the command's own words when it fails."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    highest, stop = [0.0], threading.Event()

    def watch() -> None:
        root = psutil.Process(process.pid)
        while not stop.is_set():
            try:
                tree = [root, *root.children(recursive=True)]
                highest[0] = max(highest[0], sum(_pss(p) for p in tree) / 1e6)
            except psutil.Error:
                pass
            time.sleep(every)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    stop.set()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{err[-2000:]}")
    return Run(json.loads(out.strip().splitlines()[-1]), highest[0])


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.Error:
        return 0.0
