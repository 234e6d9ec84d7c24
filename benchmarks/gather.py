"""Samples of an ARCHS4-layout file: this project's gather against archs4py 1.0.4, in one run, candidates in turn.

    python benchmarks/archs4_file.py /tmp/archs4
    python -m venv /tmp/archs4py && /tmp/archs4py/bin/pip install archs4py==1.0.4
    python benchmarks/gather.py /tmp/archs4 --archs4py /tmp/archs4py/bin/python

Each candidate is a process of its own that reads one sample first (imports and compiled code are loaded), then, on the clock, the same
random samples, and prints their checksum. Memory is that of the whole process tree, imports included. `limit` inflates the same chunks
from memory with libdeflate on two threads and does nothing with them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from functools import partial
from pathlib import Path

CANDIDATES = ("archs4py", "gather", "gather_1_thread")


def samples(n: int, n_samples: int) -> list[int]:
    import numpy as np

    return sorted(np.random.default_rng(1).choice(n_samples, n, replace=False).tolist())


def with_archs4py(path: str, rows: list[int]) -> int:
    import archs4py.data

    frame = archs4py.data.index(path, rows, silent=True)
    return int(frame.to_numpy().sum(dtype="uint64"))


def with_gather(path: str, rows: list[int], threads: int) -> int:
    import h5py
    import numpy as np

    from curation.gather import gather

    with h5py.File(path) as file:
        n_genes = file["data/expression"].shape[0]
    blocks = gather(Path(path), "data/expression", np.array(rows), n_genes=n_genes, workers=threads)
    return int(sum(values.sum(dtype=np.float64) for _, values in blocks))


def limit(path: str, rows: list[int], threads: int) -> float:
    """Seconds that libdeflate needs for the chunks that hold the rows, from memory."""
    from concurrent.futures import ThreadPoolExecutor

    import h5py
    import numpy as np
    from numba import njit

    from curation.gather import Gather
    from curation.inflate import free_inflater, inflate, new_inflater
    from curation.layout import Layout

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
    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda t: inflate_all(raw, start[t::threads], size[t::threads], plain[t]), range(threads)))
    return time.perf_counter() - begun


def child(name: str, path: str, n: int) -> None:
    import h5py

    with h5py.File(path) as file:
        rows = samples(n, file["data/expression"].shape[1])
    if name.startswith("limit"):
        print(json.dumps({"seconds": limit(path, rows, 2), "checksum": None}))
        return
    if name == "archs4py":
        import archs4py.data  # noqa: F401
    else:
        import curation.gather  # noqa: F401
    read = with_archs4py if name == "archs4py" else partial(with_gather, threads=1 if name.endswith("1_thread") else 2)
    read(path, rows[:1])
    begun = time.perf_counter()
    checksum = read(path, rows)
    print(json.dumps({"seconds": time.perf_counter() - begun, "checksum": checksum}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--archs4py", default=sys.executable, help="Python of an environment that holds archs4py 1.0.4")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the name of the files to read")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], options.child[1], options.samples)
        return
    from peak import run

    print(f"{'file':44s} {'candidate':16s} {'samples/s':>10s} {'ratio':>7s} {'peak MB':>8s} {'of limit':>9s}")
    for path in sorted(options.folder.glob(f"simulated_*{options.only}*.h5")):
        seconds: dict[str, list[float]] = {}
        peaks: dict[str, float] = {}
        checksums = set()
        for _ in range(options.rounds):
            for name in (*CANDIDATES, "limit"):
                python = options.archs4py if name == "archs4py" else sys.executable
                done = run([python, __file__, str(options.folder), "--samples", str(options.samples), "--child", name, str(path)])
                seconds.setdefault(name, []).append(done.result["seconds"])
                peaks[name] = max(peaks.get(name, 0.0), done.peak_mb)
                checksums |= {done.result["checksum"]} - {None}
        if len(checksums) != 1:
            raise SystemExit(f"{path}: the candidates disagree: {checksums}")
        middle = {name: statistics.median(values) for name, values in seconds.items()}
        for name in (*CANDIDATES, "limit"):
            ratio, share = middle["archs4py"] / middle[name], middle["limit"] / middle[name]
            print(
                f"{path.stem:44s} {name:16s} {options.samples / middle[name]:10,.0f} {ratio:6.1f}x {peaks[name]:8,.0f} {share:8.0%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
