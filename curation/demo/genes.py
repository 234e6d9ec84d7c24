"""The genes of the simulated world: every marker, then protein-coding genes drawn at random, all real."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.demo.anatomy import programmes
from curation.errors import CurationError
from profiles.genes import GeneTable, load_genes

FEWEST_OTHERS = 200


class DemoGeneFault(CurationError):
    """The gene table lacks what the simulated world needs."""


@dataclass(frozen=True)
class DemoGenes:
    """Identifiers and lengths of the g simulated genes, sorted by symbol."""

    symbol: tuple[str, ...]
    ensembl: tuple[str, ...]
    entrez: tuple[str, ...]
    previous: tuple[str, ...]  # one earlier symbol that no other gene bears or bore, or empty
    length_bp: NDArray[np.float64]  # (g,)

    def __len__(self) -> int:
        return len(self.symbol)

    def index(self) -> dict[str, int]:
        """Symbol -> position."""
        return {symbol: position for position, symbol in enumerate(self.symbol)}


def markers() -> list[str]:
    """All marker symbols of all programmes, sorted."""
    return sorted({gene for genes in programmes().values() for gene in genes})


def choose_genes(n_genes: int, seed: int) -> DemoGenes:
    """Draw the genes. Raises DemoGeneFault when too few or too many are asked for, or a marker is not in the gene table."""
    table, wanted = load_genes(), markers()
    is_wanted = frozenset(wanted)
    usable = {table.symbol[i]: i for i in range(len(table)) if _is_complete(table, i)}
    missing = [gene for gene in wanted if gene not in usable]
    if missing:
        raise DemoGeneFault(f"{len(missing)} marker genes of curation/demo/programmes.tsv are not in genes.tsv.gz, first: {missing[:3]}")
    fewest = len(wanted) + FEWEST_OTHERS
    if n_genes < fewest:
        raise DemoGeneFault(
            f"--genes {n_genes} is too few: {len(wanted)} are markers and {FEWEST_OTHERS} others must stand beside them; at least {fewest}"
        )
    others = sorted(gene for gene, i in usable.items() if table.locus_group[i] == "protein-coding gene" and gene not in is_wanted)
    if n_genes > len(wanted) + len(others):
        raise DemoGeneFault(f"--genes {n_genes} is too many: the gene table offers {len(wanted) + len(others)}")
    drawn = random.Random(f"{seed} genes").sample(others, n_genes - len(wanted))
    chosen = [usable[gene] for gene in sorted(wanted + drawn)]
    return DemoGenes(
        symbol=tuple(table.symbol[i] for i in chosen),
        ensembl=tuple(table.ensembl_gene_id[i] for i in chosen),
        entrez=tuple(table.entrez_id[i] for i in chosen),
        previous=tuple(_earlier_symbol(table, i) for i in chosen),
        length_bp=table.length_bp[chosen],
    )


def _is_complete(table: GeneTable, gene: int) -> bool:
    return bool(table.ensembl_gene_id[gene] and table.entrez_id[gene] and np.isfinite(table.length_bp[gene]))


def _earlier_symbol(table: GeneTable, gene: int) -> str:
    unambiguous = (name for name in table.previous[gene] if len(table.by_previous.get(name)) == 1 and name not in table.by_symbol)
    return next(unambiguous, "")
