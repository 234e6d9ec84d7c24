"""What a tissue's normal samples are like, gene by gene: sums from which any donor can be taken out again, and what they let one expect.

    expected = the tissue's mean, with the nearest other tissue as a few samples more        (how many: from how far its means lie, gene by gene)
    spread   = variance between normal samples of the tissue, moderated by that of all tissues (Smyth 2004, limma)
    genes of Y and XIST: normal samples of the sample's own sex

Nearest single samples do worse: what singles them out is what a tumour shares with them (how much stroma, how many immune cells), and that is part
of the difference to be seen (docs/logs/model.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.scores.sex import sex_genes, sex_signs

FEWEST = 2  # normal samples of a tissue, for anything to be expected
PRIOR_SAMPLES = 4.0  # how many samples the spread of all tissues counts for
FLOOR = 0.01  # variance of log2 values that is taken for granted
SEXES = ("female", "male", "none")


class NormalsMissing(ModellingError):
    """No normal samples to compare with."""


@dataclass(frozen=True)
class Sums:
    """Sums over normal samples. n_t (t); first_tg, second_tg (t, g): of values and squares; sex_ts (t, 3) samples and sex_tsy (t, 3, y) sums of the
    sex genes, for each of SEXES."""

    n_t: Ints
    first_tg: Floats
    second_tg: Floats
    sex_ts: Ints
    sex_tsy: Floats

    def without(self, other: Sums) -> Sums:
        """These without some of their samples."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return Sums(*(mine - theirs for mine, theirs in pairs))


@dataclass(frozen=True)
class Expected:
    """What is expected of a sample before it is seen: mean_g and spread_g (g), the variance between normal samples, in log2 values; n normal samples,
    and the other tissue that stands in for `weight` more."""

    mean_g: Floats
    spread_g: Floats
    error_g: Floats
    n: int
    neighbour: str
    weight: float

    @property
    def variance_g(self) -> Floats:
        """Variance (g) of one more normal sample about `mean_g`."""
        return self.spread_g + self.error_g


@dataclass(frozen=True)
class Normals:
    """The normal samples of a compendium as sums, over `genes` (g) and `tissues` (t), in `unit`; reads, the median library, NaN where not known."""

    genes: list[str]
    tissues: list[str]
    unit: str
    sums: Sums
    reads: float = float("nan")

    def without(self, x_ng: Floats, tissue: Sequence[str]) -> Normals:
        """These without samples that are among them: expression (n, g) and tissue (n)."""
        return replace(self, sums=self.sums.without(sums_of(x_ng, tissue, self.genes, self.tissues)))

    def expect(self, tissue: str, sex: str = "") -> Expected:
        """What a normal sample of a tissue, and of a sex where that is known, is expected to show. Raises NormalsMissing."""
        i = self.tissues.index(tissue) if tissue in self.tissues else -1
        n_t = self.sums.n_t
        if i < 0 or n_t[i] < FEWEST:
            raise NormalsMissing(f"{tissue}: {n_t[i] if i >= 0 else 0} normal samples, {FEWEST} are needed")
        own, within, pooled = self._mean(i), self._within(i), self._pooled()
        spread = (PRIOR_SAMPLES * pooled + (n_t[i] - 1) * within) / (PRIOR_SAMPLES + n_t[i] - 1) + FLOOR
        mean, error, j, weight = self._with_neighbour(i, own, pooled + FLOOR, spread)
        mean = self._by_sex(mean, i, sex)
        return Expected(mean, spread, error, int(n_t[i]), self.tissues[j] if j >= 0 else "", weight)

    def _mean(self, i: int) -> Floats:
        mean: Floats = self.sums.first_tg[i] / self.sums.n_t[i]
        return mean

    def _within(self, i: int) -> Floats:
        n = self.sums.n_t[i]
        within: Floats = np.maximum(self.sums.second_tg[i] - self.sums.first_tg[i] ** 2 / n, 0) / (n - 1)
        return within

    def _pooled(self) -> Floats:
        """Variance within tissues (g), over all of them."""
        n, held = self.sums.n_t, self.sums.n_t > 0
        square = self.sums.second_tg[held] - self.sums.first_tg[held] ** 2 / n[held, None]
        pooled: Floats = np.maximum(square.sum(0), 0) / max(n[held].sum() - held.sum(), 1)
        return pooled

    def _with_neighbour(self, i: int, own_g: Floats, pooled_g: Floats, spread_g: Floats) -> tuple[Floats, Floats, int, float]:
        """The mean with the nearest other tissue beside it, its variance, which tissue, and the median number of samples it stands for."""
        n = self.sums.n_t
        others = [j for j in range(len(n)) if j != i and n[j] >= FEWEST]
        if not others:
            return own_g, spread_g / n[i], -1, 0.0
        apart = {j: (self._mean(j) - own_g) ** 2 - pooled_g * (1 / n[i] + 1 / n[j]) for j in others}
        ratio = {j: max(float(a.mean() / pooled_g.mean()), 1e-3) for j, a in apart.items()}
        j = min(others, key=lambda other: ratio[other])
        # how far the two tissues lie apart in a gene: half what this gene shows, half what all genes show in units of their spread
        between = (np.maximum(apart[j], 0) + ratio[j] * pooled_g) / 2
        own, other = n[i] / pooled_g, 1 / (between + pooled_g / n[j])
        mean = (own * own_g + other * self._mean(j)) / (own + other)
        return mean, spread_g / pooled_g / (own + other), j, float(np.median(other * pooled_g))

    def _by_sex(self, mean_g: Floats, i: int, sex: str) -> Floats:
        if sex not in SEXES:
            return mean_g
        s, columns = SEXES.index(sex), sex_columns(self.genes)
        n, total = self.sums.sex_ts[i, s], self.sums.sex_tsy[i, s]
        if n == 0:  # none of this tissue: of all others
            n, total = self.sums.sex_ts[:, s].sum(), self.sums.sex_tsy[:, s].sum(0)
        if n == 0 or not columns:
            return mean_g
        out = mean_g.copy()
        out[columns] = total / n
        return out


