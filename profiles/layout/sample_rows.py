"""Samples in rows: the plan of a table whose columns are genes and facts of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from profiles import tools
from profiles.account import some
from profiles.dates import is_date
from profiles.errors import GeneFault, TableFault
from profiles.gene_names import parse_gene_names
from profiles.genes import load_genes
from profiles.layout.columns import matching
from profiles.layout.plan import DEFAULT_ENTRY, Head, Plan, Wish
from profiles.table import SAMPLES_IN_ROWS

ID_COLUMNS: Final = (
    "sample_id",
    "sample_accession",
    "geo_accession",
    "sample",
    "modelid",
    "model_id",
    "depmap_id",
    "profileid",
    "run",
    "barcode",
)


def samples_in_rows(head: Head, wish: Wish) -> Plan:
    """What each column of a table with samples in rows is. Raises GeneFault."""
    table = load_genes()
    names = head.columns
    ids = parse_gene_names(names)
    n = len(names)
    parts = [kind or ("",) * n for kind in (ids.ensembl, ids.symbol, ids.entrez)]
    is_gene = [
        bool(e or z in table.by_entrez or (s and not s.isdigit() and (table.knows(s) or is_date(s))))
        for e, s, z in zip(*parts, strict=True)
    ]
    if not any(is_gene):
        is_gene = [name.isdigit() and name in table.by_entrez for name in names]
    genes = [i for i in range(1 if n > 1 else 0, n) if is_gene[i]]
    if not genes:
        raise GeneFault(f"{head.name}: no column name is a human gene ({some(names[1:], 3)}); are the genes in rows?")
    told = set(matching(names, range(n), wish.annotation, head, "--annotation")) if wish.annotation else set()
    # A word such as AGE is a gene's name as well: before the block of genes it is what stands there in words or alone.
    first, last = _block(genes)
    plan = Plan(SAMPLES_IN_ROWS, 0, [], [])
    plan.id_column = _sample_column(head, [i for i in range(n) if not first <= i <= last], wish)
    _refuse_measures(head, plan.id_column)
    plan.put([plan.id_column], "sample ids")
    plan.values = [i for i in range(first, last + 1) if i != plan.id_column and i not in told]
    plan.names = [names[i] for i in plan.values]
    plan.put(plan.values, "gene")
    plan.put([i for i in told if i not in plan.fates], "annotation", "by --annotation")
    for i in (i for i in range(n) if i not in plan.fates):
        plan.put([i], "annotation", "no gene by its name")
    return plan


def _refuse_measures(head: Head, id_column: int) -> None:
    """Raise TableFault where the best column for the sample ids holds decimals: coordinates, not names."""
    column = head.column(id_column)
    if column.is_number and bool((column.numbers[np.isfinite(column.numbers)] % 1 != 0).any()):
        raise TableFault(
            f"{head.name}: no column names the samples in its rows; the first beside the genes, {column.name!r}, holds decimals"
        )


def _block(genes: Sequence[int]) -> tuple[int, int]:
    """First and last column of the genes, without a lone name far from the others."""
    first, last = 0, len(genes) - 1
    while last - first > 10 and genes[first + 1] - genes[first] > 2:
        first += 1
    while last - first > 10 and genes[last] - genes[last - 1] > 10:
        last -= 1
    return genes[first], genes[last]


def _sample_column(head: Head, outside: Sequence[int], wish: Wish) -> int:
    """Which column names the samples: the one that the metadata knows, one named so, the first of distinct texts, or the first."""
    columns = {i: head.column(i) for i in outside[:64]}
    if DEFAULT_ENTRY in head.columns and "ModelID" in head.columns:
        return list(head.columns).index("ModelID")
    if wish.known:
        hits = {i: len(wish.known & set(column.texts)) for i, column in columns.items()}
        if hits and max(hits.values()):
            return max(hits, key=lambda i: hits[i])
    distinct = [i for i, column in columns.items() if len(set(column.texts)) == len(column.texts) and column.share_missing == 0]
    named = [i for i in distinct if tools.plain(head.columns[i]) in ID_COLUMNS]
    words = [i for i in distinct if not columns[i].is_number]
    return min(
        (*named, *words, *distinct, *outside, 0),
        key=lambda i: (
            i not in named,
            named and ID_COLUMNS.index(tools.plain(head.columns[i])) if i in named else 0,
            i not in words,
            i not in distinct,
            i,
        ),
    )
