"""The genes of an export: those that every matrix measures, or any, of some locus groups or of all."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from handmade_genes import HEADER, ROWS

from curation.genes import NoSharedGenes, UnknownLocusGroup, select_genes
from profiles.gene_names import GeneIds
from profiles.genes import GeneTable, load_genes
from profiles.resolve import resolve


@pytest.fixture
def table(tmp_path: Path) -> GeneTable:
    path = tmp_path / "genes.tsv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *ROWS]).encode()))
    return load_genes(path)


def test_shared_genes_and_union(table: GeneTable) -> None:
    maps = {"a": [resolve(GeneIds(symbol=("AAA1", "BBB1")), "a", table)], "b": [resolve(GeneIds(symbol=("CCC1", "OLD2")), "b", table)]}
    names = np.array(table.symbol)
    assert list(names[select_genes(maps, "shared", table=table)]) == ["BBB1"]
    assert list(names[select_genes(maps, "union", table=table)]) == ["AAA1", "BBB1", "CCC1"]
    assert list(names[select_genes(maps, "union", ["pseudogene"], table)]) == ["CCC1"]
    with pytest.raises(
        UnknownLocusGroup,
        match="no locus group coding; near it: non-coding RNA; its groups are non-coding RNA, other, protein-coding gene, pseudogene",
    ):
        select_genes(maps, "union", ["coding"], table)


def test_sources_without_a_gene_in_common_are_refused(table: GeneTable) -> None:
    maps = {name: [resolve(GeneIds(symbol=(symbol,)), name, table)] for name, symbol in (("a", "AAA1"), ("b", "BBB1"))}
    with pytest.raises(NoSharedGenes, match="a: 1, b: 1 genes"):
        select_genes(maps, "shared", table=table)
