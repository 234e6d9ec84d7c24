"""Near-duplicates across studies, donors and sources: the same RNA, submitted twice.

Ranks of the most variable genes, less what the main components explain, so that two samples are not alike for their tissue or tumour. Candidates share
all signs of one band of random projections (Charikar 2002); then the correlation decides. 100,000 samples need no 5,000,000,000 comparisons.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np

from modelling.arrays import Floats
from modelling.auditing.reading import Audited, Finding, Samples, ranked
from modelling.comparing.compare import donors

ALIKE = 0.85  # correlation of what remains of the ranks
N_AXES, SAMPLES_PER_AXIS = 100, 10
BITS, BANDS = 18, 64
MOST_IN_BUCKET = 200


def audit_duplicates(samples: Samples, seed: int = 42) -> Audited:
    """Pairs of different studies or donors that are alike in what the main components do not explain."""
    question = "Which samples of different studies, donors or sources are nearly the same measurement?"
    rest = remaining_ranks(samples.x_nv)
    group, split, source, series = (
        donors(samples.compendium).astype(str),
        samples.text("split"),
        samples.text("source"),
        samples.text("series_id"),
    )
    findings = []
    pairs, crowded = candidates(rest, seed)
    for i, j in sorted(pairs):
        if group[i] == group[j]:
            continue
        alike = float(rest[i] @ rest[j])
        if alike < ALIKE:
            continue
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


def candidates(rest_nv: Floats, seed: int) -> tuple[set[tuple[int, int]], int]:
    """Pairs that agree in all signs of at least one band, and how many buckets were too full to be compared."""
    rng, pairs, crowded = np.random.default_rng(seed), set(), 0
    for _ in range(BANDS):
        signs = rest_nv @ rng.normal(size=(rest_nv.shape[1], BITS)).astype(np.float32) > 0
        keys = signs @ (1 << np.arange(BITS))
        buckets: dict[int, list[int]] = defaultdict(list)
        for i, key in enumerate(keys.tolist()):
            buckets[key].append(i)
        for members in buckets.values():
            if len(members) > MOST_IN_BUCKET:
                crowded += 1
            else:
                pairs.update(combinations(members, 2))
    return pairs, crowded
