"""A misspelt name of anything is answered with the nearest that is there."""

from __future__ import annotations

import io
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from profiles.command_line import run
from profiles.nearest import near, near_path, nearest


def test_names_are_alike_in_any_letters_and_the_best_comes_first() -> None:
    assert nearest("TISUE", ["title", "tissue", "Tissues", "source"])[0] == "tissue"
    assert near("qqq", ["title", "tissue"]) == ""
    assert near(["titel", "sorce"], ["title", "source"]) == "; near it: title, source"


def test_a_path_is_alike_what_lies_beside_its_first_part_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "release").mkdir()
    for name in ("compendium.h5ad", "labels.parquet"):
        (tmp_path / "release" / name).touch()
    monkeypatch.chdir(tmp_path)
    assert near_path("relase is no folder", ["query", "relase"]) == "; near it: release"
    assert near_path("relase/compendium.h5ad: no such file", ["relase/compendium.h5ad"]) == "; near it: release/compendium.h5ad"
    assert near_path("release/lables.parquet: no such file", ["--labels=release/lables.parquet"]) == "; near it: release/labels.parquet"
    assert near_path("a.npy is no file", ["--embedding", "x=a.npy"]) == ""


def test_only_a_path_that_is_said_to_be_missing_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "labels.tsv").touch()
    monkeypatch.chdir(tmp_path)
    assert near_path("lables.tsv: exists", ["lables.tsv"]) == ""
    assert near_path("labels.tsv is no table", ["labels.tsv"]) == ""  # it is there
    assert near_path("labels.tsv has no column 'lables'", ["labels.tsv", "lables"]) == ""  # a column, and no path


WRONG = [
    ("curate query {release}x tissue=liver", "near it: {release}"),
    ("curate query {release} tisue=liver", "near it: tissue"),
    ("curate query {release} --where 'tisue = 1'", "near it: tissue"),
    ("curate query {release} --by tisue", "near it: tissue"),
    ("curate sql 'SELECT * FROM labl' --db {release}", "near it: label"),
    ("curate sql 'SELECT tisue FROM label' --db {release}", "near it: tissue"),
    ("curate audit label_provenanc --db {release}", "near it: label_provenance"),
    ("curate fetch gtx --dry-run", "near it: gtex"),
    ("curate fetch tcga --variant xna --dry-run", "near it: xena"),
    ("curate export {release} --out x --format parqet", "near it: parquet"),
    ("curate override add GSM --scope sample --unlabel --by me --reason x --db {release} --dry-run", "near GSM: "),
    ("curate override add GSM --fact sexx --value female --by me --reason x --dry-run", "near it: sex"),
    ("curate term UBERON:00021070 --db {release}", "near it: UBERON:"),
    ("curate qury {release}", "query"),
    ("model train {release}/compendum.h5ad --out x", "near it: {release}/compendium.h5ad"),
    ("model train {release}/compendium.h5ad --out x --preset papr", "near it: paper"),
    ("model train {release}/compendium.h5ad --out x --map tnse", "near it: tsne"),
    ("model train {release}/compendium.h5ad --out x --device cda", "near it: cuda"),
    ("model tune {release}/compendium.h5ad --out x --search papr", "near it: paper"),
    ("model transfer run {release}/compendium.h5ad --rubric tisues --out x", "near it: tissues"),
    ("model ablate {release}/compendium.h5ad --cap 3 --rubric tisues --out x", "near it: tissues"),
    ("curate releases {release}x", "near it: {release}"),
    ("model trian x", "train"),
]


@pytest.mark.parametrize(("line", "answer"), WRONG)
def test_every_kind_of_name_on_the_command_line(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, answer: str
) -> None:
    from curation.cli import app as curate
    from modelling.cli import app as model

    release = str(tiny / "release")
    arguments = shlex.split(line.format(release=release))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr(sys, "argv", arguments)
    said = io.StringIO()
    with pytest.raises(SystemExit) as end, redirect_stderr(said), redirect_stdout(io.StringIO()):
        run(curate if arguments[0] == "curate" else model, arguments[0], "9.9")
    assert end.value.code in (1, 2)
    assert answer.format(release=release) in said.getvalue()
    assert not list(tmp_path.iterdir())  # refused before anything is written
