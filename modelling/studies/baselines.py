"""`model baselines`: simple methods on the same genes and the same split as the model, and anyone's embedding by the same protocol.

The five kNN baselines of the paper, and what it left out: logistic regression, discriminant analysis, linear SVM, gradient boosting, nearest centroid.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Floats, Ints
from modelling.bundle.model import load
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.network.pca import Components, fit_components
from modelling.progress import Stage, silent
from modelling.scores.metrics import Groups, classification_scores, draw_groups, drawn_scores, percentile_interval
from modelling.scores.neighbours import cosine_neighbours, knn_classify
from modelling.scratch import scratch_array
from modelling.studies.embeddings import read_embedding
from modelling.studies.held_out import BLOCK
from modelling.studies.linear import Features, discriminant, linear_svm, logistic

N_VARIABLE = 2000
N_UNSCALED = 5000
N_ROTATED = 1000
K = 5


class NothingToScore(ModellingError):
    """The compendium has no labelled training or test sample."""


class ExtraMissing(ModellingError):
    """An optional package is not installed."""


@dataclass(frozen=True)
class Parts:
    """Standardised expression of the labelled samples (NaN as 0, the training mean), train, validation and test apart.

    Classes number the tissues of all three; genes are the model's where a run is given.
    """

    x: dict[str, Floats]
    y: Mapping[str, Ints]
    ids: dict[str, np.ndarray]
    group_id: np.ndarray
    classes: list[str]
    spread_g: Floats
    _rotated: dict[int, dict[str, Floats]] = field(default_factory=dict, repr=False)

    def rotated(self, seed: int) -> dict[str, Floats]:
        """Component scores of every part on up to N_ROTATED components of the training part, made once."""
        if seed not in self._rotated:
            components = components_of(self.x["train"], N_ROTATED, seed)
            self._rotated[seed] = {split: project(components, x) for split, x in self.x.items()}
        return self._rotated[seed]


@dataclass(frozen=True)
class Method:
    """A name, a kind for the figure, and a function from parts to (test predictions, dimensions)."""

    name: str
    kind: str
    predict: Callable[[Parts], tuple[Ints, int]]


def read_parts(compendium: Compendium, run: Path | None) -> Parts:
    """The labelled samples as every method sees them. Raises NothingToScore."""
    model = load(run) if run else None
    genes = np.array(model.genes) if model else compendium.genes
    mean, std = (model.mean_g, model.std_g) if model else compendium.moments()
    tissue = compendium.obs["tissue"].astype(str)
    rows = {split: np.flatnonzero((compendium.obs["split"] == split) & (tissue != "")) for split in ("train", "validation", "test")}
    for split in ("train", "test"):
        if not len(rows[split]):
            raise NothingToScore(f"{compendium.path}: no labelled sample in split '{split}'")
    classes = sorted({name for split in rows.values() for name in tissue[split]})
    number = {name: i for i, name in enumerate(classes)}
    x: dict[str, Floats] = {}
    for split, chosen in rows.items():
        x[split] = scratch_array((len(chosen), len(genes)))
        for start, (_, block) in enumerate(compendium.blocks(chosen, BLOCK, genes)):
            x[split][start * BLOCK : start * BLOCK + len(block)] = np.nan_to_num((block - mean) / std)
    y = {split: np.array([number[name] for name in tissue[chosen]], np.int64) for split, chosen in rows.items()}
    ids = {split: compendium.sample_ids[chosen].astype(str) for split, chosen in rows.items()}
    return Parts(x, y, ids, compendium.text("group_id", rows["test"]), classes, np.asarray(std))


def components_of(x_ng: Floats, n_components: int, seed: int) -> Components:
    """Leading components of a standardised training matrix, read in blocks."""

    def blocks() -> Iterable[Floats]:
        return (np.asarray(x_ng[i : i + 4096]) for i in range(0, len(x_ng), 4096))

    return fit_components(blocks, min(n_components, len(x_ng) - 1, x_ng.shape[1]), seed)


def project(components: Components, x_ng: Floats) -> Floats:
    """Component scores, block by block."""
    return np.concatenate(
        [components.project(x_ng[i : i + 4096]) for i in range(0, len(x_ng), 4096)] or [np.empty((0, len(components.axes)), np.float32)]
    )


def knn(train: Floats, test: Floats, parts: Parts) -> tuple[Ints, int]:
    """Vote of the five nearest training samples by cosine."""
    return knn_classify(test, train, parts.y["train"], len(parts.classes), K), train.shape[1]


def methods(seed: int) -> list[Method]:
    """All baselines, in the order of the table."""
    return [
        Method("kNN, all genes", "knn", lambda parts: knn(parts.x["train"], parts.x["test"], parts)),
        Method("kNN, variable genes", "knn", lambda parts: knn(variable(parts, "train"), variable(parts, "test"), parts)),
        Method("kNN, variable genes, PCA", "knn", lambda parts: knn(*pca_features(parts, 50, seed, only_variable=True)[::2], parts)),
        Method("kNN, variable genes, UMAP", "knn", lambda parts: knn(*umap_features(parts, 50, seed), parts)),
        Method("kNN, PCA", "knn", lambda parts: knn(*pca_features(parts, 121, seed)[::2], parts)),
        Method("nearest centroid", "classifier", nearest_centroid),
        Method("logistic regression", "classifier", lambda parts: logistic(pca_features(parts, N_ROTATED, seed), parts.y)),
        Method(
            "logistic regression, log2 of variable genes", "classifier", lambda parts: logistic(unscaled_features(parts, seed), parts.y)
        ),
        Method("LDA, log2 of variable genes", "classifier", lambda parts: discriminant(unscaled_features(parts, seed), parts.y)),
        Method("linear SVM", "classifier", lambda parts: linear_svm(pca_features(parts, N_ROTATED, seed), parts.y, seed)),
        Method("gradient boosting, PCA", "classifier", lambda parts: boosting(pca_features(parts, 121, seed), parts, seed)),
    ]


def variable(parts: Parts, split: str) -> Floats:
    """The genes whose unscaled training values vary most."""
    chosen = np.sort(np.argsort(-parts.spread_g, kind="stable")[:N_VARIABLE])
    return np.asarray(parts.x[split][:, chosen])


def pca_features(parts: Parts, n_components: int, seed: int, *, only_variable: bool = False) -> Features:
    """Component scores of train, validation and test, components from the training part."""
    if only_variable:
        x = {split: variable(parts, split) for split in parts.x}
        components = components_of(x["train"], n_components, seed)
        scores = {split: project(components, x[split]) for split in x}
    else:
        scores = parts.rotated(seed)
    train, validation, test = (scores[split][:, :n_components] for split in ("train", "validation", "test"))
    return train, validation, test


def unscaled_features(parts: Parts, seed: int) -> Features:
    """Component scores of the N_UNSCALED genes that vary most, in log2 units about the training mean: scaling would magnify genes that hardly vary."""
    chosen = np.sort(np.argsort(-parts.spread_g, kind="stable")[:N_UNSCALED])
    x = {split: scratch_array((len(values), len(chosen))) for split, values in parts.x.items()}
    for split, values in parts.x.items():
        for start in range(0, len(values), BLOCK):
            x[split][start : start + BLOCK] = values[start : start + BLOCK][:, chosen] * parts.spread_g[chosen]
    components = components_of(x["train"], N_ROTATED, seed)
    train, validation, test = (project(components, x[split]) for split in ("train", "validation", "test"))
    return train, validation, test


def umap_features(parts: Parts, n_components: int, seed: int) -> tuple[Floats, Floats]:
    """UMAP of the variable genes fitted on train, test placed into it. Raises ExtraMissing without umap-learn."""
    try:
        from umap import UMAP
    except ImportError as error:
        raise ExtraMissing(
            "the UMAP baseline needs umap-learn: pip install 'bulkatlas[figures]', or leave it out with --no-umap"
        ) from error
    train = variable(parts, "train")
    mapper = UMAP(n_components=min(n_components, len(train) - 2), metric="cosine", random_state=seed, n_jobs=1)
    return np.asarray(mapper.fit_transform(train)), np.asarray(mapper.transform(variable(parts, "test")))


def nearest_centroid(parts: Parts) -> tuple[Ints, int]:
    """The tissue whose mean training profile is nearest by cosine."""
    known = np.unique(parts.y["train"])
    centroids = np.array([parts.x["train"][parts.y["train"] == number].mean(axis=0) for number in known])
    index, _ = cosine_neighbours(parts.x["test"], centroids, 1)
    return known[index[:, 0]], centroids.shape[1]


def boosting(features: Features, parts: Parts, seed: int) -> tuple[Ints, int]:
    """Gradient-boosted trees on component scores."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train, _, test = features
    classifier = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=15,
        min_samples_leaf=5,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    return np.asarray(classifier.fit(train, parts.y["train"]).predict(test)), train.shape[1]


