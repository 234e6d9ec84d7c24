"""Genes that a reader names, as columns of a compendium."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curation.errors import CurationError
from profiles.gene_names import parse_gene_names
from profiles.genes import load_genes
from profiles.nearest import near
from profiles.resolve import resolve

SHOWN = 5


class UnknownGene(CurationError):
    """A name is no gene, several genes, or a gene that the compendium does not hold."""


def read_names(text: str) -> list[str]:
    """Gene names of a comma-separated list, or of a file with one a line (`@genes.txt`)."""
    if text.startswith("@"):
        path = Path(text[1:])
        if not path.is_file():
            raise UnknownGene(f"{path} is no file; --genes takes names with commas between them, or @FILE with one a line")
        text = path.read_text(encoding="utf-8").replace("\n", ",")
    return [name.strip() for name in text.split(",") if name.strip()]


def columns_of(names: Sequence[str], symbols: Sequence[str]) -> list[int]:
    """Position among `symbols` of each gene, named by symbol, earlier symbol, alias, Ensembl, HGNC or Entrez id; the order is that of `names`.

    Raises UnknownGene for what is no gene of the compendium, with the nearest symbols, and for a gene that is named twice.
    """
    position = {symbol: i for i, symbol in enumerate(symbols)}
    columns = [position.get(name, -1) for name in names]
    rest = [i for i, column in enumerate(columns) if column < 0]
    if rest:
        table, wrong = load_genes(), []
        for i in rest:  # one by one: what a name means must not depend on its neighbours
            found = resolve(parse_gene_names([names[i]]), table=table)
            gene = int(found.gene[0])
            columns[i] = position.get(table.symbol[gene], -1) if gene >= 0 else -1
            if columns[i] < 0:
                why = (
                    f"{_also(names[i], table.symbol[gene])}not in this release" if gene >= 0 else found.reasons[0] + near(names[i], symbols)
                )
                wrong.append(f"{names[i]} ({why})")
        if wrong:
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            raise UnknownGene(
                f"{len(wrong)} of {len(names)} genes cannot be given: {'; '.join(wrong[:SHOWN])}{more}; leave them out or name others"
            )
    twice = sorted({symbols[column] for column in columns if columns.count(column) > 1})
    if twice:
        raise UnknownGene(f"{', '.join(twice[:SHOWN])}: named twice, perhaps by two of its names; name each gene once")
    return columns


def _also(name: str, symbol: str) -> str:
    return "" if name == symbol else f"{symbol}, "
