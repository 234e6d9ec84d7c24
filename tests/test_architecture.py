"""Who may import what, and how fast the command lines answer: the seams that DESIGN draws."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(p for package in ("curation", "modelling") for p in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Top-level packages that a module imports, anywhere in its text."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def importers(package: str) -> set[str]:
    return {p.relative_to(ROOT).as_posix() for p in MODULES if package in imports(p)}


def test_only_the_database_module_imports_duckdb() -> None:
    assert importers("duckdb") == {"curation/database.py"}


def test_only_the_ontology_module_imports_pronto() -> None:
    assert importers("pronto") == {"curation/ontology.py"}


def test_the_packages_share_nothing_but_the_compendium() -> None:
    assert not {p for p in importers("curation") if p.startswith("modelling")}
    assert not {p for p in importers("modelling") if p.startswith("curation")}
    assert not {p for p in importers("torch") if p.startswith("curation")}


def test_nothing_is_pickled() -> None:
    assert importers("pickle") | importers("joblib") | importers("dill") == set()


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_every_module_has_a_subject(name: str) -> None:
    assert not [p for p in MODULES if name in (p.stem, p.parent.name)]


@pytest.mark.parametrize("package", ["curation", "modelling"])
def test_the_command_line_answers_without_heavy_imports(package: str) -> None:
    heavy = {"duckdb", "torch", "numpy", "pandas", "pyarrow", "polars", "pronto", "anndata", "h5py", "sklearn", "matplotlib", "scipy"}
    code = f"import sys, {package}.cli; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & heavy
