"""One gene of all reference samples: read from the by_gene.h5 that a release may keep beside its compendium."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import h5py
import numpy as np

from modelling.arrays import Array
from modelling.errors import ModellingError
from profiles.gene_names import parse_gene_names
from profiles.resolve import resolve

NAME = "by_gene.h5"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MAKE_IT = f"write {NAME} with `curate export RELEASE --by-gene` and start the page with --curation RELEASE"


class NoGenes(ModellingError):
    """The page knows no expression by gene, or not this gene."""


class Box(TypedDict):
    """A gene in one tissue: n samples and their quantiles, in the unit of the compendium."""

    tissue: str
    n: int
    quantiles: list[float]


@dataclass(frozen=True)
class Genes:
    """by_gene.h5 of a release. symbols (g); row_of (n): the column of each reference sample in it, -1 for one that it lacks."""

    path: Path
    unit: str
    symbols: list[str]
    place: dict[str, int]
    column_of: Array

    @classmethod
    def open(cls, path: Path, sample_id: Array) -> Genes:
        """From by_gene.h5; NoGenes where it cannot be read."""
        try:
            with h5py.File(path, "r") as file:
                symbols = file["symbol"].asstr()[:].tolist()
                columns = {name: column for column, name in enumerate(file["sample_id"].asstr()[:])}
                unit = file.attrs["unit"]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise NoGenes(f"{path}: not a readable {NAME} ({error}); {MAKE_IT}") from error
        found = np.array([columns.get(name, -1) for name in sample_id])
        place = {symbol.lower(): gene for gene, symbol in enumerate(symbols)}
        return cls(path, unit.decode() if isinstance(unit, bytes) else str(unit), symbols, place, found)

    def find(self, text: str, most: int) -> list[dict[str, str]]:
        """Genes by symbol, alias, earlier symbol or id: [{symbol, word}], `word` where another name than the symbol found it."""
        wanted = text.strip()
        known = [self._named(wanted)] if wanted else []
        found = [{"symbol": symbol, "word": "" if symbol.lower() == wanted.lower() else wanted} for symbol in known if symbol]
        begin = [symbol for symbol in self.symbols if symbol.lower().startswith(wanted.lower())]
        found += [{"symbol": symbol, "word": ""} for symbol in sorted(begin, key=lambda s: (len(s), s)) if symbol not in known]
        return found[:most]

    def _named(self, name: str) -> str | None:
        if (gene := self.place.get(name.lower())) is not None:
            return self.symbols[gene]
        found = resolve(parse_gene_names([name.upper()]))
        gene = int(found.gene[0])
        held = self.place.get(found.table.symbol[gene].lower()) if gene >= 0 else None
        return None if held is None else self.symbols[held]

    def values(self, name: str) -> tuple[str, Array]:
        """(symbol, values (n) float32, NaN where the release lacks the sample). NoGenes where no such gene is held or the file is damaged."""
        symbol = self._named(name)
        if symbol is None:
            raise NoGenes(f"no gene {name!r} in this release; symbols, aliases, Ensembl, Entrez and HGNC ids are understood")
        gene = self.place[symbol.lower()]
        with h5py.File(self.path, "r") as file:
            row = file["X"][gene]
            if hashlib.sha256(row.data).hexdigest() != file["sha256"].asstr()[gene]:
                raise NoGenes(f"{self.path}: gene {symbol} is damaged; {MAKE_IT}")
        values = np.full(len(self.column_of), np.nan, "<f4")
        held = self.column_of >= 0
        values[held] = row[self.column_of[held]]
        return symbol, values


def boxes(values: Array, tissue: Array, tissues: list[str]) -> list[Box]:
    """Quantiles of a gene in each tissue that has samples, the highest median first."""
    found: list[Box] = []
    for name in tissues:
        held = values[(tissue == name) & np.isfinite(values)]
        if len(held):
            found.append({"tissue": name, "n": len(held), "quantiles": [round(float(q), 3) for q in np.quantile(held, QUANTILES)]})
    return sorted(found, key=lambda box: -box["quantiles"][2])
