"""Who names the tissues of an outside cohort: a run's head, the vote of its nearest training samples, and the same on an outside embedding.

All are asked about the same samples and trained on the same ones: an embedding's training samples are those of the first run, with their tissues.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Array, Bools, Floats, Ints
from modelling.bundle.inference import Inferred
from modelling.bundle.model import TissueModel, load
from modelling.bundle.reference import Reference, load_reference
from modelling.data import Compendium
from modelling.predicting.cohort import Cohort, Reading
from modelling.predicting.cohort import cohort as open_cohort
from modelling.predicting.genes import GeneSpace
from modelling.scores.neighbours import cosine_neighbours, vote
from modelling.studies.embeddings import read_embedding
from modelling.studies.harmonise import Way, harmonisation

K = 5
UNSURE_BELOW = 0.5
CERTAINTY = {"lowest": 0.0, "5th_percentile": 0.05, "median": 0.5}
MISSED = 1e-3  # of certainty, from which it is worth a note
STRENGTH = 0.1  # of the logistic regression on an embedding, over standardised dimensions


@dataclass(frozen=True)
class Contestant:
    """One classifier's calls of n samples: tissue names, confidence, whether it would rather abstain; and the tissues that it can name."""

    name: str
    tissue: Array
    confidence: Floats
    abstained: Bools
    tissues: tuple[str, ...]

    def of(self, rows: Bools) -> Contestant:
        """The same for some samples."""
        return Contestant(self.name, self.tissue[rows], self.confidence[rows], self.abstained[rows], self.tissues)


@dataclass(frozen=True)
class Asked:
    """A run that was asked about a cohort: sample ids (n), which it can use (n), its two contestants, and what the reading found."""

    ids: Array
    usable: Bools
    contestants: list[Contestant]
    reference: Reference
    notes: list[str]
    report: dict[str, Any]


def ask_run(run: Path, cohort_path: Path, reading: Reading, way: Way, compendium: Compendium | None, prefix: str) -> Asked:
    """The head of a run and the vote of its five nearest training samples. Raises what reading raises, and ReferenceMissing."""
    model, reference = load(run), load_reference(run)
    cohort = open_cohort(reading.open(cohort_path), GeneSpace.of(model), unit=reading.unit)
    change, said = harmonisation(way, model, lambda: (block.x_ng for block in cohort), compendium)
    ids, found, usable = _inferred(model, cohort, change)
    z_nk, certainty = found.z_nk, found.certainty_n[usable]
    probability = model.probabilities_of(z_nk, found.certainty_n)
    top, tissues = probability.max(axis=1), np.array(model.tissues, dtype=object)
    head = Contestant(f"{prefix}classifier", tissues[probability.argmax(1)], top, top < UNSURE_BELOW, tuple(model.tissues))
    of_row = reference.column("tissue").astype(str)
    neighbours, _ = reference.neighbours(model.directions(z_nk))
    near = _voted(f"{prefix}kNN", of_row[neighbours], tuple(sorted(set(of_row[reference.train]))))
    certain = {name: float(np.quantile(certainty, q)) for name, q in CERTAINTY.items()} if len(certainty) else {}
    notes = [*said, *cohort.report.notes, *cohort.report.warnings, *_uncertain(certain)]
    said_of = [f"{prefix.strip()}: {note}" if prefix else note for note in notes]
    return Asked(ids, usable, [head, near], reference, said_of, {**cohort.report.as_dict(), "certainty": certain})


def _uncertain(certain: dict[str, float]) -> list[str]:
    """What missing genes leave open, in words, where they do."""
    if not certain or certain["median"] > 1 - MISSED:
        return []
    return [
        f"genes are missing: certainty of the embeddings {certain['median']:.2f} in the median sample, {certain['lowest']:.2f} in the lowest"
        " (1: every gene measured); probabilities and abstention take it into account"
    ]


def ask_embedding(name: str, path: Path, ids: Array, reference: Reference) -> list[Contestant]:
    """Logistic regression and the vote of the five nearest, on an outside embedding that holds the training samples and the cohort's.

    Raises EmbeddingError where it lacks one.
    """
    from sklearn.linear_model import LogisticRegression

    known = reference.column("sample_id")[reference.train].astype(str)
    tissue = reference.column("tissue")[reference.train].astype(str)
    values = read_embedding(path, np.concatenate([known, ids.astype(str)]))
    train, asked = values[: len(known)], values[len(known) :]
    scale = np.maximum(train.std(0), 1e-6)
    logistic = LogisticRegression(C=STRENGTH, max_iter=1000, class_weight="balanced").fit((train - train.mean(0)) / scale, tissue)
    probability = logistic.predict_proba((asked - train.mean(0)) / scale)
    top, classes = probability.max(axis=1), logistic.classes_.astype(object)
    linear = Contestant(f"{name} logistic", classes[probability.argmax(1)], top, top < UNSURE_BELOW, tuple(classes))
    neighbours, _ = cosine_neighbours(asked, train, min(K, len(train)))
    return [linear, _voted(f"{name} kNN", tissue[neighbours], tuple(sorted(set(tissue))))]


def _voted(name: str, tissue_nk: Array, tissues: tuple[str, ...]) -> Contestant:
    """The vote of neighbours (n, k); it abstains without a majority."""
    number = {tissue: i for i, tissue in enumerate(tissues)}
    numbers = np.array([[number[tissue] for tissue in row] for row in tissue_nk], dtype=np.int64).reshape(tissue_nk.shape)
    votes: Ints = vote(numbers, len(tissues))
    share = (numbers == votes[:, None]).mean(axis=1)
    return Contestant(name, np.array(tissues, dtype=object)[votes], share, share <= 0.5, tissues)


def _inferred(model: TissueModel, cohort: Cohort, change: Any) -> tuple[Array, Inferred, Bools]:
    """Sample ids, embeddings with their certainty, and which samples measure enough of the genes."""
    ids: list[str] = []
    z_parts, certain, usable = [], [], []
    for block in cohort:
        ids += block.sample_ids
        found = model.infer(change(block.x_ng))
        z_parts.append(found.z_nk)
        certain.append(found.certainty_n)
        usable.append(block.coverage >= cohort.min_coverage)
    return np.array(ids, dtype=object), Inferred(np.concatenate(z_parts), np.concatenate(certain)), np.concatenate(usable)
