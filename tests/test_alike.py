"""A release, an input and an output may stand on the line or behind their option, in every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from curation.cli import app as curate
from modelling.cli import app as model

QUERY = "SELECT count(*) AS n FROM label"
BOTH = [
    (["query", "RELEASE", "liver", "--format", "json"], ["query", "liver", "--db", "RELEASE", "--format", "json"]),
    (["sql", QUERY, "RELEASE"], ["sql", QUERY, "--db", "RELEASE"]),
    (["audit", "exclusions_by_reason", "RELEASE"], ["audit", "exclusions_by_reason", "--db", "RELEASE"]),
    (["explain", "SAMPLE", "RELEASE"], ["explain", "SAMPLE", "--db", "RELEASE"]),
    (["review", "RELEASE", "--ontology", "ONTOLOGY"], ["review", "--db", "RELEASE", "--ontology", "ONTOLOGY"]),
]


@pytest.mark.parametrize(("line", "option"), BOTH, ids=lambda words: words[0])
def test_a_release_stands_on_the_line_or_behind_db(tiny: Path, line: list[str], option: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    release = str(tiny / "release")
    found = CliRunner().invoke(curate, ["sql", "SELECT min(sample_id) AS id FROM label", release, "--format", "json"])
    places = {"RELEASE": release, "ONTOLOGY": str(tiny / "ontology"), "SAMPLE": json.loads(found.stdout)[0]["id"]}
    one, other = ([places.get(word, word) for word in words] for words in (line, option))
    answers = [CliRunner().invoke(curate, words) for words in (one, other)]
    assert [answer.exit_code for answer in answers] == [0, 0], answers[1].output
    assert answers[0].stdout == answers[1].stdout != ""
    assert CliRunner().invoke(curate, [*one, "--db", release]).exit_code == 2  # twice
    monkeypatch.setenv("CURATE_DB", release)
    alone = [word for word in one if word != release]
    assert CliRunner().invoke(curate, alone).stdout == answers[0].stdout  # the environment's
    assert CliRunner().invoke(curate, one).stdout == answers[0].stdout  # what stands on the line goes before it


def test_every_command_that_reads_a_release_has_db_and_every_one_that_writes_has_out() -> None:
    options = {
        f"{name} {command}": {opt for parameter in leaf.params for opt in parameter.opts}
        for name, app in (("curate", curate), ("model", model))
        for command, leaf in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
    }
    for command in ("query", "sql", "audit", "explain", "review", "term", "validate", "export", "fetch"):
        assert "--db" in options[f"curate {command}"], command
    assert "--db" in options["model serve"]
    for command in ("build", "demo", "label", "query", "audit", "sql", "diff", "export", "import-csv", "fetch"):
        assert "--out" in options[f"curate {command}"], command
    in_place = {"model normals", "model reference", "model load", "model serve", "model push"}  # into the run, a catalogue, or nothing
    assert {name for name in options if name.startswith("model ") and "--out" not in options[name]} == in_place


def test_input_and_output_folders_stand_on_the_line_or_behind_their_option(tmp_path: Path) -> None:
    made = CliRunner().invoke(curate, ["demo", "--out", str(tmp_path / "w"), "--samples", "1", "--genes", "250"])
    assert made.exit_code == 1 and "--out" not in str(made.exception)  # understood, and refused for its size
    assert CliRunner().invoke(curate, ["demo"]).exit_code == CliRunner().invoke(curate, ["demo", "a", "--out", "b"]).exit_code == 2
    for words in (["doctor", str(tmp_path / "w")], ["doctor", "--input", str(tmp_path / "w")]):
        assert f"{tmp_path / 'w'} is no folder" in str(CliRunner().invoke(curate, words).exception)
    assert CliRunner().invoke(curate, ["build", "--out", str(tmp_path / "r")]).exit_code == 2
    for words in ([str(tmp_path / "w")], ["--input", str(tmp_path / "w")]):
        assert f"{tmp_path / 'w'} is no folder" in str(CliRunner().invoke(curate, ["build", *words, "--out", "r"]).exception)
