"""Every check of the ontology folder holds in a sound one, and names file and line when its fault is planted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation import facts
from curation.database import Connection, connect, run_sql_file
from curation.ontology import OVERRIDE, TABLES, OntologyFault, fill_tables
from curation.reference import check_reference
from curation.resources import sql_folder

CHECKS = {path.stem: path for part in ("reference", "overrides") for path in (sql_folder() / "checks" / part).glob("*.sql")}
DECISION = "INSERT INTO override VALUES (2, 'O1', {scope}, 'GSM1', {term}, NULL, 'A. Curator', '2026-01-31', 'seen', NULL, NULL)"
FACT = "INSERT INTO override VALUES (2, 'O1', 'sample', 'GSM1', NULL, NULL, 'A. Curator', '2026-01-31', 'seen', {fact}, {value})"
BY_SCRIPT = {"cell_name", "disease_name", "disease_parent", "development_stage"}
# check -> what to do to a sound ontology, and the words that must name it
FAULTS = {
    "cell_line_terms_are_known": ("UPDATE cell_line SET term_name = 'lever' WHERE name = 'HepG2'", "cell_lines.tsv", "HepG2 comes from"),
    "declared_terms_lie_in_their_tissue": (
        "UPDATE declared SET tissue = 'lung' WHERE source = 'table' AND text = 'liver'",
        "declared_tissue.tsv",
        'table tissue "liver" says lung, but UBERON:0002107 (liver) belongs to liver',
    ),
    "field_keys_are_known": (
        "UPDATE field_key SET field = 'tisue' WHERE key = 'tissue'",
        "fields.tsv",
        "key tissue: match whole, field tisue",
    ),
    "line_needs_are_known": ("UPDATE cell_line SET needs = 'luck' WHERE name = 'HepG2'", "cell_lines.tsv", "luck"),
    "one_organ_per_cell_line": (
        "INSERT INTO cell_line SELECT * REPLACE ('zz' AS name, 'UBERON:0002048' AS term_id, 'lung' AS term_name) FROM cell_line WHERE name = 'HepG2'",
        "cell_lines.tsv",
        "is lung here and liver under",
    ),
    "fact_rules_are_complete": (
        "UPDATE fact_rule SET verdict = 'guess' WHERE line = 2",
        "fact_rules.tsv",
        "verdict guess is neither map nor block",
    ),
    "fact_weights_are_below_a_decision": (
        "UPDATE fact_weight SET weight = 7 WHERE line = 2",
        "fact_weights.tsv",
        "weight 7.0 is not between 0 and 2",
    ),
    "override_facts_are_known": (FACT.format(fact="'height'", value="'tall'"), "overrides.tsv", "O1 decides about height"),
    "override_scopes_are_known": (DECISION.format(scope="'study'", term="NULL"), "overrides.tsv", "O1: scope study"),
    "override_terms_are_live": (DECISION.format(scope="'sample'", term="'UBERON:9999999'"), "overrides.tsv", "O1 names UBERON:9999999"),
    "relations_name_live_terms": (
        "UPDATE relation SET parent_name = 'lever' WHERE line = 2",
        "relations.tsv",
        "is not a live term named lever",
    ),
    "root_has_one_tissue": (
        "INSERT INTO tissue SELECT 999, 'cerebrum', root_id, root_name, organ_system, 999 FROM tissue WHERE root_id = 'UBERON:0000955'",
        "tissues.tsv",
        "UBERON:0000955 (brain) is a root of brain and of cerebrum",
    ),
    "rules_are_complete": ("UPDATE rule SET verdict = 'guess' WHERE line = 2", "rules.tsv", "verdict guess is none of"),
    "rules_do_not_contradict": (
        "INSERT INTO rule SELECT * REPLACE ('zz' AS rule_id, 'block' AS verdict, 9999 AS line) FROM rule WHERE match = 'phrase' LIMIT 1",
        "rules.tsv",
        "give different meanings to",
    ),
    "tissue_roots_are_live": ("UPDATE tissue SET root_name = 'lever' WHERE root_id = 'UBERON:0002107'", "tissues.tsv", "named lever"),
    "vocabulary_lists_are_read": ("UPDATE vocabulary SET list = 'no_cel_line' WHERE word = 'pdx'", "vocabulary.tsv", "no_cel_line pdx"),
    "yields_name_tissues": ("UPDATE tissue_yield SET tissue = 'bome' WHERE line = 2", "yields.tsv", "bome beside"),
    "weights_are_shares": ("UPDATE weight SET weight = 3 WHERE line = 2", "weights.tsv", "weight 3.0 is not between 0 and 1"),
}


@pytest.fixture(scope="module")
def filled(tiny: Path) -> Iterator[Connection]:
    con = connect(threads=1)
    fill_tables(con, tiny / "ontology")
    run_sql_file(con, sql_folder() / "schema" / "override.sql")
    yield con
    con.close()


@pytest.fixture
def con(filled: Connection) -> Iterator[Connection]:
    filled.execute("BEGIN")
    yield filled
    filled.execute("ROLLBACK")


def test_every_check_has_a_planted_fault() -> None:
    assert set(FAULTS) == set(CHECKS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_fires_its_check_and_is_told_with_file_and_line(con: Connection, name: str) -> None:
    fault, file, told = FAULTS[name]
    assert run_sql_file(con, CHECKS[name]).fetchall() == []
    con.execute(fault)
    rows = run_sql_file(con, CHECKS[name]).fetchall()
    assert [row[0] for row in rows] == [file] * len(rows) and rows
    assert isinstance(rows[0][1], int) and told in rows[0][2]
    with pytest.raises(OntologyFault, match=re.escape(file) + r" line \d+: "):
        check_reference(con, CHECKS[name].parent.name)


def test_every_table_of_the_folder_is_looked_at_by_a_check() -> None:
    """Only names that a script takes from Cellosaurus, Mondo and HsapDv are taken as they are."""
    files = {file for table, (file, _, _) in TABLES.items() if table not in BY_SCRIPT}
    assert files == {file for _, file, _ in FAULTS.values()}
    assert OVERRIDE in TABLES


def test_the_lists_of_the_vocabulary_are_those_that_build_files_ask_for(filled: Connection) -> None:
    statements = [path.read_text("utf-8") for path in (*(sql_folder() / "build").glob("*.sql"), Path(facts.__file__))]
    named = {name for text in statements for name in re.findall(r"\blist = '(\w+)'", text)}
    patterns = {name for (name,) in filled.execute("SELECT DISTINCT list FROM vocabulary WHERE match = 'pattern'").fetchall()}
    assert patterns <= {name for text in statements for name in re.findall(r"\$(\w+)", text)}
    known = set(re.findall(r"\('(\w+)'\)", CHECKS["vocabulary_lists_are_read"].read_text("utf-8")))
    assert known == named | patterns
    assert known == {name for (name,) in filled.execute("SELECT DISTINCT list FROM vocabulary").fetchall()}
