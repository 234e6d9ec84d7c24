"""Steps 1 to 10 of a build at full size: 888,821 simulated archive samples with GTEx, TCGA and DepMap beside them, no matrix.

    python benchmarks/full_size_metadata.py [--samples N] [--threads 2] [--memory 4GB]

The samples are drawn by the generator of `curate demo` (their text is simulated and resembles GEO's, their number is that of
ARCHS4 v2.5); the tables are made by the same code as in `curate build`. Generator and build run in a process each, so that the peak
memory printed is the build's alone. The last table stands beside what the paper reports.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from record import record

ARCHS4_SAMPLES = 888_821  # human_gene_v2.5.h5
FURTHER = {"gtex": 17_382, "tcga": 10_535, "depmap": 1_959}
BATCH = 50_000
# Pande, Uyar, Akalin: An atlas-scale generative model for unified representation learning of bulk RNA-seq data.
PAPER = {"archs4 samples": 888_821, "kept": 146_537, "train": 118_263, "test": 28_274, "tissues": 42}


def generate(path: Path, n_samples: int) -> None:
    """Write the sample table of all sources as Parquet, in batches."""
    import pyarrow.parquet as pq

    from curation.demo.geo import GeoWorld
    from curation.source import SAMPLE_SCHEMA

    rng = random.Random(1)
    with pq.ParquetWriter(path, SAMPLE_SCHEMA) as writer:
        for number, batch in enumerate(_batches(n_samples)):
            world = GeoWorld(batch, rng)
            rows = [_row(sample, number, number * BATCH + i) for i, sample in enumerate(world.build())]
            writer.write_table(_table(rows))
        for source, n in FURTHER.items():
            writer.write_table(_table([_declared(source, i, rng) for i in range(max(1, n * n_samples // ARCHS4_SAMPLES))]))


def _batches(n_samples: int) -> Iterator[int]:
    while n_samples > 0:
        yield min(BATCH, n_samples)
        n_samples -= BATCH


def _table(rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    from curation.source import SAMPLE_SCHEMA

    return pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA)


def _row(sample: Any, batch: int, position: int) -> dict[str, Any]:
    """One archive sample; accessions of different batches are kept apart by a digit."""
    series = ",".join(f"{name}{batch:02}" for name in sample.series_id.split(","))
    return {
        "sample_id": f"{sample.sample_id}{batch:02}",
        "source": "archs4",
        "series_id": series,
        "title": sample.title,
        "source_name": sample.source_name,
        "characteristics": sample.characteristics,
        "single_cell_probability": sample.single_cell_probability,
        "unit": "counts",
        "matrix_file": "human_gene.h5",
        "matrix_row": position,
    }


def _declared(source: str, number: int, rng: random.Random) -> dict[str, Any]:
    """One sample whose source's own column names the tissue."""
    term = rng.choice(DECLARED)
    return {
        "sample_id": f"{source.upper()}-{number:06}",
        "source": source,
        "donor_id": f"{source.upper()}-{number // (20 if source == 'gtex' else 1):05}",
        "is_tumour": {"tcga": number % 12 > 0, "gtex": False, "depmap": True}[source],
        "declared_field": "tissue",
        "declared_text": term[1],
        "declared_term_id": term[0],
        "is_cell_line_declared": source == "depmap",
        "unit": "counts",
        "matrix_file": f"{source}.tsv",
        "matrix_row": number,
    }


DECLARED = [
    ("UBERON:0002107", "liver"),
    ("UBERON:0002048", "lung"),
    ("UBERON:0000955", "brain"),
    ("UBERON:0002113", "kidney"),
    ("UBERON:0000310", "breast"),
    ("UBERON:0000178", "blood"),
    ("UBERON:0001155", "colon"),
    ("UBERON:0000945", "stomach"),
]


@dataclass(frozen=True)
class ParquetSource:
    """The rows of one source in the generated table."""

    path: Path
    name: str

    def samples(self) -> Iterator[Any]:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(self.path).iter_batches(BATCH):
            chosen = batch.filter(pc.equal(batch["source"], self.name))
            if chosen.num_rows:
                yield chosen


