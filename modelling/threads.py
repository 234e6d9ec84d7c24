"""On how many threads a command computes, decided before torch, numpy and numba are imported: they read it once, when they are loaded.

The command line wins (`--threads`), then what the user has set in the environment, which is left alone; else it is the processors that this process
may use, or fewer where a control group gives it less of their time. How threads wait for each other is `yielding`'s subject.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

OPTION = "--threads"
COUNTS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")
ALONE = {
    "OPENBLAS_NUM_THREADS": "1"
}  # numpy's products are small here, and its threads would spin beside those of torch, which has the large ones
REASON = "BULKATLAS_THREADS_FROM"
GROUPS = Path("/sys/fs/cgroup")


class ThreadsFault(ValueError):
    """--threads without a whole number of at least one."""


def without_option(arguments: list[str]) -> tuple[list[str], int | None]:
    """The arguments without `--threads N`, which stands anywhere, and N. Raises ThreadsFault."""
    for i, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument != OPTION and not argument.startswith(f"{OPTION}="):
            continue
        given = argument.partition("=")[2] if argument != OPTION else "".join(arguments[i + 1 : i + 2])
        if not given.isdecimal() or int(given) < 1:
            raise ThreadsFault(f"{OPTION} needs a whole number of at least 1, not {given!r}")
        return arguments[:i] + arguments[i + (2 if argument == OPTION else 1) :], int(given)
    return arguments, None


def choose(environment: MutableMapping[str, str], asked: int | None = None, groups: Path = GROUPS) -> None:
    """Set what libraries read of threads, and note why, in the environment. Args: asked, of the command line."""
    for name, value in ALONE.items():
        environment.setdefault(name, value)
    if asked is not None:
        environment.update(dict.fromkeys(COUNTS, str(asked)) | {REASON: f"{OPTION} {asked}"})
        return
    if environment.get("OMP_NUM_THREADS"):
        environment[REASON] = "OMP_NUM_THREADS"
        return
    n_processors, quota = _n_processors(), quota_of(groups)
    environment[REASON] = "processors of this process"
    if quota is not None and quota < n_processors:
        environment[REASON] = f"quota of its control group ({quota:g} processors)"
        for name in COUNTS:
            environment.setdefault(name, str(max(1, int(quota))))


def count(environment: Mapping[str, str] = os.environ) -> int:
    """On how many threads to compute here: what `choose` or the user has set, else the processors of this process."""
    given = environment.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(given) if given.isdecimal() and int(given) > 0 else _n_processors()


def _n_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def reason(environment: Mapping[str, str] = os.environ) -> str:
    """Why there are as many threads as there are; empty in a process that no command started."""
    return environment.get(REASON, "")


def quota_of(groups: Path = GROUPS, own: Path = Path("/proc/self/cgroup")) -> float | None:
    """Processors' worth of time that the control groups of this process allow, the smallest of them; None where nothing limits it."""
    found = []
    for line in own.read_text(encoding="utf-8").splitlines() if own.is_file() else []:
        _, controllers, place = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / controllers if controllers else groups
        folder = root / place.lstrip("/")
        found += [limit for group in (folder, *folder.parents) if group.is_relative_to(root) and (limit := _limit(group)) is not None]
        if controllers:  # inside a container version 1 shows the group itself at the root
            found += [limit for group in (root, groups / "cpu") if (limit := _limit(group)) is not None]
    return min(found, default=None)


def _limit(group: Path) -> float | None:
    """Of one group: version 2 (`cpu.max`: quota and period, or max), or version 1 (-1 for none)."""
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip() for name in ("quota", "period"))
        return float(quota) / float(period) if quota not in ("max", "-1") else None
    except (OSError, ValueError):
        return None
