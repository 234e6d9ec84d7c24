"""README, docs and docstrings name commands, options, modules and files that exist; every option is on a page."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import io
import re
import shlex
import tokenize
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest
import typer

from curation.cli import app as curate
from modelling.cli import app as model

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ontology" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.M | re.S)
PROGRAMS = re.compile(r"^```(?:python|pycon|r|csv|tsv)\b[^\n]*\n.*?^```$", re.M | re.S)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*bin/)?((?:curate|model) (?!= ).*)")
INLINE = re.compile(r"`((?:curate|model) [^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def commands(text: str) -> list[str]:
    """Every `curate ...` and `model ...` line of the code blocks (prompt and environment taken off), and every inline mention."""
    lines = [line for block in FENCED.findall(PROGRAMS.sub("", text)) for line in block.replace("\\\n", " ").splitlines()]
    return [match.group(1) for match in map(COMMAND.match, lines) if match] + INLINE.findall(text)


@lru_cache
def program_of(name: str) -> typer.core.TyperGroup | typer.core.TyperCommand:
    return typer.main.get_command(curate if name == "curate" else model)


def fault(command: str) -> str | None:
    """What is wrong with a command line, by the parser itself; values are not looked at."""
    program, *words = shlex.split(command.split("  #")[0].replace("...", ""), posix=True)
    node = program_of(program)
    while isinstance(node, typer.core.TyperGroup) and words and not words[0].startswith(("-", "[")):
        name = words.pop(0)
        child = node.commands.get(name.split("|")[0])
        if child is None:
            return f"{program} has no command {name!r}"
        node = child
    options = {option for parameter in node.params for option in [*parameter.opts, *parameter.secondary_opts]} | {"--help"}
    unknown = [w for w in (word.strip("[]").split("=")[0] for word in words) if w.startswith("--") and w not in options]
    return f"{command!r}: no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_command_on_the_page_exists(page: Path) -> None:
    faults = [f for f in map(fault, commands(page.read_text(encoding="utf-8"))) if f]
    assert not faults


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_linked_file_exists(page: Path) -> None:
    assert not [target for target in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / target).exists()]


def test_the_reader_of_commands_finds_faults() -> None:
    assert fault("curate build --input x --out y --cap 3") is None
    assert fault("curate bild --input x") == "curate has no command 'bild'"
    assert "--imput" in (fault("curate build --imput x") or "")


SPAN = re.compile(r"`([^`\n]+)`")
DOTTED = re.compile(r"^(?:curation|modelling|profiles|bulkatlas)(?:\.\w+)+")
PATHS = re.compile(
    r"(?<![\w/.<*{-])((?:curation|modelling|profiles|bulkatlas|ontology|sql|tests|benchmarks|scripts|docs)/(?!\S*(?:NN_|NAME))[\w./-]*\w)(?![\w*{<]|/?\.\.\.|-?[A-Z])"
)
MODULE = re.compile(r"(?<![\w/.*-])(\w+\.py)\b")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")
DATABASE = {"curation.duckdb"}  # a file
OTHERS = {"--constraint", "--strict", "--editable", "--help", "--nproc-per-node", "--user", "--version"}  # of pip, torchrun and Python
CODE = sorted(
    p
    for folder in ("curation", "modelling", "profiles", "bulkatlas", "scripts", "benchmarks", "tests")
    for p in (ROOT / folder).rglob("*.py")
)
FILES = {p.name for p in CODE}


def all_options() -> set[str]:
    """Every option of both programs."""
    found: set[str] = set()
    open_nodes = [typer.main.get_command(app) for app in (curate, model)]
    while open_nodes:
        node = open_nodes.pop()
        open_nodes += list(getattr(node, "commands", {}).values())
        found |= {option for parameter in node.params for option in [*parameter.opts, *parameter.secondary_opts] if option.startswith("--")}
    return found


def exists(dotted: str) -> bool:
    """Whether a dotted name is a module, or an attribute (of an attribute) of one."""
    parts = dotted.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for name in parts[n:]:
            if not hasattr(found, name) and name not in getattr(found, "__dataclass_fields__", {}) | getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, name, None)
        return True
    return False


def stale(text: str, options: set[str]) -> list[str]:
    """Modules, files and options that a page names and that are not there."""
    spans = [*SPAN.findall(FENCED.sub("", text)), *FENCED.findall(text)]
    wrong = [name for span in spans if (match := DOTTED.match(span)) and not exists(name := match.group(0)) and name not in DATABASE]
    wrong += [path for span in spans for path in PATHS.findall(span) if not (ROOT / path).exists()]
    wrong += [option for span in spans if not FOREIGN.search(span) for option in OPTION.findall(span) if option not in options | OTHERS]
    return wrong


FOREIGN = re.compile(r"^\s*(?:\$ )?(?:pip|curl|uv|docker|git|torchrun|python|snakemake|metahq|hf|zenodo\w*|dask\S*) ", re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_a_page_names_is_there(page: Path) -> None:
    assert stale(page.read_text(encoding="utf-8"), all_options()) == []


def test_stale_names_are_found() -> None:
    options = all_options()
    assert stale("`modelling.testpart` and `modelling.data.Compendium.rows`", options) == ["modelling.testpart"]
    assert stale("see `sql/build/99_nothing.sql`, `sql/build/NN_table.sql` and `docs/reference/matrix.md`", options) == [
        "sql/build/99_nothing.sql"
    ]
    assert stale("`--cap N` and `--captain`", options) == ["--captain"]


def prose(path: Path) -> list[str]:
    """Docstrings and comments of a module."""
    text = path.read_text(encoding="utf-8")
    nodes = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
    comments = [t.string for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT]
    return [ast.get_docstring(node) or "" for node in nodes] + comments


def test_docstrings_and_comments_name_modules_that_are_there() -> None:
    wrong = []
    for path in CODE:
        for said in prose(path):
            wrong += [f"{path.relative_to(ROOT)}: {name}" for name in MODULE.findall(said) if name not in FILES | {"setup.py", "test_x.py"}]
            wrong += [f"{path.relative_to(ROOT)}: {name}" for name in PATHS.findall(said) if not (ROOT / name).exists()]
            wrong += [
                f"{path.relative_to(ROOT)}: {match.group(0)}"
                for span in SPAN.findall(said)
                if (match := DOTTED.match(span)) and not exists(match.group(0)) and match.group(0) not in DATABASE
            ]
    assert wrong == []


def script_of(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_every_option_stands_on_the_page_of_commands() -> None:
    """The page is written by a script from the parsers: one who changes an option runs it."""
    script = script_of("write_commands")
    assert script.TARGET.read_text(encoding="utf-8") == script.page(), "run python scripts/write_commands.py"
    assert all_options() - {"--install-completion", "--show-completion"} <= set(OPTION.findall(script.page())) | OTHERS


def test_every_name_stands_on_the_page_of_python() -> None:
    """Signatures and docstrings as they are: one who changes one runs the script."""
    script = script_of("write_python")
    page = script.page()
    assert script.TARGET.read_text(encoding="utf-8") == page, "run python scripts/write_python.py"
    for name in ("bulkatlas.open", "bulkatlas.label", "atlas.get_anndata", "model.compare"):
        assert f"\n### {name}\n" in page
    assert "_blocks" not in page and "\n>>> " not in re.sub(r"```pycon\n.*?```", "", page, flags=re.S)
