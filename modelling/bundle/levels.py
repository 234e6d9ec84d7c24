"""The levels of an answer: finest terms, tissues, parts of the body that hold several tissues, organ systems, and how probable each is.

A level's probability is the sum over the leaves that it holds, so that probabilities add up along is_a and part_of by construction. Leaves are
the finest terms with enough samples, the rest of a tissue that has such terms, and tissues that have none. A tissue's probability is shared among
its leaves by their similarity.

levels.tsv  level, kind (rest, term, tissue, group, system), name, term_id, tissue (of a leaf), leaves (joined by ;)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from modelling.bundle.manifest import BundleError
from modelling.forward.head import Head
from modelling.forward.library import as_array, like

COLUMNS = ("level", "kind", "name", "term_id", "tissue", "leaves")
ANSWERS = ("term", "tissue", "group", "system")
LISTED = 4


@dataclass(frozen=True)
class Level:
    """One row of levels.tsv; a leaf holds itself alone."""

    level: str
    kind: str
    name: str
    term_id: str
    tissue: str
    leaves: tuple[str, ...]

    def row(self) -> dict[str, str]:
        """As levels.tsv holds it."""
        return dict(zip(COLUMNS, (self.level, self.kind, self.name, self.term_id, self.tissue, ";".join(self.leaves)), strict=True))


@dataclass
class Levels:
    """Levels (v) over leaves (l), the prototypes that choose among the leaves of a tissue, and the temperature of that choice.

    The prototypes have a space of their own, in which leaves scatter alike: that of the tissues shrinks what tells the parts of one apart.
    """

    levels: list[Level]
    tissues: list[str]
    head: Head
    temperature: float
    leaf_tissue: Ints = field(init=False)
    member_lv: Bools = field(init=False)
    order_v: Ints = field(init=False)

    def __post_init__(self) -> None:
        leaves = [level for level in self.levels if level.leaves == (level.level,)]
        number = {leaf.level: i for i, leaf in enumerate(leaves)}
        self.leaf_tissue = np.array([self.tissues.index(leaf.tissue) for leaf in leaves], np.int64)
        self.member_lv = np.zeros((len(leaves), len(self.levels)), dtype=bool)
        for v, level in enumerate(self.levels):
            self.member_lv[[number[leaf] for leaf in level.leaves], v] = True
        answers = [v for v, level in enumerate(self.levels) if level.kind in ANSWERS]
        self.order_v = np.array(sorted(answers, key=lambda v: (self.member_lv[:, v].sum(), ANSWERS.index(self.levels[v].kind))), np.int64)

    @classmethod
    def read(cls, rows: Sequence[dict[str, str]], tissues: list[str], head: Head, temperature: float, where: str) -> Levels:
        """From the rows of levels.tsv. Raises BundleError where they are not a description of these tissues."""
        levels = [
            Level(row["level"], row["kind"], row["name"], row["term_id"], row["tissue"], tuple(row["leaves"].split(";"))) for row in rows
        ]
        leaves = [level for level in levels if level.leaves == (level.level,)]
        unknown = {leaf for level in levels for leaf in level.leaves} - {leaf.level for leaf in leaves}
        strange = {leaf.tissue for leaf in leaves} ^ set(tissues)
        if unknown or strange or len(leaves) != len(head.prototypes_tk):
            raise BundleError(f"{where}: its leaves are not those of the model's tissues; get the run again, or train it again")
        return cls(levels, tissues, head, temperature)

    def rows(self) -> list[dict[str, str]]:
        """As levels.tsv holds them."""
        return [level.row() for level in self.levels]

    def leaf_probabilities(self, z_nk: Floats, certainty_n: Floats, probability_nt: Floats) -> Floats:
        """(n, l) of latents (n, k), their certainty (n) and tissue probabilities (n, t)."""
        logits = as_array(self.head.forward(*(like(part, self.head.centre_k) for part in (z_nk, certainty_n))))
        return shared(logits / self.temperature, self.leaf_tissue, probability_nt)

    def probabilities(self, leaf_nl: Floats) -> Floats:
        """Of every level (n, v)."""
        return np.asarray(leaf_nl @ self.member_lv)

    def answer(self, probability_nv: Floats, at_least: float, must_hold_nl: Bools | None = None) -> Ints:
        """The finest level (n) at least so probable, -1 where none is. Args: must_hold_nl, leaves that the answer must hold."""
        fits = probability_nv[:, self.order_v] >= at_least
        if must_hold_nl is not None:
            fits &= ~(must_hold_nl @ ~self.member_lv[:, self.order_v])
        return np.where(fits.any(axis=1), self.order_v[fits.argmax(axis=1)], -1)

    def named(self, answer_n: Ints, probability_nv: Floats) -> dict[str, list[Any]]:
        """Columns of the table: what each sample is, at which level, how probable that is, and the level's term."""
        held = [None if v < 0 else self.levels[v] for v in answer_n.tolist()]
        return {
            "answer": [None if level is None else self.said(level) for level in held],
            "answer_level": ["none" if level is None else level.kind for level in held],
            "answer_probability": [None if v < 0 else float(probability_nv[n, v]) for n, v in enumerate(answer_n.tolist())],
            "answer_term_id": [None if level is None else level.term_id for level in held],
        }

    def said(self, level: Level) -> str:
        """In words: `large intestine (colon or rectum)`."""
        inside = sorted({self.tissues[t] for t in self.leaf_tissue[self.member_lv[:, self.levels.index(level)]]})
        if level.kind in ("term", "tissue") or len(inside) > LISTED:
            return level.name
        return f"{level.name} ({' or '.join(name.replace('_', ' ') for name in inside)})"


def shared(logits_nl: Floats, leaf_tissue: Ints, probability_nt: Floats) -> Floats:
    """Tissue probabilities shared among leaves (n, l) by a softmax inside each tissue."""
    out = np.zeros(logits_nl.shape)
    for t in range(probability_nt.shape[1]):
        own = np.flatnonzero(leaf_tissue == t)
        if own.size:
            weight = np.exp(logits_nl[:, own] - logits_nl[:, own].max(axis=1, keepdims=True))
            out[:, own] = probability_nt[:, t, None] * weight / weight.sum(axis=1, keepdims=True)
    return out
