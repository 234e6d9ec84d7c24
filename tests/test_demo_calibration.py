"""The simulated world against the published figures of real samples, and how hard its tissues are to tell apart."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from curation.demo.calibration import MEASURED, Figures, measure, simulated_figures
from curation.demo.effects import Effects
from curation.demo.expression import World
from curation.demo.genes import choose_genes
from curation.demo.write import draw_samples

SHARED = Path(os.environ.get("BULKATLAS_SHARED", Path(__file__).resolve().parents[2] / "shared"))
# Lowest and highest value that passes: the measured figure, and what its subsets and other estimators of it gave.
BOUNDS = {
    "between_tissues": (0.62, 0.85),
    "within_gtex": (0.39, 0.56),
    "within_tcga": (0.39, 0.56),
    "source_shift": (0.62, 0.78),
    "source_shift_shared": (0.35, 0.60),
    "tumour_shift": (0.90, 1.10),
    "dispersion": (0.14, 0.45),
    "dispersion_highest": (0.28, 0.60),
    "components_for_half": (5, 12),
    "components_for_four_fifths": (40, 110),
}


@pytest.fixture(scope="module")
def simulated() -> Figures:
    return simulated_figures(seed=42)


@pytest.mark.parametrize("name", list(BOUNDS))
def test_the_simulated_figures_lie_in_the_range_of_measured_ones(simulated: Figures, name: str) -> None:
    low, high = BOUNDS[name]
    assert low <= getattr(simulated, name) <= high
    assert low <= getattr(MEASURED, name) <= high


def test_without_source_and_tumour_effects_the_figures_leave_their_range() -> None:
    flat = simulated_figures(seed=42, n_genes=1500, effects=Effects(source=0, source_in_tissue=0, tumour=0, tumour_type=0, programme=0.1))
    for name in ("source_shift", "tumour_shift", "between_tissues"):
        assert getattr(flat, name) < BOUNDS[name][0]


def test_the_measures_find_what_was_put_in() -> None:
    """Log-normal counts with a known spread: nothing but the arithmetic is in the way."""
    rng = np.random.default_rng(0)
    n, g = 40, 4000
    tissue = np.repeat(["a", "b"], 3 * n)
    source = np.tile(np.repeat(["gtex", "tcga", "tcga"], n), 2)
    is_tumour = np.tile(np.repeat([False, False, True], n), 2)
    log2 = 12 + rng.normal(0, 0.5, (6 * n, g))
    log2 += np.where(tissue[:, None] == "b", rng.normal(0, 1.0, g), 0)
    log2 += np.where(source[:, None] == "gtex", rng.normal(0, 0.7, g), 0)
    log2 += np.where(is_tumour[:, None], rng.normal(0, 0.9, g), 0)
    figures = measure(2**log2, tissue, source, is_tumour)
    # Two tissue means that differ by a normal deviate d have an SD of |d| / sqrt(2); the median of |d| is 0.6745.
    assert figures.between_tissues == pytest.approx(0.6745 / np.sqrt(2), rel=0.1)
    assert figures.within_gtex == pytest.approx(0.5, rel=0.05)
    assert figures.within_tcga == pytest.approx(0.5, rel=0.05)
    assert figures.source_shift == pytest.approx(0.7, rel=0.05)
    assert figures.source_shift_shared == pytest.approx(1, abs=0.05)
    assert figures.tumour_shift == pytest.approx(0.9, rel=0.05)


def test_the_measures_give_the_quoted_figures_on_the_measured_samples() -> None:
    path = SHARED / "data" / "compendia" / "rnaseqdb.h5ad"
    if not path.is_file():
        pytest.skip(f"{path} is not here: set BULKATLAS_SHARED to the folder with the measured samples")
    import anndata

    data = anndata.read_h5ad(path)
    tissue = np.asarray(data.obs["tissue"].astype(str).replace({"rectum": "colon"}), dtype=str)
    source = np.char.lower(np.asarray(data.obs["source"].astype(str), dtype=str))
    counts = 30 * (2.0 ** np.asarray(data.X, dtype=np.float64) - 1)  # from CPM to libraries of thirty million reads
    found = measure(counts, tissue, source, np.asarray(data.obs["condition"] == "tumor"))
    for name, value in vars(MEASURED).items():
        assert getattr(found, name) == pytest.approx(value, rel=0.03), name


def test_a_nearest_centroid_is_far_above_chance_and_far_from_perfect() -> None:
    seed, effects = 42, Effects()
    world = World(choose_genes(2000, seed), seed, effects)
    drawn = draw_samples(1500, seed, effects)
    samples = [s for s in drawn["archs4"] + drawn["gtex"] + drawn["tcga"] if s.kind == "tissue" and s.stated_tissue]
    counts = np.concatenate([block for _, block in world.counts(samples)]).astype(np.float64)
    x = np.log2(1e6 * counts / counts.sum(axis=1, keepdims=True) + 1)
    tissue = np.asarray([s.stated_tissue for s in samples])
    group = np.asarray([s.donor_id or s.series_id for s in samples])
    predicted = np.empty_like(tissue)
    for train, test in GroupKFold(5).split(x, tissue, group):
        predicted[test] = make_pipeline(StandardScaler(), NearestCentroid()).fit(x[train], tissue[train]).predict(x[test])
    assert 0.75 < balanced_accuracy_score(tissue, predicted) < 0.97
    wrong = [(s, p) for s, p in zip(samples, predicted, strict=True) if s.has_planted_wrong_label]
    assert np.mean([p == s.tissue for s, p in wrong]) > 0.6  # the expression of a planted wrong label speaks against its text


def test_a_sample_does_not_depend_on_the_others() -> None:
    world = World(choose_genes(1500, 5), 5, replace(Effects()))
    samples = draw_samples(300, 5, Effects())["gtex"][:3]
    together = next(iter(world.counts(samples)))[1]
    alone = next(iter(world.counts(samples[2:])))[1]
    np.testing.assert_array_equal(together[2:], alone)
