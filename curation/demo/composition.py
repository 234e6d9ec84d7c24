"""What one sample is made of: the weight of every programme, drawn around its tissue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from curation.demo.anatomy import tissues
from curation.demo.effects import Effects
from curation.demo.sample import DemoSample

Array = NDArray[np.float64]
STATES = ("proliferation", "interferon", "hypoxia", "immediate_early")  # vary from sample to sample in every tissue
SEXES = {"Female": "female", "Male": "male"}
SURROUNDINGS = ("stroma", "endothelium", "myeloid", "t_cell", "b_cell", "plasma_cell", "granulocyte", "smooth_muscle", "adipocyte")
IDENTITY_KEPT_BY_TUMOUR = 0.7
IDENTITY_KEPT_BY_CELL_LINE = 0.45
PROLIFERATION_OF_TUMOUR = 0.9
PROLIFERATION_OF_CELL_LINE = 1.4


class Composition:
    """Programme weights, shape (p,), in the order of `names`."""

    def __init__(self, names: Sequence[str], effects: Effects) -> None:
        self.position = {name: p for p, name in enumerate(names)}
        self.effects = effects
        self.surroundings = [self.position[name] for name in SURROUNDINGS]
        self.states = [self.position[name] for name in STATES]

    def of_tissue(self, tissue: str) -> Array:
        """The mean weights of a tissue."""
        return self._weights(tissues()[tissue].programmes)

    def of_sample(self, sample: DemoSample, rng: np.random.Generator) -> Array:
        """The weights of one sample; cells keep one programme of their tissue, cell lines lose what surrounds the cells."""
        if sample.kind == "single cell":
            return self._one_cell(sample, rng)
        weights = self.of_tissue(sample.tissue)
        if sample.kind == "cell line":
            weights[self.surroundings] *= 0.1
            weights *= IDENTITY_KEPT_BY_CELL_LINE
            weights[self.position["proliferation"]] = PROLIFERATION_OF_CELL_LINE
        if sample.is_tumour:
            weights *= IDENTITY_KEPT_BY_TUMOUR
            weights[self.position["proliferation"]] += PROLIFERATION_OF_TUMOUR
        weights = np.maximum(weights + self._weights(sample.extra_programmes), 0.0)
        self._vary(weights, sample, rng)
        self._sex(weights, sample)
        return weights

    def _vary(self, weights: Array, sample: DemoSample, rng: np.random.Generator) -> None:
        effects = self.effects
        weights *= np.exp(rng.normal(0.0, effects.composition, len(weights)))
        if sample.kind == "tissue":
            weights[self.surroundings] += np.abs(rng.normal(0.0, 2 * effects.infiltration, len(self.surroundings)))
            weights += np.abs(rng.normal(0.0, 0.3 * effects.infiltration, len(weights)))
        weights[self.states] += np.abs(rng.normal(0.0, effects.state, len(self.states)))

    def _one_cell(self, sample: DemoSample, rng: np.random.Generator) -> Array:
        mean = self.of_tissue(sample.tissue)
        kept = rng.choice(len(mean), p=mean / mean.sum())
        weights = np.zeros_like(mean)
        weights[kept] = 1.1
        self._sex(weights, sample)
        return weights

    def _sex(self, weights: Array, sample: DemoSample) -> None:
        for sex, programme in SEXES.items():
            weights[self.position[programme]] = float(sample.sex == sex)

    def _weights(self, named: Mapping[str, float]) -> Array:
        weights = np.zeros(len(self.position))
        for name, weight in named.items():
            weights[self.position[name]] = weight
        return weights
