"""`curate label` on real files: kinds of table, the exact output, and one red line for what cannot be read."""

import gzip

import polars as pl
import pytest
from labelling import tissue_of
from typer.testing import CliRunner

from curation.cli import app
from curation.label import READ_LENGTH
from curation.label_table import label_table, read_samples
from profiles.errors import BulkatlasError, MetadataFault, TableFault

ROWS = {
    "geo_accession": ["GSM1", "GSM2", "GSM3", "GSM4"],
    "series_id": ["GSE1", "GSE1", "GSE1,GSE2", ""],
    "title": ["liver 1", 'the "quoted", title', "T24", "HeLa_rep1"],
    "source_name_ch1": ["Liver", "", "whole blood", "HeLa"],
    "characteristics_ch1": ["tissue: liver,age: 3", "", "time: 24h", "cell line: HeLa"],
}
TISSUES = ["liver", "", "blood", "cervix"]


def write(frame, path):
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(frame.write_csv(separator="\t").encode()))
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="," if path.suffix == ".csv" else "\t")
    return path


@pytest.mark.parametrize("name", ["samples.tsv", "samples.csv", "samples.parquet", "samples.tsv.gz"])
def test_every_kind_of_table_is_read_alike(tmp_path, name):
    samples, notes = read_samples(write(pl.DataFrame(ROWS), tmp_path / name))
    rows = samples.to_pylist()
    assert notes == []
    assert [row["title"] for row in rows] == ROWS["title"]
    assert [row["source_name"] for row in rows] == ROWS["source_name_ch1"]


def test_the_command_writes_labels_with_their_reasons(tmp_path):
    table, out = write(pl.DataFrame(ROWS), tmp_path / "samples.tsv"), tmp_path / "labels.parquet"
    result = CliRunner().invoke(app, ["label", str(table), "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    labels = pl.read_parquet(out)
    assert labels["sample_id"].is_sorted()
    assert labels["tissue"].to_list() == TISSUES
    assert labels["is_cell_line"].to_list() == [False, False, False, True]
    assert labels["term_name"].to_list()[:3] == ["liver", "", "blood"]
    assert labels.row(0, named=True)["matched_text"] == "liver"
    assert result.stdout.strip().endswith(": 3 labelled (1 by cell_line, 1 by source_name, 1 by tissue), 0 ambiguous, 1 unmapped")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "a.tsv",
            "id\ttitle\nGSM1\tliver\n",
            "a.tsv has no column that is known to hold sample ids (sample_id, sample_accession, geo_accession, sample, or an archive's own); name it with --id",
        ),
        ("a.tsv", "sample_id\tage\nGSM1\t3\n", "a.tsv has no text to label"),
        ("a.tsv", "sample_id\ttitle\nGSM1\tliver\nGSM1\tlung\n", "1 values of sample_id occur more than once, first: GSM1"),
        ("a.tsv", "sample_id\ttitle\nGSM1\tliver\n\tlung\n", "1 rows have no sample_id, first: row 1"),
        ("a.tsv", "sample_id\ttitle\nGSM1\tliver\tx\ty\n", "a.tsv: line 2 has 4 cells where the header has 2 (it begins with 'GSM1')"),
        ("a.xlsx", "x", "a.xlsx has no rows"),
        ("a.parquet", "<html>", "a.parquet: is a web page (HTML or XML), not a table"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, name, content, told):
    (tmp_path / name).write_text(content)
    with pytest.raises((TableFault, MetadataFault)) as caught:
        read_samples(tmp_path / name)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_output_is_refused_before_any_work(tmp_path):
    with pytest.raises(BulkatlasError, match="choose one of these endings"):
        label_table(tmp_path / "absent.tsv", tmp_path / "labels.xlsx")
    with pytest.raises(BulkatlasError, match="is no folder"):
        label_table(tmp_path / "absent.tsv", tmp_path / "absent" / "labels.tsv")
    with pytest.raises(BulkatlasError, match=r"absent\.tsv: no such file"):
        label_table(tmp_path / "absent.tsv", tmp_path / "labels.tsv")


def test_a_large_table_is_labelled_on_the_disk_with_the_same_rows_in_the_same_order(tmp_path, monkeypatch):
    frame = pl.concat([pl.DataFrame(ROWS).with_columns(geo_accession=pl.col("geo_accession") + f"0{i}") for i in (3, 1, 2)])
    table = write(frame, tmp_path / "samples.tsv")
    label_table(table, tmp_path / "small.tsv", threads=2)
    monkeypatch.setattr("curation.label_table.MOST_IN_MEMORY", 5)
    monkeypatch.setattr("curation.label_table.ROWS", 5)
    label_table(table, tmp_path / "large.tsv", threads=2)
    assert (tmp_path / "large.tsv").read_bytes() == (tmp_path / "small.tsv").read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert pl.read_csv(tmp_path / "large.tsv", separator="\t")["sample_id"].to_list() == sorted(frame["geo_accession"])


def test_the_database_keeps_every_table(tmp_path):
    from curation.database import connect

    database = tmp_path / "labels.duckdb"
    label_table(write(pl.DataFrame(ROWS), tmp_path / "samples.csv"), tmp_path / "labels.tsv", database=database)
    con = connect(database, read_only=True)
    assert con.execute("SELECT count(*) FROM proposal WHERE sample_id = 'GSM1'").fetchall()[0][0] >= 2
    con.close()
    with pytest.raises(TableFault, match="exists"):
        label_table(tmp_path / "samples.csv", tmp_path / "labels.tsv", database=database)


def test_texts_that_look_like_sql_are_data():
    assert tissue_of(title="'); DROP TABLE sample; --", source_name='"liver"; SELECT 1') == "liver"


def test_a_text_of_100_kb_is_read_to_a_stated_length_and_counted(tmp_path):
    words = "liver biopsy " + "control sample of the brain " * 4_000
    table = write(
        pl.DataFrame({"sample_id": ["long", "short"], "title": ["x", "y"], "description": [words, "kidney"]}), tmp_path / "samples.csv"
    )
    counts, notes = label_table(table, tmp_path / "labels.tsv")
    assert sum(counts.values()) == 2
    assert notes == [f"1 samples have a text of more than {READ_LENGTH:,} characters; its words were read up to there"]


def test_id_and_text_name_the_columns_on_the_command_line(tmp_path):
    """A table whose columns nobody knows: refused without the options, labelled by exactly the named columns with them."""
    table = tmp_path / "ours.csv"
    table.write_text("barcode,where_from,remark\nB1,liver biopsy,kidney\nB2,left lung,kidney\n")
    arguments = ["label", str(table), "--out", str(tmp_path / "labels.tsv")]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1
    assert "name it with --id" in str(refused.exception)
    done = CliRunner().invoke(app, [*arguments, "--id", "barcode", "--text", "where_from"])
    assert done.exit_code == 0, done.output
    labels = pl.read_csv(tmp_path / "labels.tsv", separator="\t")
    assert dict(zip(labels["sample_id"], labels["tissue"], strict=True)) == {"B1": "liver", "B2": "lung"}
    assert "1 column is not read: remark" in done.output
    wrong = CliRunner().invoke(app, [*arguments, "--id", "barcode", "--text", "nowhere"])
    assert wrong.exit_code == 1
    assert "has no column 'nowhere' to read as text" in str(wrong.exception)
