"""A world small enough to be built in a second or two: two sources, 96 samples, 60 genes, and the shipped ontology cut to what it needs."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
from sources_world import write, write_archs4

from curation.build import BuildReport, RunOptions, build
from curation.config import BuildConfig
from curation.progress import Progress
from curation.resources import ontology_folder

WORDS = ("liver", "brain", "lung", "kidney", "heart")
N_GENES = 60
GTEX = {"Liver": "1226", "Lung": "0726", "Brain - Cortex": "2926"}
TERM = re.compile(r"[A-Z]+:\d+")


def write_input(folder: Path, n_archs4: int = 72, n_donors: int = 8, *, order: int = 0) -> Path:
    """ARCHS4 and GTEx folders; `order` shuffles the archive's samples without changing any of them."""
    genes = [name for name in pl.read_csv(ontology_folder() / "genes.tsv.gz", separator="\t", infer_schema=False)["symbol"] if name][
        :N_GENES
    ]
    index = np.arange(n_archs4)
    if order:
        np.random.default_rng(order).shuffle(index)
    counts = np.stack([np.random.default_rng(int(i)).negative_binomial(2, 0.002, N_GENES) for i in index], axis=1).astype(np.uint32)
    samples = {
        "geo_accession": [f"GSM{i:04}" for i in index],
        "series_id": [f"GSE{i // 4}" + (",GSE900" if i in (0, 30) else "") for i in index],
        "title": [f"{WORDS[(i // 4) % len(WORDS)]} sample {i}" for i in index],
        "source_name_ch1": ["HeLa cells" if i == 7 else "" if i == 9 else WORDS[(i // 4) % len(WORDS)] for i in index],
        "characteristics_ch1": [f"tissue: {WORDS[(i // 4) % len(WORDS)]},age: {20 + i}" if i != 9 else "age: 5" for i in index],
        "singlecellprobability": [0.9 if i == 11 else 0.02 for i in index],
    }
    samples["title"] = ["X1" if i == 9 else title for i, title in zip(index, samples["title"], strict=True)]
    write_archs4(folder / "archs4" / "human_gene_v2.5.h5", counts, symbols=genes, samples=samples)
    _write_gtex(folder / "gtex", genes, n_donors)
    return folder


def _write_gtex(folder: Path, genes: list[str], n_donors: int) -> None:
    names = [f"GTEX-{1000 + d}-{code}-SM-ABCD{d}" for d in range(n_donors) for code in GTEX.values()]
    values = np.random.default_rng(1).negative_binomial(2, 0.002, (len(genes), len(names)))
    body = ["\t".join([f"ENSG{g:011d}.1", gene, *map(str, values[g])]) for g, gene in enumerate(genes)]
    write(folder / "gene_reads.gct", ["#1.2", f"{len(genes)}\t{len(names)}", "\t".join(["Name", "Description", *names]), *body])
    tissue = {code: name for name, code in GTEX.items()}
    rows = [f"{name}\t{tissue[name.split('-')[2]].split(' - ')[0]}\t{tissue[name.split('-')[2]]}\tRNASEQ" for name in names]
    write(folder / "GTEx_SampleAttributesDS.txt", ["SAMPID\tSMTS\tSMTSD\tSMAFRZE", *rows])


def write_ontology(folder: Path) -> Path:
    """The shipped ontology folder, its term files cut to the terms that its tables name, and what stands above them."""
    shutil.copytree(ontology_folder(), folder, ignore=shutil.ignore_patterns("*.obo.gz", "cell_names*", "rubrics"))
    wanted = set(TERM.findall("\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tsv") if path.name != "downloads.tsv")))
    for source in ontology_folder().glob("*.obo.gz"):
        head, *blocks = gzip.decompress(source.read_bytes()).decode().split("\n\n")
        by_id = {match.group(1): block for block in blocks if (match := re.search(r"^id: (\S+)", block, re.MULTILINE))}
        kept, open_ids = set(), [name for name in by_id if name in wanted or ":" not in name or "replaced_by" in by_id[name]]
        while open_ids:
            name = open_ids.pop()
            if name in by_id and name not in kept:
                kept.add(name)
                open_ids += re.findall(r"^(?:is_a:|relationship: \S+|replaced_by:) (\S+)", by_id[name], re.MULTILINE)
        text = "\n\n".join([head, *(by_id[name] for name in by_id if name in kept)]) + "\n"
        (folder / source.name).write_bytes(gzip.compress(text.encode()))
    for source in ontology_folder().glob("cell_names*"):
        (folder / source.name).write_bytes(gzip.compress(b"\n".join(gzip.decompress(source.read_bytes()).split(b"\n")[:50]) + b"\n"))
    return folder


def build_tiny(world: Path, out: Path, cap: int | None = 10, ontology: Path | None = None, **options: object) -> BuildReport:
    """Build the world in this process."""
    config = BuildConfig(cap=cap, unit="cpm")
    run = RunOptions(threads=1, ontology=ontology or world.parent / "ontology", **options)  # type: ignore[arg-type]
    return build(world, out, config, run, Progress())
