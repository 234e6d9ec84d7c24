"""Where benchmarks leave their figures: one file of results, from which README and docs take theirs."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


def record(benchmark: str, **figures: float) -> None:
    """Keep the figures of one benchmark, in place of those it had, where `make bench` asked for it; else print them only."""
    said = {name: float(f"{value:.4g}") for name, value in figures.items()}
    print(json.dumps({benchmark: said}))
    if os.environ.get("BULKATLAS_RECORD") != "1":
        return
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results[benchmark] = {"measured": measured(), **said}
    RESULTS.write_text(json.dumps(dict(sorted(results.items())), indent=2) + "\n", encoding="utf-8")


def measured() -> str:
    """Day, machine, and how busy it was."""
    cpu = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{datetime.date.today()}, {os.cpu_count()} cores of {cpu}, load {os.getloadavg()[0]:.1f}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []
