"""Writes docs/reference/commands.md: every command of `curate` and `model` with its arguments and options, as the parsers themselves have them.

python scripts/write_commands.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
import typer

from curation.cli import app as curate
from modelling.cli import app as model

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"
HEAD = """# Commands

Written by `python scripts/write_commands.py` from the parsers; a test holds it against them. `--help` after any command says the same.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, app in (("curate", curate), ("model", model)):
        root = typer.main.get_command(app)
        parts.append(f"## {name}\n\n{_prose(root.help)}\n{_table(root)}")
        parts += [_command(words, command) for words, command in _leaves(name, root)]
    return "\n".join(parts)


def _leaves(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        if not child.hidden:
            yield from _leaves(f"{words} {name}", child)


def _command(words: str, command: click.Command) -> str:
    usage = " ".join([words, *(_metavar(p) for p in command.params if p.param_type_name == "argument")])
    return f"### {words}\n\n`{usage}`\n\n{_prose(command.help)}\n{_table(command)}"


def _table(command: click.Command) -> str:
    shown = [p for p in command.params if not getattr(p, "hidden", False) and "--help" not in p.opts]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    rows = [f"| `{_metavar(p)}` | {_default(p)} | {_cell(getattr(p, 'help', None))} |" for p in arguments]
    rows += [f"| {_names(p)} | {_default(p)} | {_cell(getattr(p, 'help', None))} |" for p in shown if p not in arguments]
    return "\n".join(["", "| | default | |", "|---|---|---|", *rows, ""]) if rows else ""


def _metavar(parameter: click.Parameter) -> str:
    name = (parameter.metavar or (parameter.name or "").upper()).strip("[]{}")
    return (name if parameter.required else f"[{name}]") + ("..." if parameter.nargs == -1 else "")


def _names(parameter: click.Parameter) -> str:
    names = [f"`{name}`" for name in [*sorted(parameter.opts, key=len, reverse=True), *parameter.secondary_opts]]
    return ", ".join(names)


def _default(parameter: click.Parameter) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if callable(value) or value is None or value is False or value in ((), [], "") or type(value).__name__ == "Sentinel":
        return ""
    return f"`{value}`" if value is not True else "on"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _prose(text: str | None) -> str:
    return inspect.cleandoc(text or "")


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
