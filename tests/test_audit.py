"""Audits answer on a hand-made build what can be counted by hand; every file runs in a plain DuckDB client."""

from __future__ import annotations

import shutil

import duckdb
import handmade
import pytest

from curation.audit import UnknownAudit, list_audits, run_audit
from curation.config import BuildConfig
from curation.database import DatabaseFault


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    handmade.build(folder / "curation.duckdb").close()
    return folder


def answer(release, name, against=None):
    found = run_audit(release, name, against)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_each_audit_asks_a_question_and_is_named_by_its_file():
    for audit in list_audits():
        assert audit.path.read_text().startswith(f"-- {audit.name}: "), audit.name
        assert audit.question.endswith("?"), audit.name


def test_an_unknown_audit_lists_the_known_ones(release):
    with pytest.raises(UnknownAudit, match=r"no audit is called 'x'; there are .*split_balance"):
        run_audit(release, "x")


def test_a_folder_without_a_database_is_named(tmp_path):
    with pytest.raises(DatabaseFault, match=r"there is no .*curation\.duckdb.*; name a release"):
        run_audit(tmp_path, "split_balance")


def test_audits_run_in_a_plain_client(release, tmp_path):
    """The files carry no parameters; `old` is attached as the comment of the file says."""
    older = tmp_path / "older.duckdb"
    shutil.copy(release / "curation.duckdb", older)
    con = duckdb.connect(str(release / "curation.duckdb"), read_only=True)
    con.execute(f"ATTACH '{older}' AS old (READ_ONLY)")
    for name in (
        "split_balance",
        "dropped_by_cap",
        "studies_that_dominate",
        "cross_source_duplicates",
        "exclusions_by_reason",
        "what_changed",
    ):
        path = next(audit.path for audit in list_audits() if audit.name == name)
        con.execute(path.read_text()).fetchall()
    con.close()


def test_dropped_by_cap_counts_what_the_cap_took(release):
    rows = {row["tissue"]: row for row in answer(release, "dropped_by_cap")}
    con = duckdb.connect(str(release / "curation.duckdb"), read_only=True)
    for tissue in handmade.TISSUES:
        drawn = con.execute("SELECT count(*) FROM draw WHERE split = 'train' AND tissue = ?", [tissue]).fetchall()[0][0]
        assert rows[tissue]["n_drawn"] == drawn
        assert rows[tissue]["n_kept"] == min(12, drawn)
        assert rows[tissue]["n_dropped"] == max(0, drawn - 12)
    con.close()


def test_the_twin_of_a_gtex_sample_in_the_archive_is_found(release):
    rows = answer(release, "cross_source_duplicates")
    assert {(row["sample_id"], row["match"]) for row in rows} == {("GSM012", "sample")}
    assert rows[0]["twin_id"] == handmade.sample_rows()[60]["sample_id"]


def test_exclusions_are_grouped_by_kind_of_reason(release):
    rows = answer(release, "exclusions_by_reason")
    assert {(row["step"], row["n_samples"]) for row in rows if row["step"] < 10} == {(2, 1), (9, 1)}
    single_cell = next(row for row in rows if row["step"] == 2)
    assert single_cell["reason"] == "single-cell probability # is not below #"
    assert single_cell["example"] == "GSM005"


def test_an_override_shows_who_why_and_what_the_label_would_be(release):
    (found,) = answer(release, "overrides")
    assert (found["curator"], found["reason"], found["n_samples"]) == ("A. Curator", "said by the authors", 1)
    assert (found["tissue"], found["without"]) == ("lung", "liver")


def test_samples_with_equal_counts_are_named_with_their_parts(tmp_path):
    con = handmade.build(tmp_path / "curation.duckdb")
    con.execute(
        "CREATE OR REPLACE TABLE quality AS SELECT sample_id, if(row IN (3, 57), 1e6, 2e6 + row) AS library_size, 900 AS n_genes_detected, 0.5 AS fraction_zero "
        "FROM kept"
    )
    twins = sorted(name for (name,) in con.execute("SELECT sample_id FROM kept WHERE row IN (3, 57)").fetchall())
    con.close()
    (found,) = answer(tmp_path, "same_counts_twice")
    assert found["samples"] == ", ".join(twins)
    assert found["splits_differ"]


def test_linked_series_stand_as_one_group(release):
    rows = answer(release, "groups_by_size")
    assert rows[0]["n_samples"] == 9  # GSE0, GSE7 and GSE14 share GSE100
    assert rows[0]["keys"] == "GSE0, GSE100, GSE14, GSE7"


def test_shares_of_a_tissue_are_of_all_its_kept_samples(release):
    rows = answer(release, "studies_that_dominate")
    assert rows
    con = duckdb.connect(str(release / "curation.duckdb"), read_only=True)
    for row in rows:
        total = con.execute("SELECT count(*) FROM kept WHERE tissue = ?", [row["tissue"]]).fetchall()[0][0]
        assert row["share"] == pytest.approx(row["n_samples"] / total, abs=6e-4)
        assert row["share"] > 0.1
    con.close()


def test_what_changed_names_gains_losses_and_labels(release, tmp_path):
    rows = handmade.sample_rows()
    lost = rows.pop(20)["sample_id"]
    rows[30]["tissue"] = "lung" if rows[30]["tissue"] != "lung" else "liver"
    changed = rows[30]["sample_id"]
    rows.append(handmade.row("GSM900", "archs4", "liver", series_id="GSE0", matrix_file="archs4.h5", matrix_row=900))
    newer = tmp_path / "newer"
    newer.mkdir()
    handmade.build(newer / "curation.duckdb", BuildConfig(cap=12), rows).close()
    found = {row["sample_id"]: row["change"] for row in answer(newer, "what_changed", release)}
    assert found[lost] == "lost"
    assert found["GSM900"] == "gained"
    assert found[changed].startswith("tissue, term")
    with pytest.raises(UnknownAudit, match="--against"):
        run_audit(newer, "what_changed")


def test_a_build_against_itself_has_not_changed(release):
    assert answer(release, "what_changed", release) == []


@pytest.mark.parametrize("name", [audit.name for audit in list_audits()])
def test_every_audit_answers_on_a_real_build(tiny, name):
    found = run_audit(tiny / "release", name, tiny / "release")
    assert len(set(found.columns)) == len(found.columns)
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_a_path_with_quotes_and_sql_in_it_is_a_path(release, tmp_path):
    odd = tmp_path / 'it\'s; DROP TABLE kept; -- "old"'
    shutil.copytree(release, odd)
    assert answer(odd, "what_changed", odd) == []
    assert answer(odd, "split_balance") == answer(release, "split_balance")


def test_a_donor_named_by_the_archive_is_found_though_its_sample_is_not(tmp_path):
    rows = handmade.sample_rows()
    rows[20] |= {"title": "RNA of GTEX-AAA3, lung"}
    handmade.build(tmp_path / "curation.duckdb", rows=rows).close()
    found = {row["sample_id"]: row for row in answer(tmp_path, "cross_source_duplicates")}
    assert (found["GSM020"]["match"], found["GSM020"]["n_twins"]) == ("donor", 2)
