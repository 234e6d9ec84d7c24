"""Five nearest of 118,263 x 121 by cosine for 28,274 queries, beside scikit-learn. Timed on a share of the queries, interleaved."""

from __future__ import annotations

import time

import numpy as np
from record import record
from sklearn.neighbors import NearestNeighbors

from modelling.scores.neighbours import cosine_neighbours

N_QUERY, N_REFERENCE, K_LATENT, K, N_TIMED, ROUNDS = 28274, 118263, 121, 5, 2000, 3


def main() -> None:
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(42, K_LATENT)) * 2
    reference = (centre[rng.integers(0, 42, N_REFERENCE)] + rng.normal(size=(N_REFERENCE, K_LATENT))).astype(np.float32)
    query = (centre[rng.integers(0, 42, N_QUERY)] + rng.normal(size=(N_QUERY, K_LATENT))).astype(np.float32)
    fitted = NearestNeighbors(n_neighbors=K, metric="cosine").fit(reference)
    ours, theirs, same, closest = [], [], [], 0.0
    for round_number in range(ROUNDS):
        some = query[round_number * N_TIMED : (round_number + 1) * N_TIMED]
        started = time.perf_counter()
        distance, expected = fitted.kneighbors(some)
        theirs.append(time.perf_counter() - started)
        started = time.perf_counter()
        found, similarity = cosine_neighbours(some, reference, K)
        ours.append(time.perf_counter() - started)
        same.append((found == expected).mean())
        closest = max(closest, float(np.abs(1 - similarity - distance).max()))
    mine, other, scale = np.median(ours), np.median(theirs), N_QUERY / N_TIMED
    record("knn", seconds=mine * scale, peer_seconds=other * scale, times=other / mine)
    print(
        f"{N_QUERY:,} queries against {N_REFERENCE:,} x {K_LATENT}, k = {K}: {mine * scale:.1f} s; scikit-learn cosine {other * scale:.1f} s "
        f"(both from {N_TIMED:,} queries); {other / mine:.1f} x; same neighbours {np.mean(same):.4%}, largest difference of a distance {closest:.1e}"
    )


if __name__ == "__main__":
    main()
