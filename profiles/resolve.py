"""What becomes of every gene of an input matrix: which of HGNC's genes it is, by which of its names, or why it is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from profiles.dates import dates_of, may_be_date
from profiles.gene_names import GeneIds, loc_number, plain_ensembl
from profiles.genes import GeneTable, is_title_case, load_genes

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

Outcome = Literal["ensembl", "hgnc", "entrez", "symbol", "previous", "alias", "excel", "ambiguous", "unknown"]
LOOSE: tuple[Outcome, ...] = ("alias",)  # a name that a gene bears among others
OTHER_LETTERS = "approved symbol in other letters"
BY_R = "approved symbol as R writes names of columns"


class Resolved(NamedTuple):
    """What became of one input gene; gene is -1 when it is dropped."""

    gene: int
    outcome: Outcome
    reason: str


BY_ID: tuple[Outcome, str] = ("ensembl", "Ensembl id")
BY_VERSIONED_ID: tuple[Outcome, str] = ("ensembl", "Ensembl id without version")
BY_SYMBOL: tuple[Outcome, str] = ("symbol", "approved symbol")
UNKNOWN_ID: tuple[Outcome, str] = ("unknown", "Ensembl id is not in HGNC")
VERSION_ENDS = frozenset(f".{digit}" for digit in range(10))  # first and last letter of a version; _PAR_Y has others
NO_SUCH_ID = Resolved(-1, *UNKNOWN_ID)
NO_SUCH_SYMBOL = Resolved(-1, "unknown", "symbol is not in HGNC")


@dataclass(frozen=True)
class GeneMap:
    """Which gene of the table each input gene is."""

    gene: NDArray[np.int64]  # per input gene, index into the GeneTable; -1: dropped
    ids: GeneIds
    outcomes: tuple[Outcome, ...]
    reasons: tuple[str, ...]
    table: GeneTable
    source: str = ""

    @property
    def measured(self) -> NDArray[np.int64]:
        """The genes that at least one input gene is, ascending."""
        return np.unique(self.gene[self.gene >= 0])

    def counts(self) -> dict[str, int]:
        """Input genes per outcome, most frequent first."""
        return dict(Counter(self.outcomes).most_common())

    @cached_property
    def ledger(self) -> pa.Table:
        """One row per input gene, see `ledger_schema`."""
        import pyarrow as pa

        n = len(self.gene)
        empty = ("",) * n
        ensembl, symbols, entrez = (kind or empty for kind in (self.ids.ensembl, self.ids.symbol, self.ids.entrez))
        named = [gene if gene >= 0 else None for gene in self.gene.tolist()]
        columns = [
            pa.repeat(self.source, n),
            pa.array(range(n), pa.int32()),
            pa.array([e or z or None for e, z in zip(ensembl, entrez, strict=True)], pa.string()),
            pa.array([symbol or None for symbol in symbols], pa.string()),
            pa.array(self.outcomes, pa.string()),
            pa.array([None if gene is None else self.table.symbol[gene] for gene in named], pa.string()),
            pa.array([None if gene is None else self.table.hgnc_id[gene] for gene in named], pa.string()),
            pa.array(_with_copies(self.gene.tolist(), self.reasons), pa.string()),
        ]
        return pa.table(columns, schema=ledger_schema())


def ledger_schema() -> pa.Schema:
    """The ledger's columns; matrix_column is the position among the genes of the matrix; ambiguous and unknown are dropped."""
    import pyarrow as pa

    text = ("input_id", "input_symbol", "outcome", "symbol", "hgnc_id", "reason")
    return pa.schema([("source", pa.string()), ("matrix_column", pa.int32()), *((name, pa.string()) for name in text)])


def _with_copies(genes: Sequence[int], reasons: Sequence[str]) -> list[str]:
    copies = Counter(gene for gene in genes if gene >= 0)
    return [
        reason if gene < 0 or copies[gene] == 1 else f"{reason}; summed with {copies[gene] - 1} more input gene(s) of the same name"
        for gene, reason in zip(genes, reasons, strict=True)
    ]


