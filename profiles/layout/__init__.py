"""What the rows and columns of a matrix mean: where the genes stand, which columns are samples, and what the others are.

First the names (tools.py, columns.tsv), then the values (evidence.py); what neither tells is an error that names the column. Nothing is
called a sample, or left out, in silence: every column leaves with a fate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from profiles import tools
from profiles.errors import TableFault
from profiles.genes import N_SAMPLED, gene_share
from profiles.layout.gene_rows import ENOUGH_GENES, genes_in_rows
from profiles.layout.plan import DEFAULT_ENTRY, N_ID_CANDIDATES, Column, Head, Plan, Wish
from profiles.layout.refusals import no_genes
from profiles.layout.sample_rows import samples_in_rows
from profiles.species import species
from profiles.table import GENES_IN_ROWS, SAMPLES_IN_ROWS, refuse_duplicates

__all__ = ["DEFAULT_ENTRY", "ENOUGH_GENES", "N_ID_CANDIDATES", "Column", "Head", "Plan", "Wish", "decide", "no_genes"]

# Numbers are taken as gene ids only where no column of words names the genes.
MOSTLY_GENES: Final = 0.5
# featureCounts joins the positions of exons: `22;22;22` is chromosome 22, not the gene of that Entrez id.
NO_NAMES: Final = ("position", "length", "percentage", "comparison")


def decide(head: Head, wish: Wish) -> Plan:
    """Find the layout of a table. Raises TableFault and GeneFault with what is wrong and the option that decides."""
    if refusal := tools.refused_as(head.columns):
        raise TableFault(f"{head.name}: this is {refusal}")
    id_column, in_rows = _gene_column(head)
    in_header = gene_share(_gene_like(head)) if len(head.columns) > 1 else 0.0
    if wish.layout != "auto":
        layout = wish.layout
    elif max(in_header, in_rows) < ENOUGH_GENES:
        texts = [column.texts for column in map(head.column, range(min(len(head.columns), N_ID_CANDIDATES))) if not column.is_number]
        others = next((names for names in texts if species(names).refusal), (*texts, head.column(0).texts)[0])
        raise no_genes(head.name, "column names", head.columns[1:], "rows", others)
    else:
        layout = GENES_IN_ROWS if in_rows >= in_header else SAMPLES_IN_ROWS
    plan = genes_in_rows(head, wish, id_column) if layout == GENES_IN_ROWS else samples_in_rows(head, wish)
    if layout == GENES_IN_ROWS:
        refuse_duplicates(plan.names, f"{head.name}, its header")
    return plan


def _gene_like(head: Head) -> list[str]:
    some_names = head.columns[1 :: max(1, len(head.columns) // N_SAMPLED)]
    return [name for name in some_names if name and not tools.kind_of_column(name)]


def _gene_column(head: Head) -> tuple[int, float]:
    """The column that names most genes, and its share; the first of equals, text before numbers."""
    best, share = 0, -1.0
    for i, column in ((i, head.column(i)) for i in range(min(len(head.columns), N_ID_CANDIDATES))):
        number = column.is_number
        kind = tools.kind_of_column(column.name)
        if (number and i and kind != "identifier") or kind in NO_NAMES:
            continue
        if number and (column.share_missing > 0.5 or len(set(column.texts)) < 0.9 * len(column.texts)):
            continue
        if number and share >= MOSTLY_GENES:
            continue
        if _is_fact_of_rows(column.texts):
            continue
        found = gene_share(_whole(column) if number else column.texts)
        if found > share:
            best, share = i, found
    return best, max(share, 0.0)


def _is_fact_of_rows(texts: Sequence[str]) -> bool:
    """A few words again and again, CD8 or MSS, are no names of genes; a long table has each gene often, but many of them."""
    n = len(texts)
    return n >= 12 and len(set(texts)) < max(min(10, 0.5 * n), 0.05 * n, 0.5 * n if n < 200 else 0)


def _whole(column: Column) -> list[str]:
    """Numbers as ids: 7105.0 of a spreadsheet or pandas is 7105."""
    return [str(int(value)) if np.isfinite(value) and value == int(value) else "" for value in column.numbers]
