"""Every command that writes, for disks that are full, read-only or vanish half-way, and for kills."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Words = list[str | Path]

# name: the command, given the world and the folder to write in.
WRITERS: dict[str, Callable[[Path, Path], Words]] = {
    "build": lambda w, d: ["curate", "build", "--input", w / "world", "--out", d / "out", "--ontology", w / "ontology", "--unit", "cpm", "--threads", "1"],
    "demo": lambda w, d: ["curate", "demo", d / "out", "--samples", "300", "--genes", "1000"],
    "label": lambda w, d: ["curate", "label", w / "table" / "table" / "metadata.tsv", "--out", d / "out.tsv", "--ontology", w / "ontology"],
    "label parquet": lambda w, d: ["curate", "label", w / "table" / "table" / "metadata.tsv", "--out", d / "out.parquet", "--ontology", w / "ontology"],
    "label database": lambda w, d: [
        "curate", "label", w / "table" / "table" / "metadata.tsv", "--out", d / "out.tsv", "--database", d / "out.duckdb", "--ontology", w / "ontology",
    ],
    "query h5ad": lambda w, d: ["curate", "query", w / "release", "liver", "--out", d / "out.h5ad"],
    "query parquet": lambda w, d: ["curate", "query", w / "release", "", "--out", d / "out.parquet", "--genes", "A1BG"],
    "sql": lambda w, d: ["curate", "sql", "SELECT * FROM sample", "--db", w / "release", "--out", d / "out.tsv"],
    "audit": lambda w, d: ["curate", "sql", "SELECT * FROM evidence", "--db", w / "release", "--out", d / "out.json"],
    "diff": lambda w, d: ["curate", "diff", w / "release", w / "release", "--out", d / "out.csv"],
    "export h5ad": lambda w, d: ["curate", "export", w / "compendium.h5ad", "--format", "h5ad", "--out", d / "out.h5ad"],
    "export parquet": lambda w, d: ["curate", "export", w / "compendium.h5ad", "--format", "parquet", "--out", d / "out"],
    "export csv": lambda w, d: ["curate", "export", w / "compendium.h5ad", "--format", "csv", "--out", d / "out"],
    "export flexynesis": lambda w, d: ["curate", "export", w / "compendium.h5ad", "--format", "flexynesis", "--out", d / "out"],
    "override add": lambda w, d: [
        "curate", "override", "add", "GSM0001", "--term", "UBERON:0002107", "--by", "A", "--reason", "because", "--ontology", d / "ontology",
    ],
    "model train": lambda w, d: ["model", "train", w / "compendium.h5ad", "--out", d / "out", "--epochs", "2", "--device", "cpu", "--map", "pca"],
    "model predict": lambda w, d: ["model", "predict", w / "run", w / "samples.tsv", "--out", d / "out.tsv"],
    "model predict parquet": lambda w, d: ["model", "predict", w / "run", w / "samples.tsv", "--out", d / "out.parquet"],
    "model predict h5ad": lambda w, d: ["model", "predict", w / "run", w / "samples.tsv", "--out", d / "out.h5ad", "--impute", d / "out2.h5ad"],
    "model embed": lambda w, d: ["model", "embed", w / "run", w / "samples.tsv", "--out", d / "out.tsv"],
    "model export": lambda w, d: ["model", "export", w / "run", "--to", d / "out", "--without-onnx"],
    "model evaluate": lambda w, d: ["model", "evaluate", w / "run", w / "compendium.h5ad", "--out", d / "out"],
    "model audit-samples": lambda w, d: ["model", "audit-samples", w / "compendium.h5ad", "--out", d / "out"],
    "model compare": lambda w, d: ["model", "compare", w / "run", w / "samples.tsv", "--out", d / "out", "--normals", w / "compendium.h5ad"],
    "model baselines": lambda w, d: ["model", "baselines", w / "compendium.h5ad", "--out", d / "out"],
}  # fmt: skip
# Needs a server (fault_kills.py): what stands there may be some of the files, each whole, and parts of others for the next run to go on with.
FETCH: Words = ["curate", "fetch", "archs4", "--variant", "h5"]
SLOW = {"model train", "model evaluate", "model baselines", "demo"}


def outputs(folder: Path) -> list[str]:
    """What a command left in the folder it wrote in: the names of its outputs, and of anything else."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("ontology", "filler"))
