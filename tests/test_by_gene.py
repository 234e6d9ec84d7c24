"""by_gene.h5 against the compendium that it is made from."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from curation.export import add_by_gene
from curation.matrix.by_gene import BY_GENE, NotThisMatrix, compare_by_gene, genes_of, write_by_gene
from curation.matrix.compendium import open_matrix
from curation.query.expression import expression
from curation.release import read_manifest, sha256


@pytest.fixture
def release(tiny: Path, tmp_path: Path) -> Path:
    """A copy to write into, with by_gene.h5."""
    shutil.copytree(tiny / "release", tmp_path / "release")
    add_by_gene(tmp_path / "release")
    return tmp_path / "release"


def test_it_is_x_transposed_one_chunk_a_gene_and_in_the_manifest(release: Path) -> None:
    x = open_matrix(release / "compendium.h5ad")
    with h5py.File(release / BY_GENE) as file:
        assert np.array_equal(file["X"][:], x.T, equal_nan=True)
        assert file["X"].chunks == (1, len(x))
    assert compare_by_gene(release / BY_GENE, release / "compendium.h5ad") == []
    assert {row["file"]: row["sha256"] for row in read_manifest(release)["outputs"]}[BY_GENE] == sha256(release / BY_GENE)
    assert not [path for path in release.parent.iterdir() if path != release]


def test_blocks_of_genes_give_the_same_file(release: Path, tmp_path: Path) -> None:
    counted: list[int] = []
    write_by_gene(
        release / "compendium.h5ad",
        tmp_path / "narrow.h5",
        counted.append,
        block_bytes=4 * 7 * len(open_matrix(release / "compendium.h5ad")),
    )
    assert max(counted) == 7
    assert (tmp_path / "narrow.h5").read_bytes() == (release / BY_GENE).read_bytes()


def test_few_genes_of_many_samples_are_read_from_it_and_are_equal(release: Path, tiny: Path) -> None:
    rows = np.arange(len(open_matrix(release / "compendium.h5ad")))[::-1].copy()
    genes = ["A1CF", "A1BG"]
    by_gene, by_row = expression(release, rows, genes), expression(tiny / "release", rows, genes)
    assert by_gene.is_by_gene and not by_row.is_by_gene
    assert np.array_equal(by_gene.values(), by_row.values(), equal_nan=True)


def test_a_damaged_gene_and_another_build_are_refused(release: Path) -> None:
    with h5py.File(release / BY_GENE, "r+") as file:
        file["X"][3, 0] += 1
        symbol = file["symbol"][3].decode()
    build_id = str(read_manifest(release)["build_id"])
    assert compare_by_gene(release / BY_GENE, release / "compendium.h5ad") == [symbol]
    with h5py.File(release / BY_GENE, "r") as file:
        assert len(genes_of(file, BY_GENE, [2], build_id)) == 1
        with pytest.raises(NotThisMatrix, match=f"gene {symbol} is damaged"):
            genes_of(file, BY_GENE, [3], build_id)
        with pytest.raises(NotThisMatrix, match="is of build"):
            genes_of(file, BY_GENE, [2], "another")
