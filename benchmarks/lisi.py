"""LISI and source mixing beside scib-metrics (an environment of its own: `python benchmarks/peers.py scib-metrics`).

LISI from the same neighbours; mixing from the neighbours that each finds by itself, and its rescaled iLISI beside ours.

python benchmarks/lisi.py write FOLDER     # here
python benchmarks/lisi.py scib FOLDER      # with .peers/scib-metrics/bin/python
python benchmarks/lisi.py compare FOLDER   # here
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

N, K_LATENT, PERPLEXITY, K_MIXING = 5000, 30, 30, 20


def write(folder: Path) -> None:
    from modelling.scores.mixing import inverse_simpson, source_mixing
    from modelling.scores.neighbours import cosine_neighbours

    rng = np.random.default_rng(0)
    label = rng.choice(4, N, p=[0.5, 0.3, 0.15, 0.05])
    z = (rng.normal(size=(N, K_LATENT)) + 0.6 * rng.normal(size=(4, K_LATENT))[label]).astype(np.float32)
    index, similarity = cosine_neighbours(z, z, 3 * PERPLEXITY, exclude_self=True)
    distance = np.sqrt(np.maximum(2 - 2 * similarity.astype(np.float64), 0))
    started = time.perf_counter()
    ours = inverse_simpson(distance, index, label, PERPLEXITY)
    seconds = time.perf_counter() - started
    mixing = source_mixing(z, label, K_MIXING)
    assert mixing is not None
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    np.savez(
        folder / "lisi.npz", index=index, distance=distance, label=label, ours=ours, seconds=seconds, unit=unit, mixing=mixing.observed
    )


def scib(folder: Path) -> None:
    from scib_metrics import ilisi_knn, lisi_knn
    from scib_metrics.nearest_neighbors import NeighborsResults, jax_approx_min_k

    data = np.load(folder / "lisi.npz")
    me = np.arange(len(data["index"]))[:, None]
    neighbours = NeighborsResults(
        indices=np.hstack([me, data["index"]]), distances=np.hstack([np.zeros_like(me, dtype=float), data["distance"]])
    )
    started = time.perf_counter()
    theirs = lisi_knn(neighbours, data["label"], perplexity=PERPLEXITY)
    seconds = time.perf_counter() - started
    found = jax_approx_min_k(data["unit"], n_neighbors=K_MIXING + 1).indices[:, 1:]  # chords of unit vectors rank as cosines do
    mixing = (data["label"][found] != data["label"][:, None]).mean()
    rescaled = ilisi_knn(neighbours, data["label"], perplexity=PERPLEXITY)
    np.savez(folder / "scib.npz", theirs=theirs, seconds=seconds, mixing=mixing, ilisi=rescaled)


def compare(folder: Path) -> None:
    from record import record

    ours, theirs = np.load(folder / "lisi.npz"), np.load(folder / "scib.npz")
    gap = np.abs(ours["ours"] - theirs["theirs"])
    print(
        f"LISI of {N:,} samples, perplexity {PERPLEXITY}: median {np.median(ours['ours']):.4f}, "
        f"scib-metrics {np.median(theirs['theirs']):.4f}; largest difference {gap.max():.1e}, "
        f"correlation {np.corrcoef(ours['ours'], theirs['theirs'])[0, 1]:.6f}; {ours['seconds']:.2f} s and {theirs['seconds']:.2f} s"
    )
    n_labels = len(np.unique(ours["label"]))
    rescaled = (np.nanmedian(ours["ours"]) - 1) / (n_labels - 1)
    print(f"iLISI, rescaled: {rescaled:.5f}, scib-metrics {float(theirs['ilisi']):.5f}")
    print(
        f"mean share of foreign neighbours among {K_MIXING}: {float(ours['mixing']):.5f}, from scib-metrics' neighbours {float(theirs['mixing']):.5f}"
    )
    record(
        "lisi",
        seconds=float(ours["seconds"]),
        peer_seconds=float(theirs["seconds"]),
        millionths_apart=float(gap.max() * 1e6),
        mixing=float(ours["mixing"]),
        peer_mixing=float(theirs["mixing"]),
    )


if __name__ == "__main__":
    {"write": write, "scib": scib, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
