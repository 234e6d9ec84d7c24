"""CPU seconds of reading whole text tables: profiles beside polars, pandas and, where its tree is given, an older reader of ours.

    python benchmarks/tables.py [--old TREE] [--folder DIR] [--small]

Two tables are written once: 1,000 samples x 16,115 genes as TSV (genes in rows), and a wide GCT. Each reader runs in a process of its own and
gives every value as float32 by samples; `curate` opens a source, the table of its samples included, as a build
does (the GCT as GTEx's), `model` the file. User and system time of that process are counted, imports included. TREE is a checkout of a commit
before profiles, e.g. `git worktree add /tmp/old ac39e38`.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TABLES = {
    "TSV, 1,000 samples x 16,115 genes": ("table/matrix.tsv", 16_115, 1_000),
    "GCT, 4,000 samples x 10,000 genes": ("gtex/gene_reads.gct", 10_000, 4_000),
}
SMALL = {
    "TSV, 50 samples x 2,000 genes": ("table/matrix.tsv", 2_000, 50),
    "GCT, 200 samples x 2,000 genes": ("gtex/gene_reads.gct", 2_000, 200),
}
SUM = "print(f'{total:.6g} {n}')"
CURATE = f"""
import sys; from pathlib import Path
import numpy as np
from curation.sources import open_source
folder = Path(sys.argv[1]).parent
matrix, = open_source(folder.name, folder).matrices()
total, n = 0.0, 0
for _, values in matrix.blocks(np.arange(matrix.n_samples)):
    total += float(values.sum(dtype=np.float64)); n += len(values)
{SUM}
"""
MODEL = f"""
import sys; from profiles.opening import open_table
import numpy as np
table = open_table(sys.argv[1], hold=64 << 20); table.probe(16)
total, n = 0.0, 0
for _, values in table.blocks():
    total += float(values.sum(dtype=np.float64)); n += len(values)
{SUM}
"""
OLD_MODEL = f"""
import sys; import numpy as np, functools; from pathlib import Path
from modelling.geneids import GeneSpace, reference_genes
from modelling.tables import open_text
records = reference_genes()
space = GeneSpace([r.symbol for r in records], [r.ensembl_gene_id for r in records], [r.hgnc_id for r in records], np.zeros(len(records)), "log2(TPM+1)")
path = Path(sys.argv[1]); table = open_text(functools.partial(path.open, "rb"), path.name, space)
table.probe(); total, n = 0.0, 0
for ids, values in table.blocks(np.arange(len(table.gene_ids)), 256):
    total += float(values.sum(dtype=np.float64)); n += len(ids)
{SUM}
"""
POLARS = f"""
import sys; import numpy as np, polars as pl
skip = 2 if sys.argv[1].endswith(".gct") else 0
frame = pl.read_csv(sys.argv[1], separator="\\t", skip_rows=skip)
values = frame.select(pl.col(frame.columns[1 + bool(skip):]).cast(pl.Float32)).to_numpy().T
total, n = float(values.sum(dtype=np.float64)), len(values)
{SUM}
"""
PANDAS = f"""
import sys; import numpy as np, pandas as pd
skip = 2 if sys.argv[1].endswith(".gct") else 0
frame = pd.read_csv(sys.argv[1], sep="\\t", skiprows=skip, index_col=0)
values = frame.iloc[:, int(bool(skip)):].to_numpy(np.float32).T
total, n = float(values.sum(dtype=np.float64)), len(values)
{SUM}
"""


def write(path: Path, n_genes: int, n_samples: int) -> None:
    """A table of whole numbers with real gene symbols, drawn once."""
    from profiles.genes import load_genes

    path.parent.mkdir(exist_ok=True)
    is_gct = path.suffix == ".gct"
    samples = [f"GTEX-{i:04}-0001-SM-A" for i in range(n_samples)]
    about, columns = ("SampleAttributesDS.txt", "SAMPID\tSMTSD") if is_gct else ("metadata.tsv", "sample_id\ttitle")
    (path.parent / about).write_text(columns + "\n" + "".join(f"{name}\tLiver\n" for name in samples))
    rng = np.random.default_rng(0)
    names = load_genes().ensembl_gene_id
    genes = [name for name in names if name][:n_genes]
    level = np.exp(rng.normal(3, 2.5, n_genes))
    header = "\t".join(samples)
    with path.open("w") as file:
        file.write(f"#1.2\n{n_genes}\t{n_samples}\nName\tDescription\t{header}\n" if is_gct else f"gene\t{header}\n")
        for gene, mean in zip(genes, level, strict=True):
            row = rng.poisson(mean * rng.gamma(4, 0.25, n_samples))
            file.write(gene + ("\tx\t" if is_gct else "\t") + "\t".join(map(str, row.tolist())) + "\n")


def measure(code: str, tree: Path, table: Path) -> tuple[float, str]:
    """CPU seconds of one reader on one table, and the sum that it found."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code, str(table)], capture_output=True, text=True, env=environment, cwd=tree, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = done.stdout.strip() or (done.stderr.strip().splitlines() or ["nothing"])[-1]
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


def main() -> None:
    """Write the tables, run the readers in turn, print one row each."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--old", type=Path, help="a checkout with the readers before profiles")
    asked.add_argument("--folder", type=Path, help="where the tables lie, or are written")
    asked.add_argument("--small", action="store_true", help="small tables, to see that it runs")
    given = asked.parse_args()
    here = Path(__file__).resolve().parent.parent
    readers = {"profiles (curate)": (CURATE, here), "profiles (model)": (MODEL, here), "polars": (POLARS, here), "pandas": (PANDAS, here)}
    if given.old:
        readers |= {"before (curate)": (CURATE, given.old), "before (model)": (OLD_MODEL, given.old)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        for what, (name, n_genes, n_samples) in (SMALL if given.small else TABLES).items():
            path = folder / name
            if not path.is_file():
                write(path, n_genes, n_samples)
            print(f"{what} ({path.stat().st_size / 1e6:.0f} MB)")
            for reader, (code, tree) in readers.items():
                seconds, said = measure(code, tree, path)
                print(f"  {reader:20} {seconds:7.2f} CPU s   {said}")


if __name__ == "__main__":
    main()