def resolve(ids: GeneIds, source: str = "", table: GeneTable | None = None) -> GeneMap:
    """Name every input gene by HGNC.

    By Ensembl id, HGNC or Entrez id, then approved symbol, then previous before alias where it means one gene, then a symbol that a
    spreadsheet turned into a date. Two input genes that are one are both kept, and whoever reads the matrix sums them: HGNC merged the
    two (AREGB into AREG, both with a half of the reads on the older assembly). A gene by an alias or by other letters is dropped where
    another input gene bears the name itself: the annotation that wrote the table kept them apart.
    """
    table = table or load_genes()
    n = len(ids)
    empty = ("",) * n
    ensembl, symbols, entrez = (kind or empty for kind in (ids.ensembl, ids.symbol, ids.entrez))
    if not ids.entrez and _are_numbers(symbols):
        symbols, entrez = empty, symbols
    names = _Names(table, _one_case(symbols))
    genes, why, rest = names.plain(ensembl, symbols, entrez)
    found = {i: names.find(ensembl[i], symbols[i], entrez[i]) for i in rest}
    loose = {i: one for i, one in found.items() if one.outcome in LOOSE or one.reason in (OTHER_LETTERS, BY_R)}
    found.update(_superseded(loose, genes, found, table))
    for i, (gene, outcome, reason) in found.items():
        genes[i], why[i] = gene, (outcome, reason)
    outcomes, reasons = zip(*why, strict=True) if why else ((), ())
    return GeneMap(np.array(genes, dtype=np.int64), ids, outcomes, reasons, table, source)


def _superseded(
    loose: dict[int, Resolved], genes: list[int], found: dict[int, Resolved], table: GeneTable
) -> Iterator[tuple[int, Resolved]]:
    """Those by a loose name whose gene another input gene bears the name of."""
    if not loose:
        return
    certain = {*genes, *(one.gene for i, one in found.items() if i not in loose)}
    for i, one in loose.items():
        if one.gene in certain:
            reason = f"{one.reason} of {table.symbol[one.gene]}, which another gene of this matrix names by its present name"
            yield i, Resolved(-1, "ambiguous", reason)


def _are_numbers(symbols: Sequence[str]) -> bool:
    """Whether the symbol column is one of numeric ids, in which a number is no mangled date."""
    named = [symbol for symbol in symbols if symbol]
    return bool(named) and sum(map(str.isdigit, named)) > len(named) / 2


def _one_case(symbols: Sequence[str]) -> bool:
    """Whether the symbols were all turned to upper or to lower case: then no letter's case says anything."""
    named = "".join(symbols)
    return named != "" and named in (named.upper(), named.lower())


