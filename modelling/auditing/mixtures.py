"""Mixtures of two tissues: what no single tissue explains, and a sum of two does.

For each sample the nearest tissue, then for each other tissue and share the logarithm of the mixed values, in a distance that does not count what samples of
one tissue differ in among themselves (within.py). The second tissue must take away a good part of what the first leaves, and leave no more than samples
usually leave (a tumour is far from every mean). Tissues that lie side by side are found together in many samples, brain with nerve, gland with mucosa: a
pair is suspect where hardly any other study or donor shows it.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.auditing.reading import Audited, Finding, Samples, ranked
from modelling.auditing.within import Within, spread
from modelling.comparing.compare import donors

SHARES = (0.15, 0.3, 0.5)  # of the second tissue
GAIN = 0.16  # share of the squared rest that the second tissue takes away: to be suspect
SEEN = 0.14  # and to count as another case of the pair
USUAL = 0.8  # share of samples whose rest after one tissue is not more than what may be left after two
SAMPLES_PER_CASE = 3000  # of the compendium, for one more case of a pair to be let pass
FEWEST = 3  # samples of a tissue, for its mean to stand
N_GENES = 1500


def audit_mixtures(samples: Samples) -> Audited:
    """Samples that two tissues explain far better than one."""
    question = "Which samples are a mixture of two tissues?"
    tissue = samples.text("tissue")
    names = [name for name in sorted(set(tissue.tolist()) - {""}) if (tissue == name).sum() >= FEWEST]
    if len(names) < 2:
        return Audited("mixtures", question, [], [f"not audited: {len(names)} tissues have {FEWEST} samples or more"])
    means = np.array([np.median(samples.x_nv[tissue == name], axis=0) for name in names])
    of = np.searchsorted(names, tissue)
    known = np.isin(tissue, names)
    rest = samples.x_nv[known] - means[of[known]]
    width = spread(rest)
    chosen = np.sort(np.argsort(-(means / width).var(0), kind="stable")[:N_GENES])
    within = Within.of(means[:, chosen].mean(axis=0), width[chosen], rest[:, chosen])
    first, second, share, gain, left = explained(samples.x_nv[:, chosen], means[:, chosen], within)
    cases = _cases(first, second, gain, donors(samples.compendium))
    findings = []
    for i in np.flatnonzero((gain > GAIN) & (left < 1) & (cases <= max(1, len(gain) // SAMPLES_PER_CASE))):
        evidence: dict[str, str | float] = {
            "label": tissue[i], "first_tissue": names[first[i]], "second_tissue": names[second[i]], "share_of_second": float(share[i]),
            "gain": float(gain[i]), "left": float(left[i]), "cases_of_the_pair": int(cases[i]),
        }  # fmt: skip
        one, two = names[first[i]], names[second[i]]
        said = f"{one} with about {share[i]:.0%} of {two} explains {gain[i]:.0%} of what {one} alone leaves; label {tissue[i] or 'none'}"
        findings.append(Finding(str(samples.ids[i]), float(gain[i]), evidence, said))
    return Audited("mixtures", question, ranked(findings), n_audited=len(gain))


def explained(x_nv: Floats, means_tv: Floats, within: Within) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Nearest tissue, best second tissue, its share, the part of the squared rest that it takes away, and the rest after both as a part of what
    samples usually leave after one: (n) each."""
    x, linear = within(x_nv), np.exp2(means_tv) - 1
    length = (x**2).sum(1)
    distance = _squared(x, length, within(means_tv))
    n, first, alone = len(x), distance.argmin(1), distance.min(1)
    best, second, share = np.full(n, np.inf), np.zeros(n, np.int64), np.zeros(n)
    for a in np.unique(first):
        rows = np.flatnonzero(first == a)
        for part in SHARES:
            rest = _squared(x[rows], length[rows], within(np.log2((1 - part) * linear[a] + part * linear + 1)))
            rest[:, a] = np.inf
            here, at = rest.min(1), rest.argmin(1)
            better = here < best[rows]
            best[rows[better]], second[rows[better]], share[rows[better]] = here[better], at[better], part
    usual = max(float(np.quantile(alone, USUAL)), 1e-9)
    return first, second, share, 1 - best / np.maximum(alone, 1e-9), best / usual


def _squared(x_nv: Floats, length_n: Floats, other_mv: Floats) -> Floats:
    """Squared distances (n, m)."""
    squared: Floats = length_n[:, None] - 2 * x_nv @ other_mv.T + (other_mv**2).sum(1)
    return squared


def _cases(first: Ints, second: Ints, gain: Floats, group: Array) -> Ints:
    """How many studies or donors show each sample's pair of tissues (n)."""
    pairs = [tuple(sorted(pair)) for pair in zip(first.tolist(), second.tolist(), strict=True)]
    seen: dict[tuple[int, ...], set[str]] = {}
    for pair, one, of in zip(pairs, gain, group, strict=True):
        if one > SEEN:
            seen.setdefault(pair, set()).add(str(of))
    return np.array([len(seen.get(pair, ())) for pair in pairs])
