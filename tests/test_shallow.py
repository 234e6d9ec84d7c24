"""Samples without reads, or with far fewer genes than their source, leave when they are read: told, counted, and as if they had never been there."""

from __future__ import annotations

import shutil
from pathlib import Path

import anndata
import h5py
import handmade
import numpy as np
import pytest
import tiny_world

from curation.audit import run_query
from curation.build import NothingToExport, open_sources, sql_parameters
from curation.config import BuildConfig
from curation.explain import explain
from curation.matrix.assembly import Assembly
from curation.steps import run_stage
from curation.validate import validate

ARCHIVE = Path("archs4", "human_gene_v2.5.h5")
EMPTY, FEW, ENOUGH = "GSM0020", "GSM0041", "GSM0003"  # of 60 genes, of which the middle sample detects nearly all


def starve(world: Path, few: int = 14) -> dict[str, int]:
    """One sample without reads, one with `few` genes, one with just enough; returns sample -> its column."""
    with h5py.File(world / ARCHIVE, "r+") as file:
        names = [name.decode() for name in file["meta/samples/geo_accession"][:]]
        values = file["data/expression"][:]
        for name, n in ((EMPTY, 0), (FEW, few), (ENOUGH, 20)):
            values[:, names.index(name)] = 0
            values[:n, names.index(name)] = 5
        file["data/expression"][:] = values
    return {name: names.index(name) for name in (EMPTY, FEW, ENOUGH)}


