"""Seconds from the start of the process until validation balanced accuracy is within 0.005 of its best, beside PCA and logistic regression.

    python benchmarks/time_to_good.py COMPENDIUM [--seeds 42 1 2]

Reading the file and importing torch count. Processor seconds stand beside those of the clock, since other programs slow the latter. Flexynesis has its
own environment and its own benchmark (model_quality.py); on the demo it takes about two minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from statistics import median

from record import record

NEAR = 0.005


def ours(path: str, seed: int, started: float) -> dict[str, float]:
    """In a process of its own: when each epoch was judged, and the end of the training with all that is fitted after it."""
    from modelling.yielding import yielding

    with yielding():
        from modelling.config import TrainConfig
        from modelling.data import Compendium
        from modelling.training.train import train

        rows: list[tuple[float, float, float]] = []

        class Watch:
            def batch(self, share_done: float, n_samples: int) -> None:
                pass

            def epoch(self, row: dict[str, float], best_epoch: int) -> None:
                rows.append((row["validation_balanced_accuracy"], time.time() - started, time.process_time()))

        with Compendium.open(path) as compendium, tempfile.TemporaryDirectory() as folder:
            train(compendium, f"{folder}/run", TrainConfig(seed=seed), device="cpu", watch=Watch())
    best = max(accuracy for accuracy, _, _ in rows)
    accuracy, seconds, cpu = next(row for row in rows if row[0] >= best - NEAR)
    return {"accuracy": accuracy, "seconds": seconds, "cpu": cpu, "end_seconds": time.time() - started, "end_cpu": time.process_time()}


def simple(path: str, seed: int, started: float) -> dict[str, float]:
    """Principal components and logistic regression of the z-scores, with the settings of scikit-learn."""
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    from modelling.data import Compendium

    with Compendium.open(path) as compendium:
        mean, std = compendium.moments()
        (x, y), (held, truth) = (
            (np.nan_to_num((compendium.x(rows) - mean) / std), compendium.targets[rows])
            for rows in (compendium.rows(split, labelled=True) for split in ("train", "validation"))
        )
    pca = PCA(121, random_state=seed).fit(x)
    head = LogisticRegression(max_iter=1000).fit(pca.transform(x), y)
    accuracy = float(balanced_accuracy_score(truth, head.predict(pca.transform(held))))
    now, cpu = time.time() - started, time.process_time()
    return {"accuracy": accuracy, "seconds": now, "cpu": cpu, "end_seconds": now, "end_cpu": cpu}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("compendium")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 1, 2])
    parser.add_argument("--one", nargs=3, metavar=("WHICH", "SEED", "STARTED"))
    asked = parser.parse_args()
    if asked.one:
        import os

        from modelling import threads

        threads.choose(os.environ)
        which, seed, started = asked.one
        print(json.dumps({"ours": ours, "simple": simple}[which](asked.compendium, int(seed), float(started))))
        return
    found: dict[str, list[dict[str, float]]] = {"ours": [], "simple": []}
    for seed in asked.seeds:
        for which, rounds in found.items():
            one = [sys.executable, __file__, asked.compendium, "--one", which, str(seed), str(time.time())]
            rounds.append(json.loads(subprocess.run(one, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]))
            said = rounds[-1]
            print(
                f"{which:7} seed {seed}: balanced accuracy {said['accuracy']:.3f} after {said['seconds']:.1f} s ({said['cpu']:.1f} of processor time);"
                f" all done after {said['end_seconds']:.1f} s ({said['end_cpu']:.1f})",
                flush=True,
            )
    names = ("seconds", "cpu", "end_seconds", "end_cpu")
    record("time_to_good", **{f"{which}_{name}": median(one[name] for one in rounds) for which, rounds in found.items() for name in names})


if __name__ == "__main__":
    main()
