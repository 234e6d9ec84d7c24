"""Samples of an ARCHS4-layout file: this project's gather against archs4py 1.0.4, in one run, candidates in turn.

    python benchmarks/archs4_file.py /tmp/archs4
    python benchmarks/peers.py archs4py
    python benchmarks/gather.py /tmp/archs4

Each candidate is a process of its own that reads one sample first (imports and compiled code are loaded), then, on the clock, the same
random samples, and prints their checksum. Memory is that of the whole process tree, imports included. `limit` inflates the same chunks
from memory with libdeflate on two threads and does nothing with them. archs4py reads every sample on its own, so its time grows with
their number: with --peer-samples it reads a part of them, and its time is scaled. Wall time means something on an idle machine only;
the CPU seconds of the whole process tree, on which `of limit` rests, also on a busy one.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from peers import python_of
from record import record

if TYPE_CHECKING:
    from peak import Run

CANDIDATES = ("archs4py", "gather", "gather_1_thread")


def samples(n: int, n_samples: int) -> list[int]:
    import numpy as np

    return sorted(np.random.default_rng(1).choice(n_samples, n, replace=False).tolist())


def with_archs4py(path: str, rows: list[int]) -> int:
    import archs4py.data

    frame = archs4py.data.index(path, rows, silent=True)
    return int(frame.to_numpy().sum(dtype="uint64"))


def with_gather(path: str, rows: list[int], threads: int, every: int = 1) -> int:
    import h5py
    import numpy as np

    from curation.hdf5.gather import gather

    with h5py.File(path) as file:
        n_genes = file["data/expression"].shape[0]
    blocks = gather(Path(path), "data/expression", np.array(rows), n_genes=n_genes, workers=threads)
    return int(sum(values[positions % every == 0].sum(dtype=np.float64) for positions, values in blocks))


def limit(path: str, rows: list[int], threads: int) -> tuple[float, float]:
    """Seconds (wall, CPU) that libdeflate needs for the chunks that hold the rows, from memory."""
    from concurrent.futures import ThreadPoolExecutor

    import h5py
    import numpy as np
    from numba import njit

    from curation.hdf5.gather import Gather
    from curation.hdf5.inflate import free_inflater, inflate, new_inflater
    from curation.hdf5.layout import Layout

    @njit(nogil=True)
    def inflate_all(raw, start, size, plain):  # type: ignore[no-untyped-def]
        inflater = new_inflater()
        for i in range(start.size):
            inflate(inflater, raw[start[i] :].ctypes.data, size[i], plain.ctypes.data, plain.size, 0)
        free_inflater(inflater)

    with h5py.File(path) as file:
        n_genes = file["data/expression"].shape[0]
    layout = Layout.of(Path(path), "data/expression", n_genes=n_genes)
    with Gather(layout, np.array(rows)) as work:
        offset, size = work.table.offset.ravel(), work.table.n_bytes.ravel()
    raw = np.empty(size.sum(), np.uint8)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    with open(path, "rb") as file:
        for o, s, b in zip(offset, size, start, strict=True):
            file.seek(o)
            file.readinto(raw[b : b + s].data)
    plain = [np.empty(4 * layout.chunk_genes * layout.chunk_samples, np.uint8) for _ in range(threads)]
    inflate_all(raw, start[:1], size[:1], plain[0])
    begun, used = time.perf_counter(), cpu_seconds()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda t: inflate_all(raw, start[t::threads], size[t::threads], plain[t]), range(threads)))
    return time.perf_counter() - begun, cpu_seconds() - used


def cpu_seconds() -> float:
    """Of this process and of the children that have ended."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def child(name: str, path: str, n: int, n_peer: int) -> None:
    import h5py

    with h5py.File(path) as file:
        rows = samples(n, file["data/expression"].shape[1])
    if name.startswith("limit"):
        seconds, cpu = limit(path, rows, 2)
        print(json.dumps({"seconds": seconds, "cpu": cpu, "checksum": None}))
        return
    if name == "archs4py":
        import archs4py.data  # noqa: F401
    else:
        import curation.hdf5.gather  # noqa: F401
    every = n // n_peer
    read = with_archs4py if name == "archs4py" else partial(with_gather, threads=1 if name.endswith("1_thread") else 2, every=every)
    rows = rows[::every] if name == "archs4py" else rows
    read(path, rows[:1])
    begun, used = time.perf_counter(), cpu_seconds()
    checksum = read(path, rows)
    scale = n / len(rows)
    print(json.dumps({"seconds": (time.perf_counter() - begun) * scale, "cpu": (cpu_seconds() - used) * scale, "checksum": checksum}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--archs4py", default=python_of("archs4py"), help="Python of an environment that holds archs4py")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument(
        "--peer-samples", type=int, help="archs4py reads only so many of them (a divisor of --samples); its time is scaled up"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the name of the files to read")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], options.child[1], options.samples, options.peer_samples or options.samples)
        return
    from peak import run

    print(
        f"{'file':34s} {'candidate':16s} {'samples/s':>10s} {'ratio':>7s} {'CPU s':>7s} {'ratio':>7s} {'peak MB':>8s} {'ratio':>6s} {'of limit':>9s}"
    )
    for path in sorted(options.folder.glob(f"simulated_*{options.only}*.h5")):
        runs: dict[str, list[Run]] = {}
        for _ in range(options.rounds):
            for name in (*CANDIDATES, "limit"):
                python = options.archs4py if name == "archs4py" else sys.executable
                command = [python, __file__, str(options.folder), "--samples", str(options.samples), "--child", name, str(path)]
                command += ["--peer-samples", str(options.peer_samples)] if options.peer_samples else []
                runs.setdefault(name, []).append(run(command))
        checksums = {done.result["checksum"] for of in runs.values() for done in of} - {None}
        if len(checksums) != 1:
            raise SystemExit(f"{path}: the candidates disagree: {checksums}")
        show(path, runs, options.samples)


def show(path: Path, runs: dict[str, list[Run]], n: int) -> None:
    """Medians; `of limit` is the share of the CPU seconds that inflating alone needs."""
    wall, cpu = ({name: statistics.median(r.result[key] for r in of) for name, of in runs.items()} for key in ("seconds", "cpu"))
    peak = {name: max(r.peak_mb for r in of) for name, of in runs.items()}
    if "2000x1" in path.stem:
        ours, theirs = (n / wall[name] for name in ("gather", "archs4py"))
        record("gather", samples_per_second=ours, peer_samples_per_second=theirs, times=ours / theirs)
    for name in runs:
        speed = f"{n / wall[name]:10,.0f} {wall['archs4py'] / wall[name]:6.1f}x {cpu[name]:7.2f} {cpu['archs4py'] / cpu[name]:6.1f}x"
        print(
            f"{path.stem:34s} {name:16s} {speed} {peak[name]:8,.0f} {peak['archs4py'] / peak[name]:5.1f}x {cpu['limit'] / cpu[name]:8.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
