"""`curate validate`: a good release passes, and each planted fault is found by the question that asks for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from curation.build import open_sources
from curation.cli import app
from curation.database import connect
from curation.errors import CurationError
from curation.matrix.compendium import matrix_offset
from curation.release import sha256
from curation.validate import validate


@pytest.fixture
def release(tiny: Path, tmp_path: Path) -> Path:
    """A copy of a small release and of its input, to be damaged."""
    shutil.copytree(tiny / "release", tmp_path / "release")
    shutil.copytree(tiny / "world", tmp_path / "world")
    return tmp_path / "release"


def wrong(release: Path, *, with_sources: bool = True) -> list[str]:
    world = release.parent / "world"
    findings = validate(release, open_sources(world), world, n_rows=1000) if with_sources else validate(release)
    return [finding.question for finding in findings if not finding.is_good]


def sign_again(release: Path) -> None:
    """Make the manifest agree with the damaged files, so that only the content gives the damage away."""
    path = release / "manifest.json"
    content = json.loads(path.read_text())
    for row in content["outputs"]:
        row["sha256"] = sha256(release / row["file"])
    path.write_text(json.dumps(content))


def test_a_good_release_passes_with_every_row_computed_again(tiny: Path) -> None:
    result = CliRunner().invoke(app, ["validate", str(tiny / "release"), "--input", str(tiny / "world"), "--rows", "1000"])
    assert result.exit_code == 0, result.output
    assert "WRONG" not in result.output
    assert "X is what archs4 holds" in result.output
    assert "h5py" in result.output
    assert "lines of text" in result.output


def add_to_one_value(release: Path) -> None:
    path = release / "compendium.h5ad"
    offset, shape = matrix_offset(path)
    x = np.memmap(path, np.float32, "r+", offset, shape)
    x[2, 5] += 0.5
    x.flush()


def change_scaler(release: Path) -> None:
    with h5py.File(release / "compendium.h5ad", "r+") as file:
        file["var/train_std"][3] *= 1.01


def change_tissue(release: Path) -> None:
    with h5py.File(release / "compendium.h5ad", "r+") as file:
        codes = file["obs/tissue/codes"]
        codes[4] = (codes[4] + 1) % len(file["obs/tissue/categories"])


def change_source(release: Path) -> None:
    path = next((release.parent / "world" / "gtex").glob("*.gct"))
    lines = path.read_text().splitlines()
    cells = lines[20].split("\t")
    path.write_text("\n".join([*lines[:20], "\t".join([*cells[:2], *(str(int(c) + 9000) for c in cells[2:])]), *lines[21:]]) + "\n")


def lose_gene_from_ledger(release: Path) -> None:
    con = connect(release / "curation.duckdb")
    con.execute("UPDATE gene_ledger SET symbol = (SELECT max(symbol) FROM gene_ledger) WHERE source = 'archs4' AND matrix_column = 7")
    con.close()


FAULTS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "a value of X": (
        add_to_one_value,
        {
            "every block of rows has its checksum",
            "every sample sums to one million",
            "train_mean and train_std are those of the training rows",
        },
    ),
    "the scaler": (change_scaler, {"train_mean and train_std are those of the training rows"}),
    "a tissue in obs": (change_tissue, {"obs is what the database says"}),
    "a source file": (change_source, {"the sources are the files that the build read", "X is what gtex holds"}),
    "the gene ledger": (lose_gene_from_ledger, {"X is what archs4 holds"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(release: Path, fault: str) -> None:
    plant, questions = FAULTS[fault]
    plant(release)
    sign_again(release)
    assert questions <= set(wrong(release))


def test_files_that_are_changed_lost_or_added(release: Path) -> None:
    (release / "funnel.md").write_text("")
    (release / "extra.txt").write_text("")
    assert {"every file has the checksum of the manifest", "every block of every file has its checksum"} <= set(
        wrong(release, with_sources=False)
    )
    result = CliRunner().invoke(app, ["validate", str(release)])
    assert isinstance(result.exception, CurationError)
    assert " checks failed" in str(result.exception)
    assert "1 missing or changed (funnel.md), 1 not in the manifest (extra.txt)" in result.output


def test_a_release_without_its_compendium(release: Path) -> None:
    (release / "compendium.h5ad").unlink()
    assert "the compendium opens" in wrong(release, with_sources=False)
