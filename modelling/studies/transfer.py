"""`model transfer`: how well a model names the tissues of a cohort that it never saw, by a rubric, beside a null and with what it abstained from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats
from modelling.bundle.reference import Reference
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.predicting.cohort import Reading
from modelling.scores.intervals import of_mean, wilson
from modelling.scores.metrics import percentile_interval
from modelling.studies.contestants import Contestant, ask_embedding, ask_run
from modelling.studies.harmonise import Way
from modelling.studies.metadata import MetadataError, cohort_metadata, keep, match
from modelling.studies.rubric import Rubric

N_DRAWS = 1000


class WrongContest(ModellingError):
    """Two runs, or an embedding, have the same name."""


@dataclass(frozen=True)
class Calls:
    """What each classifier calls each sample that is scored: sample ids and categories (n), and the contestants, the first one's run first."""

    sample_id: np.ndarray
    category: np.ndarray
    contestants: list[Contestant]

    @property
    def names(self) -> list[str]:
        """Names of the classifiers."""
        return [one.name for one in self.contestants]


@dataclass(frozen=True)
class Transfer:
    """Scores as rows (category x way of counting x classifier) and overall, the calls, and what must be said."""

    rows: list[dict[str, Any]]
    overall: list[dict[str, Any]]
    calls: Calls
    largest: str
    notes: list[str]
    cohort: dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked of which cohort."""

    cohort: Path
    rubric: Rubric
    metadata: Path | None = None
    category: str = "category"
    sample_column: str | None = None
    where: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)
    way: Way = "none"
    compendium: Compendium | None = None


def transfer(runs: Sequence[Path], question: Question, seed: int = 42, embeddings: Mapping[str, Path] | None = None) -> Transfer:
    """Classify a cohort by every run's head and the vote of its five nearest training samples, and alike on outside embeddings; score all by the rubric.

    All are scored on the samples that every run can use. Raises what the reading of matrices, metadata and embeddings raises, ReferenceMissing where a
    run has no reference samples, and WrongContest.
    """
    embeddings = embeddings or {}
    names = _names(runs, embeddings)
    table, read = cohort_metadata(question.cohort, question.metadata)
    table = keep(table, list(question.where))
    asked = [
        ask_run(run, question.cohort, question.reading, question.way, question.compendium, f"{name} " if len(names) > 1 else "")
        for run, name in zip(runs, names, strict=False)
    ]
    ids, usable = asked[0].ids, np.logical_and.reduce([one.usable for one in asked])
    category_of = match(table, ids.tolist(), question.category, question.sample_column)
    known = question.rubric.categories
    category = np.array([category_of.get(name, "") for name in ids], dtype=object)
    scored = usable & np.isin(category.astype(str), known)
    heads = [one.contestants[0] for one in asked]
    notes = [
        *read,
        *(note for one in asked for note in one.notes),
        *_left_out(category, usable, known, bool(question.where)),
        *dict.fromkeys(note for head in heads for note in question.rubric.notes(list(head.tissues), set(category[scored]))),
    ]
    if embeddings and question.way != "none":
        notes.append(f"embeddings are taken as they are: {question.way} harmonisation is of the runs alone")
    if not scored.any():
        named = sorted({str(name) for name in category if name})[:6]
        raise MetadataError(
            f"no sample has a category of rubric {question.rubric.name}; it knows {', '.join(known[:4])}, ...; {question.category!r} holds {named}"
        )
    contestants = [each.of(scored) for one in asked for each in one.contestants]
    contestants += [each for name, path in embeddings.items() for each in ask_embedding(name, path, ids[scored], asked[0].reference)]
    calls = Calls(ids[scored], category[scored], contestants)
    return _scored(calls, question.rubric, asked[0].reference, seed, notes, asked[0].report)


def _scored(calls: Calls, rubric: Rubric, reference: Reference, seed: int, notes: list[str], report: dict[str, Any]) -> Transfer:
    largest, shares = _training_shares(reference)
    rows = [
        _score(calls, rubric, way, name, one, largest, shares)
        for way in rubric.accepted
        for name in rubric.categories
        if (calls.category == name).any()
        for one in calls.contestants
    ]
    overall = []
    for way in rubric.accepted:
        of_way = [_overall(calls, rubric, way, one, largest) for one in calls.contestants]
        overall += [row | _against_first(calls, rubric, way, one, seed) for row, one in zip(of_way, calls.contestants, strict=True)]
    return Transfer(rows, overall, calls, largest, notes, report)


def _names(runs: Sequence[Path], embeddings: Mapping[str, Path]) -> list[str]:
    """Names of the runs, then of the embeddings. Raises WrongContest."""
    names = [*(run.resolve().name for run in runs), *embeddings]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WrongContest(f"{', '.join(twice)}: the name of two runs or embeddings; rename a folder, or give an embedding another NAME=")
    return names


def _left_out(category: np.ndarray, usable: Bools, known: list[str], filtered: bool) -> list[str]:
    """Samples that are not scored, and why."""
    notes = []
    blank = int((usable & (category == "")).sum())
    if blank:
        notes.append(
            f"{blank:,} of {len(category):,} samples have no category in the metadata{' or do not meet --where' if filtered else ''}: not scored"
        )
    strange = sorted({str(name) for name in category[usable]} - set(known) - {""})
    if strange:
        n = int(np.isin(category[usable].astype(str), strange).sum())
        notes.append(
            f"{n:,} samples have a category that the rubric does not list ({', '.join(strange[:5])}{', ...' if len(strange) > 5 else ''}): not scored"
        )
    return notes


def _training_shares(reference: Reference) -> tuple[str, dict[str, float]]:
    """The largest training tissue and every tissue's share."""
    names, counts = np.unique(reference.table["tissue"].to_numpy()[reference.train].astype(str), return_counts=True)
    return str(names[counts.argmax()]), dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True))