def model_methods(run: Path) -> list[Method]:
    """The model's own head, and kNN in its latent space."""
    model = load(run)

    def embed(x_ng: Floats) -> Floats:
        return np.concatenate([model.embed(x_ng[i : i + BLOCK] * model.std_g + model.mean_g) for i in range(0, len(x_ng), BLOCK)])

    def head(parts: Parts) -> tuple[Ints, int]:
        number = {name: i for i, name in enumerate(parts.classes)}
        classes = np.array([number.get(name, -1) for name in model.tissues])
        probability = model.probabilities_of(embed(parts.x["test"]))
        return classes[np.where(classes >= 0, probability, -1).argmax(1)], model.n_latent

    return [
        Method("the model, its classifier", "model", head),
        Method("the model, kNN in its latent space", "model", lambda parts: knn(embed(parts.x["train"]), embed(parts.x["test"]), parts)),
    ]


def embedding_methods(name: str, path: Path) -> list[Method]:
    """kNN and logistic regression on an outside embedding."""

    def features(parts: Parts) -> Features:
        split = [len(parts.ids[part]) for part in ("train", "validation", "test")]
        values = read_embedding(path, np.concatenate([parts.ids[part] for part in ("train", "validation", "test")]))
        return values[: split[0]], values[split[0] : split[0] + split[1]], values[split[0] + split[1] :]

    return [
        Method(f"{name}, kNN", "embedding", lambda parts: knn(*features(parts)[::2], parts)),
        Method(f"{name}, logistic regression", "embedding", lambda parts: logistic(features(parts), parts.y)),
    ]


