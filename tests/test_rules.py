"""Every rule does what its examples say: `yes` texts give its evidence, `no` texts do not."""

import csv

import pytest
from labelling import in_field, label, reference

from curation.resources import ontology_folder


def rules():
    return reference().execute("SELECT rule_id, fields, yes, coalesce(no, '') FROM rule ORDER BY rule_id").fetchall()


def first_field(fields):
    return "tissue" if fields == "any" else fields.split(",")[0]


def fired():
    """Rules by sample, before any is chosen as winner."""
    return set(
        reference()
        .execute("SELECT sample_text.sample_id, evidence.rule_id FROM sample_text JOIN evidence USING (text_id) WHERE rule_id IS NOT NULL")
        .fetchall()
    )


def test_positive_and_negative_examples_of_every_rule():
    samples, wanted, unwanted = [], {}, {}
    for rule_id, fields, yes, no in rules():
        for text, into in [(t, wanted) for t in yes.split(" | ")] + [(t, unwanted) for t in no.split(" | ") if t]:
            into[f"{'y' if into is wanted else 'n'} {rule_id} {text}"] = rule_id
            samples.append({"sample_id": list(into)[-1], **in_field(first_field(fields), text)})
    label(samples)
    hits = fired()
    assert [s for s, rule in wanted.items() if (s, rule) not in hits] == []
    assert [s for s, rule in unwanted.items() if (s, rule) in hits] == []
    assert len(unwanted) >= 20, "rules that guard against a misreading say what they must not catch"


@pytest.mark.parametrize("column", ["rule_id", "reason", "yes"])
def test_every_rule_says_why(column):
    assert reference().execute(f"SELECT count(*) FROM rule WHERE trim({column}) = ''").fetchall()[0] == (0,)


@pytest.mark.parametrize("path", sorted(ontology_folder().glob("*.tsv")), ids=lambda path: path.name)
def test_every_row_has_the_reason_that_the_page_promises(path):
    """Only a source's own word that is the name of its term goes without."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    bare = [row for row in rows if "reason" in row and not row["reason"]]
    assert not bare or path.name == "declared_tissue.tsv"
