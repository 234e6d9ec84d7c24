"""LISI beside scib-metrics (an environment of its own: `pip install scib-metrics`), from the same neighbours.

python benchmarks/lisi.py write FOLDER     # here
python benchmarks/lisi.py scib FOLDER      # where scib-metrics is installed
python benchmarks/lisi.py compare FOLDER   # here
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

N, K_LATENT, PERPLEXITY = 5000, 30, 30


def write(folder: Path) -> None:
    from modelling.scores.mixing import inverse_simpson
    from modelling.scores.neighbours import cosine_neighbours

    rng = np.random.default_rng(0)
    label = rng.choice(4, N, p=[0.5, 0.3, 0.15, 0.05])
    z = (rng.normal(size=(N, K_LATENT)) + 0.6 * rng.normal(size=(4, K_LATENT))[label]).astype(np.float32)
    index, similarity = cosine_neighbours(z, z, 3 * PERPLEXITY, exclude_self=True)
    distance = np.sqrt(np.maximum(2 - 2 * similarity.astype(np.float64), 0))
    started = time.perf_counter()
    ours = inverse_simpson(distance, index, label, PERPLEXITY)
    np.savez(folder / "lisi.npz", index=index, distance=distance, label=label, ours=ours, seconds=time.perf_counter() - started)


def scib(folder: Path) -> None:
    from scib_metrics import lisi_knn
    from scib_metrics.nearest_neighbors import NeighborsResults

    data = np.load(folder / "lisi.npz")
    me = np.arange(len(data["index"]))[:, None]
    neighbours = NeighborsResults(
        indices=np.hstack([me, data["index"]]), distances=np.hstack([np.zeros_like(me, dtype=float), data["distance"]])
    )
    started = time.perf_counter()
    np.savez(folder / "scib.npz", theirs=lisi_knn(neighbours, data["label"], perplexity=PERPLEXITY), seconds=time.perf_counter() - started)


def compare(folder: Path) -> None:
    ours, theirs = np.load(folder / "lisi.npz"), np.load(folder / "scib.npz")
    gap = np.abs(ours["ours"] - theirs["theirs"])
    print(
        f"LISI of {N:,} samples, perplexity {PERPLEXITY}: median {np.median(ours['ours']):.4f}, "
        f"scib-metrics {np.median(theirs['theirs']):.4f}; largest difference {gap.max():.1e}, "
        f"correlation {np.corrcoef(ours['ours'], theirs['theirs'])[0, 1]:.6f}; {ours['seconds']:.2f} s and {theirs['seconds']:.2f} s"
    )


if __name__ == "__main__":
    {"write": write, "scib": scib, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