def sex_columns(genes: Sequence[str]) -> list[int]:
    """Columns of the genes that are compared within a sex."""
    xist, y = sex_genes(genes)
    return [*([xist] if xist >= 0 else []), *y]


def sums_of(x_ng: Floats, tissue: Sequence[str] | Array, genes: Sequence[str], tissues: Sequence[str]) -> Sums:
    """Sums of some samples; a gene that a sample lacks is refused before this."""
    number = {name: t for t, name in enumerate(tissues)}
    place = np.array([number[name] for name in tissue], dtype=np.int64)
    x, n_tissues, columns = x_ng.astype(np.float64), len(tissues), sex_columns(genes)
    first, second = np.zeros((n_tissues, x.shape[1])), np.zeros((n_tissues, x.shape[1]))
    np.add.at(first, place, x)
    np.add.at(second, place, x * x)
    sex = sex_signs(x_ng, genes).sex
    sex_ts, sex_tsy = np.zeros((n_tissues, len(SEXES)), np.int64), np.zeros((n_tissues, len(SEXES), len(columns)))
    for s, name in enumerate(SEXES):
        of_sex = sex == name
        np.add.at(sex_ts[:, s], place[of_sex], 1)
        np.add.at(sex_tsy[:, s], place[of_sex], x[of_sex][:, columns])
    return Sums(np.bincount(place, minlength=n_tissues), first, second, sex_ts, sex_tsy)


def normal_rows(compendium: Compendium) -> Ints:
    """Rows of labelled samples that are said to be normal. Raises NormalsMissing."""
    labelled = np.flatnonzero(compendium.text("tissue") != "")
    condition = compendium.conditions(labelled)
    rows: Ints = labelled[condition == "normal"]
    if not len(rows):
        raise NormalsMissing(
            f"{compendium.path}: none of {len(labelled):,} labelled samples is said to be normal (obs `is_tumour` or `condition`;"
            f" {int((condition == 'tumour').sum()):,} tumours, {int((condition == 'unknown').sum()):,} not said)"
        )
    return rows


def read_normals(compendium: Compendium, genes: Sequence[str], rows: Ints) -> Normals:
    """The sums over some rows of a compendium, for a model's genes. Raises NormalsMissing where it lacks genes of the model."""
    absent = sorted(set(genes) - set(compendium.var["symbol"].astype(str)))
    if absent:
        raise NormalsMissing(
            f"{compendium.path}: lacks {len(absent):,} of the model's {len(genes):,} genes, first: {absent[:3]}; give the compendium that it"
            " was trained on"
        )
    tissue = compendium.text("tissue")
    tissues = sorted(set(tissue[rows].tolist()))
    total: Sums | None = None
    for piece, x in compendium.blocks(rows, genes=list(genes)):
        if np.isnan(x).any():
            raise NormalsMissing(f"{compendium.path}: {int(np.isnan(x).any(1).sum()):,} normal samples lack values of some genes")
        one = sums_of(x, tissue[piece].tolist(), genes, tissues)
        total = one if total is None else Sums(*(getattr(total, f) + getattr(one, f) for f in one.__dataclass_fields__))
    assert total is not None
    sizes = compendium.obs["library_size"][rows] if "library_size" in compendium.obs else np.array([np.nan])
    known = np.asarray(sizes, dtype=float)
    return Normals(list(genes), tissues, compendium.unit, total, float(np.median(known[known > 0])) if (known > 0).any() else float("nan"))
