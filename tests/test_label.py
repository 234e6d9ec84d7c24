"""Labels of hand-made texts: fields, policies, cell lines, overrides, order, and the words that decided."""

import random

import pytest
from labelling import label, reference, tissue_of

from curation.label import UnusedOverride


@pytest.mark.parametrize(
    ("texts", "tissue"),
    [
        ({"source_name": "Liver"}, "liver"),
        ({"source_name": "human oesophageal tumour"}, "esophagus"),  # British
        ({"source_name": "Haematopoietic stem cells"}, "blood"),
        ({"characteristics": "tissue: caecum"}, "colon"),
        ({"source_name": "foetal kidneys"}, "kidney"),  # plural
        ({"title": "LungTumor12_rep1"}, "lung"),  # glued
        ({"title": "Brain_DLPFC_003"}, "brain"),
        ({"source_name": "smallbowel"}, "small_intestine"),
        ({"source_name": "islets of Langerhans"}, "pancreas"),
        ({"source_name": "Peripheral blood CD4+ T-cells"}, "blood"),
        ({"characteristics": "cell type: CD8+"}, "blood"),
        ({"source_name": "Î²-cells"}, "pancreas"),  # mojibake of a Greek letter
        ({"characteristics": "tissue: glioblastoma"}, "brain"),
        ({"characteristics": "diagnosis: chronic lymphocytic leukaemia"}, "blood"),
        ({"description": "Gender: Female Primary Site: Ovary Histology: serous"}, "ovary"),
        ({"characteristics": "age: 54,tissue: skin, lower leg, sun exposed,sex: F"}, "skin"),  # commas inside a value
        ({"source_name": "HEK293"}, "kidney"),
        ({"source_name": "MCF7-Luc cells"}, "breast"),  # a name of Cellosaurus around one that has an organ
        ({"source_name": "malignant melanoma", "characteristics": "cell line: SR-0788"}, "skin"),
        ({"source_name": "cord blood"}, "blood"),
        ({"source_name": "fetal bovine serum"}, None),
        ({"source_name": "all samples"}, None),
        ({"title": "Head", "source_name": "12"}, None),
        ({"characteristics": "medication: liver tonic,treatment: brain stimulation"}, None),  # keys that name no sample
        ({"source_name": ""}, None),
    ],
)
def test_texts_give_their_tissue(texts, tissue):
    assert tissue_of(**texts) == tissue


@pytest.mark.parametrize(
    ("texts", "tissue"),
    [
        # a disease names the patient, cells and organs name the sample
        ({"source_name": "PBMC of a lung cancer patient"}, "blood"),
        ({"title": "breast cancer patient 3", "source_name": "whole blood"}, "blood"),
        # adjacent normal is the organ
        ({"source_name": "normal tissue adjacent to hepatocellular carcinoma"}, "liver"),
        # X-derived Y: the head noun
        ({"source_name": "adipose-derived mesenchymal stem cells"}, "stem_cell"),
        ({"characteristics": "tissue: bone marrow,cell type: mesenchymal stromal cells"}, "stem_cell"),
        ({"source_name": "iPSC-derived neurons"}, "brain"),
        ({"source_name": "human iPSC"}, "stem_cell"),
        # fibroblasts: the organ where one is named
        ({"characteristics": "cell type: fibroblast"}, "fibroblast"),
        ({"source_name": "lung fibroblasts"}, "lung"),
        ({"source_name": "cultured cells", "characteristics": "cell type: colonic myofibroblasts"}, "colon"),
        ({"source_name": "hepatic macrophages"}, "liver"),
        # organoids are the organ, cells of an organ stay with it
        ({"source_name": "colon organoids"}, "colon"),
        ({"characteristics": "tissue: lung,cell type: macrophage"}, "lung"),
        # blood, marrow, lymphoid
        ({"source_name": "bone marrow aspirate"}, "bone_marrow"),
        ({"source_name": "tonsil"}, "lymphoid"),
        ({"source_name": "acute myeloid leukemia"}, "bone_marrow"),
        ({"characteristics": "disease: AML,tissue: peripheral blood"}, "blood"),
        # several organs in one text are no label
        ({"source_name": "liver and kidney"}, None),
        ({"source_name": "mixed brain", "title": "mixed.brain RNA-seq", "characteristics": "tissue: mixed brain"}, None),
        ({"source_name": "Universal Human Reference RNA (brain, liver, testis)"}, None),
    ],
)
def test_policies(texts, tissue):
    assert tissue_of(**texts) == tissue


def test_two_organs_are_ambiguous_and_both_are_named():
    row = label([{"source_name": "liver and kidney"}])["S0"]
    assert row["decided_by"] == "ambiguous"
    assert {row["best_tissue"], row["runner_up"]} == {"liver", "kidney"}


