"""`model transfer`: how well a model names the tissues of a cohort that it never saw, by a rubric, beside a null and with what it abstained from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.model import TissueModel, load
from modelling.bundle.reference import Reference, load_reference
from modelling.data import Compendium
from modelling.predicting.cohort import Cohort, Reading
from modelling.predicting.cohort import cohort as open_cohort
from modelling.predicting.genes import GeneSpace
from modelling.scores.metrics import draw_groups, percentile_interval, wilson
from modelling.scores.neighbours import vote
from modelling.studies.harmonise import Way, harmonisation
from modelling.studies.metadata import MetadataError, cohort_metadata, keep, match
from modelling.studies.rubric import Rubric

K = 5
UNSURE_BELOW = 0.5
CLASSIFIERS = ("classifier", "kNN")


@dataclass(frozen=True)
class Calls:
    """What each classifier calls each sample (tissue names) and whether it would rather abstain."""

    sample_id: np.ndarray
    category: np.ndarray
    tissue: dict[str, np.ndarray]
    confidence: dict[str, Floats]
    abstained: dict[str, Bools]


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


def transfer(run: Path, question: Question, seed: int = 42) -> Transfer:
    """Classify a cohort by the model's head and by the vote of its five nearest training samples, and score both by the rubric.

    Raises what the reading of matrices and metadata raises, and ReferenceMissing where the run has no reference samples.
    """
    model, reference = load(run), load_reference(run)
    table, read = cohort_metadata(question.cohort, question.metadata)
    table = keep(table, list(question.where))
    cohort = open_cohort(question.reading.open(question.cohort), GeneSpace.of(model), unit=question.reading.unit)
    change, said = harmonisation(question.way, model, lambda: (block.x_ng for block in cohort), question.compendium)
    ids, z_nk, usable = _embed(model, cohort, change)
    category_of = match(table, ids.tolist(), question.category, question.sample_column)
    known = question.rubric.categories
    category = np.array([category_of.get(name, "") for name in ids], dtype=object)
    scored = usable & np.isin(category.astype(str), known)
    notes = [
        *read,
        *said,
        *cohort.report.notes,
        *cohort.report.warnings,
        *_left_out(category, usable, known, bool(question.where)),
        *question.rubric.notes(model.tissues, set(category[scored])),
    ]
    if not scored.any():
        named = sorted({str(name) for name in category if name})[:6]
        raise MetadataError(
            f"no sample has a category of rubric {question.rubric.name}; it knows {', '.join(known[:4])}, ...; {question.category!r} holds {named}"
        )
    calls = _call(model, reference, z_nk[scored], ids[scored], category[scored])
    largest, shares = _training_shares(reference)
    rows = [
        _score(calls, question.rubric, way, name, tissue, largest, shares, model.tissues)
        for way in question.rubric.accepted
        for name in known
        if (calls.category == name).any()
        for tissue in CLASSIFIERS
    ]
    overall = [
        _overall(calls, question.rubric, way, tissue, largest, model.tissues, seed)
        for way in question.rubric.accepted
        for tissue in CLASSIFIERS
    ]
    return Transfer(rows, overall, calls, largest, notes, cohort.report.as_dict())


def _embed(model: TissueModel, cohort: Cohort, change: Any) -> tuple[np.ndarray, Floats, Bools]:
    """Sample ids, embeddings and which samples measure enough of the genes."""
    ids: list[str] = []
    z_parts, usable = [], []
    for block in cohort:
        ids += block.sample_ids
        z_parts.append(model.embed(change(block.x_ng)))
        usable.append(block.coverage >= cohort.min_coverage)
    return np.array(ids, dtype=object), np.concatenate(z_parts), np.concatenate(usable)


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


def _call(model: TissueModel, reference: Reference, z_nk: Floats, ids: np.ndarray, category: np.ndarray) -> Calls:
    """Both classifiers' calls. The head abstains below a probability of one half, the vote without a majority."""
    probability = model.probabilities_of(z_nk)
    tissues = np.array(model.tissues, dtype=object)
    names, number = np.unique(reference.table["tissue"].to_numpy()[reference.train].astype(str), return_inverse=True)
    place = np.full(len(reference.unit_mk), -1)
    place[reference.train] = number
    neighbours, _ = reference.neighbours(model.directions(z_nk))
    votes: Ints = vote(place[neighbours], len(names))
    share = (place[neighbours] == votes[:, None]).mean(axis=1)
    top = probability.max(axis=1)
    return Calls(
        ids,
        category,
        {"classifier": tissues[probability.argmax(1)], "kNN": names.astype(object)[votes]},
        {"classifier": top, "kNN": share},
        {"classifier": top < UNSURE_BELOW, "kNN": share <= 0.5},
    )


def _training_shares(reference: Reference) -> tuple[str, dict[str, float]]:
    """The largest training tissue and every tissue's share."""
    names, counts = np.unique(reference.table["tissue"].to_numpy()[reference.train].astype(str), return_counts=True)
    return str(names[counts.argmax()]), dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True))


def _score(
    calls: Calls, rubric: Rubric, way: str, category: str, classifier: str, largest: str, shares: dict[str, float], tissues: list[str]
) -> dict[str, Any]:
    """One category by one way of counting and one classifier."""
    accepted = rubric.accepted[way][category]
    rows = calls.category == category
    hit, abstained = np.isin(calls.tissue[classifier][rows].astype(str), list(accepted)), calls.abstained[classifier][rows]
    n, n_answered = int(rows.sum()), int((~abstained).sum())
    names, counts = np.unique(calls.tissue[classifier][rows].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:3]
    return {
        "category": category,
        "rubric": way,
        "classifier": classifier,
        "accepted": sorted(accepted),
        "reachable": bool(accepted & set(tissues)),
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


def _overall(calls: Calls, rubric: Rubric, way: str, classifier: str, largest: str, tissues: list[str], seed: int) -> dict[str, Any]:
    """All samples together, and the mean over categories, with categories that the model cannot reach left out."""
    accepted = rubric.accepted[way]
    reachable = [name for name in accepted if accepted[name] & set(tissues)]
    rows = np.isin(calls.category.astype(str), reachable)
    named = list(zip(calls.category[rows], calls.tissue[classifier][rows], strict=True))
    hit = np.array([tissue in accepted[name] for name, tissue in named], dtype=float)
    null = np.array([largest in accepted[name] for name, _ in named], dtype=float)
    n, n_abstained = len(hit), int(calls.abstained[classifier][rows].sum())
    groups = draw_groups(np.full(n, ""), seed)
    member = np.array([name for name, _ in named])
    per_category = {name: (member == name).astype(float) for name in dict.fromkeys(member)}
    draws = np.array(
        [
            groups.totals(hit * inside) / np.where(groups.totals(inside) > 0, groups.totals(inside), np.nan)
            for inside in per_category.values()
        ]
    )
    return {
        "rubric": way,
        "classifier": classifier,
        "n": n,
        "n_categories": len(per_category),
        "score": float(hit.mean()) if n else None,
        "interval": wilson(int(hit.sum()), n),
        "mean_over_categories": float(np.mean([hit[inside > 0].mean() for inside in per_category.values()])) if n else None,
        "mean_interval": percentile_interval(np.nanmean(draws, axis=0)) if n else None,
        "abstained": n_abstained / n if n else None,
        "null": float(null.mean()) if n else None,
        "null_mean_over_categories": float(np.mean([null[inside > 0].mean() for inside in per_category.values()])) if n else None,
    }
