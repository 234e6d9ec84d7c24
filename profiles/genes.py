"""One name for each gene: HGNC's approved genes (ontology/genes.tsv.gz) and every name by which a table may call them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from profiles.dates import may_be_date, symbol_dates
from profiles.errors import GeneFault
from profiles.gene_names import loc_number, parse_gene_names, plain_ensembl
from profiles.resources import gene_table_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("symbol", "hgnc_id", "ensembl_gene_id", "entrez_id", "alias_symbol", "prev_symbol", "locus_group", "length_bp")
# Cufflinks numbers its loci anew in each run: HGNC's aliases of this form name another gene in every table.
NAMES_OF_ONE_RUN = ("TCONS_", "XLOC_")
N_SAMPLED = 2_000

K = TypeVar("K")


class GeneTableFault(GeneFault):
    """ontology/genes.tsv.gz is not what it should be."""


class Index(Generic[K]):
    """Names of one kind -> the genes that bear them. Numbers for the many names of one gene: tuples for each would take a third longer."""

    def __init__(self, pairs: Iterable[tuple[K, int]] = ()) -> None:
        self.one: dict[K, int] = {}
        self.several: dict[K, tuple[int, ...]] = {}
        for name, gene in pairs:
            if self.one.setdefault(name, gene) != gene and gene not in (have := self.several.get(name, (self.one[name],))):
                self.several[name] = (*have, gene)

    @classmethod
    def of(cls, names: Sequence[str], genes: Sequence[int] | None = None) -> Index[str]:
        """The index of a column, or of names and the gene of each; empty names left out. Quick: one dict, and a look at the copies."""
        genes = range(len(names)) if genes is None else genes
        index: Index[str] = Index()
        named = [pair for pair in zip(names, genes, strict=True) if pair[0]]
        index.one = dict(named)
        if len(index.one) < len(named):
            first = dict(reversed(named))
            copies = {name for name, gene in index.one.items() if first[name] != gene}
            twice = Index(pair for pair in named if pair[0] in copies)
            index.one |= twice.one
            index.several = twice.several
        return index

    @classmethod
    def of_cells(cls, cells: Sequence[str]) -> Index[str]:
        """The index of cells that hold names joined by |."""
        full = [(i, cell) for i, cell in enumerate(cells) if cell]
        genes = [i for i, cell in full for _ in range(cell.count("|") + 1)]
        return Index.of("|".join(cell for _, cell in full).split("|"), genes)

    def get(self, name: K) -> tuple[int, ...]:
        """The genes of that name, ascending; none if it is unknown."""
        if (gene := self.one.get(name)) is None:
            return ()
        return self.several.get(name, (gene,))

    def __contains__(self, name: object) -> bool:
        return name in self.one

    def __len__(self) -> int:
        return len(self.one)


@dataclass(frozen=True)
class GeneTable:
    """HGNC's approved genes, one entry per gene in the order of the symbols; each index is made when it is first asked for."""

    symbol: tuple[str, ...]
    hgnc_id: tuple[str, ...]
    ensembl_gene_id: tuple[str, ...]  # empty: HGNC and GENCODE name none
    entrez_id: tuple[str, ...]
    alias_cell: tuple[str, ...]  # names joined by |
    previous_cell: tuple[str, ...]
    locus_group: tuple[str, ...]
    length_cell: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.symbol)

    @cached_property
    def length_bp(self) -> NDArray[np.float64]:
        """Median length of GENCODE's transcripts per gene; NaN: not annotated."""
        import numpy as np

        return np.array([cell or "nan" for cell in self.length_cell]).astype(np.float64)

    @cached_property
    def previous(self) -> tuple[tuple[str, ...], ...]:
        """Earlier symbols of each gene."""
        return tuple(map(_split, self.previous_cell))

    @cached_property
    def alias(self) -> tuple[tuple[str, ...], ...]:
        """Other symbols of each gene."""
        return tuple(map(_split, self.alias_cell))

    @cached_property
    def by_ensembl(self) -> Index[str]:
        """Ensembl id without version -> row."""
        return Index.of(self.ensembl_gene_id)

    @cached_property
    def by_symbol(self) -> Index[str]:
        """Approved symbol -> row."""
        return Index.of(self.symbol)

    @cached_property
    def by_hgnc(self) -> Index[str]:
        """HGNC id -> row."""
        return Index.of(self.hgnc_id)

    @cached_property
    def by_entrez(self) -> Index[str]:
        """Entrez id -> row."""
        return Index.of(self.entrez_id)

    @cached_property
    def by_previous(self) -> Index[str]:
        """Earlier symbol -> rows."""
        return Index.of_cells(self.previous_cell)

    @cached_property
    def by_alias(self) -> Index[str]:
        """Alias -> rows."""
        return _of_any_run(Index.of_cells(self.alias_cell))

    @cached_property
    def by_folded(self) -> Index[str]:
        """Approved symbols with small letters (C1orf112), in capitals."""
        return Index((symbol.upper(), i) for i, symbol in enumerate(self.symbol) if not symbol.isupper())

    @cached_property
    def by_folded_previous(self) -> Index[str]:
        """Earlier symbol in capitals -> rows."""
        return Index.of_cells([cell.upper() for cell in self.previous_cell])

    @cached_property
    def by_folded_alias(self) -> Index[str]:
        """Alias in capitals -> rows."""
        return _of_any_run(Index.of_cells([cell.upper() for cell in self.alias_cell]))

    def in_any_letters(self, name: str) -> tuple[int, ...]:
        """The gene whose approved symbol it is but for the case of letters."""
        upper = name.upper()
        return self.by_symbol.get(upper) or self.by_folded.get(upper)

    def as_r_writes(self, name: str) -> tuple[int, ...]:
        """The gene whose approved symbol R turns into this where it names columns: HLA.A for HLA-A."""
        return self.by_symbol.get(name.replace(".", "-"))

    @cached_property
    def by_date(self) -> Index[tuple[int, int]]:
        """(month, day) -> the genes whose approved or previous symbol a spreadsheet reads as that date."""
        pairs = ((name, i) for i, symbol in enumerate(self.symbol) for name in (symbol, *self.previous[i]) if may_be_date(name))
        return Index((date, i) for name, i in pairs for date in symbol_dates(name))

    def knows(self, name: str) -> bool:
        """Whether a name, taken alone, is an id, a present or a previous symbol of a human gene, in any case of letters but the mouse's.

        A number is an Entrez id. Aliases are no evidence: S1, P2 or T1 are as often names of samples.
        """
        if name in self.by_symbol or name in self.by_entrez or plain_ensembl(name) or name in self.by_hgnc or name in self.by_previous:
            return True
        if (number := loc_number(name)) and number in self.by_entrez:
            return True
        return not is_title_case(name) and bool(self.in_any_letters(name) or self.as_r_writes(name))


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _of_any_run(index: Index[str]) -> Index[str]:
    """Without the names that one run of Cufflinks gave."""
    for names in (index.one, index.several):
        for name in [name for name in names if name.startswith(NAMES_OF_ONE_RUN)]:
            del names[name]
    return index


