"""One name for each gene: HGNC's approved genes (ontology/genes.tsv.gz), and what becomes of every gene of an input matrix."""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from curation.errors import CurationError
from curation.excel import dates_of, symbol_dates
from curation.resources import ontology_folder
from curation.sources import GeneIds

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("symbol", "hgnc_id", "ensembl_gene_id", "entrez_id", "alias_symbol", "prev_symbol", "locus_group", "length_bp")
ENSEMBL = re.compile(r"^ENSG(R?)(\d{10,11})(?:\.\d+)?(?:_PAR_Y)?$")

K = TypeVar("K")
JOINED = re.compile(r"\s*[|()]\s*|(?<=\d)_(?!PAR_Y)")
Outcome = Literal["ensembl", "symbol", "previous", "alias", "excel", "entrez", "ambiguous", "unknown"]
LEDGER_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("matrix_column", pa.int32()),  # position among the genes of the matrix
        ("input_id", pa.string()),
        ("input_symbol", pa.string()),
        ("outcome", pa.string()),  # see Outcome; ambiguous and unknown are dropped
        ("symbol", pa.string()),
        ("hgnc_id", pa.string()),
        ("reason", pa.string()),
    ]
)


class GeneTableFault(CurationError):
    """ontology/genes.tsv.gz is not what it should be."""


class NoSharedGenes(CurationError):
    """No gene is measured by every source."""


@dataclass(frozen=True)
class GeneTable:
    """HGNC's approved genes, one entry per gene in the order of the symbols."""

    symbol: tuple[str, ...]
    hgnc_id: tuple[str, ...]
    ensembl_gene_id: tuple[str, ...]  # empty: HGNC and GENCODE name none
    entrez_id: tuple[str, ...]
    alias: tuple[tuple[str, ...], ...]
    previous: tuple[tuple[str, ...], ...]
    locus_group: tuple[str, ...]
    length_bp: NDArray[np.float64]  # median length of GENCODE's transcripts; NaN: not annotated

    def __len__(self) -> int:
        return len(self.symbol)

    @cached_property
    def by_ensembl(self) -> Mapping[str, tuple[int, ...]]:
        return _index((gene, i) for i, gene in enumerate(self.ensembl_gene_id))

    @cached_property
    def by_symbol(self) -> Mapping[str, tuple[int, ...]]:
        return _index((symbol, i) for i, symbol in enumerate(self.symbol))

    @cached_property
    def by_previous(self) -> Mapping[str, tuple[int, ...]]:
        return _index((name, i) for i, names in enumerate(self.previous) for name in names)

    @cached_property
    def by_alias(self) -> Mapping[str, tuple[int, ...]]:
        return _index((name, i) for i, names in enumerate(self.alias) for name in names)

    @cached_property
    def by_entrez(self) -> Mapping[str, tuple[int, ...]]:
        return _index((entrez, i) for i, entrez in enumerate(self.entrez_id))

    @cached_property
    def by_date(self) -> Mapping[tuple[int, int], tuple[int, ...]]:
        """(month, day) -> the genes whose approved or previous symbol a spreadsheet reads as that date."""
        names = ((name, i) for i, symbol in enumerate(self.symbol) for name in (symbol, *self.previous[i]))
        return _index((date, i) for name, i in names for date in symbol_dates(name))


def _index(pairs: Iterable[tuple[K, int]]) -> Mapping[K, tuple[int, ...]]:
    index: dict[K, list[int]] = defaultdict(list)
    for key, i in pairs:
        if key and i not in index[key]:
            index[key].append(i)
    return {key: tuple(genes) for key, genes in index.items() if genes}


@cache
def load_genes(path: Path | None = None) -> GeneTable:
    """Read ontology/genes.tsv.gz. Raises GeneTableFault."""
    path = path or ontology_folder() / "genes.tsv.gz"
    try:
        lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    except (OSError, EOFError) as error:
        raise GeneTableFault(f"{path} cannot be read ({error}); restore it, or rebuild it with scripts/build_genes.py") from error
    rows = [tuple(line.split("\t")) for line in lines]
    if not rows or rows[0] != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise GeneTableFault(f"{path} must have the columns {', '.join(COLUMNS)} in every row; rebuild it with scripts/build_genes.py")
    columns = list(zip(*rows[1:], strict=True))
    symbol, hgnc_id, ensembl, entrez, alias, previous, group, length = columns
    return GeneTable(
        symbol,
        hgnc_id,
        ensembl,
        entrez,
        tuple(tuple(names.split("|")) if names else () for names in alias),
        tuple(tuple(names.split("|")) if names else () for names in previous),
        group,
        np.array([float(bp) if bp else np.nan for bp in length]),
    )


