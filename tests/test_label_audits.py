"""The audits about labels: each answers on a handful of samples, and finds the case that it is for."""

import pytest
from labelling import label, reference

from curation.database import run_sql_file
from curation.resources import sql_folder


@pytest.fixture(scope="module")
def audit():
    rows = [
        {"sample_id": "S1", "series_id": "GSE1", "source_name": "liver", "title": "kidney of the same donor"},
        {"sample_id": "S2", "series_id": "GSE1", "source_name": "liver and kidney"},
        {"sample_id": "S3", "series_id": "GSE1", "source_name": "spleen"},
        {"sample_id": "S4", "series_id": "GSE2", "source_name": "unheard of"},
        {"sample_id": "S5", "series_id": "GSE2", "source_name": "unheard of"},
        {"sample_id": "S6", "series_id": "GSE3", "source_name": "PBMC"},
    ]

    def ask(name):
        label(rows)
        cursor = run_sql_file(reference(), sql_folder() / "audits" / f"{name}.sql")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return ask


def test_provenance_counts_every_label_once(audit):
    assert sum(row["n_samples"] for row in audit("label_provenance")) == 3


def test_rule_hits_and_rules_that_never_fire_are_all_rules(audit):
    hits, silent = {row["rule_id"] for row in audit("rule_hits")}, {row["rule_id"] for row in audit("rules_that_never_fire")}
    assert "blood-pbmc" in hits and "brain-dlpfc" in silent
    assert hits.isdisjoint(silent)
    assert len(hits | silent) == reference().execute("SELECT count(*) FROM rule").fetchall()[0][0]


def test_unmapped_text_is_listed_by_frequency(audit):
    assert [(row["text"], row["n_samples"], row["first_sample"]) for row in audit("unmapped_text")] == [("unheard of", 2, "S4")]


def test_ambiguous_samples_name_both_tissues(audit):
    (row,) = audit("ambiguous_samples")
    assert (row["sample_id"], {row["best_tissue"], row["runner_up"]}) == ("S2", {"liver", "kidney"})


def test_disagreements_between_fields_are_counted(audit):
    (row,) = audit("field_disagreements")
    assert (row["deciding_field"], row["tissue"], row["other_field"], row["other_tissue"], row["n_samples"]) == (
        "source_name",
        "liver",
        "title",
        "kidney",
        1,
    )


def test_series_with_several_tissues_are_found(audit):
    (row,) = audit("series_with_mixed_labels")
    assert (row["series_id"], row["n_tissues"], row["tissues"]) == ("GSE1", 2, "liver 1, spleen 1")


def test_conflicting_words_are_listed_and_map_nothing(audit):
    rows = audit("lexicon_conflicts")
    assert rows
    phrases = [row["phrase"] for row in rows if row["scope"] == "RELATED"]
    found = (
        reference()
        .execute("SELECT count(*) FROM lexicon WHERE scope = 'RELATED' AND list_contains($p, phrase)", {"p": phrases})
        .fetchall()[0]
    )
    assert found == (0,)
