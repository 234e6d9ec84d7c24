"""CONTRIBUTING's table of paths, walked in a copy of the program: what it says is enough, and what is forgotten is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What the table says about the model is tested by its own package; the rest is walked here or where it says.
WALKED = {
    "correct one sample": "test_override.py",
    "teach a word": "here",
    "add a source": "here",
    "add a tissue": "here",
    "ask a new question": "here",
    "promise something": "here",
    "change a build step": "test_steps.py",
}

READER = '''
"""Samples of a clinic: counts.tsv (genes x samples, symbols) and sites.tsv (sample, site)."""

import csv

import numpy as np
import pyarrow as pa

from curation.source import SAMPLE_SCHEMA
from curation.sources.declared import look_up
from profiles.gene_names import GeneIds


class Counts:
    def __init__(self, path):
        rows = list(csv.reader(path.open(), delimiter="\\t"))
        self.file, self.unit, self.samples = path.name, "counts", rows[0][1:]
        self.genes = GeneIds(symbol=tuple(row[0] for row in rows[1:]))
        self.values = np.array([row[1:] for row in rows[1:]], np.float32).T
        self.n_samples = len(self.samples)

    def blocks(self, rows):
        yield np.arange(len(rows)), self.values[rows]


class Clinic:
    name = "clinic"

    def __init__(self, folder):
        self.folder, self.matrix = folder, Counts(folder / "counts.tsv")

    def samples(self):
        site = dict(csv.reader((self.folder / "sites.tsv").open(), delimiter="\\t"))
        rows = []
        for i, name in enumerate(self.matrix.samples):
            known = look_up("clinic", "site", site[name])
            rows.append({
                "sample_id": name, "source": "clinic", "donor_id": name, "declared_field": "site", "declared_text": site[name],
                "declared_term_id": known and known.term_id, "unit": "counts", "matrix_file": "counts.tsv", "matrix_row": i,
            })
        yield pa.RecordBatch.from_pylist(rows, schema=SAMPLE_SCHEMA)

    def matrices(self):
        return [self.matrix]

    def input_files(self):
        return [self.folder / "counts.tsv", self.folder / "sites.tsv"]

    def notes(self):
        return ["read by a dummy"]


def open_clinic(folder):
    return Clinic(folder)
'''
CARD = "clinic\tproject\t8\tThe clinic next door\tcounts.tsv and sites.tsv\tCC-BY-4.0\t\tyes\tNeighbour N. Our clinic. 2026\t\n"
DECLARED = "clinic\tsite\tL01\tUBERON:0002107\tliver\tliver\t\t\n"
PROMISE = "-- nobody_is_called_x: no sample has a forbidden name.\nSELECT sample_id FROM sample WHERE sample_id = 'CLINIC1';\n"
QUESTION = "-- samples_of_the_clinic: how many samples are of the clinic?\nSELECT count(*) AS n FROM sample WHERE source = 'clinic';\n"
TISSUE = "cerebellum\tUBERON:0002037\tcerebellum\tnervous\t99\n"
RULE = "a-word-of-ours\tmap\tphrase\tzwirbelwort\tany\tanatomy\tUBERON:0002107\tliver\tzwirbelwort\t\tit is what our clinic writes\n"


class Copy:
    """A copy of the program with a small ontology, and a world for it."""

    def __init__(self, folder: Path, tiny: Path) -> None:
        for name in ("curation", "profiles", "sql"):
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / "program" / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(tiny / "ontology", folder / "program" / "ontology")
        shutil.copytree(tiny / "world", folder / "world")
        self.folder, self.program = folder, folder / "program"

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from curation.cli import main; main()", *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(self.program)}
        )

    def build(self) -> subprocess.CompletedProcess[str]:
        return self.run("build", "--input", "world", "--out", "release", "--cap", "none", "--unit", "cpm")

    def add(self, path: str, text: str) -> None:
        """Write a new file, or add a row to a table, which stays sorted."""
        place = self.program / path
        if place.suffix == ".tsv":
            head, *rows = place.read_text(encoding="utf-8").splitlines(keepends=True)
            text = "".join([head, *sorted([*rows, text])])
        place.write_text(text, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path, tiny: Path) -> Copy:
    return Copy(tmp_path, tiny)


def clinic(copy: Copy, *, with_card: bool = True) -> None:
    """The path of a new source, and two samples of it."""
    copy.add("curation/sources/clinic.py", READER)
    copy.add("ontology/declared_tissue.tsv", DECLARED)
    if with_card:
        copy.add("ontology/sources.tsv", CARD)
    _, *genes = (copy.folder / "world" / "gtex" / "gene_reads.gct").read_text().splitlines()[2:]
    rows = ["\tCLINIC1\tCLINIC2", *(f"{line.split(chr(9))[1]}\t{i}\t{2 * i + 1}" for i, line in enumerate(genes, 5))]
    (copy.folder / "world" / "clinic").mkdir()
    (copy.folder / "world" / "clinic" / "counts.tsv").write_text("\n".join(rows) + "\n")
    (copy.folder / "world" / "clinic" / "sites.tsv").write_text("CLINIC1\tL01\nCLINIC2\tL01\n")


def test_the_table_names_these_paths_and_the_model() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M)
    wanted = {path for path, _ in rows if path not in ("you want to", "---")}
    assert wanted - set(WALKED) == {"change the network", "add a loss term"}
    assert set(WALKED) <= wanted
    for path, where in rows:
        for name in re.findall(r"`([a-z]+/[\w./]*)`", where) if path in WALKED else []:
            assert (ROOT / name.replace("NAME", "archs4")).exists(), f"{path}: {name}"
    assert all(where == "here" or (ROOT / "tests" / where).exists() for where in WALKED.values())


def test_a_source_a_question_and_a_promise_are_a_file_each_and_rows(copy: Copy) -> None:
    clinic(copy)
    copy.add("sql/audits/samples_of_the_clinic.sql", QUESTION)
    built = copy.build()
    assert built.returncode == 0, built.stderr
    assert "clinic: read by a dummy" in built.stdout
    assert copy.run("audit", "samples_of_the_clinic", "--db", "release").stdout == "n\n2\n"
    label = copy.run("sql", "SELECT tissue, decided_by FROM label WHERE sample_id = 'CLINIC1'", "--db", "release").stdout
    assert label == "tissue\tdecided_by\nliver\tdeclared\n"
    funnel = copy.run("sql", "SELECT n_added FROM funnel WHERE operation = '+ other sources'", "--db", "release").stdout
    assert funnel == "n_added\n2\n"
    assert "- clinic: Neighbour N. Our clinic. 2026" in (copy.folder / "release" / "CITATION.txt").read_text()

    copy.add("sql/checks/nobody_is_called_x.sql", PROMISE)
    shutil.rmtree(copy.folder / "release")
    broken = copy.build()
    assert broken.returncode == 1 and "check nobody_is_called_x: 1 rows break it, first: sample_id='CLINIC1'" in broken.stderr
    assert not (copy.folder / "release").exists()


def test_a_source_without_its_row_is_refused_and_so_is_a_row_without_its_file(copy: Copy) -> None:
    clinic(copy, with_card=False)
    refused = copy.build()
    assert refused.returncode == 1 and "clinic can be read, but has no row in sources.tsv" in refused.stderr
    copy.add("ontology/sources.tsv", CARD)
    (copy.program / "curation" / "sources" / "clinic.py").unlink()
    refused = copy.build()
    assert refused.returncode == 1 and "curation/sources/clinic.py has no open_clinic(folder)" in refused.stderr


def test_a_tissue_is_rows_and_what_lay_in_another_is_named(copy: Copy) -> None:
    (copy.folder / "samples.tsv").write_text("sample_id\ttitle\nA\tcerebellum\nB\tliver\n")
    copy.add("ontology/tissues.tsv", TISSUE)
    refused = copy.run("label", "samples.tsv", "--out", "labels.tsv")
    assert refused.returncode == 1
    assert (
        'gtex SMTSD "Brain - Cerebellar Hemisphere" says brain, but UBERON:0002245 (cerebellar hemisphere) belongs to cerebellum'
        in refused.stderr
    )
    declared = copy.program / "ontology" / "declared_tissue.tsv"
    declared.write_text(re.sub(r"(\tUBERON:\d+\tcerebell[a-z ]+\t)brain\b", r"\1cerebellum", declared.read_text()))
    labelled = copy.run("label", "samples.tsv", "--out", "labels.tsv")
    assert labelled.returncode == 0, labelled.stderr
    assert [line.split("\t")[:2] for line in (copy.folder / "labels.tsv").read_text().splitlines()[1:]] == [
        ["A", "cerebellum"],
        ["B", "liver"],
    ]


def test_two_tissues_with_one_root_are_named(copy: Copy) -> None:
    copy.add("ontology/tissues.tsv", "cerebrum\tUBERON:0000955\tbrain\tnervous\t99\n")
    (copy.folder / "samples.tsv").write_text("sample_id\ttitle\nA\tliver\n")
    refused = copy.run("label", "samples.tsv", "--out", "labels.tsv")
    assert refused.returncode == 1 and "UBERON:0000955 (brain) is a root of brain and of cerebrum" in refused.stderr


def test_a_word_is_a_row(copy: Copy) -> None:
    (copy.folder / "samples.tsv").write_text("sample_id\ttitle\nA\tzwirbelwort 3\n")
    assert "0 labelled" in copy.run("label", "samples.tsv", "--out", "labels.tsv").stdout
    copy.add("ontology/rules.tsv", RULE)
    assert "1 labelled (1 by title)" in copy.run("label", "samples.tsv", "--out", "labels.tsv").stdout
