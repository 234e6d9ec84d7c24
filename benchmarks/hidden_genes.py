"""Hidden genes restored by a run beside PCA, kNN and the gene mean, and tissues named without them: paired bootstrap over the test groups.

    python benchmarks/hidden_genes.py RUN COMPENDIUM [--genes 2000] [--draws 200]

Pooled Spearman over the hidden cells of at most --genes genes (standardised values); the gene mean is a constant and has none. The interval is
that of the difference to the best of the others, groups of samples drawn again with replacement.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy.stats import rankdata
from sklearn.metrics import balanced_accuracy_score

from modelling.bundle.model import load
from modelling.data import Compendium
from modelling.progress import silent
from modelling.scores.imputation import FRACTIONS, INTERVAL, NORMAL, masks
from modelling.studies.imputation import simple_imputers

SEED = 42


def pooled(values: np.ndarray, truth: np.ndarray) -> float:
    return float(np.corrcoef(rankdata(values), rankdata(truth))[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("compendium", type=Path)
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load(options.run)
    compendium = Compendium.open(options.compendium)  # stays open: the neighbours are read from it
    imputers, _ = simple_imputers(model, compendium, SEED, silent)
    rows = compendium.rows("test", labelled=True)
    x, group = compendium.x(rows, model.genes), np.unique(compendium.text("group_id", rows).astype(str), return_inverse=True)[1]
    tissue = compendium.text("tissue", rows).astype(str)
    truth, rng = np.asarray(model.standardise(x)), np.random.default_rng(SEED)
    chosen = rng.permutation(truth.shape[1])[: options.genes]
    print(f"{options.run}: {len(x)} test samples, {x.shape[1]:,} genes; pooled over the hidden cells of {len(chosen):,}")
    print(f"| hidden | model | pca | knn | difference to the best, 95% interval | {INTERVAL:.0%} intervals hold | balanced accuracy |")
    print("|---|---|---|---|---|---|---|")
    for fraction in FRACTIONS:
        hidden = next(masks(x.shape[1], fraction, SEED, iter([len(x)])))
        shown = np.where(hidden, np.float32(np.nan), truth)
        expression = shown * model.std_g + model.mean_g
        found = model.impute(expression)
        restored = {"model": (found.values_ng - model.mean_g) / model.std_g} | imputers.restore(shown)
        used = [np.flatnonzero(hidden[n, chosen] & np.isfinite(truth[n, chosen])) for n in range(len(x))]

        def cells(values: np.ndarray, samples: np.ndarray, used: list[np.ndarray] = used) -> np.ndarray:
            return np.concatenate([values[n, chosen[used[n]]] for n in samples])

        def scores(samples: np.ndarray, restored: dict[str, np.ndarray] = restored, cells=cells) -> dict[str, float]:  # type: ignore[no-untyped-def]
            return {name: pooled(cells(values, samples), cells(truth, samples)) for name, values in restored.items()}

        score = scores(np.arange(len(x)))
        best = max(("pca", "knn"), key=lambda name, score=score: score[name])  # type: ignore[misc]
        differences = []
        for _ in range(options.draws):
            drawn = rng.integers(0, group.max() + 1, group.max() + 1)
            again = scores(np.concatenate([np.flatnonzero(group == number) for number in drawn]))
            differences.append(again["model"] - again[best])
        low, high = np.quantile(differences, [0.025, 0.975])
        inside = (np.abs(restored["model"] - truth) <= NORMAL * found.sd_ng / model.std_g)[hidden & np.isfinite(truth)].mean()
        called = np.array(model.tissues)[model.probabilities(expression).argmax(1)]
        print(
            f"| {fraction:.0%} | {score['model']:.3f} | {score['pca']:.3f} | {score['knn']:.3f} | {score['model'] - score[best]:+.3f}"
            f" ({low:+.3f} to {high:+.3f}, {best}) | {inside:.3f} | {balanced_accuracy_score(tissue, called):.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
