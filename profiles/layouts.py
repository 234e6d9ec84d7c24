"""What the rows and columns of a matrix mean: where the genes stand, which columns are samples, and what the others are.

First the names (tools.py, columns.tsv), then the values (evidence.py); what neither tells is an error that names the column. Nothing is
called a sample, or left out, in silence: every column leaves with a fate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from profiles import evidence, tools
from profiles.account import Entry, Fate, some
from profiles.dates import is_date
from profiles.errors import GeneFault, TableFault
from profiles.genes import N_SAMPLED, gene_share
from profiles.species import species
from profiles.table import GENES_IN_ROWS, SAMPLES_IN_ROWS, refuse_duplicates

Array = NDArray[Any]
ENOUGH_GENES: Final = 0.2
# Numbers are taken as gene ids only where no column of words names the genes.
MOSTLY_GENES: Final = 0.5
N_ID_CANDIDATES: Final = 12
# A row in which a gene id stands again and again is one of a long table.
LONG: Final = 0.4
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
# DepMap since 24Q4: several profiles of a model stand in one file, and this column marks the one to use.
DEFAULT_ENTRY: Final = "IsDefaultEntryForModel"
DECIDE: Final = "name the sample columns with --samples or the others with --annotation (source.json: samples, annotation)"


@dataclass(frozen=True)
class Column:
    """One column of the first rows: its numbers (NaN where none stands), its texts, and how much of it is numbers."""

    name: str
    texts: Sequence[str]
    numbers: Array
    share_numbers: float  # of the cells that are not missing
    share_missing: float

    @property
    def is_number(self) -> bool:
        """Most cells that hold anything hold a number; a stray word in a sample column is an error of the reading, not another kind."""
        return self.share_missing < 1 and self.share_numbers > 0.8


@dataclass(frozen=True)
class Head:
    """What is known of a table before it is read: its columns' names, some rows of them, and what stands above."""

    name: str
    path: str
    columns: Sequence[str]
    column: Callable[[int], Column]
    comments: Sequence[str] = ()
    n_annotation: int | None = None  # GCT 1.3: how many columns after the first are annotation
    headerless: bool = False


@dataclass(frozen=True)
class Wish:
    """What the user says of a table: layout, names or patterns of sample and annotation columns, ids that the metadata knows."""

    layout: str = "auto"
    samples: Sequence[str] = ()
    annotation: Sequence[str] = ()
    known: frozenset[str] = frozenset()
    is_coverage: bool = False


