"""Ugly metadata through `curate label` and the build: unicode, quotes, line breaks, long fields and NUL never crash them or move a row."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import h5py
import pyarrow.parquet as pq
import pytest
import tiny_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.audit import run_query
from curation.database import Connection, connect, insert_arrow, run_sql_file
from curation.label import label_samples
from curation.ontology import load_reference
from curation.resources import sql_folder

HOSTILE = [
    "'",
    '"',
    "');--",
    "\\",
    "\t",
    "\n",
    "\r\n",
    ";",
    "$cap",
    "%s",
    "{}",
    "=cmd()",
    "\0",
    "\ufeff",
    "\u202e",
    "é",
    "Î¼",
    "🧬",
    "ｌｉｖｅｒ",
    "\ud7ff",
]
PIECES = st.one_of(st.sampled_from([*HOSTILE, "liver", "tissue: ", ",", "kidney", "HeLa", "cell line: ", "CD8+", " "]), st.text(max_size=6))
UGLY = st.lists(PIECES, max_size=8).map("".join)
LONG = "tissue: liver, " + "blood " * 800 + "x" * 100_000


@pytest.fixture(scope="module")
def con(tiny: Path) -> Connection:
    """A database with the reference tables, to label one batch after another."""
    connection = connect(threads=1)
    load_reference(connection, tiny / "ontology")
    return connection


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(UGLY, UGLY, UGLY), min_size=1, max_size=40))
def test_any_text_is_labelled_or_not_but_never_crashes(con, texts):
    import pyarrow as pa

    con.execute("DROP TABLE IF EXISTS sample")
    run_sql_file(con, sql_folder() / "schema" / "sample.sql")
    rows = [
        {"sample_id": f"S{i}", "source": "table", "title": title, "source_name": name, "characteristics": text}
        for i, (title, name, text) in enumerate(texts)
    ]
    insert_arrow(con, "sample", pa.Table.from_pylist(rows))
    label_samples(con, every_override_applies=False)
    assert con.execute("SELECT count(*) FROM label").fetchall()[0] == (len(rows),)
    kept = con.execute("SELECT sample_id, title, source_name, characteristics FROM sample ORDER BY sample_id").fetchall()
    assert {row[0]: row[1:] for row in kept} == {f"S{i}": text for i, text in enumerate(texts)}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(UGLY.filter(lambda text: "\0" not in text), min_size=2, max_size=12))
def test_the_label_command_takes_ugly_tables(tiny, texts):
    from curation.label_table import label_table

    with tempfile.TemporaryDirectory() as place:
        table, out = Path(place) / "ugly.csv", Path(place) / "labels.parquet"
        with table.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_ALL)
            writer.writerow(["sample_id", "title", "characteristics_ch1"])
            writer.writerows([f"S{i}", text, f"tissue: liver,note: {text}"] for i, text in enumerate(texts))
        label_table(table, out, ontology=tiny / "ontology", threads=1)
        assert pq.read_table(out)["sample_id"].to_pylist() == sorted(f"S{i}" for i in range(len(texts)))


def test_a_build_of_ugly_text_is_whole(tiny, tmp_path):
    """One sample for each ugliness, a field of 100 kB among them; each is followed to the end of the build."""
    tiny_world.write_input(tmp_path / "world")
    ugly = [*(item.replace("\0", "") for item in HOSTILE), LONG]
    with h5py.File(tmp_path / "world" / "archs4" / "human_gene_v2.5.h5", "r+") as file:
        for i, text in enumerate(ugly):
            file["meta/samples/title"][i] = text
            file["meta/samples/characteristics_ch1"][i] = f"tissue: kidney,note: {text}"
            file["meta/samples/series_id"][i] = f"GSE1,{text[:20]}"
    tiny_world.build_tiny(tmp_path / "world", tmp_path / "release", ontology=tiny / "ontology")
    titles = dict(run_query(tmp_path / "release", "SELECT sample_id, title FROM sample").rows)
    assert [titles[f"GSM{i:04}"] for i in range(len(ugly))] == ugly
    assert run_query(tmp_path / "release", "SELECT count(DISTINCT group_id) FROM sample_group WHERE sample_id < 'GSM0020'").rows == [(1,)]
    page = (tmp_path / "release" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
