"""`curate diff`: what a curator's edits changed, and the reason given for each sample."""

from __future__ import annotations

import shutil

import pytest
import tiny_world
from typer.testing import CliRunner

from curation.cli import app
from curation.diff import diff, write_page

LUNG = "UBERON:0002048"
N_BRAIN = 16  # archive samples that say brain, of those in both releases; GTEx has its own column


def _decide_by_rule(path, word, term_id):
    """Add the rule `test-word`: the word means this term, whatever rules or names said before."""
    header, *lines = path.read_text().splitlines()
    columns = header.split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
    pattern = next(row for row in rows if row["verdict"] == "map" and row["match"] == "phrase" and row["fields"] == "any")
    told = {"rule_id": f"test-{word}", "text": word, "term_id": term_id, "term_name": "lung", "yes": word, "no": "", "reason": "a test"}
    kept = [row for row in rows if row["text"] != word]
    path.write_text("\n".join([header, *("\t".join(row.values()) for row in [*kept, {**pattern, **told}])]) + "\n")


@pytest.fixture(scope="module")
def newer(tiny, tmp_path_factory):
    """A release after: a new override, a rule for the word brain, three samples less and four more, another cap."""
    folder = tmp_path_factory.mktemp("newer")
    ontology = shutil.copytree(tiny / "ontology", folder / "ontology")
    with (ontology / "overrides.tsv").open("a") as table:
        table.write(f"O0001\tsample\tGSM0012\t{LUNG}\t\tA. Curator\t2026-01-31\tsaid by the authors\t\t\n")
    _decide_by_rule(ontology / "rules.tsv", "brain", LUNG)
    tiny_world.write_input(folder / "world", n_archs4=76, n_donors=7)
    tiny_world.build_tiny(folder / "world", folder / "release", cap=8, ontology=ontology)
    return folder / "release"


@pytest.fixture(scope="module")
def found(tiny, newer):
    return diff(tiny / "release", newer)


def rows(found):
    return {row[0]: dict(zip(found.changes.columns, row, strict=True)) for row in found.changes.rows}


def test_gained_and_lost_samples_are_counted(found):
    counts = dict(found.by_change)
    assert counts["gained"] == 4
    assert counts["lost"] == 3


def test_an_override_is_named_as_the_cause(found):
    row = rows(found)["GSM0012"]
    assert (row["tissue_before"], row["tissue_after"]) == ("kidney", "lung")
    assert row["because"] == "override O0001 by A. Curator"


def test_a_new_rule_is_named_as_the_cause(found):
    row = rows(found)["GSM0005"]
    assert (row["tissue_before"], row["tissue_after"]) == ("brain", "lung")
    assert row["because"] == "rule test-brain added"
    assert {(before, after): n for before, after, n in found.by_tissue}["brain", "lung"] == N_BRAIN


def test_inputs_and_parameters_that_differ_are_listed(found):
    assert ("ontology/overrides.tsv", "changed") in found.inputs
    assert ("ontology/rules.tsv", "changed") in found.inputs
    assert ("cap", 10, 8) in found.parameters


def test_a_release_does_not_differ_from_itself(tiny):
    same = diff(tiny / "release", tiny / "release")
    assert (same.changes.rows, same.inputs, same.parameters) == ([], [], [])


def test_the_page_stands_alone(found, tmp_path):
    write_page(tmp_path / "diff.html", found)
    page = (tmp_path / "diff.html").read_text()
    assert "override O0001 by A. Curator" in page
    assert "http" not in page


def test_the_command_writes_table_and_page(tiny, newer, tmp_path):
    arguments = ["diff", str(tiny / "release"), str(newer), "--out", str(tmp_path / "d.tsv"), "--page", str(tmp_path / "d.html")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "d.tsv").read_text().splitlines()
    assert f"{len(lines) - 1:,} samples differ" in result.stdout
    assert lines[0].startswith("sample_id\tsource\tchange\t")
