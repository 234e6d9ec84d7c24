"""How like measured data the simulated world is: `python -m curation.demo.calibration` prints it beside the measured figures.

The figures are those of measured GTEx and TCGA samples of fifteen organs, processed by one pipeline (MSKCC RNAseqDB), on
log2(CPM + 1) of the genes whose mean is above 1. The simulated cohort has the same organs, and tumours of the same ones.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.demo.anatomy import gtex_tissues, tcga_studies
from curation.demo.effects import Effects
from curation.demo.expression import World
from curation.demo.genes import choose_genes
from curation.demo.sample import DemoSample, sex_for

Array = NDArray[np.float64]
Labels = NDArray[np.str_]

GENES_OF_A_TRANSCRIPTOME = 20_000  # the simulated genes are a part of them, and CPM refers to all
FEWEST_SAMPLES = 5
# organ: GTEx, TCGA normal and TCGA tumour samples.
COHORT = {
    "biliary_tract": (0, 9, 31),
    "bladder": (11, 17, 0),
    "cervix": (11, 0, 0),
    "colon": (0, 41, 87),
    "esophagus": (0, 11, 0),
    "head_and_neck": (0, 42, 0),
    "kidney": (32, 63, 60),
    "liver": (0, 48, 0),
    "lung": (0, 55, 0),
    "prostate": (0, 48, 0),
    "salivary_gland": (55, 0, 0),
    "stomach": (0, 33, 0),
    "thyroid": (0, 53, 0),
    "uterus": (41, 23, 47),
}


@dataclass(frozen=True)
class Figures:
    """What is compared, in log2 units unless another is named."""

    between_tissues: float  # SD over tissues of the tissue means of normal samples, median gene
    within_gtex: float  # SD within a tissue, median gene, median tissue
    within_tcga: float
    source_shift: float  # GTEx minus TCGA normal of a tissue: SD over genes, median tissue
    source_shift_shared: float  # correlation of that shift between tissues, median pair
    tumour_shift: float  # tumour minus normal of a tissue: SD over genes, median tissue
    dispersion: float  # moment estimate over all samples of a tissue, median gene, median tissue
    dispersion_highest: float  # the same, highest tissue
    components_for_half: int  # principal components that hold half of the tissue-centred variance
    components_for_four_fifths: int


# As `measure` finds them in the measured samples.
MEASURED = Figures(0.74, 0.44, 0.44, 0.72, 0.47, 1.02, 0.26, 0.47, 8, 80)


def measure(counts_ng: Array, tissue: Labels, source: Labels, is_tumour: NDArray[np.bool_]) -> Figures:
    """Figures of read counts of shape (n samples, g genes) with their tissue, source (`gtex` or `tcga`) and condition, shape (n,)."""
    cpm = counts_ng / counts_ng.sum(axis=1, keepdims=True) * 1e6 * min(1.0, counts_ng.shape[1] / GENES_OF_A_TRANSCRIPTOME)
    x = np.log2(cpm + 1)
    x = x[:, x.mean(axis=0) > 1]
    names = sorted(set(tissue))

    def part(name: str, of_source: str, tumour: bool) -> Array:
        chosen: Array = x[(tissue == name) & (source == of_source) & (is_tumour == tumour)]
        return chosen

    def shifts(first: tuple[str, bool], second: tuple[str, bool]) -> list[Array]:
        pairs = [(part(name, *first), part(name, *second)) for name in names]
        return [a.mean(axis=0) - b.mean(axis=0) for a, b in pairs if min(len(a), len(b)) >= FEWEST_SAMPLES]

    def within(of_source: str) -> float:
        parts = [part(name, of_source, False) for name in names]
        return float(np.median([np.median(a.std(axis=0, ddof=1)) for a in parts if len(a) >= FEWEST_SAMPLES]))

    means = [x[(tissue == name) & ~is_tumour].mean(axis=0) for name in names]
    by_source, by_tumour = shifts(("gtex", False), ("tcga", False)), shifts(("tcga", True), ("tcga", False))
    correlations = np.atleast_2d(np.corrcoef(by_source))
    dispersions = [_dispersion(counts_ng[tissue == name]) for name in names]
    half, four_fifths = _components(x, tissue)
    return Figures(
        between_tissues=float(np.median(np.std(means, axis=0, ddof=1))),
        within_gtex=within("gtex"),
        within_tcga=within("tcga"),
        source_shift=float(np.median([shift.std() for shift in by_source])),
        source_shift_shared=float(np.median(correlations[np.triu_indices(len(by_source), 1)])),
        tumour_shift=float(np.median([shift.std() for shift in by_tumour])),
        dispersion=float(np.median(dispersions)),
        dispersion_highest=max(dispersions),
        components_for_half=half,
        components_for_four_fifths=four_fifths,
    )


def _dispersion(counts_ng: Array) -> float:
    scaled = counts_ng / counts_ng.sum(axis=1, keepdims=True) * np.median(counts_ng.sum(axis=1))
    mean, variance = scaled.mean(axis=0), scaled.var(axis=0, ddof=1)
    seen = mean > FEWEST_SAMPLES
    return float(np.median((variance[seen] - mean[seen]) / mean[seen] ** 2))


def _components(x: Array, tissue: Labels) -> tuple[int, int]:
    centred = x.copy()
    for name in set(tissue):
        centred[tissue == name] -= centred[tissue == name].mean(axis=0)
    variances = np.linalg.eigvalsh(centred @ centred.T)[::-1]
    held = np.cumsum(variances) / variances.sum()
    return int(np.searchsorted(held, 0.5)) + 1, int(np.searchsorted(held, 0.8)) + 1


def cohort(seed: int) -> list[DemoSample]:
    """Samples of the organs and conditions of COHORT."""
    rng = random.Random(seed)
    samples = []
    for tissue, sizes in COHORT.items():
        for (source, is_tumour), size in zip((("gtex", False), ("tcga", False), ("tcga", True)), sizes, strict=True):
            for number in range(size):
                sample_id = f"{tissue} {source} {is_tumour} {number}"
                sample = DemoSample(sample_id, source, "tissue", tissue, tissue, source, sex=sex_for(tissue, rng), is_tumour=is_tumour)
                _place(sample, rng)
                samples.append(sample)
    return samples


def _place(sample: DemoSample, rng: random.Random) -> None:
    if sample.is_tumour:
        study = next(study for study in tcga_studies() if study.tissue == sample.tissue)
        sample.disease, sample.extra_programmes = study.disease, study.extra_programmes
    elif sample.source == "gtex":
        sites = [site for site in gtex_tissues() if site.tissue == sample.tissue]
        site = rng.choices(sites, [site.share for site in sites])[0]
        sample.region, sample.extra_programmes = site.smtsd, site.extra_programmes


def simulated_figures(seed: int = 42, n_genes: int = 3000, effects: Effects | None = None) -> Figures:
    """The figures of a simulated cohort."""
    samples = cohort(seed)
    world = World(choose_genes(n_genes, seed), seed, effects)
    counts = np.concatenate([block for _, block in world.counts(samples)]).astype(np.float64)
    return measure(
        counts,
        np.asarray([sample.tissue for sample in samples]),
        np.asarray([sample.source for sample in samples]),
        np.asarray([sample.is_tumour for sample in samples]),
    )


def main() -> None:
    """Print the measured and the simulated figures."""
    simulated = [simulated_figures(seed) for seed in (42, 7, 1)]
    print(f"{'figure':<28}{'measured':>10}{'seed 42':>10}{'seed 7':>10}{'seed 1':>10}")
    for name, value in vars(MEASURED).items():
        print(f"{name:<28}{value:>10.3g}" + "".join(f"{getattr(figures, name):>10.3g}" for figures in simulated))


if __name__ == "__main__":
    main()
