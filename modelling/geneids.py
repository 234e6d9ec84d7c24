"""Which gene of a model is meant: symbols, previous symbols, aliases, Ensembl ids with or without version, Entrez and HGNC ids.

The reference table is data shipped beside the package (HGNC names, GENCODE lengths); the model's own gene list always wins over it.
"""

from __future__ import annotations

import csv
import functools
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from modelling.arrays import Floats, Ints
from modelling.errors import ModellingError
from modelling.resources import gene_table_path

if TYPE_CHECKING:
    from modelling.bundle.model import TissueModel

ENSEMBL = re.compile(r"(ENSG\d{11})(?:\.\d+)?(?:_PAR_Y)?(?:[_|].*)?", re.IGNORECASE)
TRANSCRIPT = re.compile(r"(ENST\d{11}|[NX][MR]_\d+)")
OTHER_SPECIES = re.compile(r"ENS[A-Z]{3,4}G\d{11}")
SUMMARY_ROW = re.compile(
    r"(__\w+|N_(unmapped|multimapping|noFeature|ambiguous)|no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
)
EXCEL_DATE = re.compile(r"\d{1,2}-(Mar|Sep|Dec)|(Mar|Sep|Dec)-\d{1,2}", re.IGNORECASE)
KINDS = ("symbol", "Ensembl id", "HGNC id", "Entrez id", "previous symbol", "alias")


class GenesUnknown(ModellingError):
    """The table's gene ids are not human gene ids that this model knows."""


@dataclass(frozen=True)
class GeneRecord:
    """One gene of the reference table; `length_bp` is NaN where no transcript model gives one."""

    symbol: str
    hgnc_id: str
    ensembl_gene_id: str
    entrez_id: str
    aliases: tuple[str, ...]
    previous: tuple[str, ...]
    length_bp: float


@functools.lru_cache(maxsize=1)
def reference_genes() -> tuple[GeneRecord, ...]:
    """All genes of the shipped table (see ontology/README.md for its sources and licences)."""
    path = gene_table_path()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        rows = csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t")
        return tuple(
            GeneRecord(
                symbol=row["symbol"],
                hgnc_id=row["hgnc_id"],
                ensembl_gene_id=row["ensembl_gene_id"],
                entrez_id=row["entrez_id"],
                aliases=_names(row["alias_symbol"]),
                previous=_names(row["prev_symbol"]),
                length_bp=float(row["length_bp"]) if row["length_bp"] else float("nan"),
            )
            for row in rows
        )


