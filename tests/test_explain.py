"""`curate explain`: what it tells about a sample is what the tables hold, and a stranger can follow it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from curation.cli import app
from curation.database import DatabaseFault
from curation.explain import UnknownSample, explain, told


def test_a_kept_sample_is_followed_from_its_text_to_its_matrix_row(tiny):
    life = explain(tiny / "release", "GSM0012")
    text = "\n".join(told(life))
    assert life.sample["title"] == "kidney sample 12"
    assert life.label["tissue"] == "kidney"
    assert [row["outcome"] for row in life.evidence].count("decided") == 1
    assert life.evidence[0]["weight"] == max(row["weight"] for row in life.evidence)
    assert life.exclusions == []
    for expected in ("tissue: 'kidney' -> UBERON:0002113 kidney", "split: ", "cap rank: ", "matrix: row ", "library_size"):
        assert expected in text
    assert len(text.splitlines()) < 45


def test_a_cell_line_says_which_words_took_it_out(tiny):
    text = "\n".join(told(explain(tiny / "release", "GSM0007")))
    assert "source_name: 'HeLa'" in text
    assert "left at step 9: cell line: HeLa" in text
    assert "matrix" not in text.split("What became of it")[1]


def test_single_cells_and_unlabelled_samples_say_so(tiny):
    assert "left at step 2: single-cell probability 0.9 is not below 0.5" in "\n".join(told(explain(tiny / "release", "GSM0011")))
    unlabelled = "\n".join(told(explain(tiny / "release", "GSM0009")))
    assert "decided by: siblings" in unlabelled  # its own text says nothing, and so it is no example of what its study says
    assert "split: unlabelled" in unlabelled


def test_a_declared_tissue_is_evidence(tiny):
    life = explain(tiny / "release", "GTEX-1000-1226-SM-ABCD0")
    assert life.label["decided_by"] == "declared"
    assert life.sample["declared_text"] == "Liver"
    assert life.group["n_samples"] == 3


def test_every_sample_of_the_build_can_be_explained(tiny):
    import duckdb

    con = duckdb.connect(str(tiny / "release" / "curation.duckdb"), read_only=True)
    names = [name for (name,) in con.execute("SELECT sample_id FROM sample").fetchall()]
    con.close()
    for name in names[::7]:
        life = explain(tiny / "release", name)
        assert bool(life.exclusions) != bool(life.matrix), name


def test_an_unknown_sample_names_the_nearest(tiny):
    with pytest.raises(UnknownSample, match=r"no sample 'GSM012' is in this build; near it: GSM0012"):
        explain(tiny / "release", "GSM012")


def test_sql_in_a_sample_id_is_data(tiny):
    with pytest.raises(UnknownSample):
        explain(tiny / "release", "x'; DROP TABLE sample; --")
    assert explain(tiny / "release", "GSM0012").sample


def test_no_release_no_answer(tmp_path):
    with pytest.raises(DatabaseFault, match=r"there is no .*curation\.duckdb.*; name a release"):
        explain(tmp_path, "GSM0012")


def test_json_is_for_programs(tiny):
    result = CliRunner().invoke(app, ["explain", "GSM0012", "--db", str(tiny / "release"), "--json"])
    assert json.loads(result.stdout)["label"]["tissue"] == "kidney"


def test_a_database_of_curate_label_can_be_explained_too(tiny, tmp_path):
    from curation.label_table import label_table

    table = tmp_path / "mine.tsv"
    table.write_text("sample_id\ttitle\tcharacteristics_ch1\nA1\tX\ttissue: liver\nA2\tY\tage: 3\n")
    label_table(table, tmp_path / "labels.tsv", ontology=tiny / "ontology", threads=1, database=tmp_path / "labels.duckdb")
    text = "\n".join(told(explain(tmp_path / "labels.duckdb", "A1")))
    assert "tissue: liver" in text
    assert "decided by: tissue" in text
    assert "matrix" not in text.split("What became of it")[1]
