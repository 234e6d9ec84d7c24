"""The installed wheel is whole: SQL, ontology and web page come with it, and a build works far from the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an empty venv with the wheel; third-party packages come from this interpreter's site-packages, to
    spare the minutes of a second download. Its editable install is not seen there: .pth files work in site folders only."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    bin_folder = folder / "bin"
    subprocess.run([bin_folder / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel], check=True, capture_output=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_folder


def run(installed: Path, cwd: Path, *command: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([installed / command[0], *command[1:]], cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_build_hook_needs_no_more_than_it_asks_for() -> None:
    """The wheel above is built beside everything that is installed here; pip builds it beside what the hook asks for and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["dependencies"]
    every = project["project"]["dependencies"]
    names = {re.split(r"[<>=]", line)[0] for line in every} - {re.split(r"[<>=]", line)[0] for line in asked}
    assert "numba" in names
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({sorted(names)!r})); import curation.compiled, curation.ontology, curation.resources"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_data_file_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for package, folder in (("curation", "sql"), ("profiles", "ontology")):
        expected = {f"{package}/_data/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert expected <= names
    assert sum(name.endswith("/genes.tsv.gz") for name in names) == 1
    web = {p.relative_to(ROOT).as_posix() for p in (ROOT / "modelling" / "web").rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert web <= names
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]


def test_the_ontology_comes_compiled_and_an_installed_program_parses_none(
    installed: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("curation/_data/compiled/ontology-")]
    assert {Path(name).name for name in names} >= {"lexicon.parquet", "closure.parquet", "complete.tsv"}
    (tmp_path / "samples.tsv").write_text("sample_id\ttitle\nA\tliver\n")
    program = "import sys; sys.modules['pronto'] = None; from curation.cli import main; main()"  # whoever parses, fails
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run(installed, tmp_path, "python", "-c", program, "label", "samples.tsv", "--out", "labels.tsv")
    assert (tmp_path / "labels.tsv").read_text().splitlines()[1].startswith("A\tliver")
    assert not (tmp_path / "cache").exists()


def test_demo_and_build_work_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "python", "-c", "import curation, modelling; print(curation.__file__, modelling.__file__)")
    assert str(ROOT) not in where
    run(installed, tmp_path, "curate", "demo", "world", "--samples", "300", "--genes", "1000")
    run(installed, tmp_path, "curate", "build", "--input", "world", "--out", "release", "--cap", "50")
    assert {"compendium.h5ad", "curation.duckdb", "labels.parquet", "funnel.md", "manifest.json"} <= {
        p.name for p in (tmp_path / "release").iterdir()
    }
    assert "train" in run(installed, tmp_path, "model", "--help")
