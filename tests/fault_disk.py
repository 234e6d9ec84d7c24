"""Every command that writes, for disks that are full, read-only or vanish half-way, and for kills."""

from __future__ import annotations

import shutil
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
    "query tsv": lambda w, d: ["curate", "query", w / "release", "liver", "--genes", "A1BG", "--out", d / "out.tsv"],
    "query catalogue": lambda w, d: ["curate", "query", w / "catalogue", "liver", "--out", d / "out.csv"],
    "diff page": lambda w, d: ["curate", "diff", w / "release", w / "release", "--page", d / "out.html", "--out", d / "out.parquet"],
    "score": lambda w, d: ["curate", "score", w / "gold.tsv", "--json", d / "out.json", "--ontology", w / "ontology"],
    "review": lambda w, d: [
        "curate", "review", w / "release", "--words", "sample", "--block", "--reason", "says nothing", "--force", "--ontology", d / "ontology",
    ],
    "override import": lambda w, d: ["curate", "override", "import", w / "decisions.tsv", "--ontology", d / "ontology"],
    "import-csv": lambda w, d: ["curate", "import-csv", w / "csv", "--out", d / "out.h5ad", "--unit", "tpm"],
    "export by-gene": lambda w, d: ["curate", "export", d / "release", "--by-gene"],
    "publish": lambda w, d: ["curate", "publish", w / "release", d / "out", "--as", "atlas@1"],
    "publish labels": lambda w, d: ["curate", "publish", w / "release", d / "out", "--as", "atlas@1", "--labels-only"],
    "pull": lambda w, d: ["curate", "pull", w / "catalogue", "atlas", "--out", d / "out"],
    "deprecate": lambda w, d: ["curate", "deprecate", d / "catalogue", "atlas@1", "--reason", "old"],
    "model push": lambda w, d: ["model", "push", w / "bundle", d / "out", "--as", "tissues@1"],
    "model pull": lambda w, d: ["model", "pull", w / "catalogue", "tissues", "--out", d / "out"],
    "model normals": lambda w, d: ["model", "normals", d / "run", w / "compendium.h5ad"],
    "model reference": lambda w, d: ["model", "reference", d / "run", w / "compendium.h5ad", "--map", "pca"],
    "model export onnx": lambda w, d: ["model", "export", w / "run", "--to", d / "out"],
    "model embed parquet": lambda w, d: ["model", "embed", w / "run", w / "samples.tsv", "--out", d / "out.parquet"],
    "model audit-labels": lambda w, d: ["model", "audit-labels", w / "compendium.h5ad", "--out", d / "out"],
    "model transfer": lambda w, d: [
        "model", "transfer", w / "run", w / "cohort.matrix.tsv", "--metadata", w / "cohort.tsv", "--rubric", w / "rubric.tsv", "--out", d / "out",
    ],
    "model tune": lambda w, d: ["model", "tune", w / "compendium.h5ad", "--out", d / "out", "--trials", "1", "--epochs", "1"],
    "model scale": lambda w, d: ["model", "scale", w / "compendium.h5ad", "--out", d / "out", "--fraction", "1", "--seeds", "1", "--epochs", "1"],
    "model ablate": lambda w, d: ["model", "ablate", w / "compendium.h5ad", "--out", d / "out", "--cap", "20", "--seeds", "1", "--epochs", "1"],
    "model paper": lambda w, d: ["model", "paper", w / "compendium.h5ad", "--out", d / "out", "--quick"],
}  # fmt: skip
# What a command changes where it stands: copied from the world before it runs.
CHANGED: dict[str, tuple[str, ...]] = {
    "export by-gene": ("release",), "deprecate": ("catalogue",), "model normals": ("run",), "model reference": ("run",),
}  # fmt: skip
# Needs a server (fault_kills.py): what stands there may be some of the files, each whole, and parts of others for the next run to go on with.
FETCH: Words = ["curate", "fetch", "archs4", "--variant", "h5"]


def ready(name: str, world: Path, folder: Path) -> None:
    """Put into an empty folder what a command changes there."""
    shutil.copytree(world / "ontology", folder / "ontology")
    for what in CHANGED.get(name, ()):
        shutil.copytree(world / what, folder / what)


def outputs(folder: Path) -> list[str]:
    """What a command left in the folder it wrote in: the names of its outputs, and of anything else."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("ontology", "filler"))