def _names(cell: str) -> tuple[str, ...]:
    return tuple(name for name in cell.split("|") if name)


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
    _exact: dict[str, int] = field(init=False, repr=False)
    _lookup: dict[str, dict[str, int]] = field(init=False, repr=False)
    _human: dict[str, set[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._exact = {symbol: gene for gene, symbol in enumerate(self.symbol)}
        self._lookup = {kind: {} for kind in KINDS}
        self.length_bp = np.full(len(self.symbol), np.nan)
        for gene, (symbol, ensembl, hgnc) in enumerate(zip(self.symbol, self.ensembl, self.hgnc, strict=True)):
            self._put("symbol", symbol, gene)
            self._put("Ensembl id", ensembl.split(".")[0], gene)
            self._put("HGNC id", hgnc, gene)
        self._join_reference(reference_genes())

    @classmethod
    def of(cls, model: TissueModel) -> GeneSpace:
        """The gene space of a loaded model."""
        rows = model.gene_rows
        symbol, ensembl, hgnc = ([row.get(column) or "" for row in rows] for column in ("symbol", "ensembl_gene_id", "hgnc_id"))
        return cls(symbol, ensembl, hgnc, np.asarray(model.mean_g, np.float64), model.unit)

    def __len__(self) -> int:
        return len(self.symbol)

    def _put(self, kind: str, name: str, gene: int) -> None:
        if name:
            self._lookup[kind].setdefault(name.upper(), gene)

    def _join_reference(self, records: Iterable[GeneRecord]) -> None:
        """Add Entrez ids, lengths, and the names that mean one gene only."""
        approved: set[str] = set()
        loose: dict[str, dict[str, list[int]]] = {"previous symbol": {}, "alias": {}}
        self._human = {"symbol": approved, "Ensembl id": set(), "Entrez id": set()}
        for record in records:
            approved.add(record.symbol.upper())
            self._human["Ensembl id"].add(record.ensembl_gene_id)
            self._human["Entrez id"].add(record.entrez_id)
            gene = self._model_gene(record)
            for kind, names in (("previous symbol", record.previous), ("alias", record.aliases)):
                for name in names:
                    loose[kind].setdefault(name.upper(), []).append(gene)
            if gene < 0:
                continue
            self.length_bp[gene] = record.length_bp
            for kind, name in (
                ("symbol", record.symbol),
                ("Ensembl id", record.ensembl_gene_id),
                ("HGNC id", record.hgnc_id),
                ("Entrez id", record.entrez_id),
            ):
                self._put(kind, name, gene)
        for kind, names_of in loose.items():
            for name, genes in names_of.items():
                if len(set(genes)) == 1 and genes[0] >= 0 and name not in approved:
                    self._put(kind, name, genes[0])

    def _model_gene(self, record: GeneRecord) -> int:
        """The model's gene that a reference record describes, -1 for none; a shared Ensembl id does not join genes of two HGNC ids."""
        for kind, name in (("HGNC id", record.hgnc_id), ("Ensembl id", record.ensembl_gene_id), ("symbol", record.symbol)):
            gene = self._lookup[kind].get(name.upper(), -1) if name else -1
            if gene >= 0 and self.hgnc[gene] in ("", record.hgnc_id):
                return gene
        former = {self._lookup["symbol"].get(name.upper(), -1) for name in record.previous} - {-1}
        gene = former.pop() if len(former) == 1 else -1
        return gene if gene >= 0 and self.hgnc[gene] in ("", record.hgnc_id) else -1

    def find(self, name: str) -> tuple[int, str]:
        """Model gene and kind of one id; (-1, "") when the model has no such gene."""
        text = name.strip().strip('"')
        if (exact := self._exact.get(text)) is not None:
            return exact, "symbol"
        for part in (text, *text.split("|")) if "|" in text else (text,):
            if ensembl := ENSEMBL.fullmatch(part):
                gene, kind = self._lookup["Ensembl id"].get(ensembl[1].upper(), -1), "Ensembl id"
            elif part.isdigit():
                gene, kind = self._lookup["Entrez id"].get(part, -1), "Entrez id"
            else:
                gene, kind = self._find_name(part.upper())
            if gene >= 0:
                return gene, kind
        return -1, ""

    def _find_name(self, name: str) -> tuple[int, str]:
        for kind in ("symbol", "HGNC id", "previous symbol", "alias"):
            if (gene := self._lookup[kind].get(name)) is not None:
                return gene, kind
        return -1, ""

    def is_human(self, name: str) -> bool:
        """Whether the id names a human gene at all, in the model or not."""
        text = name.strip().strip('"').split("|")[0].upper()
        ensembl = ENSEMBL.fullmatch(text)
        return bool(ensembl) or text in self._human["symbol"] or text in self._human["Entrez id"] or self.find(name)[0] >= 0

    def share_of_genes(self, names: Sequence[str]) -> float:
        """Fraction of up to 2,000 names, spread evenly, that are human gene ids; plain row numbers are none."""
        step = max(1, len(names) // 2000)
        some = names[::step]
        if not some or all(name == str(position) for position, name in zip(range(len(some)), some, strict=True)):
            return 0.0
        return sum(map(self.is_human, some)) / len(some)

    def match(self, names: Sequence[str]) -> GeneMatch:
        """Find the model gene of each id. A gene named both by its present symbol or id and by an old name keeps the former alone."""
        found = [self.find(name) for name in names]
        index = np.array([gene for gene, _ in found], np.int64)
        certain = {gene for gene, kind in found if gene >= 0 and kind not in ("previous symbol", "alias")}
        for position, (gene, kind) in enumerate(found):
            if kind in ("previous symbol", "alias") and gene in certain:
                index[position] = -1
        via = Counter(kind for position, (_, kind) in enumerate(found) if index[position] >= 0)
        matched = index[index >= 0]
        unknown = [name for position, name in enumerate(names) if found[position][0] < 0 and not self.is_human(name)]
        return GeneMatch(
            index=index,
            kind=via.most_common(1)[0][0] if via else "unknown",
            n_ids=len(names),
            n_model_genes=len(self),
            via=dict(via),
            n_human=len(names) - len(unknown),
            n_duplicate=int(matched.size - np.unique(matched).size),
            unknown=tuple(unknown[:5]),
            notes=tuple(_notes(unknown)),
        )


def _notes(unknown: Sequence[str]) -> list[str]:
    """What the ids that are no human genes look like, where that tells the user what to do."""
    notes = []
    dates = [name for name in unknown if EXCEL_DATE.fullmatch(name)]
    if dates:
        notes.append(
            f"{len(dates)} gene ids look like dates made by a spreadsheet ({dates[0]}): they are left out; import the column as text"
        )
    transcripts = sum(bool(TRANSCRIPT.match(name)) for name in unknown)
    if transcripts:
        notes.append(f"{transcripts} ids are transcripts, not genes: sum them to genes first, e.g. with tximport")
    other = sum(bool(OTHER_SPECIES.match(name)) for name in unknown)
    if other:
        notes.append(f"{other} ids are Ensembl genes of another species: map them to human one-to-one orthologues first")
    return notes


def best_column(space: GeneSpace, columns: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, Sequence[str], float]:
    """Of the columns that may hold gene ids, the one with most human genes (the first on a tie): name, ids, share."""
    scored = [(space.share_of_genes(ids), -position) for position, (_, ids) in enumerate(columns)]
    share, negative = max(scored)
    name, ids = columns[-negative]
    return name, ids, share
