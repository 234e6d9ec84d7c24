"""`curate doctor`: whether this machine can run a build, what the build will need, and about how long it will take."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from curation import exchange
from curation.errors import CurationError
from profiles import lock

MB = 1_000_000
GB = 1_000_000_000
PROBE_BYTES = 64 * MB

# Measured by benchmarks/full_size_metadata.py and benchmarks of the gather on two cores; see docs/logs/speed.md.
METADATA_SECONDS_PER_SAMPLE = 5e-5
METADATA_BYTES_PER_SAMPLE = 500
MEMORY_PER_SAMPLE = 1_000
SMALLEST_MEMORY = 0.5 * GB
MATRIX_SECONDS_PER_SAMPLE = 1.0e-3
EXPORTED_GENES = 19_000
BYTES_PER_VALUE = 4


class NotFit(CurationError):
    """The machine cannot run what was asked for."""


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis; `is_fit` is None where there is nothing to decide."""

    what: str
    found: str
    needed: str = ""
    is_fit: bool | None = None


@dataclass(frozen=True)
class Load:
    """What a build of an input folder would handle; sizes in bytes."""

    n_samples: int
    n_bytes: int
    n_files: int


def diagnose(input_folder: Path | None, out: Path, cap: int | None = None) -> list[Finding]:
    """All findings; with an input folder also the needs and times of its build. Raises CurationError for an unreadable source."""
    findings = [*python_findings(), *machine_findings(out)]
    if input_folder is not None:
        findings += load_findings(measure_load(input_folder), out, cap)
    return findings


def python_findings(distribution: str = "bulkatlas") -> list[Finding]:
    """The Python and every required package, against what the distribution asks for."""
    found = metadata.distribution(distribution)
    wanted = found.metadata["Requires-Python"]
    minimum = tuple(int(part) for part in re.findall(r"\d+", wanted))
    findings = [
        Finding(distribution, found.version),
        Finding("Python", platform.python_version(), wanted, tuple(map(int, platform.python_version_tuple()[:2])) >= minimum),
    ]
    for requirement in found.requires or []:
        if "extra ==" in requirement:
            continue
        name, bound = re.match(r"([A-Za-z0-9._-]+)\s*(.*)", requirement).groups()  # type: ignore[union-attr]
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            findings.append(Finding(name, "not installed", bound, False))
            continue
        findings.append(Finding(name, version, bound, _meets(version, bound)))
    return findings


def _meets(version: str, bound: str) -> bool:
    minimum = re.search(r">=\s*([0-9.]+)", bound)
    if minimum is None:
        return True
    return [int(part) for part in re.findall(r"\d+", version)[:3]] >= [int(part) for part in minimum.group(1).split(".")]


def machine_findings(out: Path) -> list[Finding]:
    """Cores, memory, and the disk that the release will be written to, with its measured speed."""
    place = _existing(out)
    free = shutil.disk_usage(place).free
    findings = [
        Finding("processor cores", str(len(os.sched_getaffinity(0)))),
        Finding("memory available", _size(available_memory()), f"{_size(1 * GB)} for a small build", available_memory() > 1 * GB),
        Finding(f"free disk at {place}", _size(free), "", None),
    ]
    try:
        speed = write_speed(place)
    except OSError as error:
        return [*findings, Finding(f"writing to {place}", f"fails: {error.strerror}", "a folder that can be written", False)]
    findings += [Finding(f"writing to {place}", f"{speed / MB:,.0f} MB/s"), Finding("checksums", f"{hash_speed() / MB:,.0f} MB/s")]
    return [*findings, *file_system_findings(place)]


def file_system_findings(place: Path) -> list[Finding]:
    """Which of two ways a release is replaced and a lock held where `place` lies; both are good, one is surer. Raises OSError."""
    no_exchange, no_flock = exchange.way(place), lock.has_flock(place)
    replaced = f"with two renames, the old release put back on failure ({no_exchange})" if no_exchange else "in one step (renameat2)"
    held = f"by a file that is there ({no_flock}: no flock)" if no_flock else "with flock"
    return [Finding(f"a release at {place} is replaced", replaced), Finding(f"locks at {place} are held", held)]


