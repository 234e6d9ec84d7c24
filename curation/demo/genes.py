"""The genes of the simulated world: every marker, then protein-coding genes drawn at random, all real."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curation.demo.anatomy import programmes
from curation.errors import CurationError
from curation.resources import ontology_folder

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

PROTEIN_CODING = "protein"
FEWEST_OTHERS = 200


class DemoGeneFault(CurationError):
    """The gene table lacks what the simulated world needs."""


@dataclass(frozen=True)
class DemoGenes:
    """Identifiers and lengths of the g simulated genes, sorted by symbol."""

    symbol: tuple[str, ...]
    ensembl: tuple[str, ...]
    entrez: tuple[str, ...]
    previous: tuple[str, ...]  # one earlier symbol that no other gene bears, or empty
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
    """Draw the genes. Raises DemoGeneFault when fewer are asked for than there are markers, or a marker is not in the table."""
    import polars as pl

    table = pl.read_csv(ontology_folder() / "genes.tsv.gz", separator="\t", infer_schema=False, quote_char=None)
    table = table.filter(pl.col("ensembl_gene_id").str.starts_with("ENSG") & (pl.col("entrez_id") != "") & (pl.col("length_bp") != ""))
    wanted = markers()
    missing = sorted(set(wanted) - set(table["symbol"]))
    if missing:
        raise DemoGeneFault(f"{len(missing)} marker genes of curation/demo/programmes.tsv are not in genes.tsv.gz, first: {missing[:3]}")
    fewest = len(wanted) + FEWEST_OTHERS
    if n_genes < fewest:
        raise DemoGeneFault(
            f"--genes {n_genes} is too few: {len(wanted)} are markers and {FEWEST_OTHERS} others must stand beside them; at least {fewest}"
        )
    others = table.filter(pl.col("locus_group").str.contains(PROTEIN_CODING) & ~pl.col("symbol").is_in(wanted))["symbol"].sort().to_list()
    n_others = n_genes - len(wanted)
    if n_others > len(others):
        raise DemoGeneFault(f"--genes {n_genes} is too many: the gene table offers {len(others) + len(wanted)}")
    chosen = set(wanted) | set(random.Random(f"{seed} genes").sample(others, n_others))
    return _described(
        table.filter(pl.col("symbol").is_in(chosen)).unique("symbol", keep="first", maintain_order=True).sort("symbol"), table
    )


def _described(chosen: pl.DataFrame, table: pl.DataFrame) -> DemoGenes:
    taken = set(table["symbol"])
    once: dict[str, int] = {}
    for names in table["prev_symbol"]:
        for name in filter(None, (names or "").split("|")):
            once[name] = once.get(name, 0) + 1
    previous = [
        next((name for name in (names or "").split("|") if name and once[name] == 1 and name not in taken), "")
        for names in chosen["prev_symbol"]
    ]
    length_bp = np.asarray([float(length) for length in chosen["length_bp"]])
    return DemoGenes(tuple(chosen["symbol"]), tuple(chosen["ensembl_gene_id"]), tuple(chosen["entrez_id"]), tuple(previous), length_bp)
