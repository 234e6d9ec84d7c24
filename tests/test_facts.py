"""Facts: each rule is tried with its own examples, decisions with hand-made samples, and what other files do with them."""

from __future__ import annotations

import re
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from labelling import changed_ontology, label, reference
from typer.testing import CliRunner

from curation.audit import run_audit
from curation.cli import app as curate
from curation.database import fetch_arrow, writing
from curation.facts import KNOWN, NoFacts, refuse_without_facts
from curation.label import UnusedOverride, label_samples
from curation.review import ReviewFault, queue, rule_row, try_rule, write_rule
from curation.studies import fetch_studies, series_of
from curation.term import UnknownTerm, find_terms, one_term
from curation.tiers import StudyFault, label_studies, read_studies
from profiles.fetching.download import DownloadFault, Patience

ROOT = Path(__file__).parent.parent
KEYS = {
    "sex": "sex",
    "age": "age",
    "age_in_months": "age (months)",
    "age_in_weeks": "age (weeks)",
    "age_in_days": "age (days)",
    "gestational_age": "gestational age",
    "development_stage": "development stage",
    "donor_id": "donor",
    "treatment": "treatment",
    "genotype": "genotype",
    "disease": "diagnosis",
    "sample": "sample type",
    "tissue": "tissue",
    "cell_type": "cell type",
    "cell_line": "cell line",
    "origin": "tissue of origin",
    "other": "zone",
}


