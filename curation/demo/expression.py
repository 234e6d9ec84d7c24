"""Read counts of the simulated world: programmes, tissue, tumour, source and study effects, then negative-binomial noise."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curation.demo.anatomy import programmes, tissues
from curation.demo.composition import Composition
from curation.demo.effects import Effects
from curation.demo.genes import DemoGenes
from curation.demo.sample import DemoSample

Array = NDArray[np.float64]
BLOCK_SAMPLES = 256
RESTING_MARKER = (-1.0, 0.9)  # mean and sd of log2 CPM per kb where no programme raises the gene
RESTING_GENE = (3.0, 1.6)
RESTING_RANGE = (-0.5, 8.0)
MARKER_GAIN = 1.3  # brings albumin in the liver to 1 to 2 % of all reads, as measured
LARGEST_SHIFT = 3.5  # random shifts add up on some genes; none of them becomes the most abundant of a tissue


class World:
    """The fixed effects of one seed, and counts of any samples; a sample's counts depend on no other sample."""

    def __init__(self, genes: DemoGenes, seed: int, effects: Effects | None = None) -> None:
        self.genes, self.seed, self.effects = genes, seed, effects or Effects()
        self.composition = Composition(tuple(programmes()), self.effects)
        self._shifts: dict[tuple[str, ...], Array] = {}
        self._profiles: dict[str, Array] = {}

    def counts(self, samples: Sequence[DemoSample]) -> Iterator[tuple[slice, NDArray[np.int64]]]:
        """Blocks of (place in `samples`, read counts of shape (n, g))."""
        for start in range(0, len(samples), BLOCK_SAMPLES):
            block = samples[start : start + BLOCK_SAMPLES]
            yield slice(start, start + len(block)), np.stack([self._counts_of(sample) for sample in block])

    def _rng(self, *names: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    @cached_property
    def gene_scale(self) -> Array:
        """How much each gene varies, relative to the median gene, shape (g,)."""
        return np.asarray(self._rng("gene scale").lognormal(0.0, self.effects.gene_spread, len(self.genes)))

    @cached_property
    def markers(self) -> Array:
        """Rise of the marker genes, shape (p, g), 0 elsewhere."""
        position = self.genes.index()
        rises = np.zeros((len(programmes()), len(self.genes)))
        for p, named in enumerate(programmes().values()):
            for gene, rise in named.items():
                rises[p, position[gene]] = MARKER_GAIN * rise
        return rises

    @cached_property
    def background(self) -> Array:
        """What a programme does to the genes that are no markers, shape (p, g): a little, at random."""
        shifts = self._rng("programmes").normal(0.0, self.effects.programme, self.markers.shape) * self.gene_scale
        shifts[[self.composition.position["female"], self.composition.position["male"]]] = 0.0
        shifts[:, self.markers.any(axis=0)] = 0.0
        return shifts

    @cached_property
    def resting(self) -> Array:
        """Log2 counts per million without any programme, shape (g,); longer genes get more reads."""
        rng, n_genes = self._rng("resting"), len(self.genes)
        of_markers = rng.normal(*RESTING_MARKER, n_genes)
        of_others = np.clip(rng.normal(*RESTING_GENE, n_genes), *RESTING_RANGE)
        length: Array = np.clip(np.log2(self.genes.length_bp / 1000.0), -1.5, 3.0)
        return np.where(self.markers.any(axis=0), of_markers, of_others) + length

    @cached_property
    def dispersion(self) -> Array:
        """Negative-binomial dispersion, shape (g,)."""
        return np.asarray(self._rng("dispersion").lognormal(np.log(self.effects.dispersion), 0.6, len(self.genes)))

    @cached_property
    def technical(self) -> Array:
        """Loadings of the sample-wide technical factors, shape (f, g)."""
        return self._rng("technical").normal(0.0, 1.0, (len(self.effects.technical), len(self.genes)))

    def _shift(self, size: float, *names: str) -> Array:
        """A deviation of all genes that is the same wherever the same names are given, shape (g,)."""
        if names not in self._shifts:
            self._shifts[names] = self._rng(*names).normal(0.0, 1.0, len(self.genes)) * self.gene_scale
        return size * self._shifts[names]

    def _own_shifts(self, tissue: str) -> Array:
        effects = self.effects
        return self._shift(effects.organ_system, "system", tissues()[tissue].organ_system) + self._shift(effects.tissue, "tissue", tissue)

    def profile(self, tissue: str) -> Array:
        """Mean log2 counts per million of a tissue, shape (g,)."""
        if tissue not in self._profiles:
            self._profiles[tissue] = self._level(self.composition.of_tissue(tissue), self._own_shifts(tissue))
        return self._profiles[tissue]

    def _level(self, weights: Array, shift: Array) -> Array:
        """Log2 counts per million of programme weights (p,) and further shifts (g,)."""
        shift = shift + weights @ self.background
        return self.resting + weights @ self.markers + LARGEST_SHIFT * np.tanh(shift / LARGEST_SHIFT)

    def _fixed_shifts(self, sample: DemoSample) -> Array:
        """Everything that the sample shares with others: tissue, region, source, study, tumour, cell line."""
        effects = self.effects
        shift = self._own_shifts(sample.tissue) + self._shift(effects.source, "source", sample.source)
        shift = shift + self._shift(effects.source_in_tissue, "source", sample.source, sample.tissue)
        if sample.batch != sample.source:
            shift = shift + self._shift(effects.study, "study", sample.batch)
        if sample.region:
            shift = shift + self._shift(effects.region, "region", sample.region)
        if sample.is_tumour:
            shift = shift + self._shift(effects.tumour, "tumour") + self._shift(effects.tumour_type, "tumour", sample.disease)
        if sample.cell_line:
            shift = shift + self._shift(effects.cell_line, "line", sample.cell_line)
        return shift

    def _counts_of(self, sample: DemoSample) -> NDArray[np.int64]:
        rng = self._rng("sample", sample.sample_id)
        weights = self.composition.of_sample(sample, rng)
        care = self._rng("care", sample.batch, sample.tissue).lognormal(0.0, self.effects.care)
        factors = rng.normal(0.0, self.effects.technical) * care
        cpm = np.exp2(self._level(weights, self._fixed_shifts(sample) + factors @ self.technical))
        if sample.kind == "tissue":
            cpm = self._mixed(cpm, sample.tissue, rng)
        depth = self.effects.cell_depth if sample.kind == "single cell" else self.effects.depth[sample.source]
        mean = cpm * depth.median_millions * np.exp(rng.normal(0.0, depth.log_sd))
        dispersion = np.full_like(mean, self.effects.cell_dispersion) if sample.kind == "single cell" else self.dispersion
        counts: NDArray[np.int64] = rng.poisson(rng.gamma(1.0 / dispersion, mean * dispersion))
        if sample.kind == "single cell":
            counts[rng.random(len(counts)) < np.exp(-0.25 * mean)] = 0  # molecules that were never captured
        return counts

    def _mixed(self, cpm: Array, tissue: str, rng: np.random.Generator) -> Array:
        """Some samples hold a part of what lies beside them in the body."""
        neighbours = tissues()[tissue].neighbours
        is_mixed, part, pick = rng.random() < self.effects.mixed_share, rng.beta(*self.effects.mixed_part), rng.random()
        if not (is_mixed and neighbours):
            return cpm
        bounds = np.cumsum(list(neighbours.values())) / sum(neighbours.values())
        neighbour = list(neighbours)[int(np.searchsorted(bounds, pick, side="right"))]
        return cpm * ((1 - part) + part * np.exp2(self.profile(neighbour) - self.profile(tissue)))
