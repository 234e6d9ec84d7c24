"""Which genes an export holds, from what each matrix measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from curation.errors import CurationError
from profiles.genes import GeneTable, load_genes
from profiles.nearest import near
from profiles.resolve import GeneMap

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NoSharedGenes(CurationError):
    """No gene is measured by every source."""


class UnknownLocusGroup(CurationError):
    """HGNC has no such group of genes."""


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
        known = sorted(set(table.locus_group))
        raise UnknownLocusGroup(f"HGNC has no locus group {', '.join(unknown)}{near(unknown, known)}; its groups are {', '.join(known)}")
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
