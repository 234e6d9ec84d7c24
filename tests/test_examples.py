"""The Snakemake example: its commands are those of the programs, and it runs where Snakemake is installed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

import curation.cli
import modelling.cli

SNAKEFILE = Path(__file__).resolve().parent.parent / "examples" / "Snakefile"
COMMANDS = [part.strip() for line in re.findall(r'shell: "(.*)"', SNAKEFILE.read_text(encoding="utf-8")) for part in line.split("&&")]


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("rm ")])
def test_every_command_of_the_example_is_one_that_the_programs_take(command: str) -> None:
    program, name, *arguments = shlex.split(
        command.replace("{params.more}", "").replace("{params.samples}", "9").replace("{params.genes}", "9")
    )
    group = typer.main.get_command({"curate": curation.cli.app, "model": modelling.cli.app}[program])
    group.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


def test_each_rule_of_the_example_has_one_command() -> None:
    assert len(COMMANDS) >= 4
    rules = re.findall(r"^rule (\w+):", SNAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"rules\.(\w+)\.", SNAKEFILE.read_text(encoding="utf-8"))) <= set(rules)


@pytest.mark.slow  # the whole pipeline in miniature, by the workflow's own means
@pytest.mark.skipif(shutil.which("snakemake") is None, reason="Snakemake is not installed")
def test_the_workflow_runs_and_has_nothing_to_do_the_second_time(tmp_path: Path) -> None:
    command = ["snakemake", "--cores", "1", "--snakefile", str(SNAKEFILE), "--directory", str(tmp_path)]
    small = ["--config", "samples=400", "genes=1000", "train=--epochs 2"]
    done = subprocess.run([*command, *small], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    metrics = json.loads((tmp_path / "demo" / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert 0 < metrics["balanced_accuracy"] <= 1
    again = subprocess.run([*command, *small], capture_output=True, text=True)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
