"""The layouts of tables: each tool's own is read as its samples, or refused in words; nothing is left without a fate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tables_world as world
from tables_world import Case, genes

from profiles.errors import BulkatlasError
from profiles.opening import open_table
from profiles.table import Table

TABLES = world.TABLES()


def put(folder: Path, file: str, text: str) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def values(table: Table, **more: np.ndarray) -> np.ndarray:
    """(samples, genes) in the order of the samples."""
    blocks = list(table.blocks(size=3, **more))
    positions = np.concatenate([positions for positions, _ in blocks])
    return np.concatenate([piece for _, piece in blocks])[np.argsort(positions)]


@pytest.mark.parametrize("name", TABLES)
def test_each_layout_gives_its_samples_and_values(name: str, tmp_path: Path) -> None:
    case: Case = TABLES[name]
    table = open_table(put(tmp_path, case.file, case.text))
    assert tuple(table.sample_ids) == case.samples
    assert table.quantity == case.quantity
    assert len(table.gene_names) == world.N_GENES
    np.testing.assert_allclose(values(table), case.truth(), rtol=1e-6)
    table.account.check()
    notes = " ".join(table.notes)
    assert [word for word in case.said if word not in notes] == []
    some = np.array([3, 50, 51, 200])
    np.testing.assert_allclose(values(table, genes=some, samples=np.array([0])), case.truth()[:1, some], rtol=1e-6)
    ids, probe = table.probe(2)
    assert ids[0] == case.samples[0]
    np.testing.assert_allclose(probe[0], case.truth()[0], rtol=1e-6)


@pytest.mark.parametrize("name", world.REFUSED)
def test_what_is_no_matrix_is_refused_with_the_true_reason(name: str, tmp_path: Path) -> None:
    file, text, match = world.REFUSED[name]()
    with pytest.raises(BulkatlasError, match=match):
        for _ in open_table(put(tmp_path, file, text)).blocks():
            pass


def test_the_user_decides_what_neither_names_nor_values_tell(tmp_path: Path) -> None:
    path = put(tmp_path, *world.REFUSED["unknown numeric column"]()[:2])
    by_name = open_table(path, annotation=["purity"])
    assert tuple(by_name.sample_ids) == world.SAMPLES
    assert any("by --annotation" in note and "purity" in note for note in by_name.notes)
    by_pattern = open_table(path, samples=["liver_*", "kidney_1"])
    assert tuple(by_pattern.sample_ids) == world.SAMPLES[:3]
    assert any("kidney_2" in note and "not among --samples" in note for note in by_pattern.notes)
    by_metadata = open_table(path, known={"kidney_2", "elsewhere"})
    assert tuple(by_metadata.sample_ids) == world.SAMPLES[3:]
    with pytest.raises(BulkatlasError, match="--samples names 'spleen', which is no column"):
        open_table(path, samples=["spleen"])


def test_sums_over_bases_are_read_where_the_unit_says_so(tmp_path: Path) -> None:
    table = open_table(put(tmp_path, *world.REFUSED["recount3"]()[:2]), is_coverage=True)
    np.testing.assert_allclose(values(table), 100 * world.counts().T, rtol=1e-5)


def test_a_sample_of_few_reads_is_a_sample(tmp_path: Path) -> None:
    few = world.counts().copy()
    few[:, 1] = np.where(few[:, 0] > np.quantile(few[:, 0], 0.9), 1, 0)
    few[:, 2] = 0
    few[5, 3], few[:5, 3], few[6:, 3] = 10**6, 0, 0
    text = world.rows(world.join("gene", *world.SAMPLES, "more"), lambda g: [genes()[g].ensembl, *few[g], world.one(g)])
    assert list(open_table(put(tmp_path, "m.tsv", text)).sample_ids) == [*world.SAMPLES, "more"]


def test_centred_values_are_left_to_the_unit(tmp_path: Path) -> None:
    """Columns that follow nothing, each other least, are no annotation: whoever asks for the unit is told that they are centred."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(world.N_GENES, 8))
    text = world.rows(world.join("gene", *(f"s{i}" for i in range(8))), lambda g: [genes()[g].ensembl, *noise[g]])
    assert len(open_table(put(tmp_path, "m.tsv", text)).sample_ids) == 8


def test_a_folder_is_no_file_and_what_it_holds_is_said(tmp_path: Path) -> None:
    put(tmp_path, "out/matrix.mtx.gz", "x")
    with pytest.raises(BulkatlasError, match=r"a folder of 10x .*read_10x_mtx"):
        open_table(tmp_path / "out")
    put(tmp_path, "star/aReadsPerGene.out.tab", "x")
    with pytest.raises(BulkatlasError, match=r"a folder, not a file; give one of its tables: aReadsPerGene.out.tab"):
        open_table(tmp_path / "star")
