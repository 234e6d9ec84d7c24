"""What commands say: tables for programs, and --quiet, --verbose and --log of either program."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import typer.main
from typer.testing import CliRunner

from curation.audit import run_query
from curation.cli import app
from curation.report_table import OutputFault
from modelling.cli import app as model
from modelling.predicting.results import OutputError
from profiles.saying import LogFault, heeding, note_progress, shows_bars

ROOT = Path(__file__).resolve().parent.parent
QUERY = "SELECT sample_id, tissue, margin FROM label ORDER BY sample_id LIMIT 5"


def run(*arguments: str, program: str = "curation") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", f"from {program}.cli import main; main()", *arguments], capture_output=True)


@pytest.mark.parametrize(
    "command",
    [
        ["query", "RELEASE", "tissue=liver"],
        ["audit"],
        ["audit", "exclusions_by_reason", "--db", "RELEASE"],
        ["sql", QUERY, "--db", "RELEASE"],
        ["diff", "RELEASE", "RELEASE"],
        ["validate", "RELEASE"],
        ["term", "liver", "--ontology", "ONTOLOGY"],
        ["review", "--db", "RELEASE", "--ontology", "ONTOLOGY"],
        ["sources", "--downloads"],
        ["override", "list", "--ontology", "ONTOLOGY"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_every_command_that_prints_a_table_prints_json_and_nothing_else(command: list[str], tiny: Path) -> None:
    places = {"RELEASE": str(tiny / "release"), "ONTOLOGY": str(tiny / "ontology")}
    result = CliRunner().invoke(app, [*(places.get(word, word) for word in command), "--format", "json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(isinstance(row, dict) for rows in lines for row in rows)
    assert lines or command[0] == "diff"


def test_a_command_that_prints_tables_has_the_option() -> None:
    """By the source text: a module of commands that calls print_table or show_answer in a function of a command."""
    group = typer.main.get_command(app)
    commands = {name: command for name, command in group.commands.items() if not hasattr(command, "commands")}  # type: ignore[attr-defined]
    with_format = {name for name, command in commands.items() if any("--format" in parameter.opts for parameter in command.params)}
    assert with_format == {
        "query", "audit", "sql", "diff", "validate", "term", "review", "sources", "doctor", "build", "fetch", "score", "export", "releases",
    }  # fmt: skip
    assert {"explain", "label", "import-csv", "demo"} <= set(commands) - with_format  # they print no table


def test_the_commands_of_the_model_that_print_a_table_have_the_option() -> None:
    commands = typer.main.get_command(model).commands  # type: ignore[attr-defined]
    with_format = {name for name, command in commands.items() if any("--format" in parameter.opts for parameter in command.params)}
    assert with_format == {
        "tune", "evaluate", "predict", "embed", "compare", "baselines", "transfer", "audit-labels", "audit-samples", "scale", "ablate", "paper",
    }  # fmt: skip


def test_predictions_on_standard_output_are_the_same_in_every_format(serving_run: Path, tmp_path: Path) -> None:
    printed = {}
    for form in ("json", "tsv", "parquet"):
        done = CliRunner().invoke(model, ["predict", str(serving_run), str(serving_run / "example.tsv"), "--format", form])
        assert done.exit_code == 0, done.stderr
        printed[form] = done.stdout_bytes
    rows = json.loads(printed["json"])
    assert len(rows) > 1 and pl.read_parquet(io.BytesIO(printed["parquet"])).to_dicts() == rows
    flat = pl.read_csv(printed["tsv"], separator="\t")
    assert flat.columns == list(rows[0]) and flat["tissue"].to_list() == [row["tissue"] for row in rows]
    both = CliRunner().invoke(model, ["predict", str(serving_run), str(serving_run / "example.tsv"), "--format", "json", "--out", "x.tsv"])
    assert isinstance(both.exception, OutputError)


def test_a_table_of_a_study_is_all_that_a_program_gets(serving_run: Path, tmp_path: Path) -> None:
    compendium = str(serving_run.parent / "compendium.h5ad")
    result = CliRunner().invoke(model, ["evaluate", str(serving_run), compendium, "--out", str(tmp_path / "e"), "--format", "json"])
    assert result.exit_code == 0, result.output
    (rows,) = [json.loads(line) for line in result.stdout.splitlines()]
    metrics = json.loads((tmp_path / "e" / "metrics.json").read_text())
    scores = {row["score"]: row["value"] for row in rows}
    assert scores["macro_f1"] == pytest.approx(metrics["macro_f1"], abs=1e-9) and "wrote" in result.stderr


def test_the_formats_hold_the_same_rows(tiny: Path) -> None:
    wanted = run_query(tiny / "release", QUERY)
    printed = {form: run("sql", QUERY, "--db", str(tiny / "release"), "--format", form).stdout for form in ("json", "tsv", "parquet")}
    assert json.loads(printed["json"]) == [dict(zip(wanted.columns, row, strict=True)) for row in wanted.rows]
    assert pl.read_parquet(io.BytesIO(printed["parquet"])).rows() == wanted.rows
    assert pl.read_csv(printed["tsv"], separator="\t")["sample_id"].to_list() == [row[0] for row in wanted.rows]


def test_two_tables_are_no_parquet(tiny: Path) -> None:
    result = run("sources", "--downloads", "--format", "parquet")
    assert result.returncode == 1 and b"several tables" in result.stderr
    assert OutputFault.__doc__


def test_the_log_has_a_line_a_stage_and_quiet_leaves_results(tiny: Path, tmp_path: Path) -> None:
    arguments = ["export", str(tiny / "release"), "--format", "parquet"]
    plain = run(*arguments, "--out", str(tmp_path / "a"), "--log", str(tmp_path / "log"))
    assert plain.returncode == 0
    again = run("--quiet", *arguments, "--out", str(tmp_path / "b"), f"--log={tmp_path / 'log'}")
    lines = (tmp_path / "log").read_text().splitlines()
    told = [r"\$ curate export .*", r"expression.parquet: [\d.]+ s, peak [\d,]+ MB", r"done in [\d.]+ s"] * 2
    assert len(lines) == 6 and all(
        re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d {words}", x) for words, x in zip(told, lines, strict=True)
    )
    assert again.stderr == b"" and again.stdout == plain.stdout.replace(b"/a:", b"/b:")
    wrong = run("query", str(tiny / "release"), "livr", "--quiet", "--log", str(tmp_path / "log"))
    assert wrong.returncode == 1 and b"near it" in wrong.stderr
    assert "ended by 'livr' names no" in (tmp_path / "log").read_text().splitlines()[-1]
    told = run("query", str(tiny / "release"), "liver", "--verbose").stderr
    assert b"samples alone" in told


def test_training_logs_a_line_an_epoch(serving_run: Path, tmp_path: Path) -> None:
    compendium = serving_run.parent / "compendium.h5ad"
    arguments = ["train", str(compendium), "--out", str(tmp_path / "run"), "--epochs", "2", "--map", "none", "--log", str(tmp_path / "log")]
    assert run(*arguments, program="modelling").returncode == 0
    assert len(re.findall(r"^\S+ \S+ epoch [12] ", (tmp_path / "log").read_text(), re.MULTILINE)) == 2


def test_the_words_stand_anywhere_and_hold_for_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with heeding(["query", "--verbose", "x", "--log", str(tmp_path / "log")]) as arguments:
        assert arguments == ["query", "x"] and shows_bars()
        note_progress("done")
    assert capsys.readouterr().err == "done\n" and (tmp_path / "log").read_text().endswith(" done\n")
    note_progress("silence")
    assert capsys.readouterr().err == ""
    for wrong in (["--log"], ["--log", "--quiet"], ["--log", str(tmp_path / "no" / "log")]):
        with pytest.raises(LogFault), heeding(wrong):
            pass
