"""Linear classifiers among the baselines, as well kept as the model: tissues weigh alike, penalties are chosen on the validation part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from modelling.arrays import Floats, Ints

SMALL = 5000
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
SHRINKAGES = (0.02, 0.1, 0.3, 0.6)

Features = tuple[Floats, Floats, Floats]
"""Train, validation and test, each (n, k)."""
Targets = Mapping[str, Ints]


def logistic(features: Features, y: Targets) -> tuple[Ints, int]:
    """Multinomial regression with an L2 penalty; test predictions and dimensions.

    On component scores: with as many components as samples allow, the same solution as on all genes, because the penalty does not see a
    rotation; beyond that the tail is cut.
    """
    from sklearn.linear_model import LogisticRegression

    return _chosen(
        lambda strength: LogisticRegression(C=strength, max_iter=500, tol=1e-3, class_weight="balanced"), STRENGTHS, _scaled(features), y
    )


def linear_svm(features: Features, y: Targets, seed: int) -> tuple[Ints, int]:
    """One linear support vector machine per tissue against the rest; features as in `logistic`."""
    from sklearn.svm import LinearSVC

    dual = len(features[0]) <= SMALL
    return _chosen(
        lambda strength: LinearSVC(C=strength * 0.1, random_state=seed, tol=1e-3, dual=dual, class_weight="balanced"),
        STRENGTHS,
        _scaled(features),
        y,
    )


def discriminant(features: Features, y: Targets) -> tuple[Ints, int]:
    """Linear discriminant analysis with a shrunken covariance and equal priors."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    n = len(np.unique(y["train"]))
    return _chosen(
        lambda shrinkage: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=np.full(n, 1 / n)), SHRINKAGES, features, y
    )


def _scaled(features: Features) -> Features:
    train, validation, test = (part / features[0].std() for part in features)
    return train, validation, test


def _chosen(make: Callable[[float], Any], settings: tuple[float, ...], features: Features, y: Targets) -> tuple[Ints, int]:
    """Test predictions of the classifier that is best on the validation part; the second setting where there is none."""
    from sklearn.metrics import recall_score

    train, validation, test = features
    fitted = [make(value).fit(train, y["train"]) for value in (settings if len(validation) else settings[1:2])]
    score = [
        recall_score(y["validation"], f.predict(validation), average="macro", zero_division=0) if len(validation) else 0.0 for f in fitted
    ]
    return np.asarray(fitted[int(np.argmax(score))].predict(test)), train.shape[1]
