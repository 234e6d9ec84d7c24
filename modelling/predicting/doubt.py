"""Whether a prediction is sure, and every reason why it is not. Sure means all of: a tissue more probable than not, alone in its set, as near to
it as training samples are, the nearest training samples of that tissue, and as many genes detected as a tissue has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.calibration import EVEN, Calibration
from modelling.scores.conformal import in_set
from modelling.scores.neighbours import vote


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against the calls of n samples; what could not be measured is None.

    nearness (n): similarity to the nearest tissue; second: a second tissue (n) and its strength (n); neighbour_nk: tissue numbers of the nearest
    training samples, -1 for one that the model does not know; n_detected, detected_share (n): genes above zero, and of those measured.
    """

    probability_nt: Floats
    nearness: Floats | None
    second: tuple[Ints, Floats] | None
    neighbour_nk: Ints | None
    n_detected: Ints
    detected_share: Floats


def is_sparse(evidence: Evidence, limits: Calibration) -> Bools:
    """Which samples (n) detect too few genes to be sure of."""
    return np.asarray(evidence.detected_share < limits.detected_below)


def tissue_sets(evidence: Evidence, limits: Calibration) -> list[Ints]:
    """Tissue numbers of each sample's set, most probable first: what the probabilities ask for, and a second tissue that is in the sample."""
    probability = evidence.probability_nt
    held = in_set(probability, limits.mass)
    if evidence.second is not None and limits.second_above is not None:
        tissue, strength = evidence.second
        rows = np.flatnonzero(strength > limits.second_above)
        held[rows, tissue[rows]] = True
    order = np.argsort(-probability, axis=1, kind="stable")
    return [row[mask[row]] for row, mask in zip(order, held, strict=True)]


def suggested(evidence: Evidence, limits: Calibration) -> tuple[Bools, Bools]:
    """Tissues (n, t) beside the probabilities' own that an answer must hold too: a second tissue in the sample, the one of the nearest training
    samples where it is not the most probable; and whether (n) anything may be said: not of a sample that is far from all, or too sparse, or
    whose nearest samples are of no tissue that the model knows."""
    n, n_tissues = evidence.probability_nt.shape
    held, told = np.zeros((n, n_tissues + 1), dtype=bool), ~is_sparse(evidence, limits)
    if evidence.second is not None and limits.second_above is not None:
        tissue, strength = evidence.second
        rows = np.flatnonzero(strength > limits.second_above)
        held[rows, tissue[rows]] = True
    if evidence.nearness is not None:
        told &= evidence.nearness >= limits.far_below
    voted = _voted(evidence, n_tissues)
    if voted is not None:
        rows = np.flatnonzero(voted != evidence.probability_nt.argmax(axis=1))
        held[rows, voted[rows]] = True
    return held[:, :-1], told & ~held[:, -1]


def _voted(evidence: Evidence, n_tissues: int) -> Ints | None:
    """Tissue of the nearest training samples (n), `n_tissues` for one that the model does not know; None without a reference."""
    if evidence.neighbour_nk is None:
        return None
    return vote(np.where(evidence.neighbour_nk < 0, n_tissues, evidence.neighbour_nk), n_tissues + 1)


def reasons(evidence: Evidence, limits: Calibration, tissues: list[str]) -> list[str]:
    """Why each sample is unsure, reasons joined by "; "; empty where it is sure."""
    call, top = evidence.probability_nt.argmax(axis=1), evidence.probability_nt.max(axis=1)
    n_tissues = len(tissues)
    voted = _voted(evidence, n_tissues)
    sparse, out = is_sparse(evidence, limits), []
    for i, held in enumerate(tissue_sets(evidence, limits)):
        why = [_sparse(int(evidence.n_detected[i]), float(evidence.detected_share[i]))] if sparse[i] else []
        if len(held) > 1:
            why.append(f"may be {' or '.join(tissues[t] for t in held)}")
        if top[i] < EVEN:
            why.append("the most probable tissue is less probable than all others together")
        if evidence.nearness is not None and evidence.nearness[i] < limits.far_below:
            why.append("far from all training samples")
        if voted is not None and voted[i] != call[i]:
            other = tissues[voted[i]] if voted[i] < n_tissues else "tissues that the model does not know"
            why.append(f"the nearest training samples are {other}")
        out.append("; ".join(why))
    return out


def _sparse(n_detected: int, share: float) -> str:
    return (
        f"only {n_detected:,} gene{'' if n_detected == 1 else 's'} detected, {share:.1%} of those with a value, the rest are zeros: less"
        " than half of what training samples have"
    )