def facts(*rows: dict[str, str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(sample, fact) -> value, term, unit, decided_by of hand-made samples."""
    label(list(rows))
    found = fetch_arrow(reference(), "SELECT * FROM fact").to_pylist()
    return {(r["sample_id"], r["fact"]): tuple(r[k] for k in ("value", "ontology_term_id", "unit", "decided_by")) for r in found}


def test_texts_whose_numbers_agree_in_part_keep_their_own_facts() -> None:
    """The last 36 bits of their numbers are the same: a build of ten million samples gave each of two such samples both donors."""
    titles = ("donor 8 tissue block 513268", "donor 4 tissue block 847299")
    label([{"title": title} for title in titles])
    ((same,),) = reference().execute("SELECT count(DISTINCT text_id % 68719476736) FROM text WHERE text IN ($one, $other)",
        {"one": titles[0], "other": titles[1]}).fetchall()  # fmt: skip
    assert same == 1
    rows = reference().execute("SELECT sample_id, value FROM fact WHERE fact = 'donor_id' ORDER BY sample_id").fetchall()
    assert [value for _, value in rows] == ["donor 8", "donor 4"]


def in_field(field: str, text: str) -> dict[str, str]:
    if field in ("title", "source_name", "description", "characteristics"):
        return {field: text}
    return {"characteristics": f"{KEYS[field]}: {text}"}


def test_every_rule_catches_its_yes_and_spares_its_no() -> None:
    con = reference()
    rules = fetch_arrow(con, "SELECT * FROM fact_rule ORDER BY rule_id").to_pylist()
    rows, wanted = [], []
    for rule in rules:
        fields = [name for name in rule["fields"].split(",") if not name.startswith("declared")]
        field = "source_name" if rule["fields"] == "any" else fields[0]
        for kind in ("yes", "no"):
            if rule[kind]:
                rows.append(in_field(field, rule[kind]))
                wanted.append((rule, kind))
    label(rows)
    said: dict[str, set[str]] = {}
    query = "SELECT sample_text.sample_id, rule FROM fact_evidence JOIN sample_text USING (text_id)"
    for sample, rule_id in con.execute(query).fetchall():
        said.setdefault(sample, set()).add(rule_id)
    silent = [
        rule["rule_id"] for i, (rule, kind) in enumerate(wanted) if (kind == "yes" and rule["verdict"] == "map") and not said.get(f"S{i}")
    ]
    loud = [rule["rule_id"] for i, (rule, kind) in enumerate(wanted) if kind == "no" and rule["rule_id"] in said.get(f"S{i}", set())]
    assert (silent, loud) == ([], [])
    assert sum(rule["verdict"] == "map" for rule in rules) > 500
    assert {rule["fact"] for rule in rules} <= set(KNOWN)


STATED: list[tuple[dict[str, str], str, tuple[str, ...] | None]] = [
    ({"characteristics": "gender: F"}, "sex", ("female", "PATO:0000383", None, "sex")),
    ({"characteristics": "gender: NA"}, "sex", None),
    ({"title": "female and male pool"}, "sex", None),
    ({"characteristics": "age (months): 18"}, "age", ("18", None, "month", "age_in_months")),
    ({"characteristics": "age: 20-30"}, "age", None),
    ({"characteristics": "age: 64"}, "development_stage", ("64-year-old stage", "HsapDv:0000158", None, "age")),
    ({"source_name": "fetal liver"}, "development_stage", ("fetal stage", "HsapDv:0000037", None, "source_name")),
    ({"title": "liver in fetal bovine serum"}, "development_stage", None),
    ({"source_name": "lung adenocarcinoma"}, "tissue_status", ("tumour", None, None, "source_name")),
    ({"source_name": "lung", "characteristics": "disease: lung adenocarcinoma"}, "tissue_status", ("tumour", None, None, "disease")),
    ({"source_name": "blood", "characteristics": "disease: lung adenocarcinoma"}, "tissue_status", None),
    ({"source_name": "blood", "characteristics": "disease: AML"}, "tissue_status", ("tumour", None, None, "disease")),
    (
        {"title": "Normal 3", "characteristics": "tissue: lung,disease: lung cancer"},
        "tissue_status",
        ("adjacent normal", None, None, "title"),
    ),
    ({"source_name": "non-tumor liver"}, "tissue_status", ("adjacent normal", None, None, "source_name")),
    ({"source_name": "healthy donor skin"}, "tissue_status", ("normal", None, None, "source_name")),
    ({"source_name": "saliva", "title": "Ovarian cancer patient 1"}, "tissue_status", None),
    ({"characteristics": "diagnosis: healthy control"}, "disease", ("normal", "PATO:0000461", None, "disease")),
    ({"title": "no cancer", "source_name": "skin"}, "disease", None),
    ({"characteristics": "disease: cancer", "title": "breast cancer 7"}, "disease", ("breast cancer", "MONDO:0007254", None, "title")),
    ({"characteristics": "patient id: 17"}, "donor_id", ("17", None, None, "donor_id")),
    ({"characteristics": "patient: control"}, "donor_id", None),
    ({"source_name": "PDX of colon cancer"}, "is_xenograft", ("true", None, None, "source_name")),
    ({"description": "Cells were injected in nude mice day 0"}, "is_xenograft", ("true", None, None, "description")),
    ({"source_name": "PDX-derived cell line"}, "is_xenograft", None),
    ({"source_name": "cord blood"}, "development_stage", ("newborn stage (0-28 days)", "HsapDv:0000262", None, "source_name")),
    ({"source_name": "Children's hospital"}, "development_stage", None),
    ({"characteristics": "age: 60-69"}, "development_stage", ("seventh decade stage", "HsapDv:0000241", None, "age")),
    ({"characteristics": "tissue: Thymus,cell markers: CD4+CD8+"}, "origin_tissue", None),
    ({"source_name": "intestinal organoids"}, "is_organoid", ("true", None, None, "source_name")),
]


def test_what_a_text_states() -> None:
    told = facts(*(row for row, _, _ in STATED))  # in one go: none has a series, so none learns from another
    wrong = [(row, told.get((f"S{i}", fact))) for i, (row, fact, expected) in enumerate(STATED) if told.get((f"S{i}", fact)) != expected]
    assert wrong == []


def test_a_control_needs_a_contrast_in_its_series() -> None:
    told = facts(
        {"series_id": "G1", "characteristics": "treatment: DMSO"},
        {"series_id": "G1", "characteristics": "treatment: LPS 4h"},
        {"series_id": "G2", "characteristics": "treatment: untreated"},
    )
    assert (told["S0", "is_control"][0], told["S1", "is_control"][0]) == ("true", "false")
    assert ("S2", "is_control") not in told
    assert told["S1", "treatment"][0] == "LPS 4h"


def test_days_of_a_culture_are_no_age() -> None:
    assert ("S0", "age") not in facts({"source_name": "kidney organoid", "characteristics": "age: 28 days"})
    assert facts({"source_name": "kidney", "characteristics": "age: 28 days"})["S0", "age"][:3] == ("28", None, "day")


def test_an_override_sets_a_fact_and_the_nearer_one_wins() -> None:
    con = reference()
    row = "INSERT INTO override VALUES (2, ?, ?, ?, ?, NULL, 'A. Curator', '2026-11-22', 'read the paper', ?, ?)"
    try:
        con.execute(row, ["O1", "series", "G1", None, "sex", "male"])
        con.execute(row, ["O2", "sample", "S0", None, "sex", "female"])
        con.execute(row, ["O3", "sample", "S1", "MONDO:0007254", "disease", None])
        told = facts({"series_id": "G1", "characteristics": "sex: M"}, {"series_id": "G1", "source_name": "breast"})
    finally:
        con.execute("DELETE FROM override")
    assert (told["S0", "sex"][0], told["S1", "sex"][0]) == ("female", "male")
    assert told["S1", "disease"] == ("breast cancer", "MONDO:0007254", None, "override")


def test_an_override_sets_age_and_origin_and_a_strange_value_is_refused() -> None:
    con = reference()
    row = "INSERT INTO override VALUES (2, ?, 'sample', ?, ?, NULL, 'A. Curator', '2026-11-22', 'read the paper', ?, ?)"
    sample = {"source_name": "liver metastasis of colon adenocarcinoma"}
    try:
        assert facts(sample)["S0", "origin_tissue"] == ("colon", "UBERON:0001155", None, "source_name")
        con.execute(row, ["O1", "S0", "UBERON:0000945", "origin_tissue", "stomach"])
        con.execute(row, ["O2", "S0", None, "age", "14 month"])
        told = facts(sample)
        assert told["S0", "origin_tissue"] == ("stomach", "UBERON:0000945", None, "override")
        assert told["S0", "age"] == ("14", None, "month", "override")
        con.execute(row, ["O3", "S0", None, "is_control", "perhaps"])
        with pytest.raises(UnusedOverride, match="O3: is_control is one of true, false, not 'perhaps'"):
            facts(sample)
    finally:
        con.execute("DELETE FROM override")


def test_the_origin_has_its_own_words() -> None:
    label([{"source_name": "liver metastasis of colon adenocarcinoma"}])
    (row,) = fetch_arrow(reference(), "SELECT field, matched_text, rule FROM fact WHERE fact = 'origin_tissue'").to_pylist()
    assert row == {"field": "source_name", "matched_text": "colon adenocarcinoma", "rule": "colon-colon-adenocarcinoma"}


def test_siblings_speak_for_a_sample_that_says_nothing() -> None:
    rows = [{"series_id": "G1", "source_name": "liver"}] * 3 + [{"series_id": "G1", "title": "x7"}, {"series_id": "G2", "title": "x8"}]
    labels = label(rows)
    assert (labels["S3"]["tissue"], labels["S3"]["decided_by"]) == ("liver", "siblings")
    assert (labels["S4"]["tissue"], labels["S4"]["decided_by"]) == (None, "unmapped")
    mixed = label([*rows[:2], {"series_id": "G1", "source_name": "brain"}, rows[3]])
    assert mixed["S3"]["tissue"] is None


def test_the_text_of_a_study_speaks_last(tmp_path: Path) -> None:
    table = tmp_path / "studies.tsv"
    table.write_text(
        "series_id\ttitle\tsummary\nG1\tGene expression in human liver\tWe took liver biopsies.\nG2\tLiver and brain\tTwo organs.\n"
    )
    con = reference()
    try:
        notes = label_studies(con, table, partial(label_samples, every_override_applies=False))
        rows = fetch_arrow(con, "SELECT series_id, tissue FROM study_label").to_pylist()
    finally:
        con.execute("DELETE FROM study_label")
    assert rows == [{"series_id": "G1", "tissue": "liver"}]
    assert notes == ["1 of 2 studies name one tissue in title or summary"]
    table.write_text("series_id\ttitle\nG1\tx\n")
    with pytest.raises(StudyFault, match="lacks summary"):
        read_studies(table)


def test_terms_are_found_by_words_synonyms_and_ids() -> None:
    con = reference()
    assert one_term(con, "Liver") == "UBERON:0002107"
    assert find_terms(con, "NSCLC")[0].term_id == "MONDO:0005233"
    assert find_terms(con, "UBERON:0002107")[0].name == "liver"
    with pytest.raises(UnknownTerm, match="no term is called so"):
        one_term(con, "kidny cortexx")


def test_the_queue_counts_each_sample_once_and_a_rule_is_tried_before_it_is_written(tmp_path: Path) -> None:
    rows = [{"source_name": "zorblat"}] * 3 + [{"source_name": "zorblat", "title": "quux"}, {"title": "quux"}, {"source_name": "liver"}]
    label(rows)
    con = reference()
    questions = queue(con, 5)
    assert [(q.text, q.n_samples, q.n_settled) for q in questions] == [("zorblat", 4, 4), ("quux", 1, 5)]
    row = rule_row("zorblat", "UBERON:0002107", "liver", "anatomy", "a word of this test")
    change = try_rule(con, row, None)
    assert (change.n_touched, change.n_new, change.n_other, change.by_tissue) == (4, 4, 0, [("", "liver", 4)])
    folder = changed_ontology(tmp_path, "rules.tsv", (Path("ontology") / "rules.tsv").read_text(encoding="utf-8"))
    write_rule(row, folder)
    assert "review-zorblat\tmap\tphrase\tzorblat" in (folder / "rules.tsv").read_text(encoding="utf-8")
    with pytest.raises(ReviewFault, match="is there already"):
        write_rule(row, folder)


class Geo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        series = re.search(r"acc=(\w+)", self.path)
        name = series[1] if series else ""
        body = f"^SERIES = {name}\n!Series_title = Liver of {name}\n!Series_summary = One.\n!Series_summary = Two.\n".encode()
        body = body if name != "GSE404" else b"<html>no such record</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def test_studies_are_fetched_once_and_a_strange_answer_is_said(tmp_path: Path) -> None:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Geo)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_address[1]}/?acc={{series}}"
    table, patience = tmp_path / "studies.tsv", Patience(attempts=1)
    try:
        assert series_of(["GSE20,GSE3", "E-MTAB-1", "GSE3"]) == ["GSE3", "GSE20"]
        assert fetch_studies(["GSE3", "GSE20"], table, url=url, patience=patience) == (2, 2)
        assert fetch_studies(["GSE3", "GSE20"], table, url=url, patience=patience) == (0, 2)
        assert table.read_text() == "series_id\ttitle\tsummary\nGSE20\tLiver of GSE20\tOne. Two.\nGSE3\tLiver of GSE3\tOne. Two.\n"
        with pytest.raises(DownloadFault, match="no record of that series"):
            fetch_studies(["GSE404"], table, url=url, patience=patience)
    finally:
        http.shutdown()
        http.server_close()


def test_a_release_without_facts_says_what_it_needs() -> None:
    with pytest.raises(NoFacts, match="built by schema 1 and has no facts; build it again"):
        refuse_without_facts({"sample", "label"}, Path("release"))


def test_audits_and_the_queue_of_an_older_release_say_what_they_need(tmp_path: Path) -> None:
    with writing(tmp_path / "curation.duckdb") as con:
        con.execute("CREATE TABLE sample (sample_id VARCHAR)")
    for audit in ("facts_by_source", "fact_provenance"):
        with pytest.raises(NoFacts, match="built by schema 1 and has no facts; build it again"):
            run_audit(tmp_path, audit)
    with pytest.raises(NoFacts, match="built by schema 1 and has no facts; build it again"):
        CliRunner().invoke(curate, ["review", str(tmp_path)], catch_exceptions=False)


def test_the_page_shows_the_verdicts_that_are_committed() -> None:
    verdicts = [line.split("\t") for line in (ROOT / "docs" / "logs" / "facts_read.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    page = (ROOT / "docs" / "logs" / "labels.md").read_text(encoding="utf-8")
    for fact in KNOWN:
        said = [verdict for name, _, verdict in verdicts if name == fact]
        row = re.search(rf"^\| {fact} \| [\d,]+ \| [\d.]+ \| (\d+) \| (\d+) \|", page, re.MULTILINE)
        assert row, fact
        assert (int(row[1]), int(row[2])) == (len(said), said.count("right")), fact