def load_findings(load: Load, out: Path, cap: int | None) -> list[Finding]:
    """Disk, memory and time of a build of `load`; the matrix is an upper bound, as if every sample were kept."""
    place = _existing(out)
    matrix = load.n_samples * EXPORTED_GENES * BYTES_PER_VALUE
    database = load.n_samples * METADATA_BYTES_PER_SAMPLE
    disk, memory = matrix + database, SMALLEST_MEMORY + load.n_samples * MEMORY_PER_SAMPLE
    free, available = shutil.disk_usage(place).free, available_memory()
    seconds = {
        "checksums of inputs": load.n_bytes / hash_speed(),
        "samples, labels, splits": 10 + load.n_samples * METADATA_SECONDS_PER_SAMPLE,
        "matrix, at most": load.n_samples * MATRIX_SECONDS_PER_SAMPLE + matrix / write_speed(place),
    }
    limit = "all samples kept" if cap is None else f"all samples kept; less with --cap {cap:,}"
    return [
        Finding("input", f"{load.n_samples:,} samples in {load.n_files:,} files, {_size(load.n_bytes)}"),
        Finding("disk for the release", _size(free), f"at most {_size(disk)} ({limit})", free > disk),
        Finding("memory for the build", _size(available), f"about {_size(memory)}; --memory limits the database", available > memory),
        *(Finding(f"time, {what}", f"about {_duration(value)}") for what, value in seconds.items()),
    ]


def measure_load(input_folder: Path) -> Load:
    """Samples, bytes and files of an input folder, from the headers of its matrices."""
    from curation.build import open_sources

    sources = open_sources(input_folder).values()
    files: Iterable[Path] = {path for source in sources for path in source.input_files()}
    n_samples = sum(matrix.n_samples for source in sources for matrix in source.matrices())
    sizes = [path.stat().st_size for path in files]
    return Load(n_samples, sum(sizes), len(sizes))


def refuse(findings: list[Finding]) -> None:
    """Raise NotFit when a finding is no good."""
    bad = [finding for finding in findings if finding.is_fit is False]
    if bad:
        first = "; ".join(f"{item.what}: {item.found}, needed {item.needed}" for item in bad[:3])
        raise NotFit(f"{len(bad)} of {len(findings)} findings are not good enough: {first}")


def available_memory() -> int:
    """Bytes that this process may still use: of the machine, or of its control group where that allows less."""
    text = Path("/proc/meminfo").read_text(encoding="ascii") if Path("/proc/meminfo").exists() else ""
    match = re.search(r"MemAvailable:\s+(\d+) kB", text)
    free = int(match.group(1)) * 1024 if match else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and (allowed := limit.read_text(encoding="ascii").strip()).isdigit():
        free = min(free, int(allowed) - int(used.read_text(encoding="ascii")))
    return max(free, 0)


def write_speed(folder: Path, n_bytes: int = PROBE_BYTES) -> float:
    """Bytes per second that reach the disk under `folder`. Raises OSError."""
    block = os.urandom(4 * MB)
    with tempfile.TemporaryFile(dir=folder) as probe:
        start = time.perf_counter()
        for _ in range(n_bytes // len(block)):
            probe.write(block)
        probe.flush()
        os.fsync(probe.fileno())
        return n_bytes / (time.perf_counter() - start)


def hash_speed(n_bytes: int = PROBE_BYTES) -> float:
    """Bytes per second of sha256."""
    block = bytes(4 * MB)
    digest = hashlib.sha256()
    start = time.perf_counter()
    for _ in range(n_bytes // len(block)):
        digest.update(block)
    return n_bytes / (time.perf_counter() - start)


def _existing(path: Path) -> Path:
    path = Path(os.path.abspath(path))
    return next(parent for parent in (path, *path.parents) if parent.is_dir())


def _size(n_bytes: float) -> str:
    return f"{n_bytes / GB:,.1f} GB" if n_bytes >= GB else f"{n_bytes / MB:,.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
