"""README and docs name commands and options that exist, and files that are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from curation.cli import app as curate
from modelling.cli import app as model

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ontology" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*bin/)?((?:curate|model) .*)")
INLINE = re.compile(r"`((?:curate|model) [^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def commands(text: str) -> list[str]:
    """Every `curate ...` and `model ...` line of the code blocks (prompt and environment taken off), and every inline mention."""
    lines = [line for block in FENCED.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return [match.group(1) for match in map(COMMAND.match, lines) if match] + INLINE.findall(text)


def fault(command: str) -> str | None:
    """What is wrong with a command line, by the parser itself; values are not looked at."""
    program, *words = shlex.split(command.split("  #")[0].replace("...", ""), posix=True)
    node: typer.core.TyperGroup | typer.core.TyperCommand = typer.main.get_command(curate if program == "curate" else model)
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
