"""One sample against its closest normal: observed and expected per gene, the difference, how sure it is, and what chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.comparing.normals import Expected, Normals, NormalsMissing, normal_rows, read_normals
from modelling.comparing.null import Null, measure
from modelling.data import Compendium
from modelling.scores.sex import sex_signs

MOST_JUDGED = 300  # normal samples whose scores make the null
FEWEST_JUDGED = 5


@dataclass(frozen=True)
class Background:
    """Normal samples and the null that was measured on them."""

    normals: Normals
    null: Null
    n_judged: int


@dataclass(frozen=True)
class Comparison:
    """One sample (g genes of the model, NaN where it lacks one): log2 values observed and expected, their difference, its standard error, p-value and
    false discovery rate (Benjamini and Hochberg 1995)."""

    tissue: str
    sex: str
    expected: Expected
    observed_g: Floats
    difference_g: Floats
    error_g: Floats
    p_g: Floats
    fdr_g: Floats

    def n_found(self, fdr: float) -> int:
        """Genes below a false discovery rate."""
        return int((self.fdr_g < fdr).sum())


def compare(observed_g: Floats, tissue: str, background: Background, counting_g: Floats | None = None) -> Comparison:
    """Compare a sample's log2 values (g) with the normal samples of a tissue; counting_g, the variance that counting adds. Raises NormalsMissing."""
    normals = background.normals
    sex = str(sex_signs(observed_g[None, :], normals.genes).sex[0])
    expected = normals.expect(tissue, sex)
    variance = expected.variance_g if counting_g is None else expected.variance_g + counting_g
    difference, error = observed_g - expected.mean_g, np.sqrt(variance)
    p = background.null.p_values(difference / error, expected.mean_g)
    return Comparison(tissue, sex, expected, observed_g, difference, error, p, false_discovery(p))


def false_discovery(p_g: Floats) -> Floats:
    """False discovery rates (g) of Benjamini and Hochberg; NaN stays NaN and counts for nothing."""
    from scipy.stats import false_discovery_control

    out = np.full(len(p_g), np.nan)
    known = np.isfinite(p_g)
    out[known] = false_discovery_control(p_g[known]) if known.any() else []
    return out


def background(compendium: Compendium, genes: list[str], rows: Ints | None = None, seed: int = 42) -> Background:
    """Normal samples of a compendium, and their null: a draw of them, each judged by the others without its donor. Raises NormalsMissing."""
    rows = normal_rows(compendium) if rows is None else rows
    normals = read_normals(compendium, genes, rows)
    groups = donors(compendium)
    drawn = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_JUDGED])
    scores, means = [], []
    for row in drawn:
        try:
            score, expected = _judged(compendium, normals, rows, groups, int(row))
        except NormalsMissing:
            continue  # the only donor of its tissue
        scores.append(score)
        means.append(expected.mean_g)
    if len(scores) < FEWEST_JUDGED:
        raise NormalsMissing(
            f"{compendium.path}: {len(scores)} of {len(rows):,} normal samples can be judged by other donors of their tissue, {FEWEST_JUDGED} are needed"
        )
    return Background(normals, measure(np.array(scores), np.array(means)), len(scores))


def donors(compendium: Compendium) -> Array:
    """What a sample must not be judged by: its study, donor or patient; itself where none is known."""
    group = compendium.text("group_id")
    return np.where(group == "", compendium.sample_ids.astype(str), group)


def without_group(compendium: Compendium, normals: Normals, rows: Ints, groups: Array, group: str) -> Normals:
    """The normal samples without those of one donor or study."""
    mine = rows[groups[rows] == group]
    return normals.without(compendium.x(mine, normals.genes), compendium.text("tissue", mine).tolist()) if len(mine) else normals


def _judged(compendium: Compendium, normals: Normals, rows: Ints, groups: Array, row: int) -> tuple[Floats, Expected]:
    """Scores (g) of a normal sample against those of other donors."""
    others = without_group(compendium, normals, rows, groups, str(groups[row]))
    x = compendium.x(np.array([row]), normals.genes)
    expected = others.expect(str(compendium.text("tissue", np.array([row]))[0]), str(sex_signs(x, normals.genes).sex[0]))
    score: Floats = (x[0] - expected.mean_g) / np.sqrt(expected.variance_g)
    return score, expected
