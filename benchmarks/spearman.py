"""Spearman over 2,000 samples x 16,115 genes, per gene and per sample, beside the scipy loop. Timed on a share of the rows, interleaved."""

from __future__ import annotations

import time

import numpy as np
from record import record
from scipy.stats import spearmanr

from modelling.scores.spearman import row_spearman

N, G, N_LOOP, ROUNDS = 2000, 16115, 150, 5


def main() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(N, G)).astype(np.float32)
    truth[truth < -0.8] = -0.8  # ties, as zeros give them
    restored = (0.8 * truth + 0.6 * rng.normal(size=truth.shape)).astype(np.float32)
    row_spearman(truth[:2], restored[:2])
    figures: dict[str, float] = {}
    for what, a, b in (("per sample", truth, restored), ("per gene", np.ascontiguousarray(truth.T), np.ascontiguousarray(restored.T))):
        ours, scipys, worst = [], [], 0.0
        for round_number in range(ROUNDS):
            some = slice(round_number * N_LOOP, (round_number + 1) * N_LOOP)
            started = time.perf_counter()
            expected = [spearmanr(x, y).statistic for x, y in zip(a[some], b[some], strict=True)]
            scipys.append((time.perf_counter() - started) / N_LOOP)
            started = time.perf_counter()
            found = row_spearman(a, b)
            ours.append((time.perf_counter() - started) / len(a))
            worst = max(worst, float(np.abs(found[some] - expected).max()))
        mine, theirs = np.median(ours), np.median(scipys)
        name = what.removeprefix("per ")
        figures |= {f"{name}_seconds": mine * len(a), f"{name}_peer_seconds": theirs * len(a), f"{name}_times": theirs / mine}
        print(
            f"{what}: {len(a):,} pairs of {a.shape[1]:,} values: {mine * len(a):.2f} s; scipy loop {theirs * len(a):.1f} s "
            f"(from {N_LOOP * ROUNDS} pairs); {theirs / mine:.1f} x; largest difference {worst:.1e}"
        )

    record("spearman", **figures)


if __name__ == "__main__":
    main()
