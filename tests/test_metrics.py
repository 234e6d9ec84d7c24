"""Scores and intervals against scikit-learn, scipy and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from modelling.scores import mixing, neighbours, spearman
from modelling.scores.metrics import (
    calibration_error,
    classification_scores,
    confusion,
    draw_groups,
    fold_of_groups,
    mean_with_interval,
    median_with_interval,
    reliability,
    scores_of_confusion,
    top_hits,
    wilson,
)


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    truth = rng.choice(6, 400, p=[0.5, 0.2, 0.15, 0.1, 0.04, 0.01])
    predicted = np.where(rng.random(400) < 0.7, truth, rng.integers(0, 7, 400))
    return truth, predicted, np.array([f"study{i}" for i in rng.integers(0, 60, 400)])


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_scores_equal_scikit_learn(answers):
    truth, predicted, group = answers
    found = {name: value for name, (value, _) in classification_scores(truth, predicted, 8, draw_groups(group, 0, 50)).items()}
    expected = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted),
        "weighted_f1": sk.f1_score(truth, predicted, average="weighted"),
        "macro_f1": sk.f1_score(truth, predicted, average="macro"),
        "mcc": sk.matthews_corrcoef(truth, predicted),
    }
    assert found == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_bootstrap_equals_repeating_the_drawn_groups(answers):
    truth, predicted, group = answers
    groups = draw_groups(group, 3, 40)
    drawn = []
    for weights in groups.weights.astype(int):
        repeated = np.repeat(np.arange(len(truth)), weights[groups.member])
        drawn.append(sk.balanced_accuracy_score(truth[repeated], predicted[repeated]))
    _, interval = classification_scores(truth, predicted, 8, groups)["balanced_accuracy"]
    assert interval == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_samples_of_one_group_give_a_wider_interval_than_independent_ones():
    rng = np.random.default_rng(0)
    study_level = rng.random(40) < 0.7
    hits = np.repeat(study_level, 25).astype(float)
    grouped = mean_with_interval(hits, draw_groups(np.repeat(np.arange(40), 25).astype(str), 0))[1]
    apart = mean_with_interval(hits, draw_groups(np.full(1000, ""), 0))[1]
    assert grouped[1] - grouped[0] > 3 * (apart[1] - apart[0])


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (7, 9), (480, 1000)])
def test_wilson_equals_scipy(hits, n):
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high))
    assert wilson(0, 0) is None


def test_top_three_equals_scikit_learn_and_an_unnameable_class_is_never_hit():
    rng = np.random.default_rng(2)
    probability, truth = rng.dirichlet(np.ones(9), 300), rng.integers(0, 9, 300)
    assert top_hits(truth, probability, 3).mean() == pytest.approx(sk.top_k_accuracy_score(truth, probability, k=3))
    assert top_hits(np.full(300, 9), probability, 9).sum() == 0


def test_calibration_error_by_hand():
    confidence, correct = np.array([0.99, 0.97, 0.61, 0.64]), np.array([1.0, 0.0, 1.0, 1.0])
    # one bin of two at 0.98 with half right, one of two at 0.625 with all right
    value, _ = calibration_error(confidence, correct, draw_groups(np.full(4, ""), 0, 10))
    assert value == pytest.approx(0.5 * abs(0.5 - 0.98) + 0.5 * abs(1 - 0.625))
    assert [row["n"] for row in reliability(confidence, correct)] == [2, 2]


def test_median_interval_covers_and_ignores_undefined_values():
    values = np.concatenate([np.random.default_rng(0).normal(0.5, 0.1, 400), [np.nan] * 5])
    median, interval = median_with_interval(values, draw_groups(np.full(405, ""), 0, 300))
    assert median == pytest.approx(np.nanmedian(values))
    assert interval[0] < median < interval[1]
    assert interval[1] - interval[0] == pytest.approx(2 * 1.96 * 1.253 * 0.1 / 20, rel=0.3)


def test_nothing_to_score_is_undefined_not_zero():
    empty = np.empty(0, int)
    found = classification_scores(empty, empty, 3, draw_groups(np.empty(0, object), 0, 10))
    assert all(np.isnan(value) and interval is None for value, interval in found.values())
    assert np.isnan(scores_of_confusion(confusion(empty, empty, 3))["mcc"])


def test_folds_keep_groups_together():
    member = np.random.default_rng(0).integers(0, 30, 200)
    fold = fold_of_groups(member)
    assert all(len(set(fold[member == g])) == 1 for g in set(member))
    assert set(fold) == set(range(10))


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_spearman_equals_scipy_with_ties_and_missing_cells(decimals):
    rng = np.random.default_rng(decimals)
    a = np.round(rng.normal(size=(40, 60)), decimals).astype(np.float32)
    b = np.round(a + rng.normal(size=a.shape), decimals).astype(np.float32)
    a[0, :5], b[1, 3:9], a[2, 0], a[2, 1] = np.nan, np.nan, -0.0, 0.0
    for found, x, y in ((spearman.row_spearman(a, b), a, b), (spearman.column_spearman(a, b, block=7), a.T, b.T)):
        expected = [stats.spearmanr(u, v, nan_policy="omit").statistic for u, v in zip(x, y, strict=True)]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_spearman_of_a_constant_is_undefined():
    assert np.isnan(spearman.row_spearman(np.ones((1, 5)), np.arange(5.0)[None])).all()
    assert np.isnan(spearman.row_spearman(np.full((1, 5), np.nan), np.arange(5.0)[None])).all()


@pytest.mark.parametrize("n_reference", [3, 70, 1000])
def test_neighbours_equal_scikit_learn(n_reference):
    rng = np.random.default_rng(n_reference)
    query, reference = rng.normal(size=(600, 12)).astype(np.float32), rng.normal(size=(n_reference, 12)).astype(np.float32)
    k = min(5, n_reference)
    index, similarity = neighbours.cosine_neighbours(query, reference, k)
    distance, expected = NearestNeighbors(n_neighbors=k, metric="cosine").fit(reference).kneighbors(query)
    np.testing.assert_array_equal(index, expected)
    np.testing.assert_allclose(1 - similarity, distance, atol=1e-5)


def test_self_is_no_neighbour_and_votes_equal_scikit_learn():
    rng = np.random.default_rng(0)
    z, label = rng.normal(size=(300, 8)).astype(np.float32), rng.integers(0, 4, 300)
    index, _ = neighbours.cosine_neighbours(z, z, 5, exclude_self=True)
    assert not (index == np.arange(300)[:, None]).any()
    query = rng.normal(size=(200, 8)).astype(np.float32)
    expected = KNeighborsClassifier(5, metric="cosine").fit(z, label).predict(query)
    np.testing.assert_array_equal(neighbours.knn_classify(query, z, label, 4), expected)


def test_source_mixing_by_brute_force_and_its_two_ends():
    rng = np.random.default_rng(0)
    source = (rng.random(300) < 0.3).astype(int)
    apart = np.column_stack([np.where(source, 1, -1), rng.normal(0, 0.01, 300)])
    assert mixing.source_mixing(apart, source).observed == 0
    mixed = mixing.source_mixing(rng.normal(size=(300, 6)), source)
    assert mixed.observed == pytest.approx(mixed.expected, abs=0.03)
    pairs = [source[i] != source[j] for i in range(300) for j in range(300) if i != j]
    assert mixed.expected == pytest.approx(np.mean(pairs))
    assert mixing.source_mixing(apart, np.zeros(300, int)) is None


def test_lisi_reaches_its_ceiling_only_under_perfect_mixing():
    rng = np.random.default_rng(0)
    label = rng.choice(3, 1500, p=[0.7, 0.2, 0.1])
    assert mixing.lisi_ceiling(label) == pytest.approx(1 / np.sum((np.bincount(label) / 1500) ** 2))
    mixed = mixing.lisi(rng.normal(size=(1500, 5)), label)
    assert mixed.mean() == pytest.approx(mixing.lisi_ceiling(label), rel=0.06)
    apart = mixing.lisi(np.eye(3)[label] + rng.normal(0, 0.01, (1500, 3)), label)
    np.testing.assert_allclose(apart, 1)


def test_perplexity_weights_have_the_stated_entropy():
    distance = np.sort(np.random.default_rng(0).random((50, 90)), axis=1)
    weight = mixing.perplexity_weights(distance, 30)
    np.testing.assert_allclose(np.exp(stats.entropy(weight, axis=1)), 30, rtol=1e-4)


def test_a_stream_of_pairs_correlates_as_the_whole_does(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    a = np.round(rng.normal(size=5000), 2).astype(np.float32)
    b = (a * 0.6 + rng.normal(size=5000)).astype(np.float32)
    a[:50] = -0.0
    pieces = [(a[i : i + 700], b[i : i + 700]) for i in range(0, 5000, 700)]
    expected = stats.spearmanr(a, b).statistic

    def ranked(part: int) -> spearman.Ranking:
        return spearman.Ranking.of(lambda: (piece[part] for piece in pieces), 5000)

    assert ranked(0).correlation(ranked(1)) == pytest.approx(expected, abs=1e-9)
    monkeypatch.setattr(spearman, "EXACT", 0)
    assert ranked(0).correlation(ranked(1)) == pytest.approx(expected, abs=1e-6)
    constant = spearman.Ranking.of(lambda: (np.zeros_like(a),), 5000)
    assert np.isnan(constant.correlation(spearman.Ranking.of(lambda: (b,), 5000)))


@pytest.mark.parametrize("exclude_self", [False, True])
def test_neighbours_do_not_depend_on_the_blocks_of_the_reference(monkeypatch: pytest.MonkeyPatch, exclude_self: bool) -> None:
    x = np.random.default_rng(6).normal(size=(300, 7)).astype(np.float32)
    whole = neighbours.cosine_neighbours(x, x, 5, exclude_self=exclude_self)
    monkeypatch.setattr(neighbours, "REFERENCE_BYTES", 4 * 7 * 64)
    parts = neighbours.cosine_neighbours(x, x, 5, exclude_self=exclude_self)
    np.testing.assert_array_equal(parts[0], whole[0])
    np.testing.assert_allclose(parts[1], whole[1], atol=1e-6)
