"""A table of samples, each compared with the normal samples of the tissue that the model, or its owner, names."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.comparing.compare import Background, Comparison, compare, donors, without_group
from modelling.comparing.counting import counting_variance
from modelling.comparing.normals import NormalsMissing
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.predicting.cohort import Block, Cohort
from modelling.predicting.doubt import reasons
from modelling.predicting.predict import Predictor
from profiles.nearest import near


class UnknownTissue(ModellingError):
    """A tissue was asked for that has no normal samples."""


@dataclass(frozen=True)
class Compared:
    """What became of one sample: `found` is None where it was not compared, and `status` says why; `called` is the model's own answer."""

    sample_id: str
    called: str
    unsure_because: str
    status: str
    found: Comparison | None
    n_left_out: int = 0


@dataclass
class Comparer:
    """A predictor with normal samples. `tissue`: compare with this one, whatever the model says; `compendium` with its normal rows, where samples that
    stand in it are to be compared with other donors only."""

    predictor: Predictor
    background: Background
    tissue: str = ""
    compendium: Compendium | None = None
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        known = self.background.normals.tissues
        if self.tissue and self.tissue not in known:
            raise UnknownTissue(f"no normal samples of {self.tissue!r}{near(self.tissue, known)}; there are: {', '.join(known)}")
        self._groups: Array = donors(self.compendium) if self.compendium is not None else np.empty(0, object)
        self._own: dict[str, Background] = {}

    def samples(self, cohort: Cohort, only: Collection[int] | None = None) -> Iterator[Compared]:
        """Every sample of a cohort, in its order; `only`, the places of those that are asked for, from 0."""
        start = 0
        for whole in cohort:
            chosen = [i for i in range(len(whole.sample_ids)) if only is None or start + i in only]
            start += len(whole.sample_ids)
            if not chosen:
                continue
            block = Block([whole.sample_ids[i] for i in chosen], whole.x_ng[chosen], whole.coverage[chosen], whole.reads[chosen])
            predicted = self.predictor.block(block, cohort.min_coverage)
            tissues = self.predictor.model.tissues
            why = reasons(predicted.evidence, self.predictor.model.calibration, tissues)
            for i, name in enumerate(block.sample_ids):
                called = tissues[int(predicted.probability_nt[i].argmax())]
                if predicted.refused[i]:
                    yield Compared(name, "", "", f"refused: {predicted.coverage[i]:.0%} of the model's genes have a value", None)
                else:
                    yield self._one(name, block.x_ng[i], called, why[i], float(block.reads[i]), cohort)

    def _one(self, name: str, x_g: Floats, called: str, why: str, n_reads: float, cohort: Cohort) -> Compared:
        background, n_left_out = self._background(name)
        tissue = self.tissue or called
        why = "" if self.tissue else why
        try:
            counting = None
            if np.isfinite(n_reads) and n_reads > 0:
                expected = background.normals.expect(tissue).mean_g
                counting = counting_variance(x_g, expected, n_reads, cohort, background.normals.reads)
            found = compare(x_g, tissue, background, counting)
        except NormalsMissing as error:
            return Compared(name, called, why, f"not compared: {error}", None)
        return Compared(name, called, why, "compared", found, n_left_out)

    def _background(self, name: str) -> tuple[Background, int]:
        """The normal samples without the sample's own donor, and how many those are."""
        if self.compendium is None:
            return self.background, 0
        at = np.flatnonzero(self.compendium.sample_ids == name)
        if not len(at):
            return self.background, 0
        group = str(self._groups[at[0]])
        n = int((self._groups[self.rows] == group).sum())
        if group not in self._own:
            normals = without_group(self.compendium, self.background.normals, self.rows, self._groups, group)
            self._own = {group: Background(normals, self.background.null, self.background.n_judged)}
        return self._own[group], n
