#!/usr/bin/env python3
"""Time `curate label` on archive-sized text, beside a pandas loop over the same rules; prints rows per second and their ratio.

usage: python benchmarks/label_speed.py [--rows 888821] [--threads 2] [--pandas-rows 4000]

The text is made from templates around names of the shipped ontology, with the lengths and the share of distinct strings that ARCHS4 v2 has
(title about 30 characters and mostly unique, source about 20 and 130,000 distinct, characteristics about 90 and 490,000 distinct). The real one
cannot be shipped. Peak memory is that of the whole `curate label` process.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import polars as pl
from record import record

from curation.database import connect
from curation.ontology import load_reference

SEED = 7
ROWS = 888_821  # samples in ARCHS4 human v2.5
DISTINCT_SOURCES, DISTINCT_CHARACTERISTICS = 130_000, 490_000
STATES = ("normal", "tumor", "healthy control", "primary tumor", "adjacent normal", "patient", "relapse", "biopsy", "FFPE", "frozen")
TREATMENTS = ("DMSO", "vehicle", "siRNA control", "LPS 4h", "untreated", "dexamethasone", "IFN-gamma", "hypoxia", "10 nM E2", "none")


def vocabulary() -> tuple[list[str], list[str]]:
    """Names of tissues and cells, and of cell lines, that the archive's submitters would write."""
    con = connect()
    load_reference(con)
    names = [row[0] for row in con.execute("SELECT text FROM rule WHERE verdict = 'map' AND match = 'phrase' ORDER BY text").fetchall()]
    lines = [row[0] for row in con.execute("SELECT name FROM cell_line ORDER BY name").fetchall()]
    con.close()
    return names, lines


def make_table(n_rows: int) -> pl.DataFrame:
    """Sample texts with a fixed seed."""
    names, lines = vocabulary()
    draw = random.Random(SEED)
    scale = n_rows / ROWS
    pick = draw.choice
    sources = [
        f"{pick(names)} {pick(STATES)} {draw.randrange(400)}" if i % 3 else pick(names)
        for i in range(max(10, int(DISTINCT_SOURCES * scale)))
    ]
    pairs = [
        f"tissue: {pick(names)},cell type: {pick(names)},age: {draw.randrange(90)},Sex: {pick(('male', 'female'))},treatment: {pick(TREATMENTS)}"
        if draw.random() < 0.7
        else f"cell line: {pick(lines)},genotype/variation: WT,passages: {draw.randrange(30)},treatment: {pick(TREATMENTS)},replicate: {draw.randrange(9)}"
        for _ in range(max(10, int(DISTINCT_CHARACTERISTICS * scale)))
    ]
    return pl.DataFrame(
        {
            "geo_accession": [f"GSM{i:07d}" for i in range(n_rows)],
            "series_id": [f"GSE{i // 27:06d}" for i in range(n_rows)],
            "title": [f"{pick(STATES)}_{pick(names)}_{draw.randrange(10**6)}_rep{draw.randrange(4)}" for _ in range(n_rows)],
            "source_name_ch1": [pick(sources) for _ in range(n_rows)],
            "characteristics_ch1": [pick(pairs) for _ in range(n_rows)],
        }
    )


def time_curate(table: Path, out: Path, threads: int) -> tuple[float, float, float]:
    """Wall seconds, processor seconds, and peak GB of the `curate label` process."""
    command = [sys.executable, "-c", "from curation.cli import main; main()", "label", table, "--out", out]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, "--threads", str(threads), "--memory", "3GB"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, busy, after.ru_maxrss / 1e6


def time_pandas(frame: pl.DataFrame) -> tuple[float, float, int]:
    """Wall and processor seconds for a loop of str.contains over all phrase rules as whole words, and the number of rules."""
    con = connect()
    load_reference(con)
    phrases = [row[0] for row in con.execute("SELECT text FROM rule WHERE match = 'phrase' ORDER BY rule_id").fetchall()]
    con.close()
    rows = frame.to_pandas()
    text: pd.Series[str] = rows["title"].str.replace("_", " ") + " | " + rows["source_name_ch1"] + " | " + rows["characteristics_ch1"]
    start, busy = time.perf_counter(), time.process_time()
    for phrase in phrases:
        text.str.contains(rf"\b{re.escape(phrase)}\b", case=False, regex=True)
    return time.perf_counter() - start, time.process_time() - busy, len(phrases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pandas-rows", type=int, default=4_000)
    arguments = parser.parse_args()
    frame = make_table(arguments.rows)
    counts = {name: frame[name].n_unique() for name in ("title", "source_name_ch1", "characteristics_ch1")}
    print(f"{arguments.rows:,} rows; distinct: " + ", ".join(f"{n:,} {name}" for name, n in counts.items()))
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "samples.parquet", Path(folder) / "labels.parquet"
        frame.write_parquet(table)
        seconds, busy, peak = time_curate(table, out, arguments.threads)
        labels = pl.read_parquet(out)
    part = frame.head(arguments.pandas_rows)
    pandas_seconds, pandas_busy, n_rules = time_pandas(part)
    ours, theirs = arguments.rows / busy, arguments.pandas_rows / pandas_busy
    share = (labels["tissue"] != "").mean()
    print(
        f"curate label: {seconds:.1f} s, {busy:.1f} s of processor time on {arguments.threads} threads, peak {peak:.2f} GB, {share:.1%} labelled"
    )
    print(
        f"pandas str.contains over {n_rules} rules: {pandas_seconds:.1f} s, {pandas_busy:.1f} s of processor time, for {arguments.pandas_rows:,} rows"
    )
    record(
        "label_speed",
        cpu_seconds=busy,
        peak_gb=peak,
        rows_per_cpu_second=ours,
        peer_rows_per_cpu_second=theirs,
        times=ours / theirs,
    )
    print(f"rows per second of processor time: {ours:,.0f} against {theirs:,.0f}, ratio {ours / theirs:,.0f}")


if __name__ == "__main__":
    main()