def is_title_case(name: str) -> bool:
    """Whether a name is written as genes of mouse and rat are: Tspan6, Hba-a1."""
    return name[:1].isupper() and name[1:] == name[1:].lower() and name[1:] != name[1:].upper()


def load_genes(path: Path | None = None) -> GeneTable:
    """The genes of ontology/genes.tsv.gz, or of another such table; each file is read once. Raises GeneTableFault."""
    return _read(path or gene_table_path())


@cache
def _read(path: Path) -> GeneTable:
    try:
        header, _, text = gzip.decompress(path.read_bytes()).decode("utf-8").partition("\n")
    except (OSError, EOFError) as error:
        raise GeneTableFault(f"{path} cannot be read ({error}); restore it, or rebuild it with scripts/build_genes.py") from error
    # One split for all cells: a row of another width shifts the column of the HGNC ids.
    text = text.rstrip("\n")
    cells = text.replace("\n", "\t").split("\t") if text else []
    width = len(COLUMNS)
    columns = [tuple(cells[i::width]) for i in range(width)]
    sound = len(cells) == width * (text.count("\n") + 1) and all(map(_is_hgnc, columns[1]))
    if tuple(header.split("\t")) != COLUMNS or not sound:
        raise GeneTableFault(f"{path} must have the columns {', '.join(COLUMNS)} in every row; rebuild it with scripts/build_genes.py")
    return GeneTable(*columns)


def _is_hgnc(cell: str) -> bool:
    return cell.startswith("HGNC:")


def gene_share(names: Sequence[str], table: GeneTable | None = None) -> float:
    """Share of up to N_SAMPLED names, spread evenly, that are human gene ids in any form; used to find the gene axis and the id column.

    The empty string is no gene, and numbers count once each and not at all where they follow one another as row numbers do.
    """
    table = table or load_genes()
    some = names[:: max(1, len(names) // N_SAMPLED)]
    if not some or _are_row_numbers(names):
        return 0.0
    ids = parse_gene_names(some)
    ensembl, symbol, entrez = (kind or ("",) * len(some) for kind in (ids.ensembl, ids.symbol, ids.entrez))
    numbers = {name for name in symbol if name.isdigit()}
    known = sum(name in table.by_entrez for name in numbers)
    for name, e, s, z in zip(some, ensembl, symbol, entrez, strict=True):
        # `liver 12` is a sample: a number beside a word that is no gene is an Entrez id only where it is written as one.
        is_entrez = z in table.by_entrez and (not s or any(sign in name for sign in ("|", "(", "..")))
        known += bool(e) or is_entrez or bool(s and not s.isdigit() and table.knows(s))
    return known / len(some)


FEWEST_NUMBERS, DENSE = 30, 5


def _are_row_numbers(names: Sequence[str]) -> bool:
    """Whether numbers follow one another by one, as an index does; Entrez ids in order leave gaps."""
    some = names[:N_SAMPLED]
    if not all(name.isdigit() and name.isascii() for name in some):
        return False
    numbers = [int(name) for name in some]
    if len(names) >= FEWEST_NUMBERS and max((int(name) for name in names if name.isdigit()), default=0) < DENSE * len(names):
        return True  # cycles, lengths or percentages: ids of some genes lie thousands apart
    steps = [after - before for before, after in pairwise(numbers)]
    return sum(step == 1 for step in steps) > 0.8 * len(steps) if steps else numbers[0] <= 1
