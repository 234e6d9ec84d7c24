"""Which levels a model answers at, the prototypes of its finest terms, and how probable an answer must be, from groups that were held out."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.calibration import ALPHA
from modelling.bundle.levels import Level, Levels, shared
from modelling.network.loss import fit_temperature
from modelling.network.prototypes import Prototypes
from modelling.scores import conformal
from modelling.scores.levels import held
from profiles.anatomy import Anatomy

FEWEST, FEWEST_GROUPS = 10, 3
LEAST = 0.8  # four to one: an answer is no coin flip, however often coin flips were right
MOST = 0.99
OTHERS = -1e4


@dataclass(frozen=True)
class HeldOut:
    """Held-out samples (m): probabilities of leaves (m, l), and the leaves that hold what is known of each (m, l)."""

    leaf_ml: Floats
    truth_ml: Bools
    tissue_m: Ints


def lay_out(tissues: list[str], tissue_n: Ints, term_n: np.ndarray, group_n: Ints, anatomy: Anatomy) -> tuple[list[Level], Ints]:
    """The levels over a model's tissues, and the leaf of each sample (n).

    A term is a leaf where at least `FEWEST` samples of `FEWEST_GROUPS` groups are of it and it holds no other such term; -1 for samples whose term
    holds several leaves of their tissue.
    """
    leaves: list[Level] = []
    inner: list[Level] = []
    leaf_n = np.full(len(tissue_n), -1)
    for number, tissue in enumerate(tissues):
        own = np.flatnonzero(tissue_n == number)
        place = anatomy.places(tissue)[0] if len(anatomy.places(tissue)) == 1 else ""
        terms = _terms(own, term_n, group_n, anatomy, set(anatomy.places(tissue)))
        finest = [term for term in terms if not any(other != term and term in anatomy.above(other) for other in terms)]
        names = {term: f"{tissue}/{term}" for term in finest}
        parts_of = {term: [name for fine, name in names.items() if term in anatomy.above(fine)] for term in terms}
        rest = f"{tissue}/rest"
        with_rest = 0
        for n in own:
            above = anatomy.above(str(term_n[n]))
            inside = [term for term in finest if term in above]
            beside = not inside and not any(term_n[n] in anatomy.above(term) for term in finest)
            leaf_n[n] = len(leaves) + (finest.index(inside[0]) if inside else len(finest)) if inside or beside else -1
            with_rest += beside
        if len(finest) + bool(with_rest) < 2:
            leaf_n[own] = len(leaves)
            leaves.append(Level(tissue, "tissue", tissue.replace("_", " "), place, tissue, (tissue,)))
            continue
        leaves += [Level(names[term], "term", anatomy.name.get(term, term), term, tissue, (names[term],)) for term in finest]
        if with_rest:
            leaves.append(Level(rest, "rest", f"{tissue} elsewhere", "", tissue, (rest,)))
        everything = (*names.values(), *([rest] if with_rest else []))
        inner += [
            Level(f"{tissue}/{term}", "term", anatomy.name.get(term, term), term, tissue, tuple(parts))
            for term, parts in parts_of.items()
            if 1 < len(parts) < len(everything)
        ]
        inner.append(Level(tissue, "tissue", tissue.replace("_", " "), place, tissue, everything))
    return [*leaves, *inner, *_above_tissues(tissues, leaves, anatomy)], leaf_n


def _terms(own: Ints, term_n: np.ndarray, group_n: Ints, anatomy: Anatomy, places: set[str]) -> list[str]:
    """Terms named by samples of a tissue that enough of them lie in, its own place and what that lies in left out."""
    named = {str(term) for term in term_n[own]} - {""}
    too_wide = set().union(*(anatomy.above(place) for place in places)) if places else set()
    samples: Counter[str] = Counter()
    groups: dict[str, set[int]] = {}
    for n in own:
        for term in (anatomy.above(str(term_n[n])) & named) - too_wide if term_n[n] else ():
            samples[term] += 1
            groups.setdefault(term, set()).add(int(group_n[n]))
    return sorted(term for term, n in samples.items() if n >= FEWEST and len(groups[term]) >= FEWEST_GROUPS and n < len(own))


def _above_tissues(tissues: list[str], leaves: list[Level], anatomy: Anatomy) -> list[Level]:
    """The levels that hold at least two tissues but not all; of levels with the same tissues the first."""
    found: dict[frozenset[str], Level] = {}
    for level in sorted(anatomy.levels, key=lambda level: bool(level.organ_system)):
        inside = frozenset(tissue for tissue in tissues if anatomy.lies_in(tissue, level))
        if 1 < len(inside) < len(tissues):
            inside_leaves = tuple(leaf.level for leaf in leaves if leaf.tissue in inside)
            kind = "system" if level.organ_system else "group"
            found.setdefault(inside, Level(level.level_id, kind, level.name, level.level_id, "", inside_leaves))
    return list(found.values())


def truth_of(leaf_n: Ints, tissue_n: Ints, leaf_tissue: Ints) -> Bools:
    """Leaves (n, l) that hold what is known of each sample: its leaf, or all those of its tissue."""
    own = leaf_tissue[None] == tissue_n[:, None]
    exact = np.arange(len(leaf_tissue))[None] == leaf_n[:, None]
    return np.asarray(np.where((leaf_n >= 0)[:, None], exact, own))


def threshold(levels: Levels, held_out: list[HeldOut]) -> tuple[float, float]:
    """How probable an answer must be for 1 - alpha of the answers to be right in each of the sets of held-out samples, tissues counting alike, and
    the lowest share right at that."""
    share = 0.0
    for at_least in np.arange(LEAST, MOST + 1e-9, 0.01):
        share = min((_share_right(levels, part, float(at_least)) for part in held_out), default=0.0)
        if share >= 1 - ALPHA:
            return round(float(at_least), 2), share
    return MOST, share


def _share_right(levels: Levels, part: HeldOut, at_least: float) -> float:
    answer = levels.answer(levels.probabilities(part.leaf_ml), at_least)
    told = answer >= 0
    if not told.any():
        return 0.0
    right = held(part.truth_ml[told], levels.member_lv.T[answer[told]])
    return float(np.average(right, weights=conformal.even_weights(part.tissue_m)[told]))


@dataclass(frozen=True)
class Fitted:
    """The levels, how probable an answer must be, and the share of answers that were right at that on held-out samples."""

    levels: Levels
    above: float
    right: float


@torch.no_grad()
def fit_levels(
    head: Prototypes, copies: list[Tensor], target_n: Ints, leaf_n: Ints, layout: list[Level], tissues: list[str], fold_n: Ints,
    power: float, temperature: float,
) -> Fitted:  # fmt: skip
    """Levels under a fitted head.

    Args: copies, latents (n, k) as measured and as other studies might have measured them; layout and leaf of each sample (n), of `lay_out`; fold of
    each sample (n): every fold is judged by a head and prototypes that did not see it; power and temperature, the head's.
    """
    n_leaves = sum(level.leaves == (level.level,) for level in layout)
    blank = Levels(layout, tissues, Prototypes(n_leaves, copies[0].shape[1]), 1.0)
    logits: list[list[Floats]] = [[] for _ in copies]
    probability: list[list[Floats]] = [[] for _ in copies]
    rows: list[Ints] = []
    known: list[Ints] = []
    for fold in np.unique(fold_n):
        kept, out = np.flatnonzero(fold_n != fold), np.flatnonzero(fold_n == fold)
        if not len(kept):
            continue
        fitted = copy.deepcopy(head).cpu()
        fitted.fit(torch.cat([z[kept] for z in copies]), torch.from_numpy(np.tile(target_n[kept], len(copies))), power, len(copies))
        out = out[np.isin(target_n[out], target_n[kept])]
        leaves = _leaf_head([z[kept] for z in copies], leaf_n[kept], n_leaves, power)
        rows.append(out)
        known.append(np.where(np.isin(leaf_n[out], leaf_n[kept]), leaf_n[out], -1))
        for c, z in enumerate(copies):
            logits[c].append(leaves(z[out]).numpy())
            probability[c].append(torch.softmax(fitted(z[out]).double() / temperature, 1).numpy())
    leaves = _leaf_head(copies, leaf_n, n_leaves, power)
    if not rows:
        return Fitted(Levels(layout, tissues, leaves, 1.0), MOST, 0.0)
    order = np.concatenate(rows)
    of_copy = [np.concatenate(part) for part in logits]
    chosen = fit_temperature(*_inside_tissues(np.concatenate(of_copy), np.tile(np.concatenate(known), len(copies)), blank.leaf_tissue))
    truth = truth_of(leaf_n[order], target_n[order], blank.leaf_tissue)
    leaf = [shared(part / chosen, blank.leaf_tissue, np.concatenate(p)) for part, p in zip(of_copy, probability, strict=True)]
    parts = [leaf[0], np.concatenate(leaf[1:])] if len(leaf) > 1 else leaf[:1]
    held_out = [
        HeldOut(part, np.tile(truth, (len(part) // len(truth), 1)), np.tile(target_n[order], len(part) // len(truth))) for part in parts
    ]
    levels = Levels(layout, tissues, leaves, chosen)
    return Fitted(levels, *threshold(levels, held_out))


def _leaf_head(copies: list[Tensor], leaf_n: Ints, n_leaves: int, power: float) -> Prototypes:
    """Prototypes of the leaves; nothing is asked of a leaf of few samples, and none of a choice of one."""
    head = Prototypes(n_leaves, copies[0].shape[1])
    head.fit(torch.cat(copies).cpu(), torch.from_numpy(np.tile(leaf_n, len(copies))), power, len(copies))
    return head


def _inside_tissues(logits_nl: Floats, leaf_n: Ints, leaf_tissue: Ints) -> tuple[Tensor, Tensor]:
    """Logits with the leaves of other tissues out of the choice, and targets: only samples whose tissue has several leaves count."""
    several = np.bincount(leaf_tissue)[leaf_tissue] > 1
    counts = (leaf_n >= 0) & several[leaf_n]
    own = leaf_tissue[None] == leaf_tissue[leaf_n][:, None]
    return torch.from_numpy(np.where(own, logits_nl, OTHERS)), torch.from_numpy(np.where(counts, leaf_n, -1))
