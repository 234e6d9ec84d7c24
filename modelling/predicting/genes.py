"""Which gene of a model each id of a table means: the model's own names first, then HGNC's by every name that it lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from modelling.arrays import Bools, Floats, Ints
from profiles.gene_names import GeneIds, parse_gene_names, plain_ensembl
from profiles.genes import is_title_case, load_genes
from profiles.resolve import LOOSE, GeneMap, resolve
from profiles.species import species

if TYPE_CHECKING:
    from modelling.bundle.model import TissueModel

KINDS = {
    "symbol": "symbol",
    "ensembl": "Ensembl id",
    "hgnc": "HGNC id",
    "entrez": "Entrez id",
    "previous": "previous symbol",
    "alias": "alias",
    "excel": "date of a spreadsheet",
}


@dataclass(frozen=True)
class GeneMatch:
    """What became of a table's gene ids. `index` (n_ids,) holds the model gene of each id, -1 for none."""

    index: Ints
    kind: str
    n_ids: int
    n_model_genes: int
    via: dict[str, int]
    n_human: int
    n_duplicate: int
    unknown: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_matched(self) -> int:
        """Number of model genes that at least one id names."""
        return int(np.unique(self.index[self.index >= 0]).size)


@dataclass
class GeneSpace:
    """The genes of one model, in the model's order, and every id by which a table may name them.

    symbol, ensembl, hgnc: n genes each, "" where unknown; length_bp (g,) NaN where unknown; mean_g (g,) training mean in the model's unit.
    """

    symbol: list[str]
    ensembl: list[str]
    hgnc: list[str]
    mean_g: Floats
    unit: str
    length_bp: Floats = field(init=False)
    _own: dict[str, int] = field(init=False, repr=False)
    _gene_of: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        table = load_genes()
        row, is_sure = self._table_rows()
        # Of two genes of a model that are one by HGNC the one by its present name is meant; the other is found by its own.
        self._gene_of = np.full(len(table), -1)
        for gene in [*reversed(np.flatnonzero((row >= 0) & ~is_sure)), *reversed(np.flatnonzero((row >= 0) & is_sure))]:
            self._gene_of[row[gene]] = gene
        self.length_bp = np.where(row >= 0, table.length_bp[row], np.nan)
        self._own = {plain_ensembl(name): gene for gene, name in enumerate(self.ensembl) if name}
        self._own |= {symbol: gene for gene, symbol in enumerate(self.symbol)}
        self._own.pop("", None)

    def _table_rows(self) -> tuple[Ints, Bools]:
        """HGNC's gene for each of the model's, -1 for none, and whether by an id or its present name.

        By HGNC id, which rules out any other, else as any table's genes are named.
        """
        has_id = np.array([bool(hgnc) for hgnc in self.hgnc])
        by_hgnc = load_genes().by_hgnc.one
        by_id = np.array([by_hgnc.get(hgnc, -1) for hgnc in self.hgnc], np.int64)
        if has_id.all():
            return by_id, has_id
        found = resolve(GeneIds(tuple(self.ensembl), tuple(self.symbol)))
        is_present = np.array([outcome not in ("previous", "alias", "excel") for outcome in found.outcomes])
        return np.where(has_id, by_id, found.gene), has_id | is_present

    @classmethod
    def of(cls, model: TissueModel) -> GeneSpace:
        """The gene space of a loaded model."""
        rows = model.gene_rows
        symbol, ensembl, hgnc = ([row.get(column) or "" for row in rows] for column in ("symbol", "ensembl_gene_id", "hgnc_id"))
        return cls(symbol, ensembl, hgnc, np.asarray(model.mean_g, np.float64), model.unit)

    def __len__(self) -> int:
        return len(self.symbol)

    def find(self, name: str) -> tuple[int, str]:
        """Model gene and kind of one id; (-1, "") when the model has no such gene."""
        match = self.match([name])
        return int(match.index[0]), next(iter(match.via), "")

    def match(self, names: Sequence[str], symbols: Sequence[str] = ()) -> GeneMatch:
        """Find the model gene of each id, with the symbols of a second column where the table has one.

        A gene named both by its present symbol or id and by an old name keeps the former alone.
        """
        ids = _with_symbols(parse_gene_names(names), symbols)
        found = resolve(ids)
        index = np.where(found.gene >= 0, self._gene_of[found.gene], -1)
        kinds: list[str] = list(found.outcomes)
        self._by_own_names(names, ids, index, kinds)
        sure = {gene for gene, kind in zip(index.tolist(), kinds, strict=True) if gene >= 0 and kind not in LOOSE}
        superseded = [i for i, kind in enumerate(kinds) if kind in LOOSE and index[i] in sure]
        index[superseded] = -1
        matched = index[index >= 0]
        via = Counter(KINDS[kind] for kind, gene in zip(kinds, index.tolist(), strict=True) if gene >= 0)
        unknown = [name for name, kind, ensembl in zip(names, kinds, ids.ensembl or names, strict=True) if _is_unknown(kind, ensembl)]
        return GeneMatch(
            index=index,
            kind=via.most_common(1)[0][0] if via else "unknown",
            n_ids=len(names),
            n_model_genes=len(self),
            via=dict(via.most_common()),
            n_human=len(names) - len(unknown),
            n_duplicate=int(matched.size - np.unique(matched).size),
            unknown=tuple(unknown[:5]),
            notes=(*species(names).notes, *_date_note(found), *_left_out(names, index, kinds, superseded)),
        )

    def _by_own_names(self, names: Sequence[str], ids: GeneIds, index: Ints, kinds: list[str]) -> None:
        """A name of the model's own list means that gene; it may be unknown to HGNC, or by now another gene's."""
        upper: dict[str, int] = {}
        symbols, ensembl = (kind or ("",) * len(names) for kind in (ids.symbol, ids.ensembl))
        for i, name in enumerate(names):
            if (gene := self._own.get(name)) is not None:
                index[i] = gene
                kinds[i] = "ensembl" if name[:4] == "ENSG" else "symbol"
            elif index[i] < 0 and kinds[i] in ("unknown", "ambiguous"):
                upper = upper or {symbol.upper(): gene for symbol, gene in self._own.items()}
                gene = self._own.get(plain_ensembl(ensembl[i]) or symbols[i])
                if gene is None and symbols[i] and not is_title_case(symbols[i]):
                    gene = upper.get(symbols[i].upper())
                if gene is not None:
                    index[i] = gene
                    kinds[i] = "ensembl" if ensembl[i] else "symbol"


