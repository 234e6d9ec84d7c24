"""The latent map of 28,274 samples x 121: seconds, and how many of the 30 nearest neighbours stay near, beside openTSNE's own defaults."""

from __future__ import annotations

import resource
import time

import numpy as np
from openTSNE import TSNE
from record import record

from modelling.figures.latent import latent_map
from modelling.scores.neighbours import cosine_neighbours

N, K_LATENT = 28274, 121


def kept(z: np.ndarray, xy: np.ndarray, k: int = 30) -> float:
    """Share of each sample's k nearest in the latent space that are among its k nearest on the map."""
    from sklearn.neighbors import NearestNeighbors

    some = np.random.default_rng(1).choice(len(z), 2000, replace=False)
    near, _ = cosine_neighbours(z[some], z, k + 1)
    flat = NearestNeighbors(n_neighbors=k + 1).fit(xy).kneighbors(xy[some], return_distance=False)
    return float(np.mean([len(set(a[1:]) & set(b)) / k for a, b in zip(near, flat, strict=True)]))


def main() -> None:
    rng = np.random.default_rng(0)
    size = rng.dirichlet(np.full(42, 0.7))
    label = rng.choice(42, N, p=size)
    z = (
        (rng.normal(size=(42, K_LATENT)) * 1.2)[label]
        + rng.normal(size=(N, 12)) @ rng.normal(size=(12, K_LATENT)) * 0.4
        + rng.normal(size=(N, K_LATENT)) * 0.3
    )
    z = z.astype(np.float32)
    started = time.perf_counter()
    ours = latent_map(z, 42)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{N:,} x {K_LATENT}: {seconds:.1f} s, peak {peak:.2f} GiB, {kept(z, ours.xy):.1%} of 30 neighbours kept; {ours.method}")
    started = time.perf_counter()
    theirs = TSNE(perplexity=30, metric="cosine", n_jobs=2, random_state=42).fit(z)
    peer = time.perf_counter() - started
    record("tsne", seconds=seconds, peak_gib=peak, peer_seconds=peer, times=peer / seconds)
    print(f"openTSNE by itself (cosine, its defaults): {peer:.1f} s, {kept(z, np.asarray(theirs)):.1%} kept")


if __name__ == "__main__":
    main()
