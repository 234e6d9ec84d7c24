"""What the values of a column say of it, where its name says nothing: identifiers, positions, lengths, and whether it follows the samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from profiles.gene_names import parse_gene_names
from profiles.genes import load_genes
from profiles.resolve import resolve

Array = NDArray[Any]
# Two tissues of one person share the order of their genes far better than this; lengths, positions and p-values do not reach it.
FOLLOWS: Final = 0.3
# A name that stands in columns.tsv against values that run with the samples': nobody can tell which is right.
FOLLOWS_CLOSELY: Final = 0.8
FOLLOWS_WELL: Final = 0.5
FEWEST_ROWS: Final = 30
N_REFERENCE: Final = 64
SAME_IDS: Final = 0.8
SAME_LENGTHS: Final = 0.8
ASCENDING: Final = 0.98
MOSTLY_ZERO: Final = 0.5
MOSTLY_EMPTY: Final = 0.9
MOSTLY_ONE: Final = 0.9  # other columns that are nearly all one value say nothing
FEWEST_ABOVE_ZERO: Final = 10


def genes_of_rows(names: Sequence[str]) -> Array:
    """Index into the HGNC table (rows,) of the genes of some rows; -1 for none."""
    found: Array = resolve(parse_gene_names(names)).gene
    return found


def known_by_value(values: Array, genes: Array) -> str:
    """Why a column (rows,) is surely no sample, by what HGNC knows of the genes (rows,) of the same rows; "" where nothing says so."""
    finite = np.isfinite(values)
    if finite.sum() < FEWEST_ROWS:
        return ""
    found = values[finite]
    rows = np.flatnonzero(finite)
    whole = bool((found == np.rint(found)).all())
    steps = np.diff(found)
    if whole and steps.size and ((steps == 1).mean() > ASCENDING):
        return "it counts the rows"
    table = load_genes()
    index = genes[rows]
    known = index >= 0
    if whole and known.sum() >= FEWEST_ROWS:
        ids = [table.entrez_id[gene] for gene in index[known]]
        same = np.mean([str(int(value)) == name for value, name in zip(found[known], ids, strict=True)])
        if same >= SAME_IDS:
            return "it holds the Entrez ids of the genes"
    lengths = np.where(known, table.length_bp[index], np.nan)
    usable = np.isfinite(lengths) & (found > 0)
    if usable.sum() >= FEWEST_ROWS and usable.mean() > 0.5 and _correlation(np.log(found[usable]), np.log(lengths[usable])) >= SAME_LENGTHS:
        return "it holds the lengths of the genes"
    if whole and steps.size and len(np.unique(found)) > 0.9 * len(found) and (steps >= 0).mean() > ASCENDING:
        return "it rises from row to row, as positions do"
    return ""


def follows(columns: Array) -> Array:
    """Rank correlation of each column (rows, n) with the mean rank of the others, (n,); NaN where nothing can be told.

    A column that is mostly zeros is judged by whether the genes above zero are those that the others express (2 AUC - 1): a sample of
    few reads follows the others in this, and in nothing else.
    """
    n_rows, n = columns.shape
    if n < 2 or n_rows < FEWEST_ROWS:
        return np.full(n, np.nan)
    chosen = np.unique(np.linspace(0, n - 1, N_REFERENCE).astype(int))
    ranks = {int(i): _ranks(np.nan_to_num(columns[:, i], nan=0.0)) for i in chosen}
    total = np.sum(list(ranks.values()), axis=0)
    # Most columns are none of the chosen ones and full: what they are held against is ranked once.
    of_total = _Others(total)
    return np.array([_follows(columns[:, i], _Others(total - ranks[i]) if i in ranks else of_total) for i in range(n)])


def summaries(columns: dict[int, Array]) -> list[int]:
    """Which columns (rows,) are the mean, median or sum of the others, up to their rounding; none among less than three."""
    found: list[int] = []
    for i in reversed(columns):
        others = [values for k, values in columns.items() if k != i and k not in found]
        if len(others) < 2 or len(columns[i]) < FEWEST_ROWS or not np.nanmax(np.abs(columns[i]), initial=0.0):
            continue
        table, values = np.stack(others, axis=1), columns[i]
        if any(np.allclose(values, of(table, axis=1), rtol=1e-3, atol=1e-3, equal_nan=True) for of in (np.mean, np.median, np.sum)):
            found.append(i)
    return found


class _Others:
    """What a column is held against, (rows,), ranked when first asked for."""

    def __init__(self, values: Array) -> None:
        self.values = values

    @cached_property
    def ranks(self) -> Array | None:
        """Ranks from 1; None where one value stands in most rows."""
        if np.unique(self.values, return_counts=True)[1].max() > MOSTLY_ONE * len(self.values):
            return None
        return _ranks(self.values)


def _follows(values: Array, others: _Others) -> float:
    there = np.isfinite(values)
    if not there.all():
        values, others = values[there], _Others(others.values[there])
    if len(values) < FEWEST_ROWS or (rank := others.ranks) is None:
        return float("nan")
    lowest = values == values.min()
    if lowest.mean() > MOSTLY_ZERO:
        n_above = int((~lowest).sum())
        if n_above < FEWEST_ABOVE_ZERO:
            return float("nan")
        auc = (rank[~lowest].sum() - n_above * (n_above + 1) / 2) / (n_above * int(lowest.sum()))
        return float(2 * auc - 1)
    return _correlation(_ranks(values), rank)


def _ranks(values: Array) -> Array:
    """Ranks from 1, ties by their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Array = (2 * ends - counts + 1) / 2
    return ranks[inverse]


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else float("nan")


def other_range(columns: Array, agreement: Array) -> Array:
    """Whether a column (rows, n) lies within 0 and 1 while most others pass 50, as probabilities, shares and flags beside expression; (n,).

    A sample of few reads is zeros and ones too: it may, where it follows the others well (`agreement` of `follows`).
    """
    filled = np.isfinite(columns)
    top, lowest = np.where(filled, columns, -np.inf).max(axis=0), np.where(filled, columns, np.inf).min(axis=0)
    whole = (np.rint(columns) == columns).all(axis=0)
    few_reads = whole & ~(agreement < FOLLOWS_WELL)
    odd: Array = (top <= 1) & (top > 0) & (lowest >= 0) & (np.median(top) > 50) & ~few_reads
    return odd
