"""Answers at several levels against the truth: how many are told at which level, how many of them are wrong, hierarchical precision and recall.

Beside them the flat softmax: the most probable leaf or nothing, with the same abstention, at the same threshold and at the same share answered.
Hierarchical precision and recall are the shares of levels in common (Kiritchenko, Matwin and Famili 2005): each answer and each truth counts with all
levels that hold it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints


def held(truth_nl: Bools, answer_nl: Bools) -> Bools:
    """Whether each answer (n) holds the truth, or is finer than what is known of the sample. Both as leaves (n, l); no leaves is no answer."""
    told = answer_nl.any(axis=1)
    return np.asarray(told & (~(truth_nl & ~answer_nl).any(axis=1) | ~(answer_nl & ~truth_nl).any(axis=1)))


def score_answers(truth_nl: Bools, answer_nl: Bools, member_lv: Bools) -> dict[str, Any]:
    """Counts and hierarchical scores of answers as leaves (n, l); `member` (l, v) says which leaves each level holds."""
    told, right = np.asarray(answer_nl.any(axis=1)), held(truth_nl, answer_nl)
    truth_nv, answer_nv = _levels_above(truth_nl, member_lv), _levels_above(answer_nl, member_lv) & told[:, None]
    finer_nv = ~(member_lv.T[None] & ~truth_nl[:, None]).any(axis=2) & ~truth_nv  # inside what is known: neither right nor wrong
    common, answered = int((truth_nv & answer_nv).sum()), int((answer_nv & ~finer_nv).sum())
    return {
        "n": len(told),
        "answered": float(told.mean()),
        "n_wrong": int((told & ~right).sum()),
        "right_of_answered": float(right[told].mean()) if told.any() else None,
        "hierarchical_precision": common / answered if answered else None,
        "hierarchical_recall": common / int(truth_nv.sum()) if truth_nv.any() else None,
    }


def _levels_above(leaves_nl: Bools, member_lv: Bools) -> Bools:
    """Levels (n, v) that hold all of the leaves."""
    return np.asarray(~(leaves_nl.astype(np.float32) @ (~member_lv).astype(np.float32) > 0))


def flat_answers(leaf_nl: Floats, allowed_n: Bools, at_least: float) -> Bools:
    """The most probable leaf (n, l) of allowed samples where it is at least so probable."""
    answered = allowed_n & (leaf_nl.max(axis=1) >= at_least)
    return np.asarray((np.arange(leaf_nl.shape[1]) == leaf_nl.argmax(axis=1)[:, None]) & answered[:, None])


def equal_share(leaf_nl: Floats, allowed_n: Bools, n_answered: int) -> Bools:
    """The flat softmax's answers for the `n_answered` samples of which it is most certain, those allowed first."""
    order = np.argsort(-(leaf_nl.max(axis=1) + 2.0 * allowed_n), kind="stable")
    chosen = np.zeros(len(leaf_nl), dtype=bool)
    chosen[order[:n_answered]] = True
    return flat_answers(leaf_nl, chosen, 0.0)


def shares(kinds: list[str], answer_n: Ints) -> dict[str, float]:
    """Share of the samples answered at each kind of level, and not at all."""
    named = np.array(["none" if v < 0 else kinds[v] for v in answer_n.tolist()])
    return {kind: float((named == kind).mean()) for kind in ("term", "tissue", "group", "system", "none")}
