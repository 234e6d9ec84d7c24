"""What becomes of evidence between the texts and the label, on rows typed by hand."""

from __future__ import annotations

import pytest

from curation.database import Connection, connect, run_sql_file
from curation.resources import sql_folder


@pytest.fixture
def con() -> Connection:
    return connect()


def test_blocked_words_propose_nothing_and_a_named_mixture_silences_its_text(con: Connection) -> None:
    con.execute("CREATE TABLE sample_text AS FROM (VALUES ('a', 1), ('b', 2)) AS sample_text (sample_id, text_id)")
    con.execute(
        "CREATE TABLE evidence AS FROM (VALUES "
        "('E1', 1, NULL, 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.9, 1, 'EXACT', ''),"
        "('E2', 1, NULL, 'block', 'anatomy', NULL, 'title', 'blood', 'UBERON:2', 0.9, 2, 'EXACT', ''),"
        "('E3', 2, NULL, 'map', 'anatomy', NULL, 'title', 'lung', 'UBERON:3', 0.9, 1, 'EXACT', ''),"
        "('E4', 2, NULL, 'block', 'anatomy', NULL, 'title', NULL, NULL, 0.9, 1, 'PATTERN', ''),"
        "('E5', NULL, 'b', 'map', 'declared', NULL, 'tissue', 'brain', 'UBERON:4', 1.0, 1, 'EXACT', '')) AS evidence "
        "(evidence_id, text_id, sample_id, verdict, kind, role, field, tissue, term_id, weight, n_tokens, scope, synonym)"
    )
    con.execute("CREATE TABLE remade_sample (sample_id VARCHAR, tissues VARCHAR[])")
    con.execute("CREATE TABLE vocabulary (list VARCHAR, word VARCHAR)")
    run_sql_file(con, sql_folder() / "schema" / "normalise.sql")
    run_sql_file(con, sql_folder() / "build" / "50_proposal.sql")
    assert con.execute("SELECT sample_id, evidence_id FROM proposal ORDER BY ALL").fetchall() == [("a", "E1"), ("b", "E5")]


def test_a_field_that_says_it_twice_agrees_once(con: Connection) -> None:
    con.execute(
        "CREATE TABLE proposal AS FROM (VALUES "
        "('a', 'E1', 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.8, 1), ('a', 'E2', 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.9, 1),"
        "('a', '00000000000000e3', 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.9, 2), ('a', '00000000000000e4', 'map', 'anatomy', NULL, 'source', 'lung', 'UBERON:3', 0.7, 1),"
        "('a', 'E5', 'map', 'anatomy', NULL, 'title', 'lung', 'UBERON:3', 0.6, 1), ('a', 'E6', 'map', 'anatomy', NULL, 'title', NULL, 'CL:1', 0.9, 1)) AS proposal "
        "(sample_id, evidence_id, verdict, kind, role, field, tissue, term_id, weight, n_tokens)"
    )
    run_sql_file(con, sql_folder() / "build" / "51_candidate_label.sql")
    found = con.execute("SELECT tissue, weight, n_fields, evidence_id FROM candidate_label ORDER BY ALL").fetchall()
    assert [(t, float(w), n, e) for t, w, n, e in found] == [("liver", 0.9, 1, "00000000000000e3"), ("lung", 0.7, 2, "00000000000000e4")]
