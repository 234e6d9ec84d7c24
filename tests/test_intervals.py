"""Intervals where a bootstrap over groups has none: against scipy's Wilson interval, a closed form, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from modelling.scores.intervals import of_mean, wilson, without_bootstrap
from modelling.scores.metrics import classification_scores, draw_groups, draws_without_a_class, scores_of_confusion


@pytest.mark.parametrize(("hits", "n"), [(0, 4), (3, 3), (17, 20), (1, 1)])
def test_wilson_is_that_of_scipy(hits, n):
    found = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits, n) == pytest.approx((found.low, found.high))


def test_a_perfect_score_has_an_interval_that_shrinks_with_groups_not_samples():
    truth = np.repeat([0, 1, 2], 40)
    groups = draw_groups(np.array([f"{t}-{i % 5}" for t in range(3) for i in range(40)], dtype=object), 1)
    found = classification_scores(truth, truth, 3, groups)
    for name, (value, interval) in found.items():
        assert value == pytest.approx(1)
        assert interval is not None, name
        assert interval[0] < 0.95, name
        assert interval[1] == pytest.approx(1), name
    low = wilson(5, 5)[0]
    assert found["balanced_accuracy"][1][0] == pytest.approx(1 - (1 - low) / np.sqrt(3))  # equal tissues: the closed form
    assert found["accuracy"][1] == pytest.approx(wilson(15, 15))


def test_one_study_says_nothing_of_others_and_its_samples_are_the_trials():
    truth = np.zeros(30, int)
    groups = draw_groups(np.array(["one study"] * 30, dtype=object), 1)
    found = classification_scores(truth, np.where(np.arange(30) < 27, 0, 1), 2, groups)
    assert found["balanced_accuracy"][1] == pytest.approx(wilson(27, 30))


def test_the_interval_of_a_mean_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    p, n = np.array([0.99, 0.9, 0.8, 0.97]), np.array([8, 20, 12, 30])
    held = 0
    for _ in range(600):
        low, high = of_mean(rng.binomial(n, p) / n, n.astype(float))
        held += low <= p.mean() <= high
    assert 0.93 <= held / 600 <= 1


def test_the_bootstrap_stands_where_it_has_a_spread():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 120)
    predicted = np.where(rng.random(120) < 0.8, truth, (truth + 1) % 3)
    groups = draw_groups(np.array([str(i // 3) for i in range(120)], dtype=object), 1)
    point = {
        name: float(value) for name, value in scores_of_confusion(np.bincount(truth * 3 + predicted, minlength=9).reshape(3, 3)).items()
    }
    exact = without_bootstrap(point, truth, (truth == predicted).astype(float), groups.member)
    assert classification_scores(truth, predicted, 3, groups)["accuracy"][1] != pytest.approx(exact["accuracy"])


def test_draws_without_a_class_are_counted():
    groups = draw_groups(np.array(["a", "a", "b", "c", "d"], dtype=object), 3)
    truth = np.array([0, 0, 1, 1, 1])
    without = np.mean([(weights[0] == 0) or (weights[1:] == 0).all() for weights in groups.weights])
    assert draws_without_a_class(truth, groups) == pytest.approx(without)
    assert 0.25 < without < 0.4  # (3/4)^4, and the rare draw of a alone
