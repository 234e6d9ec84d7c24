"""Every promise in sql/checks holds in a sound build, and fires when its fault is planted."""

from __future__ import annotations

import shutil

import handmade
import pytest

from curation.checks import BrokenPromise, broken_rows, check_names, run_checks
from curation.config import BuildConfig
from curation.database import connect

FAULTS = {
    "fact_once_per_sample": "INSERT INTO fact SELECT * FROM fact LIMIT 1",
    "sample_ids_are_unique_in_the_matrix": "INSERT INTO kept SELECT * REPLACE (1000 AS row) FROM kept WHERE row = 0",
    "every_sample_is_accounted_for_once": "DELETE FROM kept WHERE row = 0",
    "excluded_is_not_kept": "INSERT INTO exclusion SELECT sample_id, 9, 'planted' FROM kept LIMIT 1",
    "cap_is_respected": "INSERT INTO kept SELECT kept.* REPLACE (1000 + range AS row) FROM kept, range(12) WHERE split = 'train' AND row < 2",
    "group_in_one_split": "UPDATE split SET split = 'test' WHERE sample_id = (SELECT min(sample_id) FROM split JOIN (SELECT group_id FROM split "
    "WHERE split = 'train' GROUP BY group_id HAVING count(*) > 1) USING (group_id))",
    "funnel_sums": "UPDATE funnel SET n_dropped = n_dropped + 1 WHERE step = 9",
    "label_has_evidence": "DELETE FROM evidence WHERE sample_id = 'GSM001'",
    "label_term_is_in_the_ontology": "UPDATE label SET term_id = 'UBERON:7777777' WHERE sample_id = 'GSM001'",
    "label_once_per_sample": "INSERT INTO label SELECT * FROM label WHERE sample_id = 'GSM001'",
    "class_in_every_split_or_named": "DELETE FROM kept WHERE split = 'test' AND tissue = 'liver'",
    "unlabelled_stand_apart": "UPDATE kept SET split = 'train' WHERE split = 'unlabelled'",
    "single_cell_is_not_kept": "UPDATE sample SET single_cell_probability = 0.5 WHERE sample_id = (SELECT min(sample_id) FROM kept)",
    "cell_line_cap_is_respected": "UPDATE label SET is_cell_line = TRUE WHERE sample_id = (SELECT min(sample_id) FROM kept WHERE tissue <> '')",
    "kept_licences_are_allowed": "UPDATE kept SET source = 'depmap' WHERE row = 0",
    "previous_split_is_kept": "INSERT INTO previous_split SELECT sample_id, group_id, 'test' FROM split WHERE split = 'train' LIMIT 1",
    "kept_has_a_matrix_row": "UPDATE kept SET matrix_row = NULL WHERE row = 0",
    "declared_tissue_is_followed": "UPDATE label SET term_id = 'UBERON:0002048' WHERE sample_id = 'TCGA-AA-0000-01A'",
    "override_matches_a_sample": "INSERT INTO override SELECT * REPLACE ('O0002' AS override_id, 'GSM404' AS target) FROM override",
    "override_decides": "UPDATE label SET term_id = 'UBERON:0002107', tissue = 'liver' WHERE sample_id = 'GSM040'",
    "exported/what_was_read_is_what_was_written": "UPDATE quality SET n_genes_detected = 49 WHERE sample_id = (SELECT min(sample_id) FROM kept)",
    "exported/matrix_rows_equal_metadata_rows": "DELETE FROM matrix_row WHERE row = 3",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "curation.duckdb"
    handmade.build(path).close()
    return path


@pytest.fixture
def con(sound, tmp_path):
    shutil.copy(sound, tmp_path / "copy.duckdb")
    connection = connect(tmp_path / "copy.duckdb", threads=1)
    yield connection
    connection.close()


def test_a_sound_build_breaks_no_promise(con):
    assert run_checks(con, handmade.parameters()) == check_names()
    assert run_checks(con, handmade.parameters(), "exported") == check_names("exported")


def test_the_sound_build_has_something_to_check(con):
    """The promises are not kept by an empty build: the cap bites, a cell line and a single cell leave, all parts are filled."""
    steps = dict(con.execute("SELECT step, count(*) FROM exclusion GROUP BY step").fetchall())
    assert steps.keys() == {2, 9, 10}
    assert {split for (split,) in con.execute("SELECT DISTINCT split FROM kept").fetchall()} == {
        "train",
        "validation",
        "test",
        "unlabelled",
    }
    assert con.execute("SELECT count(*) FROM sample_group GROUP BY group_id HAVING count(*) > 3").fetchall()


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_fires_its_check(con, name):
    assert broken_rows(con, name, handmade.parameters())[1] == []
    con.execute(FAULTS[name])
    assert broken_rows(con, name, handmade.parameters())[1] != []
    with pytest.raises(BrokenPromise):
        run_checks(con, handmade.parameters(), "exported" if name.startswith("exported/") else "")


def test_a_number_that_is_missing_in_the_funnel_is_seen(con):
    con.execute("UPDATE funnel SET n_dropped = NULL WHERE step = 7")
    assert broken_rows(con, "funnel_sums", handmade.parameters())[1]


def test_every_check_has_a_planted_fault():
    assert set(FAULTS) == {*check_names(), *check_names("exported")}


def test_a_broken_promise_names_the_check_the_rows_and_the_query(con):
    con.execute(FAULTS["excluded_is_not_kept"])
    with pytest.raises(BrokenPromise, match=r"check every_sample_is_accounted_for_once: 1 rows break it, first: sample_id='.*, n_fates=2"):
        run_checks(con, handmade.parameters())


def test_without_a_cap_no_class_is_too_large():
    con = handmade.build(config=BuildConfig(cap=None))
    assert run_checks(con, handmade.parameters(BuildConfig(cap=None))) == check_names()
    con.close()


def test_the_paper_preset_passes_its_own_checks():
    config = BuildConfig(cap=12, preset="paper")
    con = handmade.build(config=config)
    run_checks(con, handmade.parameters(config))
    con.close()
