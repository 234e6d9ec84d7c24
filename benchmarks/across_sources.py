"""Transfer on measured data: train on one source of a compendium, name the tissues of another one, and the reverse, per organ.

    python benchmarks/across_sources.py COMPENDIUM OUT [SOURCE SOURCE]

Training samples of one source train; its validation samples stop the training; all samples of the other source are the cohort.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from modelling.bundle.reference import write_reference
from modelling.commands.transfer import run_transfer
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.studies.harmonise import Way
from modelling.studies.rubric import load_rubric
from modelling.studies.subset import write_subset
from modelling.studies.transfer import Question
from modelling.training.train import train


def main(path: Path, out: Path, *named: str) -> None:
    with Compendium.open(path) as compendium:
        source = compendium.obs["source"].astype(str)
        sources = list(named) or sorted(set(source), key=lambda name: -(source == name).sum())[:2]
        for trained_on, asked in (sources, sources[::-1]):
            folder = out / f"{trained_on}_to_{asked}"
            folder.mkdir(parents=True)
            split = np.where(compendium.obs["split"] == "test", "train", compendium.obs["split"])
            here, there = np.flatnonzero(source == trained_on), np.flatnonzero(source == asked)
            only = write_subset(compendium, here, folder / "training.h5ad", split[here])
            cohort = write_subset(compendium, there, folder / "cohort.h5ad")
            with Compendium.open(only) as opened:
                train(opened, folder / "run", TrainConfig())
                write_reference(folder / "run", opened, "pca")
                ways: tuple[Way, ...] = ("none", "quantile", "zscore")
                for way in ways:
                    print(f"{trained_on} -> {asked}, harmonisation {way}")
                    question = Question(
                        cohort,
                        load_rubric("tissues"),
                        category="tissue",
                        unit="log2-cpm" if "CPM" in opened.unit else "log2-tpm",
                        way=way,
                        compendium=opened,
                    )
                    run_transfer([folder / "run"], question, folder / way, 42)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
