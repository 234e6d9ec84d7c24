"""End to end export at growing size: samples per second and peak memory must stay flat.

    python benchmarks/export_scaling.py /tmp/scaling --samples 2000 8000 32000

Writes one ARCHS4-layout file of simulated counts of 16,115 real genes, then exports random samples of it, each size in a process of its own,
twice in turn: gather, TPM, log2, writing, reading back with checksums and statistics, obs and var, and rows computed again from the file.
Time leaves imports and the loading of compiled code out; memory is the highest resident set of the process, everything included.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import h5py
import numpy as np

N_GENES = 16_115
DISTINCT = 1000  # samples simulated; their compressed chunks are repeated to the size of the file


def write_source(path: Path, n_samples: int) -> None:
    from archs4_file import simulate, write

    from profiles.genes import load_genes

    table = load_genes()
    symbols = [table.symbol[i] for i in np.flatnonzero(np.isfinite(table.length_bp))[:N_GENES]]
    counts = simulate(path.with_suffix(".u32"), DISTINCT, N_GENES)
    small = path.with_suffix(".small")
    write(small, counts, (2000, 1))
    with h5py.File(small) as source, h5py.File(path, "w") as target:
        data = source["data/expression"]
        copy = target.create_dataset(
            "data/expression", (N_GENES, n_samples), np.uint32, chunks=data.chunks, compression="gzip", compression_opts=4
        )
        for sample in range(n_samples):
            for gene in range(0, N_GENES, data.chunks[0]):
                mask, chunk = data.id.read_direct_chunk((gene, sample % DISTINCT))
                copy.id.write_direct_chunk((gene, sample), chunk, mask)
        target["meta/genes/symbol"] = symbols
    small.unlink()
    path.with_suffix(".u32").unlink()


def child(path: Path, n: int, out: Path, threads: int | None) -> None:
    import pyarrow as pa

    from curation.config import BuildConfig
    from curation.matrix.write import write_compendium
    from curation.progress import Progress
    from curation.sources.archs4 import Archs4Matrix
    from curation.sources.folder import FolderSource
    from profiles.gene_names import GeneIds

    with h5py.File(path) as file:
        symbols = tuple(file["meta/genes/symbol"].asstr()[:])
        n_all = file["data/expression"].shape[1]
    matrix = Archs4Matrix(path=path, file=path.name, genes=GeneIds(symbol=symbols), n_samples=n_all)
    source = FolderSource("archs4", pa.table({}), [matrix], [path], [])

    def kept(size: int) -> pa.Table:
        rows = np.random.default_rng(0).choice(n_all, size, replace=False)
        text = {name: ["x"] * size for name in ("series_id", "group_id", "tissue", "term_id")}
        ids = {"sample_id": [f"S{row}" for row in rows], "source": ["archs4"] * size, "matrix_file": [path.name] * size}
        split = ["train" if i < 0.8 * size else "test" for i in range(size)]
        return pa.table({**ids, **text, "split": split, "is_tumour": pa.nulls(size, pa.bool_()), "matrix_row": rows.astype(np.int32)})

    write_compendium(out, kept(2), {"archs4": source}, BuildConfig(), uns={})
    progress, begun = Progress(), time.perf_counter()
    write_compendium(out, kept(n), {"archs4": source}, BuildConfig(), uns={}, progress=progress, threads=threads)
    seconds = time.perf_counter() - begun
    stages = {stage.name: round(stage.seconds, 2) for stage in progress.stages}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.unlink()
    print(json.dumps({"seconds": seconds, "stages": stages, "peak_mb": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, nargs="+", default=[2000, 8000, 32_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    path = options.folder / f"simulated_{max(options.samples)}x{N_GENES}.h5"
    if options.child:
        child(path, options.child, options.folder / "compendium.h5ad", None)
        return
    from peak import run

    options.folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_source(path, max(options.samples))
    print(f"{'samples':>8s} {'seconds':>8s} {'samples/s':>10s} {'X MB/s':>7s} {'peak MB':>8s}  stages")
    for _ in range(options.rounds):
        for n in options.samples:
            done = run([sys.executable, __file__, str(options.folder), "--samples", str(max(options.samples)), "--child", str(n)]).result
            rate = n / done["seconds"]
            print(
                f"{n:8,} {done['seconds']:8.1f} {rate:10,.0f} {rate * N_GENES * 4 / 1e6:7,.0f} {done['peak_mb']:8,.0f}  {done['stages']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