def test_a_second_field_settles_what_one_field_leaves_open():
    assert tissue_of(source_name="liver and kidney", title="kidney 3") == "kidney"


def test_a_metastasis_keeps_site_and_origin():
    row = label([{"characteristics": "tissue: liver metastasis of colorectal cancer"}])["S0"]
    assert (row["tissue"], row["origin_tissue"]) == ("liver", "colon")


def test_x_derived_keeps_the_origin():
    assert label([{"source_name": "adipose-derived stem cells"}])["S0"]["tissue"] == "stem_cell"
    row = label([{"source_name": "bone marrow derived macrophages"}])["S0"]
    assert (row["tissue"], row["origin_tissue"]) == ("blood", "bone_marrow")


@pytest.mark.parametrize(
    "texts",
    [
        {"characteristics": "cell line: HT-29"},
        {"characteristics": "cell line: some new line"},
        {"source_name": "A549 lung cancer cell line"},
        {"source_name": "HEK293"},
        {"source_name": "SW 480"},
        {"title": "MCF-7_siRNA_rep2"},
        {"source_name": "T24 cells"},
        {"source_name": "K562"},
        {"source_name": "GM12878"},
        {"source_name": "hTERT immortalized fibroblasts"},
        {"source_name": "lymphoblastoid cells"},
        {"source_name": "NCI-H2087 cells"},  # known to Cellosaurus only
        {"characteristics": "cell type: prostate cancer epithelial cells (PC-3)"},  # the organ of the line is named
    ],
)
def test_cell_lines_are_flagged_with_their_evidence(texts):
    row = label([texts])["S0"]
    assert row["is_cell_line"]
    assert row["cell_line"].lower() in " ".join(texts.values()).lower()
    assert row["cell_line_evidence_id"]


@pytest.mark.parametrize(
    "texts",
    [
        {"title": "T24", "source_name": "liver biopsy"},  # a time
        {"title": "293", "source_name": "whole blood"},  # a sample number
        {"title": "H1", "source_name": "brain"},
        {"source_name": "blood mononuclear cells, T24"},
        {"source_name": "bladder tumour T24"},
        {"characteristics": "cell line: N/A,tissue: skin"},
        {"characteristics": "cell line: primary fibroblasts"},
        {"title": "BA4_rep1", "source_name": "cortex"},
        {"title": "HUVEC_1", "source_name": "umbilical vein endothelial cells"},
        {"source_name": "human iPSC"},  # stem_cell is a tissue of the atlas
        {"source_name": "gastric cancer tissue", "description": "compared with the AGS cell line"},
    ],
)
def test_what_only_looks_like_a_cell_line_is_not_flagged(texts):
    assert not label([texts])["S0"]["is_cell_line"]


def test_the_source_decides_before_any_text():
    row = label(
        [
            {
                "title": "liver",
                "source_name": "liver",
                "declared_field": "SMTSD",
                "declared_text": "Spleen",
                "declared_term_id": "UBERON:0002106",
            }
        ]
    )["S0"]
    assert (row["tissue"], row["decided_by"], row["field"], row["matched_text"]) == ("spleen", "declared", "SMTSD", "Spleen")
    assert label([{"source_name": "HeLa cell line", "is_cell_line_declared": False}])["S0"]["is_cell_line"] is False
    assert label([{"source_name": "kidney", "is_cell_line_declared": True}])["S0"]["is_cell_line"] is True


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"source_name": "  Whole-Blood (PAXgene)"}, "Whole-Blood"),
        ({"title": "NormalLungTissue3"}, "LungTissue"),
        ({"source_name": "Brain, frontal cortex"}, "frontal cortex"),
        ({"characteristics": "Tissue Type: Oesophagus,x: y"}, "Oesophagus"),
        ({"source_name": "sorted CD4+ cells"}, "CD4+"),
    ],
)
def test_the_evidence_quotes_the_text_as_submitted(texts, words):
    row = label([texts])["S0"]
    assert row["matched_text"] == words
    assert words in next(iter(texts.values()))


def test_longer_phrases_cover_the_shorter_ones_inside_them():
    label([{"source_name": "lymph node", "title": "fibroblast growth factor"}])
    found = reference().execute("SELECT matched_text FROM evidence ORDER BY 1").fetchall()
    assert ("lymph node",) in found
    assert ("lymph",) not in found
    assert ("fibroblast",) not in found


