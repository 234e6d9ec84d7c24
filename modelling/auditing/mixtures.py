"""Mixtures of two tissues: what no single tissue explains, and a sum of two does.

For each sample the nearest tissue mean, then for each other tissue and share the logarithm of the mixed values. How much of the rest the second tissue
takes away is held against the other samples of the same tissue: neighbours such as colon and rectum always take some.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Floats
from modelling.auditing.cells import spread
from modelling.auditing.reading import Audited, Finding, Samples, ranked

SHARES = (0.15, 0.3, 0.5)  # of the second tissue
GAIN = 0.25  # share of the squared rest that the second tissue takes away
FAR = 6.0
FEWEST = 3  # samples of a tissue, for its mean to stand
N_GENES = 800


def audit_mixtures(samples: Samples) -> Audited:
    """Samples that two tissues explain far better than one."""
    question = "Which samples are a mixture of two tissues?"
    tissue = samples.text("tissue")
    names = [name for name in sorted(set(tissue.tolist()) - {""}) if (tissue == name).sum() >= FEWEST]
    if len(names) < 2:
        return Audited("mixtures", question, [], [f"not audited: {len(names)} tissues have {FEWEST} samples or more"])
    means = np.array([np.median(samples.x_nv[tissue == name], axis=0) for name in names])
    chosen = np.sort(np.argsort(-means.var(0), kind="stable")[:N_GENES])
    first, second, share, gain = explained(samples.x_nv[:, chosen], means[:, chosen])
    limit = np.array([_limit(gain[first == t]) if (first == t).sum() > 10 else _limit(gain) for t in range(len(names))])
    findings = []
    for i in np.flatnonzero((gain > GAIN) & (gain > limit[first])):
        evidence: dict[str, str | float] = {
            "label": tissue[i], "first_tissue": names[first[i]], "second_tissue": names[second[i]], "share_of_second": float(share[i]),
            "gain": float(gain[i]), "limit": float(limit[first[i]]),
        }  # fmt: skip
        one, two = names[first[i]], names[second[i]]
        said = f"{one} with about {share[i]:.0%} of {two} explains {gain[i]:.0%} of what {one} alone leaves; label {tissue[i] or 'none'}"
        findings.append(Finding(str(samples.ids[i]), float(gain[i]), evidence, said))
    return Audited("mixtures", question, ranked(findings), n_audited=len(gain))


def explained(x_nv: Floats, means_tv: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Nearest tissue, best second tissue, its share, and the part of the squared rest that it takes away: (n) each."""
    distance = (x_nv**2).sum(1)[:, None] - 2 * x_nv @ means_tv.T + (means_tv**2).sum(1)
    n, linear = len(x_nv), np.exp2(means_tv) - 1
    first = distance.argmin(1)
    alone, best = distance.min(1), np.full(n, np.inf)
    second, share = np.zeros(n, np.int64), np.zeros(n)
    for a in np.unique(first):
        rows = np.flatnonzero(first == a)
        x, length = x_nv[rows], (x_nv[rows] ** 2).sum(1)
        for part in SHARES:
            mixed = np.log2((1 - part) * linear[a] + part * linear + 1)
            rest = length[:, None] - 2 * x @ mixed.T + (mixed**2).sum(1)
            rest[:, a] = np.inf
            here, at = rest.min(1), rest.argmin(1)
            better = here < best[rows]
            best[rows[better]], second[rows[better]], share[rows[better]] = here[better], at[better], part
    return first, second, share, 1 - best / np.maximum(alone, 1e-9)


def _limit(gain: Floats) -> float:
    return float(np.median(gain) + FAR * spread(gain))