def score_methods(chosen: list[Method], parts: Parts, seed: int, stage: Stage = silent) -> list[dict[str, Any]]:
    """One row per method: scores with intervals, dimensions, seconds, and the difference to the first method on the same bootstrap draws."""
    groups, advance = draw_groups(parts.group_id, seed), stage("methods", len(chosen))
    rows: list[dict[str, Any]] = []
    first: Floats | None = None
    for method in chosen:
        started = time.perf_counter()
        predicted, n_dimensions = method.predict(parts)
        row: dict[str, Any] = {
            "method": method.name,
            "kind": method.kind,
            "n_dimensions": n_dimensions,
            "seconds": time.perf_counter() - started,
        }
        draws = drawn_scores(parts.y["test"], predicted, len(parts.classes), groups)["balanced_accuracy"]
        first = draws if first is None else first
        difference = percentile_interval(draws - first)
        tie = difference is not None and difference[0] <= 0 <= difference[1]
        rows.append(row | _scores(parts, predicted, groups) | {"minus_first": difference, "tie_with_first": tie})
        advance(1)
    return rows


def _scores(parts: Parts, predicted: Ints, groups: Groups) -> dict[str, Any]:
    found = classification_scores(parts.y["test"], predicted, len(parts.classes), groups)
    values = {name: value for name, (value, _) in found.items()}
    return {"n": len(predicted), "n_train": len(parts.y["train"]), **values, "interval": found["balanced_accuracy"][1]}
