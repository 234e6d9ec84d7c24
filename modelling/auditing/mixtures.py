"""Mixtures of two tissues: what no single tissue explains, and a sum of two does.

For each sample the nearest tissue mean, then for each other tissue and share the logarithm of the mixed values. The second tissue must take away a good part
of what the first leaves, and leave no more than samples usually leave (a tumour is far from every mean). Tissues that lie side by side are found together
in many samples, brain with nerve, gland with mucosa: a pair is suspect where hardly any other study or donor shows it.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.auditing.reading import Audited, Finding, Samples, ranked
from modelling.comparing.compare import donors

SHARES = (0.15, 0.3, 0.5)  # of the second tissue
GAIN, SEEN = (
    0.35,
    0.3,
)  # share of the squared rest that the second tissue takes away: to be suspect, and to count as another case of the pair
LEFT = 1.3  # what is left after both, in median samples' rest after one
SAMPLES_PER_CASE = 3000  # of the compendium, for one more case of a pair to be let pass
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
    first, second, share, gain, rest = explained(samples.x_nv[:, chosen], means[:, chosen])
    left, cases = (
        rest / max(float(np.median(rest / np.maximum(1 - gain, 1e-9))), 1e-9),
        _cases(first, second, gain, donors(samples.compendium)),
    )
    findings = []
    for i in np.flatnonzero((gain > GAIN) & (left < LEFT) & (cases <= max(1, len(gain) // SAMPLES_PER_CASE))):
        evidence: dict[str, str | float] = {
            "label": tissue[i], "first_tissue": names[first[i]], "second_tissue": names[second[i]], "share_of_second": float(share[i]),
            "gain": float(gain[i]), "left": float(left[i]), "cases_of_the_pair": int(cases[i]),
        }  # fmt: skip
        one, two = names[first[i]], names[second[i]]
        said = f"{one} with about {share[i]:.0%} of {two} explains {gain[i]:.0%} of what {one} alone leaves; label {tissue[i] or 'none'}"
        findings.append(Finding(str(samples.ids[i]), float(gain[i]), evidence, said))
    return Audited("mixtures", question, ranked(findings), n_audited=len(gain))


def explained(x_nv: Floats, means_tv: Floats) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Nearest tissue, best second tissue, its share, the part of the squared rest that it takes away, and the rest after both: (n) each."""
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
    return first, second, share, 1 - best / np.maximum(alone, 1e-9), best


def _cases(first: Ints, second: Ints, gain: Floats, group: Array) -> Ints:
    """How many studies or donors show each sample's pair of tissues (n)."""
    pairs = [tuple(sorted(pair)) for pair in zip(first.tolist(), second.tolist(), strict=True)]
    seen: dict[tuple[int, ...], set[str]] = {}
    for pair, one, of in zip(pairs, gain, group, strict=True):
        if one > SEEN:
            seen.setdefault(pair, set()).add(str(of))
    return np.array([len(seen.get(pair, ())) for pair in pairs])
