"""Who may import what, in which order, and how fast the command lines answer: the seams that DESIGN draws."""

from __future__ import annotations

import ast
import functools
import statistics
import subprocess
import sys
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [name for name in ("curation", "modelling", "profiles", "bulkatlas") if (ROOT / name).is_dir()]
MODULES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
NAMES = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in MODULES}


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Dotted names that a module imports anywhere in its text: in functions and for type checkers too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {full if (full := f"{node.module}.{alias.name}") in NAMES else node.module for alias in node.names}
    return frozenset(names)


def importers(package: str) -> set[str]:
    return {p.relative_to(ROOT).as_posix() for p in MODULES if package in {name.split(".")[0] for name in imported(p)}}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of a graph, as the names along it; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def room(module: str) -> str:
    """The folder that a module lies in, or the module where it lies on the top floor."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 2 or NAMES[module].name == "__init__.py" else module


def needs() -> dict[str, set[str]]:
    """Module -> modules of our packages that it imports; a package's empty top module is no room of its own."""
    return {module: {name for name in imported(path) if name in NAMES and name != module} - set(PACKAGES) for module, path in NAMES.items()}


# One parses a command line whose options are its arguments, one is compiled and would lose by every call.
LONG_FUNCTIONS = {"curation.commands.build:build", "curation.hdf5.inflate:add_chunks"}


def test_no_module_imports_in_a_circle() -> None:
    assert circle(needs()) == []


def test_no_folder_imports_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, names in needs().items():
        graph.setdefault(room(module), set()).update({room(name) for name in names} - {room(module)})
    assert circle(graph) == []


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    (tmp_path / "late.py").write_text("def f():\n    from modelling.data import Compendium\n")
    assert imported(tmp_path / "late.py") == {"modelling.data"}


def test_only_the_database_module_imports_duckdb() -> None:
    assert importers("duckdb") == {"curation/database.py"}


def test_one_module_of_each_package_reads_the_ontology() -> None:
    assert importers("pronto") == {"curation/ontology.py", "modelling/web/terms.py"}


def test_the_packages_share_nothing_but_the_compendium() -> None:
    assert not {p for p in importers("curation") if p.startswith(("modelling", "profiles"))}
    assert not {p for p in importers("modelling") if p.startswith(("curation", "profiles"))}
    assert not {p for p in importers("torch") if p.startswith(("curation", "profiles"))}
    assert not {p for p in importers("duckdb") if p.startswith(("modelling", "profiles"))}


def test_nothing_stands_on_the_python_face_and_it_imports_where_it_is_used() -> None:
    assert not {p for p in importers("bulkatlas") if not p.startswith("bulkatlas")}
    code = "import sys, bulkatlas; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & {"duckdb", "torch", "numpy", "pandas", "pyarrow", "polars", "anndata", "curation", "modelling"}


def test_nothing_is_pickled() -> None:
    assert importers("pickle") | importers("joblib") | importers("dill") == set()


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_every_module_has_a_subject(name: str) -> None:
    assert not [p for p in MODULES if name in (p.stem, p.parent.name)]


def lengths(package: str) -> tuple[dict[str, int], dict[str, int]]:
    """Lines of each module (empty package files left out) and of each function."""
    modules = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in NAMES.items() if name.startswith(package)}
    functions = {
        f"{name}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, path in NAMES.items()
        if name.startswith(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return {name: n for name, n in modules.items() if NAMES[name].name != "__init__.py"}, functions


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_and_functions_are_read_in_one_look(package: str, record_property: Callable[[str, object], None]) -> None:
    modules, functions = lengths(package)
    said = (
        f"{package}: {len(modules)} modules, median {statistics.median(modules.values()):.0f} lines, longest {max(modules.values())}; "
        f"{len(functions)} functions, median {statistics.median(functions.values()):.0f}, longest {max(functions.values())}"
    )
    print(said)
    record_property("sizes", said)
    assert statistics.median(modules.values()) <= 120
    assert {name for name, n in modules.items() if n > 300} == set()
    assert statistics.median(functions.values()) <= 12
    assert {name for name, n in functions.items() if n > 50} <= LONG_FUNCTIONS


@pytest.mark.parametrize("package", ["curation", "modelling"])
def test_the_command_line_answers_without_heavy_imports(package: str) -> None:
    heavy = {"duckdb", "torch", "numpy", "pandas", "pyarrow", "polars", "pronto", "anndata", "h5py", "sklearn", "matplotlib", "scipy"}
    code = f"import sys, {package}.cli; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & heavy


def undocumented(path: Path) -> list[str]:
    """Public classes, functions and methods of a module without a docstring; what is nested in a function is not public."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    missing = [] if ast.get_docstring(tree) else [path.name]
    open_nodes: list[ast.Module | ast.ClassDef] = [tree]
    while open_nodes:
        node = open_nodes.pop()
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_"):
                missing += [] if ast.get_docstring(child) else [f"{path.relative_to(ROOT)}:{child.lineno} {child.name}"]
                open_nodes += [child] if isinstance(child, ast.ClassDef) else []
    return missing


def test_everything_public_says_what_it_is() -> None:
    assert [said for name, path in NAMES.items() for said in undocumented(path)] == []
