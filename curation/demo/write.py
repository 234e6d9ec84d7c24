"""The whole world on disk: four sources, a README, and the truth in a folder beside them."""

from __future__ import annotations

import csv
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curation.demo.cohorts import depmap_samples, gtex_samples, plant_wrong_labels, tcga_samples
from curation.demo.effects import Effects
from curation.demo.expression import World
from curation.demo.files import write_archs4, write_depmap, write_gtex, write_tcga
from curation.demo.genes import choose_genes
from curation.demo.geo import GeoWorld
from curation.demo.sample import DemoSample
from curation.errors import CurationError
from curation.progress import Progress

SHARES = {"archs4": 0.58, "gtex": 0.21, "tcga": 0.17, "depmap": 0.04}
FEWEST_SAMPLES = 300
MISSING_FROM_PHENOTYPE = 5  # as in the table that Xena publishes, some samples of the matrix have no row
TRUTH_COLUMNS = (
    "sample_id",
    "source",
    "kind",
    "true_tissue",
    "stated_tissue",
    "cell_line",
    "is_tumour",
    "series_id",
    "donor_id",
    "sex",
    "has_planted_wrong_label",
)


class DemoFault(CurationError):
    """The simulated world cannot be written as asked."""


@dataclass(frozen=True)
class DemoReport:
    """What was written."""

    folder: Path
    truth: Path
    n_samples: dict[str, int]
    n_genes: int
    n_tissues: int
    n_wrong_labels: int


def draw_samples(n_samples: int, seed: int, effects: Effects) -> dict[str, list[DemoSample]]:
    """The samples of each source, in the order of its files, with the wrong labels planted."""
    rng = {source: random.Random(f"{seed} {source}") for source in (*SHARES, "wrong labels")}
    n = {source: round(share * n_samples) for source, share in SHARES.items()}
    drawn = {
        "gtex": gtex_samples(n["gtex"], rng["gtex"]),
        "tcga": tcga_samples(n["tcga"], rng["tcga"]),
        "depmap": depmap_samples(n["depmap"], rng["depmap"]),
    }
    rest = n_samples - sum(len(samples) for samples in drawn.values())
    drawn = {"archs4": GeoWorld(rest, rng["archs4"]).build(), **drawn}
    for source in ("archs4", "gtex", "tcga"):
        plant_wrong_labels(drawn[source], effects.wrong_labels, rng["wrong labels"])
    return drawn


def write_demo(folder: Path, n_samples: int = 3000, n_genes: int = 3000, seed: int = 42, progress: Progress | None = None) -> DemoReport:
    """Write the simulated world to `folder` and the truth to `folder`-truth; the same arguments give the same bytes.

    Raises DemoFault when either folder exists or too few samples are asked for.
    """
    truth = folder.with_name(f"{folder.name}-truth")
    for path in (folder, truth):
        if path.exists():
            raise DemoFault(f"{path} exists already; remove it or name another folder")
    if n_samples < FEWEST_SAMPLES:
        raise DemoFault(f"--samples {n_samples} is too few for every tissue in four sources; at least {FEWEST_SAMPLES}")
    effects = Effects()
    world = World(choose_genes(n_genes, seed), seed, effects)
    samples = draw_samples(n_samples, seed, effects)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_sources(staging / "world", world, samples, progress or Progress())
        _write_truth(staging / "truth", [sample for group in samples.values() for sample in group])
        os.rename(staging / "truth", truth)
        os.rename(staging / "world", folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    everyone = [sample for group in samples.values() for sample in group]
    return DemoReport(
        folder,
        truth,
        {source: len(group) for source, group in samples.items()},
        n_genes,
        len({sample.tissue for sample in everyone}),
        sum(sample.has_planted_wrong_label for sample in everyone),
    )


def _write_sources(folder: Path, world: World, samples: dict[str, list[DemoSample]], progress: Progress) -> None:
    for source in SHARES:
        (folder / source).mkdir(parents=True)
    with progress.stage("Simulating samples", sum(map(len, samples.values()))) as advance:
        write_archs4(folder / "archs4", world, samples["archs4"], advance)
        write_gtex(folder / "gtex", world, samples["gtex"], advance)
        step = max(1, len(samples["tcga"]) // MISSING_FROM_PHENOTYPE)
        unlisted = {sample.sample_id for sample in samples["tcga"][step // 2 :: step]}
        write_tcga(folder / "tcga", world, samples["tcga"], unlisted, advance)
        write_depmap(folder / "depmap", world, samples["depmap"], advance)
    (folder / "README.txt").write_text(_readme(world, samples), encoding="utf-8")


def _readme(world: World, samples: dict[str, list[DemoSample]]) -> str:
    sizes = ", ".join(f"{source} {len(group)}" for source, group in samples.items())
    return (
        "SIMULATED DATA. No value here was measured on a person, and no accession here belongs to a real sample.\n\n"
        f"Written by `curate demo --samples {sum(map(len, samples.values()))} --genes {len(world.genes)} --seed {world.seed}`.\n"
        f"Samples: {sizes}; {len(world.genes)} genes with real symbols, in the native file layouts of the four archives.\n"
        "The folder beside this one, of the same name with `-truth` at its end, says what every sample really is.\n"
        "Next: curate build --input THIS_FOLDER --out RELEASE --cap 300 --by-gene\n"
    )


def _write_truth(folder: Path, samples: Sequence[DemoSample]) -> None:
    folder.mkdir(parents=True)
    rows = [
        [getattr(sample, {"true_tissue": "tissue"}.get(column, column)) for column in TRUTH_COLUMNS]
        for sample in sorted(samples, key=lambda sample: sample.sample_id)
    ]
    wrong = [row for row in rows if row[-1]]
    for name, chosen in (("samples.tsv", rows), ("planted_wrong_labels.tsv", wrong)):
        with (folder / name).open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
            writer.writerow(TRUTH_COLUMNS)
            writer.writerows([str(value).lower() if isinstance(value, bool) else value for value in row] for row in chosen)
    tissues = Counter(sample.tissue for sample in samples)
    (folder / "README.txt").write_text(
        "SIMULATED DATA: what every sample of the simulated world really is.\n"
        "true_tissue: what is expressed; stated_tissue: what its text or its source's column says, empty where it says none.\n"
        f"{len(samples)} samples of {len(tissues)} tissues, {len(wrong)} with a planted wrong label.\n",
        encoding="utf-8",
    )