class _Names:
    """The table's indices, asked in their order for one input gene."""

    def __init__(self, table: GeneTable, any_case: bool) -> None:
        self.table = table
        self.any_case = any_case
        self.symbol, self.by_ensembl, self.by_symbol, self.by_entrez = (
            table.symbol,
            table.by_ensembl,
            table.by_symbol.one,
            table.by_entrez.one,
        )

    def plain(
        self, ensembl: Sequence[str], symbols: Sequence[str], entrez: Sequence[str]
    ) -> tuple[list[int], list[tuple[Outcome, str]], list[int]]:
        """Gene and reason of each input gene that an Ensembl id or an approved symbol names, as most are, and the positions of the rest."""
        genes, why, rest = [-1] * len(ensembl), [UNKNOWN_ID] * len(ensembl), []
        by_id, by_symbol, shared = self.by_ensembl.one, self.by_symbol, self.by_ensembl.several
        for i, (own, symbol, number) in enumerate(zip(ensembl, symbols, entrez, strict=True)):
            if own:
                given = own[:15]
                gene = by_id.get(given)
                versioned = len(own) > 15
                if gene is None and not symbol and not number and given[:5] == "ENSG0":
                    continue
                if gene is None or given in shared or (versioned and own[15] + own[-1] not in VERSION_ENDS):
                    rest.append(i)
                else:
                    genes[i], why[i] = gene, BY_VERSIONED_ID if versioned else BY_ID
            elif number or (gene := by_symbol.get(symbol)) is None:
                rest.append(i)
            else:
                genes[i], why[i] = gene, BY_SYMBOL
        return genes, why, rest

    def find(self, ensembl: str, symbol: str, entrez: str) -> Resolved:
        """What one input gene is, by any of its names."""
        return self._by_all(ensembl, plain_ensembl(ensembl), symbol.strip(), entrez.strip())

    def _by_all(self, ensembl: str, plain: str, symbol: str, entrez: str) -> Resolved:
        if not plain and (plain := plain_ensembl(symbol)):
            ensembl, symbol = symbol, ""
        by_id = self.by_ensembl.get(plain)
        if len(by_id) == 1:
            return Resolved(by_id[0], "ensembl", _ensembl_reason(ensembl, plain))
        if (gene := self.by_entrez.get(entrez)) is not None and (not by_id or gene in by_id):
            return Resolved(gene, "entrez", "Entrez gene id")
        by_name = self._by_name(symbol)
        if by_id and by_name.gene not in by_id:
            return Resolved(-1, "ambiguous", f"Ensembl id {plain} serves {self._those(by_id)}, and the symbol names none of them")
        if by_name.outcome == "alias" and plain and not by_id:
            # Families of small RNAs share an alias: the id says that this is another locus than the one HGNC means.
            alias_of = self.symbol[by_name.gene]
            return Resolved(-1, "unknown", f"Ensembl id {plain} is not in HGNC, and the symbol is only an alias of {alias_of}")
        if by_name.gene >= 0:
            return by_name._replace(reason=f"{by_name.reason}; Ensembl id {plain} is not in HGNC") if plain and not by_id else by_name
        return _unnamed(plain, symbol, entrez, by_name)

    def _by_name(self, symbol: str) -> Resolved:
        """HGNC id, approved symbol, previous, alias, a form of the approved one, a date; several candidates at one level decide nothing."""
        if (gene := self.by_symbol.get(symbol)) is not None:
            return Resolved(gene, *BY_SYMBOL)
        if not symbol:
            return NO_SUCH_SYMBOL
        if symbol[:5] == "HGNC:" and (ids := self.table.by_hgnc.get(symbol)):
            return Resolved(ids[0], "hgnc", "HGNC id")
        if (number := loc_number(symbol)) and (gene := self.by_entrez.get(number)) is not None:
            return Resolved(gene, "entrez", "Entrez gene id behind LOC")
        for outcome, what, genes in self._levels(symbol):
            if len(genes) == 1:
                return Resolved(genes[0], outcome, what)
            if genes:
                return Resolved(-1, "ambiguous", f"{what} of {self._those(genes)}")
        return NO_SUCH_SYMBOL

    def _levels(self, symbol: str) -> Iterator[tuple[Outcome, str, tuple[int, ...]]]:
        table = self.table
        yield "previous", "previous symbol", table.by_previous.get(symbol)
        yield "alias", "alias symbol", table.by_alias.get(symbol)
        # A mouse gene beside human ones (xenografts) is another gene; C1ORF112 and, where all are small, tp53 are not.
        if not is_title_case(symbol):
            yield "symbol", OTHER_LETTERS, table.in_any_letters(symbol)
            if self.any_case:
                yield "previous", "previous symbol in other letters", table.by_folded_previous.get(symbol.upper())
                yield "alias", "alias symbol in other letters", table.by_folded_alias.get(symbol.upper())
        if "." in symbol:
            yield "symbol", BY_R, table.as_r_writes(symbol)
        if may_be_date(symbol):
            yield "excel", "symbol turned into a date by a spreadsheet", self._by_date(symbol)

    def _by_date(self, symbol: str) -> tuple[int, ...]:
        return tuple(sorted({gene for date in dates_of(symbol) for gene in self.table.by_date.get(date)}))

    def _those(self, genes: Sequence[int]) -> str:
        return ", ".join(sorted(self.symbol[gene] for gene in genes))


def _unnamed(plain: str, symbol: str, entrez: str, by_name: Resolved) -> Resolved:
    """Why none of the given names is one of HGNC's."""
    if not (plain or symbol or entrez):
        return Resolved(-1, "unknown", "no identifier")
    if plain and by_name.outcome == "unknown":
        return Resolved(-1, "unknown", "Ensembl id and symbol are not in HGNC") if symbol else NO_SUCH_ID
    return by_name if symbol else Resolved(-1, "unknown", "Entrez gene id is not in HGNC")


def _ensembl_reason(given: str, plain: str) -> str:
    if given == plain:
        return "Ensembl id"
    on_y = given.upper().endswith("_PAR_Y") or given.upper().startswith("ENSGR")
    return "Ensembl id, copy on Y folded into X" if on_y else "Ensembl id without version"