@dataclass
class Plan:
    """How a table is to be read."""

    layout: str
    id_column: int
    values: list[int]
    names: list[str]  # of the value columns: sample ids, or genes
    symbol_column: int | None = None
    quantity: str | None = None
    fates: dict[int, tuple[Fate, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    strands: bool = False  # STAR: the value columns are one sample by strand; the reader takes the one with most reads on genes

    def put(self, columns: Iterable[int], fate: Fate, why: str = "") -> None:
        """Give columns a fate."""
        self.fates.update(dict.fromkeys(columns, (fate, why)))

    def entries(self, columns: Sequence[str]) -> list[Entry]:
        """One entry a column."""
        return [Entry("column", name, *self.fates[i]) for i, name in enumerate(columns) if i in self.fates]


def decide(head: Head, wish: Wish) -> Plan:
    """Find the layout of a table. Raises TableFault and GeneFault with what is wrong and the option that decides."""
    if refusal := tools.refused_as(head.columns):
        raise TableFault(f"{head.name}: this is {refusal}")
    id_column, in_rows = _gene_column(head)
    in_header = gene_share(_gene_like(head)) if len(head.columns) > 1 else 0.0
    if wish.layout != "auto":
        layout = wish.layout
    elif max(in_header, in_rows) < ENOUGH_GENES:
        raise no_genes(head.name, "column names", head.columns[1:], "rows", head.column(id_column).texts)
    else:
        layout = GENES_IN_ROWS if in_rows >= in_header else SAMPLES_IN_ROWS
    plan = _genes_in_rows(head, wish, id_column) if layout == GENES_IN_ROWS else _samples_in_rows(head, wish)
    if layout == GENES_IN_ROWS:
        refuse_duplicates(plan.names, f"{head.name}, its header")
    return plan


def no_genes(name: str, first: str, names: Sequence[str], second: str, others: Sequence[str]) -> GeneFault:
    """Why no axis of a table holds human genes: by the word mouse, rat or transcripts where it is that."""
    for candidate in (others, names):
        if said := species(candidate).refusal:
            return GeneFault(f"{name}: {said}")
    return GeneFault(
        f"{name}: neither its {first} ({some(names, 3)}) nor its {second} ({some(others, 3)}) are human genes; symbols, Ensembl, Entrez and"
        " HGNC ids are understood"
    )


def _gene_like(head: Head) -> list[str]:
    some_names = head.columns[1 :: max(1, len(head.columns) // N_SAMPLED)]
    return [name for name in some_names if name and not tools.kind_of_column(name)]


def _gene_column(head: Head) -> tuple[int, float]:
    """The column that names most genes, and its share; the first of equals, text before numbers."""
    best, share = 0, -1.0
    for i, column in ((i, head.column(i)) for i in range(min(len(head.columns), N_ID_CANDIDATES))):
        number = column.is_number
        if number and i and tools.kind_of_column(column.name) != "identifier":
            continue
        if number and (column.share_missing > 0.5 or len(set(column.texts)) < 0.9 * len(column.texts)):
            continue
        if number and share >= MOSTLY_GENES:
            continue
        found = gene_share(_whole(column) if number else column.texts)
        if found > share:
            best, share = i, found
    return best, max(share, 0.0)


def _whole(column: Column) -> list[str]:
    """Numbers as ids: 7105.0 of a spreadsheet or pandas is 7105."""
    return [str(int(value)) if np.isfinite(value) and value == int(value) else "" for value in column.numbers]


# Genes in rows


def _genes_in_rows(head: Head, wish: Wish, id_column: int) -> Plan:
    ids = head.column(id_column).texts
    plan = Plan(GENES_IN_ROWS, id_column, [], [])
    plan.put([id_column], "gene ids")
    _refuse_transcripts(head, ids)
    _refuse_long(head, ids, id_column)
    plan.symbol_column = _symbol_column(head, id_column)
    if plan.symbol_column is not None:
        plan.put([plan.symbol_column], "gene ids", "symbols")
    rest = [i for i in range(len(head.columns)) if i not in plan.fates]
    if head.n_annotation is not None:
        plan.put([i for i in rest if i <= head.n_annotation], "annotation", "by the head of the GCT file")
        rest = [i for i in rest if i > head.n_annotation]
        plan.values, plan.names = rest, [head.columns[i] for i in rest]
    elif wish.samples or wish.known & set(head.columns):
        _as_told(head, wish, rest, plan)
    else:
        _by_evidence(head, wish, rest, plan)
    if not plan.values:
        raise TableFault(
            f"{head.name}: no column holds the values of a sample; {len(head.columns) - 1} columns are something else: "
            + "; ".join(
                sorted({f"{head.columns[i] or 'no name'} ({why or fate})" for i, (fate, why) in plan.fates.items() if i != id_column})[:6]
            )
        )
    plan.put(plan.values, "sample")
    _refuse_coverage(head, wish)
    return plan


def _refuse_transcripts(head: Head, ids: Sequence[str]) -> None:
    said = species(ids).refusal
    tool = tools.tool_of(head.columns)
    if tool and tool.transcripts:
        said = "these are transcripts, not genes"
    if not said and len(set(ids)) < 0.95 * len(ids):
        texts = [head.column(i) for i in range(min(len(head.columns), N_ID_CANDIDATES))]
        said = next((why for column in texts if not column.is_number and (why := species(column.texts).refusal)), None)
    if said:
        raise GeneFault(f"{head.name}: {said}")


def _refuse_long(head: Head, ids: Sequence[str], id_column: int) -> None:
    """A long table names each gene once for each sample."""
    named = [name for name in ids if name]
    if len(named) < evidence.FEWEST_ROWS or len(set(named)) > (1 - LONG) * len(named):
        constant = [
            i for i in range(len(head.columns))
            if i != id_column and not (column := head.column(i)).is_number and _is_sample_label(column)
        ]  # fmt: skip
        if not (constant and _one_value_left(head, id_column, constant)):
            return
    raise TableFault(
        f"{head.name}: a long table, one row per gene and sample; pivot it to one row per gene and one column per sample "
        "(R: tidyr::pivot_wider, pandas: pivot)"
    )


def _is_sample_label(column: Column) -> bool:
    return tools.plain(column.name) in (
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


def _matching(names: Sequence[str], among: Sequence[int], patterns: Sequence[str], head: Head, option: str) -> list[int]:
    """The columns that any name or pattern means. Raises TableFault for one that means none."""
    found: list[int] = []
    for pattern in patterns:
        hits = [i for i in among if names[i] == pattern] or [i for i in among if fnmatchcase(names[i], pattern)]
        if not hits:
            raise TableFault(
                f"{head.name}: {option} names {pattern!r}, which is no column; its columns are: {some([n for n in names if n], 12)}"
            )
        found += [i for i in hits if i not in found]
    return sorted(found)


def _as_told(head: Head, wish: Wish, rest: list[int], plan: Plan) -> None:
    """The samples that the user or the metadata names; nothing else is one."""
    if wish.samples:
        chosen, why = _matching(head.columns, rest, wish.samples, head, "--samples"), "not among --samples"
    else:
        chosen, why = [i for i in rest if head.columns[i] in wish.known], "no sample of the metadata"
    plan.values, plan.names = chosen, [head.columns[i] for i in chosen]
    told = {tools.sample_and_quantity(name)[1] for name in plan.names}
    tool = tools.tool_of(head.columns)
    plan.quantity = quantity if len(told) == 1 and (quantity := told.pop()) in ("tpm", "counts", "fpkm", "cpm") else None
    if len(chosen) == 1 and tool and not wish.known:
        plan.names = [tools.sample_of_file(head.path)]
    for i in (i for i in rest if i not in chosen):
        kind = _kind(head, i)
        plan.put([i], "annotation" if kind else "not asked for", kind or why)


def _kind(head: Head, i: int) -> str:
    column = head.column(i)
    if column.share_missing == 1:
        return "empty"
    return tools.kind_of_column(column.name) or ("" if column.is_number else "text")


def _by_evidence(head: Head, wish: Wish, rest: list[int], plan: Plan) -> None:
    told = _matching(head.columns, rest, wish.annotation, head, "--annotation") if wish.annotation else []
    plan.put(told, "annotation", "by --annotation")
    rest = [i for i in rest if i not in plan.fates]
    if (tool := tools.tool_of(head.columns)) and not _several_samples(head, tool):
        _by_tool(head, tool, rest, plan)
        return
    for i in rest:
        column = head.column(i)
        if column.share_missing == 1 or not column.is_number:
            plan.put([i], "annotation", _kind(head, i))
    numbers = _one_quantity(head, [i for i in rest if i not in plan.fates], plan)
    comparison = tools.is_comparison([head.columns[i] for i in rest])
    named = {i: kind for i in numbers if (kind := tools.kind_of_column(head.columns[i], beside_comparison=comparison))}
    ids = head.column(plan.id_column).texts
    unnamed = [i for i in numbers if i not in named]
    for i in unnamed if len(unnamed) <= 64 else (*unnamed[:32], *unnamed[-32:]):
        if why := evidence.known_by_value(head.column(i).numbers, ids):
            named[i] = why
    samples = [i for i in numbers if i not in named]
    _refuse_undecided(head, samples, named)
    for i, why in named.items():
        plan.put([i], "annotation", why)
    plan.values = samples
    if not plan.names:
        plan.names = [head.columns[i] for i in samples]
        if len(samples) == 1 and (head.headerless or tools.sample_and_quantity(plan.names[0])[0] == ""):
            plan.quantity = plan.quantity or (tools.sample_and_quantity(plan.names[0])[1] or None)
            plan.names = [tools.sample_of_file(head.path)]
        elif head.headerless and len(samples) > 1:
            _refuse_headerless(head, plan, samples)
    else:
        plan.names = [name for i, name in zip(numbers, plan.names, strict=True) if i in set(samples)]


def _refuse_headerless(head: Head, plan: Plan, samples: list[int]) -> None:
    """Three columns may be STAR's strands, which the reader finds out; more have no names."""
    if len(samples) != 3:
        raise TableFault(
            f"{head.name}: {len(samples)} columns of numbers and no header line: the first line is the gene"
            f" {head.column(plan.id_column).texts[0]!r}; add a header line with the names of the samples"
        )
    plan.strands, plan.names = True, [f"column {i + 1}" for i in samples]


def _several_samples(head: Head, tool: tools.Tool) -> bool:
    """cuffdiff and merged tables write the quantities once for each sample."""
    return bool(tool.take) and sum(tools.plain(name) == tool.take for name in head.columns) != 1


def _by_tool(head: Head, tool: tools.Tool, rest: list[int], plan: Plan) -> None:
    """One sample in several quantities."""
    plain = {i: tools.plain(head.columns[i]) for i in rest}
    if not tool.take:
        plan.values = [i for i in rest if plain[i] in tool.columns]
        plan.strands, plan.names = True, [head.columns[i] for i in plan.values]
    else:
        plan.values = [i for i in rest if plain[i] == tool.take]
        plan.names = [tools.sample_of_file(head.path)]
        plan.notes.append(f"a table of {tool.name}, one sample in several quantities: its column {head.columns[plan.values[0]]!r} is read")
    plan.quantity = tool.quantity
    for i in (i for i in rest if i not in plan.values):
        kind = _kind(head, i)
        plan.put([i], "annotation" if kind else "another quantity", kind)


def _one_quantity(head: Head, numbers: list[int], plan: Plan) -> list[int]:
    """Where columns hold the same samples in several quantities, those of one quantity; the others get their fate here."""
    pairs = {i: tools.sample_and_quantity(head.columns[i]) for i in numbers}
    samples: dict[str, list[str]] = {}
    for sample, quantity in pairs.values():
        if quantity:
            samples.setdefault(quantity, []).append(sample)
    read = [quantity for quantity in tools.QUANTITIES if quantity in samples and quantity != "other"]
    if not read:
        return numbers
    best = read[0]
    doubled = [quantity for quantity in samples if quantity != best and set(samples[quantity]) & set(samples[best])]
    lone = [i for i in numbers if not pairs[i][1] and not tools.kind_of_column(head.columns[i])]
    if not doubled:
        if not lone and len(samples) == 1:
            plan.quantity = best
        return numbers
    beyond = [head.columns[i] for i in numbers if pairs[i][1] in read[1:] and pairs[i][0] not in samples[best]]
    if beyond:
        raise TableFault(
            f"{head.name}: samples stand in different quantities: {some(samples[best], 3)} as {best}, but not {some(beyond, 3)}; {DECIDE}"
        )
    for i in numbers:
        if pairs[i][1] and pairs[i][1] != best:
            kind = tools.kind_of_column(head.columns[i])
            plan.put([i], "annotation" if kind else "another quantity", kind or pairs[i][1].replace("other", ""))
    chosen = [i for i in numbers if i not in plan.fates]
    plan.quantity = best if not lone else None
    plan.names = [pairs[i][0] or tools.sample_of_file(head.path) for i in chosen]
    plan.notes.append(f"each sample stands here in several quantities: {best} is read ({some([head.columns[i] for i in chosen], 3)})")
    return chosen


def _refuse_undecided(head: Head, samples: list[int], named: dict[int, str]) -> None:
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
    lost = [samples[k] for k in range(n) if odd[k] or (not centred and agreement[k] < evidence.FOLLOWS)]
    if lost:
        k = samples.index(lost[0])
        seen = "lies between 0 and 1 where the others do not" if odd[k] else f"rank correlation with the other columns {agreement[k]:.2f}"
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


def _refuse_coverage(head: Head, wish: Wish) -> None:
    """recount3's gene_sums add up the coverage of each base: reads times their length."""
    is_sums = any(line.startswith("##annotation=") for line in head.comments) or "gene_sums" in head.name
    if is_sums and not wish.is_coverage:
        raise TableFault(
            f"{head.name}: recount3's gene sums count each base of each read; say --unit coverage-N (source.json: unit) with N the mean length"
            " of the mapped reads, recount_qc.star.average_mapped_length, or write recount3::transform_counts()"
        )


# Samples in rows


def _samples_in_rows(head: Head, wish: Wish) -> Plan:
    from profiles.gene_names import parse_gene_names
    from profiles.genes import load_genes

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
    told = set(_matching(names, range(n), wish.annotation, head, "--annotation")) if wish.annotation else set()
    # A word such as AGE is a gene's name as well: before the block of genes it is what stands there in words or alone.
    first, last = _block(genes)
    plan = Plan(SAMPLES_IN_ROWS, 0, [], [])
    plan.id_column = _sample_column(head, [i for i in range(n) if not first <= i <= last], wish)
    plan.put([plan.id_column], "sample ids")
    plan.values = [i for i in range(first, last + 1) if i != plan.id_column and i not in told]
    plan.names = [names[i] for i in plan.values]
    plan.put(plan.values, "gene")
    plan.put([i for i in told if i not in plan.fates], "annotation", "by --annotation")
    for i in (i for i in range(n) if i not in plan.fates):
        plan.put([i], "annotation", "no gene by its name")
    return plan


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
