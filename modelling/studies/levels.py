"""How answers that back off do on held-out samples, beside the flat softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.inference import Inferred
from modelling.bundle.levels import Levels
from modelling.bundle.model import TissueModel
from modelling.predicting.doubt import Evidence, suggested
from modelling.scores.levels import equal_share, flat_answers, score_answers, shares
from profiles.anatomy import Anatomy, load_anatomy


def truth_leaves(levels: Levels, tissue_n: np.ndarray, term_n: np.ndarray, anatomy: Anatomy) -> Bools:
    """Leaves (n, l) that hold what is known of each sample, of its tissue and its term (empty: none); none for a tissue that the model lacks."""
    leaves = [level for level in levels.levels if level.leaves == (level.level,)]
    out = np.zeros((len(tissue_n), len(leaves)), dtype=bool)
    for n, (tissue, term) in enumerate(zip(tissue_n.tolist(), term_n.tolist(), strict=True)):
        own = [i for i, leaf in enumerate(leaves) if leaf.tissue == tissue]
        inside = [i for i in own if leaves[i].kind == "term" and leaves[i].term_id in anatomy.above(term)]
        wide = not term or any(term in anatomy.above(leaves[i].term_id) for i in own if leaves[i].kind == "term")
        rest = [i for i in own if leaves[i].kind == "rest"]
        out[n, inside[:1] or (rest if rest and not wide else own)] = True
    return out


def score_levels(model: TissueModel, found: Inferred, tissue_n: np.ndarray, term_n: np.ndarray) -> dict[str, Any] | None:
    """Scores of the answers to samples of known tissue (n); None where the model has no levels, or no sample is of its tissues."""
    levels, limits = model.levels, model.calibration
    rows = np.flatnonzero(np.isin(tissue_n.astype(str), model.tissues))
    if levels is None or limits.answer_above is None or not len(rows):
        return None
    found = Inferred(found.z_nk[rows], found.certainty_n[rows])
    probability = model.probabilities_of(found.z_nk, found.certainty_n)
    similarity = model.similarities(found.z_nk, found.certainty_n)
    nearness = None if similarity is None else similarity.max(axis=1)
    all_n = np.ones(len(rows), np.int64)
    may_be, told = suggested(Evidence(probability, nearness, model.second_tissue(found.z_nk), None, all_n, all_n.astype(float)), limits)
    leaf = levels.leaf_probabilities(found.z_nk, found.certainty_n, probability)
    answer = levels.answer(levels.probabilities(leaf), limits.answer_above, may_be[:, levels.leaf_tissue])
    truth = truth_leaves(levels, tissue_n[rows], term_n[rows], load_anatomy())
    return compare(levels, np.where(told, answer, -1), leaf, truth, told, limits.answer_above)


def compare(levels: Levels, answer_n: Ints, leaf_nl: Floats, truth_nl: Bools, told_n: Bools, at_least: float) -> dict[str, Any]:
    """Answers that back off beside the flat softmax at the same threshold and at the same share answered."""
    backed = np.where((answer_n >= 0)[:, None], levels.member_lv.T[answer_n], False)
    n_answered = int((answer_n >= 0).sum())
    return {
        "at_least": at_least,
        "share_at_level": shares([level.kind for level in levels.levels], answer_n),
        "back_off": score_answers(truth_nl, backed, levels.member_lv),
        "flat_same_threshold": score_answers(truth_nl, flat_answers(leaf_nl, told_n, at_least), levels.member_lv),
        "flat_same_share": score_answers(truth_nl, equal_share(leaf_nl, told_n, n_answered), levels.member_lv),
    }
