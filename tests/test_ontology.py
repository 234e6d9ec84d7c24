"""The ontology folder: what it holds, how terms roll up, and which rows are refused."""

import csv
import gzip
import importlib.util

import pytest
from labelling import changed_ontology, reference

from curation.database import connect
from curation.ontology import TABLES, OntologyFault, fill_tables, load_reference, read_rows
from curation.resources import ontology_folder


def rows_of(name):
    with (ontology_folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def text_of(name):
    return (ontology_folder() / name).read_text(encoding="utf-8")


def tissue_of_term(term_id):
    found = reference().execute("SELECT tissue FROM term_tissue WHERE term_id = $id", {"id": term_id}).fetchall()
    return found[0][0] if found else None


def test_each_tissue_holds_terms():
    counts = dict(
        reference()
        .execute("SELECT tissue.tissue, count(DISTINCT term_id) FROM tissue LEFT JOIN term_tissue USING (tissue) GROUP BY 1")
        .fetchall()
    )
    assert set(counts) == {row["tissue"] for row in rows_of("tissues.tsv")}
    assert min(counts.values()) > 10


@pytest.mark.parametrize(
    ("term_id", "tissue"),
    [
        ("UBERON:0001052", "colon"),  # rectum
        ("UBERON:0001153", "colon"),  # caecum
        ("UBERON:0001154", "colon"),  # vermiform appendix
        ("UBERON:0000007", "pituitary"),  # part of the brain in UBERON
        ("UBERON:0002371", "bone_marrow"),  # part of bone
        ("UBERON:0012168", "blood"),  # umbilical cord blood
        ("UBERON:0002037", "brain"),  # cerebellum
        ("UBERON:0001621", "blood_vessel"),  # coronary artery, not heart
        ("UBERON:0002116", "small_intestine"),  # ileum
        ("CL:0000182", "liver"),  # hepatocyte
        ("CL:0000129", "brain"),  # microglial cell, a macrophage
        ("CL:0000583", "lung"),  # alveolar macrophage
        ("CL:0000084", "blood"),  # T cell
        ("CL:0000057", "fibroblast"),
        ("CL:0002553", "lung"),  # fibroblast of lung: the organ, not the cell
        ("CL:0002322", "stem_cell"),  # embryonic stem cell
        ("CL:0000037", "blood"),  # haematopoietic stem cell, not stem_cell
        ("MONDO:0005138", "lung"),  # lung carcinoma
        ("MONDO:0018177", "brain"),  # glioblastoma
    ],
)
def test_terms_roll_up_to_the_nearest_root(term_id, tissue):
    assert tissue_of_term(term_id) == tissue


def test_closure_is_the_shortest_way_by_a_second_implementation():
    con = connect(threads=1)
    fill_tables(con, ontology_folder())
    up: dict[str, set[str]] = {}
    for term, parent in con.execute("SELECT term_id, parent_id FROM term_parent").fetchall():
        up.setdefault(term, set()).add(parent)
    for start in ("UBERON:0002107", "CL:0000129", "MONDO:0018177"):
        distance, front = {start: 0}, {start}
        while front:
            front = {p for t in front for p in up.get(t, ())} - set(distance)
            distance |= dict.fromkeys(front, max(distance.values()) + 1)
        found = dict(con.execute("SELECT ancestor_id, distance FROM closure WHERE term_id = $id", {"id": start}).fetchall())
        assert found == distance
    con.close()


def test_every_declared_tissue_rolls_up_to_its_tissue():
    wrong = [row for row in rows_of("declared_tissue.tsv") if row["term_id"] and tissue_of_term(row["term_id"]) != row["tissue"]]
    assert wrong == []


def test_no_definitions_or_cross_references_are_shipped():
    for name in ("uberon.obo.gz", "diseases.obo.gz"):
        text = gzip.decompress((ontology_folder() / name).read_bytes()).decode()
        assert "\ndef: " not in text and "\nxref: " not in text and "\ncomment: " not in text
        assert "creativecommons.org/licenses/by/" in text


@pytest.mark.parametrize(
    "name", ["cell_lines.tsv", "fields.tsv", "overrides.tsv", "relations.tsv", "rules.tsv", "tissues.tsv", "weights.tsv"]
)
def test_tables_that_people_edit_are_sorted_by_their_first_column(name):
    first = [next(iter(row.values())) for row in rows_of(name)]
    assert first == sorted(first)


def refusal(tmp_path, file, text):
    con = connect(threads=1)
    try:
        with pytest.raises(OntologyFault) as caught:
            load_reference(con, changed_ontology(tmp_path, file, text))
    finally:
        con.close()
    return str(caught.value)


RULE = "rule_id\tverdict\tmatch\ttext\tfields\tkind\tterm_id\tterm_name\tyes\tno\treason\n"
OVERRIDE = "override_id\tscope\ttarget\tterm_id\tis_cell_line\tcurator\tdate\treason\n"


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "rules.tsv",
            RULE + "r\tmap\tpattern\t.*\tany\tanatomy\tUBERON:0002107\tliver\tliver\t\tall\n",
            "rules.tsv line 2: r: '.*' matches ''",
        ),
        ("rules.tsv", RULE + "r\tblock\tpattern\t(lung\tany\tx\t\t\tlung\t\topen\n", "is no RE2 pattern"),
        (
            "rules.tsv",
            RULE + "r\tmap\tphrase\tlung\tany\tanatomy\tUBERON:0002107\tlung\tlung\t\tx\n",
            "term UBERON:0002107 is not named lung",
        ),
        ("rules.tsv", RULE + "r\tmap\tphrase\tlung\ttisue\tanatomy\tUBERON:0002107\tliver\tlung\t\tx\n", "fields tisue"),
        ("rules.tsv", RULE + "r\tguess\tphrase\tlung\tany\tanatomy\t\t\tlung\t\tx\n", "verdict guess"),
        ("rules.tsv", RULE + "r\tmap\tphrase\tlung\tany\tanatomy\tUBERON:0002107\tliver\tlung\t\t\n", "line 2: reason is empty"),
        (
            "rules.tsv",
            RULE + "a\tmap\tphrase\tword\tany\tanatomy\tUBERON:0002107\tliver\tword\t\tx\nb\tblock\tphrase\tWord\tany\tx\t\t\tword\t\tx\n",
            'a, b give different meanings to "word"',
        ),
        ("rules.tsv", RULE.replace("kind", "sort"), "the columns are"),
        ("rules.tsv", RULE + "r\tmap\n", "line 2: 2 cells instead of 11"),
        ("overrides.tsv", OVERRIDE + "O1\tsample\tGSM1\tUBERON:0000027\t\tA\t2026-01-01\tx\n", "is obsolete; use UBERON:0001466"),
        ("overrides.tsv", OVERRIDE + "O1\tsample\tGSM1\tUBERON:9999999\t\tA\t2026-01-01\tx\n", "no UBERON or CL term known here"),
        ("overrides.tsv", OVERRIDE + "".join(f"O{i}\tsample\tGSM1\tUBERON:0002107\t\tA\t2026-01-01\tx\n" for i in (1, 2)), "O1, O2"),
        ("overrides.tsv", OVERRIDE + "O1\tsample\tGSM1\tUBERON:0002107\t\tA\tyesterday\tx\n", "overrides.tsv: "),
        ("weights.tsv", text_of("weights.tsv").replace("title\tanatomy\t0.", "title\tanatomy\t3."), "is not between 0 and 1"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_name(tmp_path, file, text, told):
    assert told in refusal(tmp_path, file, text)


def test_too_many_patterns_are_refused_and_100_000_phrases_survive(tmp_path):
    patterns = RULE + "".join(f"r{i:04}\tblock\tpattern\tx{i}y\tany\tx\t\t\tx{i}y\t\tx\n" for i in range(501))
    assert "501 patterns, more than 500" in refusal(tmp_path, "rules.tsv", patterns)
    phrases = RULE + "".join(f"r{i:06}\tmap\tphrase\tword{i}q liver\tany\tanatomy\tUBERON:0002107\tliver\tx\t\tx\n" for i in range(100_000))
    con = connect(threads=1)
    load_reference(con, changed_ontology(tmp_path / "many", "rules.tsv", phrases))
    assert con.execute("SELECT count(*) FROM rule").fetchall()[0] == (100_000,)
    con.close()


def test_quotes_semicolons_and_sql_in_a_rule_are_data(tmp_path):
    evil = "'); DROP TABLE term; --"
    text = (
        RULE
        + f'a\tmap\tphrase\t"{evil}"\tany\tanatomy\tUBERON:0002107\tliver\t{evil}\t\t{evil}\n'
        + f"b\tblock\tpattern\t{evil.replace(')', '[)]')}\tany\tx\t\t\t{evil}\t\tx\n"
    )
    con = connect(threads=1)
    load_reference(con, changed_ontology(tmp_path, "rules.tsv", text))
    assert con.execute("SELECT text FROM rule WHERE rule_id = 'a'").fetchall()[0] == (f'"{evil}"',)
    assert con.execute("SELECT count(*) > 0 FROM term").fetchall()[0] == (True,)
    con.close()


def test_reading_a_table_keeps_every_character(tmp_path):
    path = tmp_path / "overrides.tsv"
    path.write_text(OVERRIDE + "O1\ttext\tsaid \"liver\", 'or' so; µ\t\t\tA\t2026-01-01\tx\n", encoding="utf-8")
    _, columns, optional = TABLES["override"]
    assert read_rows(path, columns, optional).to_pylist()[0]["target"] == "said \"liver\", 'or' so; µ"


@pytest.mark.skipif(importlib.util.find_spec("cellxgene_ontology_guide") is None, reason="needs the PyPI package cellxgene-ontology-guide")
def test_the_extract_is_what_its_script_makes(tmp_path):
    import subprocess
    import sys

    script = ontology_folder().parent / "scripts" / "build_ontology.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True)
    for name in ("uberon.obo.gz", "diseases.obo.gz", "cell_names.tsv.gz"):
        assert (tmp_path / name).read_bytes() == (ontology_folder() / name).read_bytes()
