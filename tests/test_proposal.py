"""What becomes of evidence between the texts and the label, on rows typed by hand."""

from __future__ import annotations

import pytest

from curation.database import Connection, connect, run_sql_file
from curation.resources import sql_folder


@pytest.fixture
def con() -> Connection:
    return connect()


def test_blocked_words_propose_nothing_and_a_named_mixture_silences_its_text(con: Connection) -> None:
    con.execute("CREATE TABLE sample AS FROM (VALUES ('a'), ('b')) AS sample (sample_id)")
    con.execute("CREATE TABLE spoken_text AS FROM (VALUES (0, 1), (1, 2)) AS spoken_text (sample_number, text_id)")
    con.execute(
        "CREATE TABLE evidence AS FROM (VALUES "
        "(1, 1, NULL, 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.9, 1, 'EXACT', ''),"
        "(2, 1, NULL, 'block', 'anatomy', NULL, 'title', 'blood', 'UBERON:2', 0.9, 2, 'EXACT', ''),"
        "(3, 2, NULL, 'map', 'anatomy', NULL, 'title', 'lung', 'UBERON:3', 0.9, 1, 'EXACT', ''),"
        "(4, 2, NULL, 'block', 'anatomy', NULL, 'title', NULL, NULL, 0.9, 1, 'PATTERN', ''),"
        "(5, NULL, 'b', 'map', 'declared', NULL, 'tissue', 'brain', 'UBERON:4', 1.0, 1, 'EXACT', '')) AS evidence "
        "(evidence_number, text_id, sample_id, verdict, kind, role, field, tissue, term_id, weight, n_tokens, scope, synonym)"
    )
    con.execute("CREATE TABLE remade_sample (sample_number BIGINT, tissues VARCHAR[])")
    con.execute("CREATE TABLE vocabulary (list VARCHAR, word VARCHAR)")
    run_sql_file(con, sql_folder() / "schema" / "normalise.sql")
    for step in ("50_proposed", "50b_proposal"):
        run_sql_file(con, sql_folder() / "build" / f"{step}.sql")
    found = con.execute("SELECT sample_id, evidence_id, tissue FROM proposal ORDER BY ALL").fetchall()
    assert found == [("a", f"{1:016x}", "liver"), ("b", f"{5:016x}", "brain")]


def test_a_field_that_says_it_twice_agrees_once(con: Connection) -> None:
    con.execute(
        "CREATE TABLE proposed AS FROM (VALUES "
        "(0, 1, 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.8, 1), (0, 2, 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.9, 1),"
        "(0, 227, 'map', 'anatomy', NULL, 'title', 'liver', 'UBERON:1', 0.9, 2), (0, 228, 'map', 'anatomy', NULL, 'source', 'lung', 'UBERON:3', 0.7, 1),"
        "(0, 5, 'map', 'anatomy', NULL, 'title', 'lung', 'UBERON:3', 0.6, 1), (0, 6, 'map', 'anatomy', NULL, 'title', NULL, 'CL:1', 0.9, 1)) AS proposed "
        "(sample_number, evidence_number, verdict, kind, role, field, tissue, term_id, weight, n_tokens)"
    )
    run_sql_file(con, sql_folder() / "schema" / "normalise.sql")
    run_sql_file(con, sql_folder() / "build" / "51_candidate_label.sql")
    found = con.execute("SELECT tissue, weight, n_fields, evidence_number FROM candidate_label ORDER BY ALL").fetchall()
    assert [(t, float(w), n, e) for t, w, n, e in found] == [("liver", 0.9, 1, 227), ("lung", 0.7, 2, 228)]