def _with_symbols(ids: GeneIds, symbols: Sequence[str]) -> GeneIds:
    """The ids of one column with the names that a second one gives."""
    if not any(symbols):
        return ids
    second = parse_gene_names(symbols)
    n = len(symbols)
    own, other = ids.symbol or ("",) * n, second.symbol or ("",) * n
    return GeneIds(ids.ensembl or second.ensembl, tuple(a or b for a, b in zip(own, other, strict=True)), ids.entrez or second.entrez)


def _left_out(names: Sequence[str], index: Ints, kinds: Sequence[str], superseded: Sequence[int]) -> list[str]:
    """Ids of human genes that are not read, and why, beside those that the model does not have."""
    ambiguous = [i for i, kind in enumerate(kinds) if kind == "ambiguous" and index[i] < 0]
    why = {"an older name of a gene that is there by its present one": superseded, "a name of several genes": ambiguous}
    return [f"{len(ids):,} ids are {what} and left out: {', '.join(names[i] for i in ids[:3])}" for what, ids in why.items() if ids]


def _is_unknown(kind: str, ensembl: str) -> bool:
    return kind == "unknown" and not plain_ensembl(ensembl)


def _date_note(found: GeneMap) -> list[str]:
    dates = [reason for reason in found.reasons if "turned into a date" in reason]
    if not dates:
        return []
    named = found.outcomes.count("excel")
    return [
        f"{len(dates)} gene ids look like dates made by a spreadsheet: {named} mean one gene and are read as that, {len(dates) - named} are"
        " left out; import the column as text"
    ]
