"""CONTRIBUTING's row on loss terms, walked in a copy: one registration, and the term is trained on, weighted and logged."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

from training_world import frame, write

ROOT = Path(__file__).resolve().parent.parent
TERM = """

def small_latent(share: Share) -> Tensor:
    \"\"\"Mean size of the embedding.\"\"\"
    return share.mean(share.output.mean_nk.abs().sum(1))


TERMS = (*TERMS, Term("small_latent", lambda config: WEIGHT, small_latent))
"""
TRAIN = """
import sys
from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.training.train import train
small = TrainConfig(n_latent=6, n_hidden=12, head_hidden=8, epochs=3, epoch_samples=200, batch_size=16, class_weight=0.1, prior_weight=0.05)
with Compendium.open(sys.argv[1]) as compendium:
    train(compendium, sys.argv[2], small, device="cpu")
"""
WEIGHTS = {"reconstruction": 1.0, "class": 0.1, "prior": 0.05}  # as TRAIN sets them


def trained(tmp_path: Path, compendium: Path, weight: float | None) -> list[dict[str, float]]:
    """The history of a training by a copy of the package, with the term added at this weight, or as it is."""
    copy = tmp_path / f"copy_{weight}"
    for package in ("modelling", "profiles"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    (copy / "ontology").symlink_to(ROOT / "ontology")
    if weight is not None:
        terms = copy / "modelling" / "training" / "terms.py"
        terms.write_text(terms.read_text(encoding="utf-8") + TERM.replace("WEIGHT", str(weight)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    run = tmp_path / f"run_{weight}"
    subprocess.run([sys.executable, "-c", TRAIN, str(compendium), str(run)], env=environment, cwd=tmp_path, check=True)
    with (run / "history.csv").open(encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_a_loss_term_is_registered_in_one_place(tmp_path: Path) -> None:
    compendium = write(tmp_path / "c.h5ad", *frame())
    before, after = trained(tmp_path, compendium, None), trained(tmp_path, compendium, 2.0)
    assert list(after[0]) == [*list(before[0])[:5], "train_small_latent", *list(before[0])[5:]]
    for row in after:
        total = sum(weight * row[f"train_{name}"] for name, weight in (WEIGHTS | {"small_latent": 2.0}).items())
        assert math.isclose(row["train_loss"], total, rel_tol=1e-5)
    assert after[-1]["validation_score"] != before[-1]["validation_score"]  # its gradient reached the weights
