"""Steps 1 to 10 of a build for 10^5, 10^6 and 10^7 simulated samples of an archive, no matrix; and the plan of the export that follows.

    python benchmarks/many_samples.py [--samples 100000 1000000 10000000] [--threads 2] [--memory 6GB] [--chain 4000]

A world of `curate demo`'s generator is drawn once and repeated: every copy has accessions and series of its own, and as large a share of texts of
its own as ARCHS4 v2.5 has (774,000 titles, 488,000 characteristics and 130,000 source names of 888,821 samples are distinct). The build runs in a
process of its own, so CPU time and peak memory are its own; spill and database lie in --scratch and are gone at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from full_size_metadata import ParquetSource, generate
from record import record

WORLD = 100_000
SHARE = {"title": 0.87, "characteristics": 0.55, "source_name": 0.15}  # of rows whose text occurs in one copy only
SUFFIX = {"title": "' ' || copy", "characteristics": "',batch: ' || copy", "source_name": "' ' || copy"}


def repeat(world: Path, path: Path, n_samples: int) -> None:
    """Write `n_samples` rows of the archive: copies of the world."""
    import duckdb

    own = ", ".join(
        f"if(hash(sample_id || '{name}') % 100 < {100 * share:.0f}, {name} || {SUFFIX[name]}, {name}) AS {name}"
        for name, share in SHARE.items()
    )
    con = duckdb.connect(
        config={"threads": 2, "memory_limit": "3GB", "temp_directory": str(path.parent), "preserve_insertion_order": False}
    )
    con.execute(
        f"""COPY (
            SELECT * EXCLUDE (copy) REPLACE (sample_id || 'c' || copy AS sample_id, {own},
                list_aggregate(list_transform(string_split(series_id, ','), lambda s: s || 'c' || copy), 'string_agg', ',') AS series_id,
                (matrix_row + {WORLD} * copy)::INTEGER AS matrix_row)
            FROM (SELECT * FROM read_parquet('{world}') WHERE source = 'archs4'), range({-(-n_samples // WORLD)}) AS number (copy)
            WHERE matrix_row + {WORLD} * copy < {n_samples}
        ) TO '{path}' (FORMAT parquet)"""
    )


class Folder(threading.Thread):
    """Watches how large a folder gets."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.most, self.ended = folder, 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.5):
            self.most = max(self.most, sum(entry.stat().st_blocks * 512 for entry in self.folder.rglob("*") if entry.exists()))


def measure(table: Path, folder: Path, threads: int, memory: str) -> dict[str, Any]:
    """Run all stages but the matrix, then plan the export; say what they cost."""
    from curation.build import curate
    from curation.config import BuildConfig
    from curation.database import connect, fetch_arrow
    from curation.progress import Progress
    from curation.resources import ontology_folder

    watch, progress = Folder(folder), Progress(visible=True)
    watch.start()
    con = connect(folder / "curation.duckdb", threads=threads, memory=memory)
    begin, began = time.perf_counter(), time.process_time()
    curate(con, {"archs4": ParquetSource(table, "archs4")}, ontology_folder(), BuildConfig(cap=10_000), None, progress)  # type: ignore[dict-item]
    curated = time.process_time() - began
    kept = fetch_arrow(con, "SELECT * FROM kept ORDER BY row")
    n_samples = con.execute("SELECT count(*) FROM sample").fetchone()[0]  # type: ignore[index]
    con.close()
    watch.ended.set()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "samples": n_samples,
        "kept": kept.num_rows,
        "cpu_seconds": curated,
        "seconds": time.perf_counter() - begin,
        "peak_gb": usage.ru_maxrss / 1e6,
        "disk_gb": watch.most / 1e9,
        "stages": [(stage.name, stage.seconds, stage.peak_mb) for stage in progress.stages],
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    arguments.add_argument("--samples", type=int, nargs="+", default=[100_000, 1_000_000])
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--memory", default="5GB", help="memory limit of the database")
    arguments.add_argument("--scratch", type=Path, help="folder for tables, database and spill")
    arguments.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.measure:
        with tempfile.TemporaryDirectory(dir=given.scratch) as folder:
            print(json.dumps(measure(given.measure, Path(folder), given.threads, given.memory)))
        return
    with tempfile.TemporaryDirectory(dir=given.scratch) as made:
        folder = given.scratch or Path(made)
        world = folder / "world.parquet"
        if not world.exists():
            generate(world, WORLD)
        figures: dict[str, float] = {}
        for n_samples in given.samples:
            table = Path(made) / f"samples_{n_samples}.parquet"
            repeat(world, table, n_samples)
            child = [sys.executable, __file__, "--measure", str(table), "--threads", str(given.threads), "--memory", given.memory]
            done = subprocess.run([*child, "--scratch", str(made)], stdout=subprocess.PIPE, text=True, check=False, env=os.environ)
            if done.returncode:
                sys.exit(done.returncode)
            table.unlink()
            found = json.loads(done.stdout.splitlines()[-1])
            figures |= {f"{name}_{n_samples}": found[name] for name in ("cpu_seconds", "peak_gb", "disk_gb")}
            print(
                f"{found['samples']:,} samples, {found['kept']:,} kept: {found['cpu_seconds']:.0f} CPU s ({found['seconds']:.0f} s),",
                end=" ",
            )
            print(f"peak {found['peak_gb']:.2f} GB, on disk {found['disk_gb']:.2f} GB", flush=True)
            for name, seconds, peak in found["stages"]:
                print(f"  {name}: {seconds:.1f} s, {peak:,.0f} MB", flush=True)
        record("many_samples", **figures)


if __name__ == "__main__":
    main()