def measure(path: Path, database: Path, threads: int, memory: str | None) -> dict[str, Any]:
    """Run all stages but the matrix and say what they cost."""
    from curation.build import curate
    from curation.config import BuildConfig
    from curation.database import connect
    from curation.progress import Progress
    from curation.resources import ontology_folder

    progress = Progress()
    sources = {name: ParquetSource(path, name) for name in ("archs4", *FURTHER)}
    con = connect(database, threads=threads, memory=memory)
    start = time.perf_counter()
    curate(con, sources, ontology_folder(), BuildConfig(cap=10_000), None, progress)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    count = {name: con.execute(query).fetchone()[0] for name, query in COUNTS.items()}  # type: ignore[index]
    funnel = con.execute("SELECT step, operation, n_in, n_added, n_dropped, n_aside, n_out FROM funnel ORDER BY step").fetchall()
    con.close()
    return {
        "seconds": seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "database_gb": database.stat().st_size / 1e9,
        "stages": [(stage.name, stage.seconds, stage.peak_mb) for stage in progress.stages],
        "counts": count,
        "funnel": funnel,
    }


COUNTS = {
    "samples": "SELECT count(*) FROM sample",
    "distinct texts": "SELECT count(*) FROM text",
    "groups": "SELECT count(DISTINCT group_id) FROM sample_group",
    "kept": "SELECT count(*) FROM kept WHERE split <> 'unlabelled'",
    "unlabelled kept": "SELECT count(*) FROM kept WHERE split = 'unlabelled'",
    "train": "SELECT count(*) FROM kept WHERE split = 'train'",
    "validation": "SELECT count(*) FROM kept WHERE split = 'validation'",
    "test": "SELECT count(*) FROM kept WHERE split = 'test'",
    "tissues": "SELECT count(DISTINCT tissue) FROM kept WHERE tissue <> ''",
}


def report(found: dict[str, Any]) -> None:
    """Print times, memory, sizes, and the funnel beside the paper's numbers."""
    record("full_size_metadata", **{name: found[name] for name in ("seconds", "peak_gb", "database_gb")})
    print(f"{found['seconds']:.1f} s, peak {found['peak_gb']:.2f} GB, database {found['database_gb']:.2f} GB (limits: 180 s, 6 GB)\n")
    print("| stage | s | peak MB |\n| --- | ---: | ---: |")
    for name, seconds, peak in found["stages"]:
        print(f"| {name} | {seconds:.1f} | {peak:,.0f} |")
    print("\n| step | operation | in | added | dropped | aside | out |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for step, operation, *numbers in found["funnel"]:
        print(f"| {step} | {operation} | {' | '.join(f'{n:,}' for n in numbers)} |")
    counts = found["counts"]
    print("\n| | here (simulated text) | paper | why they differ |\n| --- | ---: | ---: | --- |")
    for name, ours, theirs, why in COMPARED:
        print(
            f"| {name} | {counts.get(ours, 0):,} | {PAPER.get(theirs, 0) or '-':,} | {why} |"
            if theirs
            else f"| {name} | {counts[ours]:,} | - | {why} |"
        )


COMPARED = [
    (
        "samples of all sources",
        "samples",
        "archs4 samples",
        "the paper's number is ARCHS4 alone; here TCGA, GTEx and DepMap are counted with it",
    ),
    (
        "kept and labelled",
        "kept",
        "kept",
        "simulated text names a tissue more often than GEO does; the paper drops what it cannot map, and single cells it calls otherwise",
    ),
    ("training part", "train", "train", "80 % by study here, 85 % by sample in the paper; both at most 10,000 a tissue"),
    ("test part", "test", "test", "15 % of all before the cap in both: it grows with the number of labelled samples"),
    ("validation part", "validation", "", "the paper has none: it stops early on its test part"),
    ("unlabelled, kept aside", "unlabelled kept", "", "the paper drops them"),
    ("tissues", "tissues", "tissues", ""),
    ("distinct texts", "distinct texts", "", "each is matched once"),
    ("groups", "groups", "", "connected studies, donors, patients"),
]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    arguments.add_argument("--samples", type=int, default=ARCHS4_SAMPLES)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--memory", default="4GB", help="memory limit of the database")
    arguments.add_argument("--table", type=Path, help="keep the generated samples here, and use them when they are there")
    arguments.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.measure:
            print(json.dumps(measure(given.measure, Path(folder) / "curation.duckdb", given.threads, given.memory)))
            return
        table = given.table or Path(folder) / "samples.parquet"
        if not table.exists():
            start = time.perf_counter()
            generate(table, given.samples)
            print(
                f"{given.samples:,} archive samples generated in {time.perf_counter() - start:.0f} s ({table.stat().st_size / 1e6:,.0f} MB)"
            )
        child = [sys.executable, __file__, "--measure", str(table), "--threads", str(given.threads), "--memory", given.memory]
        done = subprocess.run(child, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        report(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