@pytest.fixture(scope="module")
def starved(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """world, ontology and release; and `without`: the release of a world that never had the two samples that leave."""
    folder = tmp_path_factory.mktemp("starved")
    shutil.copytree(tiny / "world", folder / "world")
    shutil.copytree(tiny / "ontology", folder / "ontology")
    starve(folder / "world")
    tiny_world.build_tiny(folder / "world", folder / "release", cap=None)
    return folder


def test_what_stays_is_what_a_build_without_them_would_hold(starved: Path, tmp_path: Path) -> None:
    """X, row by row, and the scaler, are those that the sources give; the file is as long as one of so many rows."""
    data = anndata.read_h5ad(starved / "release" / "compendium.h5ad")
    assert {EMPTY, FEW} & set(data.obs_names) == set()
    assert ENOUGH in data.obs_names
    with h5py.File(starved / "world" / ARCHIVE) as file:
        symbols = [name.decode() for name in file["meta/genes/symbol"][:]]
        counts = {name.decode(): file["data/expression"][:, i] for i, name in enumerate(file["meta/samples/geo_accession"][:])}
    at = [symbols.index(name) for name in data.var_names]
    checked = 0
    for name in data.obs_names[data.obs["source"] == "archs4"]:
        own = counts[name][at].astype(float)
        np.testing.assert_allclose(data[name].X[0], np.log2(own / own.sum() * 1e6 + 1), rtol=1e-6)
        checked += 1
    assert checked > 60
    train = np.asarray(data[data.obs["split"] == "train"].X, np.float64)
    np.testing.assert_allclose(data.var["train_mean"], train.mean(axis=0), rtol=1e-6)
    kept = run_query(starved / "release", "SELECT row, sample_id FROM kept ORDER BY row").rows
    assert [name for _, name in kept] == list(data.obs_names)
    assert [row for row, _ in kept] == list(range(data.n_obs))


def test_the_funnel_and_explain_say_so(starved: Path) -> None:
    rows = dict(run_query(starved / "release", "SELECT sample_id, reason FROM exclusion WHERE step = 11").rows)
    assert rows[EMPTY] == "has no read in any of the 58 genes of the matrix that its source measures"
    assert rows[FEW] == "detects 20.69% of its genes (12 of 58), less than 0.25 of the 100.0% of the middle sample of archs4"
    assert set(rows) == {EMPTY, FEW}
    (dropped, before, after), (returned,) = (
        run_query(starved / "release", "SELECT n_dropped, n_in, n_out FROM funnel WHERE step = 11").rows[0],
        run_query(starved / "release", "SELECT n_added FROM funnel WHERE step = 12").rows[0],
    )
    assert (dropped, before - after) == (2, 2)
    assert after + returned == run_query(starved / "release", "SELECT count(*) FROM kept").rows[0][0]
    told = str(explain(starved / "release", FEW))
    assert f"left at step 11: {rows[FEW]}" in told
    assert "2 samples left when they were read" in (starved / "release" / "manifest.json").read_text()


def test_validate_counts_them_again_in_the_sources(starved: Path, tmp_path: Path) -> None:
    def wrong(world: Path) -> list[str]:
        found = validate(starved / "release", open_sources(world), world, ontology=starved / "ontology")
        return [finding.question for finding in found if not finding.is_good]

    assert wrong(starved / "world") == []
    shutil.copytree(starved / "world", tmp_path / "world")
    with h5py.File(tmp_path / "world" / ARCHIVE, "r+") as file:
        file["data/expression"][30:40, [name.decode() for name in file["meta/samples/geo_accession"][:]].index(FEW)] = 1
    assert "samples that left for want of reads have none in the sources" in wrong(tmp_path / "world")


@pytest.mark.parametrize(("least", "left"), [(0.25, {"GSM001", "GSM002"}), (0.5, {"GSM001", "GSM002", "GSM003"}), (0.0, set())])
def test_the_share_decides_who_leaves_and_0_lets_all_stay(least: float, left: set[str]) -> None:
    """Of a middle of 80 of 100 genes: none, 19 and 39 of them; 20, a quarter of the middle, is enough."""
    con = handmade.build(config=BuildConfig(cap=None))
    con.execute("UPDATE read_sample SET n_genes_detected = 80")
    for name, n in (("GSM001", 0), ("GSM002", 19), ("GSM003", 39), ("GSM004", 40)):
        con.execute("UPDATE read_sample SET n_genes_detected = ? WHERE sample_id = ?", [n, name])
    before = {name for (name,) in con.execute("SELECT sample_id FROM kept").fetchall()}
    for stage in ("kept", "funnel"):
        run_stage(con, stage, sql_parameters(BuildConfig(cap=None, min_detected=least), handmade.SOURCES))
    assert before - {name for (name,) in con.execute("SELECT sample_id FROM kept").fetchall()} == left
    assert {name for (name,) in con.execute("SELECT sample_id FROM exclusion WHERE step = 11").fetchall()} == left


def test_a_matrix_that_leaves_as_a_whole_takes_its_gene_list_along(starved: Path, tmp_path: Path) -> None:
    """All of the archive is empty, and measures half the genes: the other half, which only it kept out, comes back."""
    shutil.copytree(starved / "world", tmp_path / "world")
    with h5py.File(tmp_path / "world" / ARCHIVE, "r+") as file:
        n_samples = file["data/expression"].shape[1]
        del file["data/expression"]
        file["data/expression"] = np.zeros((30, n_samples), np.uint32)
        for name in list(file["meta/genes"]):
            half = file[f"meta/genes/{name}"][:30]
            del file[f"meta/genes/{name}"]
            file[f"meta/genes/{name}"] = half
    (tmp_path / "ontology").symlink_to(starved / "ontology")
    tiny_world.build_tiny(tmp_path / "world", tmp_path / "release", cap=None)
    data = anndata.read_h5ad(tmp_path / "release" / "compendium.h5ad")
    assert set(data.obs["source"]) == {"gtex"}
    assert data.n_vars == 60
    found = validate(tmp_path / "release", open_sources(tmp_path / "world"), tmp_path / "world", ontology=tmp_path / "ontology")
    assert [finding.question for finding in found if not finding.is_good] == []


def test_a_world_without_any_read_is_one_error_and_leaves_nothing(starved: Path, tmp_path: Path) -> None:
    shutil.copytree(starved / "world", tmp_path / "world", ignore=shutil.ignore_patterns("gtex"))
    with h5py.File(tmp_path / "world" / ARCHIVE, "r+") as file:
        file["data/expression"][:] = np.zeros_like(file["data/expression"][:])
    (tmp_path / "ontology").symlink_to(starved / "ontology")
    with pytest.raises(NothingToExport, match=r"none of [\d,]+ samples has a read"):
        tiny_world.build_tiny(tmp_path / "world", tmp_path / "release", cap=None)
    assert not (tmp_path / "release").exists() and not list(tmp_path.glob("release*"))


def test_killed_while_rows_move_the_next_build_begins_again(starved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("world", "ontology"):
        (tmp_path / name).symlink_to(starved / name)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("curation.matrix.gaps._relabel", killed)
    monkeypatch.setattr(Assembly, "remove", lambda self: None)  # a killed process removes nothing
    monkeypatch.setattr("curation.release.discard_quietly", lambda folder: None)
    with pytest.raises(Killed):
        tiny_world.build_tiny(tmp_path / "world", tmp_path / "release", cap=None)
    monkeypatch.undo()
    left = tmp_path / "release.partial"
    assert (left / "compendium.h5ad.partial").exists()
    assert sorted(left.glob("*.parts/*.done"))
    tiny_world.build_tiny(tmp_path / "world", tmp_path / "release", cap=None, resume=True)
    ours, theirs = ((folder / "release" / "compendium.h5ad").read_bytes() for folder in (tmp_path, starved))
    assert ours == theirs