def _score(
    calls: Calls, rubric: Rubric, way: str, category: str, one: Contestant, largest: str, shares: dict[str, float]
) -> dict[str, Any]:
    """One category by one way of counting and one classifier."""
    accepted = rubric.accepted[way][category]
    rows = calls.category == category
    hit, abstained = np.isin(one.tissue[rows].astype(str), list(accepted)), one.abstained[rows]
    n, n_answered = int(rows.sum()), int((~abstained).sum())
    names, counts = np.unique(one.tissue[rows].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:3]
    return {
        "category": category,
        "rubric": way,
        "classifier": one.name,
        "accepted": sorted(accepted),
        "reachable": bool(accepted & set(one.tissues)),
        "n": n,
        "n_right": int(hit.sum()),
        "score": float(hit.mean()),
        "interval": wilson(int(hit.sum()), n),
        "n_abstained": n - n_answered,
        "abstained": 1 - n_answered / n,
        "score_answered": float(hit[~abstained].mean()) if n_answered else None,
        "null": float(largest in accepted),
        "chance": sum(shares.get(tissue, 0.0) for tissue in accepted),
        "called": {str(names[i]): int(counts[i]) for i in order},
    }


def _overall(calls: Calls, rubric: Rubric, way: str, one: Contestant, largest: str) -> dict[str, Any]:
    """All samples together, and the mean over categories, with categories that the model cannot reach left out."""
    accepted = rubric.accepted[way]
    reachable = [name for name in accepted if accepted[name] & set(one.tissues)]
    rows = np.isin(calls.category.astype(str), reachable)
    named = list(zip(calls.category[rows], one.tissue[rows], strict=True))
    hit = np.array([tissue in accepted[name] for name, tissue in named], dtype=float)
    null = np.array([largest in accepted[name] for name, _ in named], dtype=float)
    n, n_abstained = len(hit), int(one.abstained[rows].sum())
    member = np.array([name for name, _ in named])
    per_category = {name: member == name for name in dict.fromkeys(member)}
    shares = np.array([hit[inside].mean() for inside in per_category.values()])
    sizes = np.array([inside.sum() for inside in per_category.values()], dtype=float)
    return {
        "rubric": way,
        "classifier": one.name,
        "n": n,
        "n_categories": len(per_category),
        "score": float(hit.mean()) if n else None,
        "interval": wilson(int(hit.sum()), n),
        "mean_over_categories": float(shares.mean()) if n else None,
        "mean_interval": of_mean(shares, sizes) if n else None,
        "abstained": n_abstained / n if n else None,
        "null": float(null.mean()) if n else None,
        "null_mean_over_categories": float(np.mean([null[inside].mean() for inside in per_category.values()])) if n else None,
    }


def _against_first(calls: Calls, rubric: Rubric, way: str, one: Contestant, seed: int) -> dict[str, Any]:
    """Score less the first classifier's, over the samples that both can get right, with a bootstrap interval over samples."""
    first, accepted = calls.contestants[0], rubric.accepted[way]
    both = [name for name in accepted if accepted[name] & set(one.tissues) and accepted[name] & set(first.tissues)]
    rows = np.isin(calls.category.astype(str), both)
    if one is first or not rows.any():
        return {"minus_first": None, "minus_first_interval": None}
    difference = _hits(calls, accepted, one, rows) - _hits(calls, accepted, first, rows)
    rng = np.random.default_rng(seed)
    draws = difference[rng.integers(0, len(difference), (N_DRAWS, len(difference)))].mean(1)
    return {"minus_first": float(difference.mean()), "minus_first_interval": percentile_interval(draws)}


def _hits(calls: Calls, accepted: Mapping[str, frozenset[str]], one: Contestant, rows: Bools) -> Floats:
    return np.array([tissue in accepted[name] for name, tissue in zip(calls.category[rows], one.tissue[rows], strict=True)], dtype=float)
