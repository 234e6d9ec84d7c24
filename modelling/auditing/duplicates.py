"""Near-duplicates across studies, donors and sources: the same RNA, submitted twice.

Ranks of the most variable genes, less what the main components explain, so that two samples are not alike for their tissue or tumour. Candidates share
all signs of one band of random projections (Charikar 2002); then the correlation decides. 100,000 samples need no 5,000,000,000 comparisons.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.auditing.reading import Audited, Finding, Samples, ranked
from modelling.comparing.compare import donors

ALIKE, CERTAIN = 0.6, 0.9  # correlations of what remains of the ranks
AHEAD = 0.15  # by how much a twin is nearer than the next sample, where it is not certain
WELL_READ = 1.0  # mean log2 value: ranks of genes below are counting noise
N_AXES, SAMPLES_PER_AXIS = 100, 10
BANDS = 64
MOST_IN_BUCKET = 400
BLOCK = 20_000  # pairs whose correlation is taken at once


def audit_duplicates(samples: Samples, seed: int = 42) -> Audited:
    """Pairs of different studies or donors that are alike in what the main components do not explain."""
    question = "Which samples of different studies, donors or sources are nearly the same measurement?"
    rest = remaining_ranks(samples.x_nv[:, samples.x_nv.mean(0) > WELL_READ])
    group, split, source, series = (
        donors(samples.compendium).astype(str),
        samples.text("split"),
        samples.text("source"),
        samples.text("series_id"),
    )
    (first, second), crowded = candidates(rest, seed)
    findings = []
    for i, j, alike in twins(first, second, rest, group):
        leaks = split[i] != split[j] and "unlabelled" not in (split[i], split[j])
        for a, b in ((i, j), (j, i)):
            evidence: dict[str, str | float] = {
                "twin": str(samples.ids[b]), "correlation_of_ranks": alike, "source": source[a], "twin_source": source[b], "series_id": series[a],
                "twin_series_id": series[b], "split": split[a], "twin_split": split[b], "leaks": str(leaks).lower(),
            }  # fmt: skip
            beyond = f"correlation of ranks {alike:.2f} beyond the main components{', in another split' if leaks else ''}"
            said = f"nearly the same as {samples.ids[b]} of {group[b]} ({beyond})"
            findings.append(Finding(str(samples.ids[a]), alike, evidence, said, decide=a > b))
    notes = [f"{crowded:,} buckets held more than {MOST_IN_BUCKET} samples and were not compared within"] if crowded else []
    return Audited("duplicates", question, ranked(findings), notes, len(group))


def remaining_ranks(x_nv: Floats) -> Floats:
    """Ranks (n, v) within samples less their main components; rows of mean 0 and length 1. Few samples keep more: a pair must not be a component."""
    ranks = np.argsort(np.argsort(x_nv, axis=1, kind="stable"), axis=1, kind="stable").astype(np.float32)
    ranks -= ranks.mean(0)
    n_axes = min(N_AXES, len(ranks) // SAMPLES_PER_AXIS)
    _, axes = np.linalg.eigh(ranks.T @ ranks)
    axes = axes[:, axes.shape[1] - n_axes :]
    rest = ranks - (ranks @ axes) @ axes.T
    rest -= rest.mean(1, keepdims=True)
    length: Floats = rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    return length


def candidates(rest_nv: Floats, seed: int) -> tuple[tuple[Ints, Ints], int]:
    """Pairs (first, second) that agree in all signs of at least one band, and how many buckets were too full to be compared within.

    Bits grow with the samples, so that a bucket holds a few: of 1,000 samples a pair of correlation 0.6 is found in 98 of 100, of 100,000 one of 0.8 in 87.
    """
    n, crowded = len(rest_nv), 0
    n_bits = max(4, round(np.log2(max(n, 2))) - 2)
    rng, keys_of_pairs = np.random.default_rng(seed), []
    for _ in range(BANDS):
        keys = (rest_nv @ rng.normal(size=(rest_nv.shape[1], n_bits)).astype(np.float32) > 0) @ (1 << np.arange(n_bits))
        order = np.argsort(keys, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            if len(members) > MOST_IN_BUCKET:
                crowded += 1
                continue
            low, high = np.triu_indices(len(members), 1)
            keys_of_pairs.append(members[low].astype(np.int64) * n + members[high])
    pairs = np.unique(np.concatenate(keys_of_pairs)) if keys_of_pairs else np.empty(0, np.int64)
    return (pairs // n, pairs % n), crowded


def twins(first: Ints, second: Ints, rest_nv: Floats, group: Array) -> list[tuple[int, int, float]]:
    """Candidates of different groups that are certainly alike, or alike and far nearer than what comes next to either."""
    apart = group[first] != group[second]
    first, second = first[apart], second[apart]
    alike = np.concatenate(
        [np.einsum("pv,pv->p", rest_nv[first[k : k + BLOCK]], rest_nv[second[k : k + BLOCK]]) for k in range(0, len(first), BLOCK)]
        or [np.empty(0)]
    )
    chosen = np.flatnonzero(alike >= ALIKE - AHEAD)
    near: dict[int, list[float]] = {}
    for k in chosen:
        for i in (int(first[k]), int(second[k])):
            near.setdefault(i, []).append(float(alike[k]))
    found = []
    for k in chosen[alike[chosen] >= ALIKE]:
        i, j, r = int(first[k]), int(second[k]), float(alike[k])
        ahead = all(sum(other > r - AHEAD for other in near[one]) == 1 for one in (i, j))
        if r >= CERTAIN or ahead:
            found.append((i, j, r))
    return found