def plain_ensembl(gene: str) -> str:
    """An Ensembl gene id without its version, the pseudoautosomal copy on Y folded into the one on X; empty for anything else."""
    match = ENSEMBL.match(gene.strip())
    # GENCODE before release 25 wrote the copy on Y as ENSGR0000..., later ones as ENSG00000..._PAR_Y.
    return f"ENSG{'0' if match.group(1) else ''}{match.group(2)}" if match else ""


def parse_gene_names(names: Sequence[str]) -> GeneIds:
    """Tell Ensembl ids, symbols and Entrez ids in one column apart, alone or joined as in `TP53 (7157)`, `TP53|7157`, `ENSG...|TP53`.

    A number alone stays a symbol: whether the column is one of Entrez ids, `resolve` sees from the whole of it.
    """
    ensembl, symbol, entrez = [], [], []
    for name in names:
        parts = [part for part in JOINED.split(name.strip().strip('"')) if part and part != "?"]
        ids = [part for part in parts if plain_ensembl(part)]
        numbers = [part for part in parts if part.isdigit() and (len(parts) > 1 or "?" in name)]
        rest = [part for part in parts if part not in ids and part not in numbers]
        ensembl.append("".join(ids[:1]))
        entrez.append("".join(numbers[:1]))
        symbol.append("".join(rest[:1]))
    return GeneIds(*(tuple(kind) if any(kind) else () for kind in (ensembl, symbol, entrez)))


class Resolved(NamedTuple):
    """What became of one input gene; gene is -1 when it is dropped."""

    gene: int
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class GeneMap:
    """Which gene of the table each input gene is."""

    gene: NDArray[np.int64]  # per input gene, index into the GeneTable; -1: dropped
    ledger: pa.Table  # LEDGER_SCHEMA, one row per input gene

    @property
    def measured(self) -> NDArray[np.int64]:
        """The genes that at least one input gene is, ascending."""
        return np.unique(self.gene[self.gene >= 0])

    def counts(self) -> dict[str, int]:
        """Input genes per outcome, most frequent first."""
        return dict(Counter(self.ledger["outcome"].to_pylist()).most_common())


def resolve(ids: GeneIds, source: str = "", table: GeneTable | None = None) -> GeneMap:
    """Name every input gene by HGNC.

    By Ensembl id, then approved symbol, then previous before alias where it is unambiguous, then a symbol that a spreadsheet
    turned into a date, then Entrez id. Two input genes that are one are both kept: whoever reads the matrix sums them.
    """
    table = table or load_genes()
    n = len(ids)
    ensembl, symbols, entrez = (list(kind) if kind else [""] * n for kind in (ids.ensembl, ids.symbol, ids.entrez))
    numeric_names = _names_are_numbers(symbols)
    found = [_resolve_one(table, *names, numeric_names) for names in zip(ensembl, symbols, entrez, strict=True)]
    copies = Counter(one.gene for one in found if one.gene >= 0)
    reasons = [_with_copies(one, copies) for one in found]
    ledger = pa.table(
        [
            pa.repeat(source, n),
            pa.array(range(n), pa.int32()),
            pa.array([e or z or None for e, z in zip(ensembl, entrez, strict=True)], pa.string()),
            pa.array([symbol or None for symbol in symbols], pa.string()),
            pa.array([one.outcome for one in found], pa.string()),
            pa.array([table.symbol[one.gene] if one.gene >= 0 else None for one in found], pa.string()),
            pa.array([table.hgnc_id[one.gene] if one.gene >= 0 else None for one in found], pa.string()),
            pa.array(reasons, pa.string()),
        ],
        schema=LEDGER_SCHEMA,
    )
    return GeneMap(np.array([one.gene for one in found], dtype=np.int64), ledger)


def _names_are_numbers(symbols: Sequence[str]) -> bool:
    """Whether the symbol column is one of numeric ids, in which a number is no mangled date."""
    named = [symbol for symbol in symbols if symbol]
    return bool(named) and sum(symbol.isdigit() for symbol in named) > len(named) / 2


def _with_copies(one: Resolved, copies: Mapping[int, int]) -> str:
    if one.gene < 0 or copies[one.gene] == 1:
        return one.reason
    return f"{one.reason}; summed with {copies[one.gene] - 1} more input gene(s) of the same name"


