"""The Snakemake example: its commands are those of the programs (Snakemake itself is not installed for the tests)."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

import curation.cli
import modelling.cli

SNAKEFILE = Path(__file__).resolve().parent.parent / "examples" / "Snakefile"
COMMANDS = [part.strip() for line in re.findall(r'shell: "(.*)"', SNAKEFILE.read_text(encoding="utf-8")) for part in line.split("&&")]


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("rm ")])
def test_every_command_of_the_example_is_one_that_the_programs_take(command: str) -> None:
    program, name, *arguments = shlex.split(command)
    group = typer.main.get_command({"curate": curation.cli.app, "model": modelling.cli.app}[program])
    group.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


def test_each_rule_of_the_example_has_one_command() -> None:
    assert len(COMMANDS) >= 4
    rules = re.findall(r"^rule (\w+):", SNAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"rules\.(\w+)\.", SNAKEFILE.read_text(encoding="utf-8"))) <= set(rules)