def some_samples():
    """Texts that collide, agree, contradict and repeat."""
    words = ["liver", "kidney", "PBMC", "lung cancer", "HEK293", "skin and lung", "T24", "brain cortex", "unknown", "adipose-derived MSC"]
    draw = random.Random(3)
    return [
        {
            "sample_id": f"G{i:03}",
            "title": draw.choice(words),
            "source_name": draw.choice(words),
            "characteristics": f"tissue: {draw.choice(words)},age: {i}",
        }
        for i in range(300)
    ]


def test_the_order_of_rows_changes_nothing():
    rows = some_samples()
    first = label(rows)
    random.Random(5).shuffle(rows)
    assert label(rows) == first


def test_what_else_is_labelled_changes_nothing():
    rows = some_samples()
    whole = label(rows)
    assert label(rows[100:110]) == {row["sample_id"]: whole[row["sample_id"]] for row in rows[100:110]}


def test_every_label_stands_on_evidence_of_its_own_sample():
    label(some_samples())
    con = reference()
    assert con.execute("SELECT count(*) FROM label WHERE tissue IS NOT NULL").fetchall()[0][0] > 100
    query = "SELECT count(*) FROM label WHERE evidence_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM proposal WHERE proposal.sample_id = label.sample_id AND proposal.evidence_id = label.evidence_id)"
    assert con.execute(query).fetchall()[0] == (0,)
    assert con.execute("SELECT count(*) - count(DISTINCT evidence_id) FROM evidence").fetchall()[0] == (0,)
    assert con.execute("SELECT count(*) - count(DISTINCT text_id) FROM text").fetchall()[0] == (0,)


@pytest.fixture
def decide():
    """Add overrides for one test: (id, scope, target, term, is_cell_line)."""
    con = reference()

    def add(*rows):
        con.executemany(
            "INSERT INTO override VALUES (2, ?, ?, ?, ?, ?, 'A. Curator', '2026-11-22', 'read the paper', NULL, NULL)",
            [list(row) for row in rows],
        )

    yield add
    con.execute("DELETE FROM override")


def test_overrides_beat_all_evidence_and_the_nearer_one_wins(decide):
    decide(
        ("O1", "series", "GSE7", "UBERON:0002106", None),
        ("O2", "sample", "S1", "UBERON:0002370", None),
        ("O3", "text", "liver", "UBERON:0000945", None),
    )
    rows = [
        {"source_name": "liver", "series_id": "GSE1,GSE7"},
        {"source_name": "liver", "series_id": "GSE7"},
        {"source_name": "liver", "series_id": "GSE77"},
    ]
    labels = label(rows, strict=True)
    assert [labels[f"S{i}"]["tissue"] for i in range(3)] == ["spleen", "thymus", "stomach"]
    assert {row["decided_by"] for row in labels.values()} == {"override"}


def test_an_override_can_take_a_label_or_a_cell_line_away(decide):
    decide(("O1", "sample", "S0", None, False))
    row = label([{"source_name": "HeLa"}], strict=True)["S0"]
    assert (row["tissue"], row["decided_by"], row["is_cell_line"]) == (None, "override", False)


def test_an_override_that_matches_nothing_is_an_error(decide):
    decide(("O1", "sample", "GSM404", "UBERON:0002106", None))
    with pytest.raises(UnusedOverride, match=r"overrides.tsv line 2: O1 matches no sample 'GSM404'"):
        label([{"source_name": "liver"}], strict=True)
    assert label([{"source_name": "liver"}])["S0"]["tissue"] == "liver"  # a table of one's own need not hold it


def test_overrides_that_contradict_each_other_are_an_error(decide):
    decide(("O1", "series", "GSE1", "UBERON:0002106", None), ("O2", "series", "GSE2", "UBERON:0002370", None))
    with pytest.raises(UnusedOverride, match="O1 and O2 contradict each other for S0"):
        label([{"source_name": "liver", "series_id": "GSE1,GSE2"}], strict=True)


@pytest.mark.parametrize("characteristics", ["tissue: NA", "tissue: ND", "tissue: none"])
def test_a_key_without_a_value_names_no_organ(characteristics):
    assert tissue_of(title="patient 3", characteristics=characteristics) in ("", None)


def test_a_code_of_letters_and_numbers_is_no_brain_area():
    assert tissue_of(title="library B09_16") in ("", None)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("17", "donor_id"),
        ("P17", "donor_id"),
        ("pt-03b", "donor_id"),
        ("T2DM", "disease"),
        ("breast cancer", "disease"),
        ("AML12", "disease"),
    ],
)
def test_a_number_under_the_patient_is_the_persons_name(value: str, field: str) -> None:
    label([{"characteristics": f"patient: {value}"}])
    assert reference().execute("SELECT field FROM text WHERE text = $value", {"value": value}).fetchall() == [(field,)]