def _resolve_one(table: GeneTable, ensembl: str, symbol: str, entrez: str, numeric_names: bool) -> Resolved:
    symbol, entrez = symbol.strip(), entrez.strip()
    plain = plain_ensembl(ensembl) or plain_ensembl(symbol)
    if numeric_names and not entrez:
        symbol, entrez = "", symbol
    by_id = table.by_ensembl.get(plain, ())
    if len(by_id) == 1:
        return Resolved(by_id[0], "ensembl", _ensembl_reason(ensembl or symbol, plain))
    by_name = _by_symbol(table, symbol)
    if by_id and by_name.gene not in by_id:
        return Resolved(-1, "ambiguous", f"Ensembl id {plain} serves {_names(table, by_id)}, and the symbol names none of them")
    if by_name.outcome == "alias" and plain and not by_id:
        # Families of small RNAs share an alias: the id says that this is another locus than the one HGNC means.
        aliased = table.symbol[by_name.gene]
        return Resolved(-1, "unknown", f"Ensembl id {plain} is not in HGNC, and the symbol is only an alias of {aliased}")
    if by_name.gene >= 0:
        absent = f"{by_name.reason}; Ensembl id {plain} is not in HGNC" if plain and not by_id else by_name.reason
        return Resolved(by_name.gene, by_name.outcome, absent)
    by_number = table.by_entrez.get(entrez, ())
    if len(by_number) == 1:
        return Resolved(by_number[0], "entrez", "Entrez gene id")
    if not (plain or symbol or entrez):
        return Resolved(-1, "unknown", "no identifier")
    if plain and by_name.outcome == "unknown":
        return Resolved(-1, "unknown", "Ensembl id and symbol are not in HGNC" if symbol else "Ensembl id is not in HGNC")
    return by_name if symbol else Resolved(-1, "unknown", "Entrez gene id is not in HGNC")


def _ensembl_reason(given: str, plain: str) -> str:
    if given == plain:
        return "Ensembl id"
    return "Ensembl id, copy on Y folded into X" if given.endswith("_PAR_Y") or given.startswith("ENSGR") else "Ensembl id without version"


def _by_symbol(table: GeneTable, symbol: str) -> Resolved:
    """Approved symbol, then previous, then alias, then spreadsheet date; several candidates at one level decide nothing."""
    if symbol in table.by_symbol:
        return Resolved(table.by_symbol[symbol][0], "symbol", "approved symbol")
    levels: list[tuple[Outcome, str, Callable[[], tuple[int, ...]]]] = [
        ("previous", "previous symbol", lambda: table.by_previous.get(symbol, ())),
        ("alias", "alias symbol", lambda: table.by_alias.get(symbol, ())),
        ("excel", "symbol turned into a date by a spreadsheet", lambda: _by_date(table, symbol)),
    ]
    for outcome, what, find in levels:
        genes = find()
        if len(genes) == 1:
            return Resolved(genes[0], outcome, what)
        if genes:
            return Resolved(-1, "ambiguous", f"{what} of {_names(table, genes)}")
    return Resolved(-1, "unknown", "symbol is not in HGNC")


def _by_date(table: GeneTable, symbol: str) -> tuple[int, ...]:
    return tuple(sorted({gene for date in dates_of(symbol) for gene in table.by_date.get(date, ())}))


def _names(table: GeneTable, genes: Sequence[int]) -> str:
    return ", ".join(sorted(table.symbol[gene] for gene in genes))


def select_genes(
    maps: Mapping[str, Sequence[GeneMap]],
    how: Literal["shared", "union"] = "shared",
    locus_groups: Sequence[str] = (),
    table: GeneTable | None = None,
) -> NDArray[np.int64]:
    """The genes to export, indices into the table in the order of the symbols, from the maps of each source's matrices.

    `shared`: what every matrix of every source measures; `union`: what any of them does. `locus_groups` keeps only those of HGNC
    ("protein-coding gene", "non-coding RNA", "pseudogene", "other"); none given keeps all. Raises NoSharedGenes.
    """
    table = table or load_genes()
    unknown = sorted(set(locus_groups) - set(table.locus_group))
    if unknown:
        raise GeneTableFault(f"HGNC has no locus group {', '.join(unknown)}; its groups are {', '.join(sorted(set(table.locus_group)))}")
    n_matrices = sum(len(of_source) for of_source in maps.values())
    measured = np.zeros(len(table), dtype=np.int64)
    for of_source in maps.values():
        for gene_map in of_source:
            measured[gene_map.measured] += 1
    wanted = measured >= (n_matrices if how == "shared" else 1)
    if locus_groups:
        wanted &= np.isin(np.array(table.locus_group), list(locus_groups))
    genes = np.flatnonzero(wanted)
    if genes.size == 0:
        sizes = ", ".join(f"{source}: {max((m.measured.size for m in of_source), default=0):,}" for source, of_source in maps.items())
        raise NoSharedGenes(
            f"no gene is measured by every source ({sizes} genes with a name in HGNC); check the gene columns, or take the union"
        )
    return genes
