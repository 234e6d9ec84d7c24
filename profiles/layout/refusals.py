"""Tables that are no matrix of genes and samples, each refused by the true reason and with the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from profiles import evidence, tools
from profiles.account import some
from profiles.errors import GeneFault, TableFault
from profiles.layout.plan import DECIDE, N_ID_CANDIDATES, Head, Plan, Wish
from profiles.species import species

# A row in which a gene id stands again and again is one of a long table.
LONG: Final = 0.4


def no_genes(name: str, first: str, names: Sequence[str], second: str, others: Sequence[str]) -> GeneFault:
    """Why no axis of a table holds human genes: by the word mouse, rat or transcripts where it is that."""
    if sum(row.startswith("Unassigned_") for row in others) > 1:
        return GeneFault(f"{name}: this is the summary that featureCounts writes beside its counts; give the file without .summary")
    for candidate in (others, names):
        if said := species(candidate).refusal:
            return GeneFault(f"{name}: {said}")
    return GeneFault(
        f"{name}: neither its {first} ({some(names, 3)}) nor its {second} ({some(others, 3)}) are human genes; symbols, Ensembl, Entrez and"
        " HGNC ids are understood"
    )


def refuse_transcripts(head: Head, ids: Sequence[str]) -> None:
    """Raise GeneFault for transcripts and for other species."""
    said = species(ids).refusal
    tool = tools.tool_of(head.columns)
    if _is_below_genes(head):
        raise GeneFault(f"{head.name}: Cufflinks' isoforms, coding sequences or promoters, several to a gene: give genes.fpkm_tracking")
    if tool and tool.transcripts:
        said = "these are transcripts, not genes"
    if not said and len(set(ids)) < 0.95 * len(ids):
        texts = [head.column(i) for i in range(min(len(head.columns), N_ID_CANDIDATES))]
        said = next((why for column in texts if not column.is_number and (why := species(column.texts).refusal)), None)
    if said:
        raise GeneFault(f"{head.name}: {said}")


def _is_below_genes(head: Head) -> bool:
    """Cufflinks names each row in tracking_id and its gene in gene_id; in the table of genes the two are one."""
    plain = [tools.plain(name) for name in head.columns[:N_ID_CANDIDATES]]
    if not {"tracking_id", "gene_id", "tss_id"} <= set(plain):
        return False
    own, gene = (head.column(plain.index(name)).texts for name in ("tracking_id", "gene_id"))
    return sum(a == b for a, b in zip(own, gene, strict=True)) < 0.5 * len(own)


def refuse_long(head: Head, ids: Sequence[str], id_column: int) -> None:
    """A long table names each gene once for each sample."""
    numbers = [i for i in range(len(head.columns)) if i != id_column and head.column(i).is_number]
    if head.n_annotation is not None or not numbers:  # a GCT file is a matrix; a list without numbers holds no expression at all
        return
    named = [name for name in ids if name]
    if len(named) < evidence.FEWEST_ROWS or len(set(named)) > (1 - LONG) * len(named):
        constant = [
            i for i, name in enumerate(head.columns)
            if i != id_column and _is_sample_label(name) and not head.column(i).is_number
        ]  # fmt: skip
        if not (constant and _one_value_left(head, id_column, constant)):
            return
    raise TableFault(
        f"{head.name}: a long table, one row per gene and sample; pivot it to one row per gene and one column per sample "
        "(R: tidyr::pivot_wider, pandas: pivot)"
    )


def _is_sample_label(name: str) -> bool:
    return tools.plain(name) in (
        "sample",
        "sample_id",
        "sample_name",
        "run",
        "barcode",
        "case_id",
        "subject",
        "cell_line",
        "tissue",
        "model_id",
        "geo_accession",
    )


def _one_value_left(head: Head, id_column: int, labels: Sequence[int]) -> bool:
    numbers = [i for i in range(len(head.columns)) if i != id_column and i not in labels and head.column(i).is_number]
    return sum(not tools.kind_of_column(head.columns[i]) for i in numbers) <= 2


def refuse_headerless(head: Head, plan: Plan, samples: list[int]) -> None:
    """Three columns may be STAR's strands, which the reader finds out; more have no names."""
    if len(samples) != 3:
        raise TableFault(
            f"{head.name}: {len(samples)} columns of numbers and no header line: the first line is the gene"
            f" {head.column(plan.id_column).texts[0]!r}; add a header line with the names of the samples"
        )
    plan.strands, plan.names = True, [f"column {i + 1}" for i in samples]


def refuse_undecided(head: Head, samples: list[int], named: dict[int, str]) -> None:
    """TableFault when a numeric column does not follow the others, or is named as annotation but does."""
    doubtful = [i for i, why in named.items() if why in ("position", "name of a thing", "identifier", "percentage") and len(samples) > 1]
    if len(samples) < 2:
        return
    columns = np.stack([head.column(i).numbers for i in (*samples, *doubtful)], axis=1)
    n = len(samples)
    agreement = evidence.follows(columns[:, :n])
    odd = evidence.other_range(columns[:, :n], agreement)
    told = agreement[np.isfinite(agreement)]
    # Centred values follow nothing, each other least: the unit refuses them, in its own words.
    centred = n > 3 and told.size and float(np.median(told)) < evidence.FOLLOWS
    empty = np.isnan(columns[:, :n]).mean(axis=0) > evidence.MOSTLY_EMPTY
    lost = [samples[k] for k in range(n) if odd[k] or (empty[k] and not empty.all()) or (not centred and agreement[k] < evidence.FOLLOWS)]
    if lost:
        k = samples.index(lost[0])
        seen = f"rank correlation with the other columns {agreement[k]:.2f}"
        seen = "lies between 0 and 1 where the others do not" if odd[k] else "nearly all of its cells are empty" if empty[k] else seen
        raise TableFault(
            f"{head.name}: {len(lost)} numeric column{'s' if len(lost) > 1 else ''} may be no sample: {some([head.columns[i] for i in lost])}"
            f" ({head.columns[lost[0]]!r}: {seen}); {DECIDE}"
        )
    for k, i in enumerate(doubtful):
        rank = float(evidence.follows(np.column_stack([columns[:, :n], columns[:, n + k]]))[-1])
        if rank > evidence.FOLLOWS_CLOSELY:
            raise TableFault(
                f"{head.name}: the column {head.columns[i]!r} is named as {named[i]} but runs with the samples (rank correlation {rank:.2f}); {DECIDE}"
            )


def refuse_coverage(head: Head, wish: Wish) -> None:
    """recount3's gene_sums add up the coverage of each base: reads times their length."""
    is_sums = any(line.startswith("##annotation=") for line in head.comments) or "gene_sums" in head.name
    if is_sums and not wish.is_coverage:
        raise TableFault(
            f"{head.name}: recount3's gene sums count each base of each read; say --unit coverage-N (source.json: unit) with N the mean length"
            " of the mapped reads, recount_qc.star.average_mapped_length, or write recount3::transform_counts()"
        )
