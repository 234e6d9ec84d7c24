"""Genes in rows: the plan of a table whose columns are samples and annotation."""

from __future__ import annotations

from typing import Final

from profiles import tools
from profiles.errors import TableFault
from profiles.genes import gene_share
from profiles.layout.columns import as_told, by_evidence
from profiles.layout.plan import N_ID_CANDIDATES, Head, Plan, Wish
from profiles.layout.refusals import refuse_coverage, refuse_long, refuse_transcripts
from profiles.table import GENES_IN_ROWS

SYMBOL_COLUMNS: Final = (
    "symbol",
    "gene_symbol",
    "gene_name",
    "description",
    "name",
    "hgnc_symbol",
    "hugo_symbol",
    "external_gene_name",
    "gene_short_name",
)
ENOUGH_GENES: Final = 0.2


def genes_in_rows(head: Head, wish: Wish, id_column: int) -> Plan:
    """What each column of a table with genes in rows is. Raises GeneFault, TableFault."""
    ids = head.column(id_column).texts
    plan = Plan(GENES_IN_ROWS, id_column, [], [])
    plan.put([id_column], "gene ids")
    refuse_transcripts(head, ids)
    refuse_long(head, ids, id_column)
    plan.symbol_column = _symbol_column(head, id_column)
    if plan.symbol_column is not None:
        plan.put([plan.symbol_column], "gene ids", "symbols")
    rest = [i for i in range(len(head.columns)) if i not in plan.fates]
    if head.n_annotation is not None:
        plan.put([i for i in rest if i <= head.n_annotation], "annotation", "by the head of the GCT file")
        rest = [i for i in rest if i > head.n_annotation]
        plan.values, plan.names = rest, [head.columns[i] for i in rest]
    elif wish.samples or wish.known & set(head.columns):
        as_told(head, wish, rest, plan)
    else:
        by_evidence(head, wish, rest, plan)
    if not plan.values:
        raise TableFault(
            f"{head.name}: no column holds the values of a sample; {len(head.columns) - 1} columns are something else: "
            + "; ".join(
                sorted({f"{head.columns[i] or 'no name'} ({why or fate})" for i, (fate, why) in plan.fates.items() if i != id_column})[:6]
            )
            + ". Give the table of counts; --samples names a column that is a sample all the same"
        )
    plan.put(plan.values, "sample")
    refuse_coverage(head, wish)
    return plan


def _symbol_column(head: Head, id_column: int) -> int | None:
    """A second text column that names the genes of the first; before any sample."""
    for i in range(min(len(head.columns), N_ID_CANDIDATES)):
        column = head.column(i)
        if (
            i != id_column
            and not column.is_number
            and tools.plain(column.name) in SYMBOL_COLUMNS
            and gene_share(column.texts) >= ENOUGH_GENES
        ):
            return i
    return None
