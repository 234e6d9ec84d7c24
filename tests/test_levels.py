"""Answers that back off: the levels over tissues, probabilities that add up along is_a and part_of, the finest level that holds."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch

from modelling.bundle.levels import Level, Levels
from modelling.network.prototypes import Prototypes
from modelling.predicting.doubt import Evidence, suggested
from modelling.scores.levels import equal_share, score_answers
from modelling.studies.levels import truth_leaves
from modelling.training.levels import LEAST, fit_levels, lay_out
from profiles.anatomy import load_anatomy
from profiles.resources import ontology_folder

TISSUES = ["brain", "colon", "liver", "rectum"]
CEREBELLUM, HIPPOCAMPUS, BRAIN = "UBERON:0002037", "UBERON:0002421", "UBERON:0000955"


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy()


def laid_out(anatomy):
    """Brains named cerebellum (12), hippocampus (12) or brain (6); 20 of each other tissue; every third sample a group of its own."""
    terms = (
        [CEREBELLUM] * 12 + [HIPPOCAMPUS] * 12 + [BRAIN] * 6 + ["UBERON:0001155"] * 20 + ["UBERON:0002107"] * 20 + ["UBERON:0001052"] * 20
    )
    tissue = np.repeat(np.arange(4), [30, 20, 20, 20])
    return (*lay_out(TISSUES, tissue, np.array(terms, dtype=object), np.arange(90) // 3, anatomy), tissue)


def levels_of(layout) -> Levels:
    n = sum(level.leaves == (level.level,) for level in layout)
    return Levels(layout, TISSUES, Prototypes(n, 6), 1.0)


def test_every_level_of_the_table_is_a_term_by_its_name(anatomy):
    text = (ontology_folder() / "levels.tsv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["level_id"] for row in rows] == sorted({row["level_id"] for row in rows})
    assert all(anatomy.name[row["level_id"]] == row["level_name"] and row["reason"] for row in rows)
    systems = {row["organ_system"] for row in rows} - {""}
    assert systems <= set(anatomy.system.values())


def test_leaves_are_the_finest_terms_with_enough_samples(anatomy):
    layout, leaf, _ = laid_out(anatomy)
    by_name = {level.level: level for level in layout}
    assert set(by_name["brain"].leaves) == {f"brain/{CEREBELLUM}", f"brain/{HIPPOCAMPUS}"}
    assert by_name["liver"].leaves == ("liver",)
    assert set(by_name["UBERON:0000059"].leaves) == {"colon", "rectum"}
    assert set(by_name["UBERON:0001007"].leaves) == {"colon", "liver", "rectum"}
    assert (leaf[24:30] == -1).all()  # named brain: either part
    assert len(set(leaf[:12])) == len(set(leaf[12:24])) == 1 and leaf[0] != leaf[12]


def test_probabilities_add_up_along_the_ontology(anatomy):
    levels = levels_of(laid_out(anatomy)[0])
    rng = np.random.default_rng(0)
    with torch.no_grad():
        levels.head.prototypes_tk.copy_(torch.randn(levels.head.prototypes_tk.shape))
    tissue = rng.dirichlet(np.ones(4), 50)
    leaf = levels.leaf_probabilities(rng.normal(size=(50, 6)).astype(np.float32), np.ones(50, np.float32), tissue)
    found = levels.probabilities(leaf)
    at = {level.level: found[:, v] for v, level in enumerate(levels.levels)}
    np.testing.assert_allclose(leaf.sum(1), 1)
    for t, name in enumerate(TISSUES):
        np.testing.assert_allclose(at[name], tissue[:, t])
    np.testing.assert_allclose(at["brain"], at[f"brain/{CEREBELLUM}"] + at[f"brain/{HIPPOCAMPUS}"])
    np.testing.assert_allclose(at["UBERON:0000059"], at["colon"] + at["rectum"])
    np.testing.assert_allclose(at["UBERON:0001007"], at["UBERON:0000059"] + at["liver"])


def test_the_answer_is_the_finest_level_that_holds(anatomy):
    levels = levels_of(laid_out(anatomy)[0])
    number = [level.level for level in levels.levels].index
    leaves = [level.level for level in levels.levels if level.leaves == (level.level,)]
    cases = [
        ({"colon": 0.95, "rectum": 0.05}, "colon", "colon"),
        ({"colon": 0.55, "rectum": 0.43, "liver": 0.02}, "UBERON:0000059", "large intestine (colon or rectum)"),
        ({"colon": 0.4, "rectum": 0.2, "liver": 0.4}, "UBERON:0001007", "digestive system (colon or liver or rectum)"),
        ({"colon": 0.5, f"brain/{CEREBELLUM}": 0.5}, None, None),
        ({f"brain/{CEREBELLUM}": 0.5, f"brain/{HIPPOCAMPUS}": 0.5}, "brain", "brain"),
        ({f"brain/{CEREBELLUM}": 0.9, f"brain/{HIPPOCAMPUS}": 0.1}, f"brain/{CEREBELLUM}", "cerebellum"),
    ]
    for shares, level, words in cases:
        leaf = np.array([[shares.get(name, 0.0) for name in leaves]])
        found = levels.probabilities(leaf)
        answer = levels.answer(found, LEAST)
        assert answer[0] == (-1 if level is None else number(level))
        assert levels.named(answer, found)["answer"] == [words]
    must = np.array([[name in ("rectum", "colon") for name in leaves]])
    certain = levels.probabilities(np.array([[float(name == "colon") for name in leaves]]))
    assert levels.answer(certain, LEAST, must)[0] == number("UBERON:0000059")


def test_levels_survive_their_table(anatomy):
    levels = levels_of(laid_out(anatomy)[0])
    again = Levels.read(levels.rows(), TISSUES, levels.head, 1.0, "levels.tsv")
    assert again.levels == levels.levels
    with pytest.raises(Exception, match=r"levels\.tsv: its leaves are not those"):
        Levels.read(levels.rows(), [*TISSUES, "lung"], levels.head, 1.0, "levels.tsv")


def test_truth_is_as_fine_as_the_sample_was_named(anatomy):
    levels = levels_of(laid_out(anatomy)[0])
    leaves = [level.level for level in levels.levels if level.leaves == (level.level,)]
    tissue = np.array(["brain", "brain", "liver", "lung"], dtype=object)
    truth = truth_leaves(levels, tissue, np.array([CEREBELLUM, "", "UBERON:0002107", ""], dtype=object), anatomy)
    held = [{leaves[i] for i in np.flatnonzero(row)} for row in truth]
    assert held == [{f"brain/{CEREBELLUM}"}, {f"brain/{CEREBELLUM}", f"brain/{HIPPOCAMPUS}"}, {"liver"}, set()]


def test_the_threshold_keeps_its_word_on_held_out_groups(anatomy):
    layout, leaf, tissue = laid_out(anatomy)
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(5, 6)) * 3
    centre[3] = centre[1] + 0.3  # rectum lies on colon
    part = np.where(leaf >= 0, leaf, 0)
    z = torch.from_numpy((centre[np.where(tissue == 0, (part == 0) * 4, tissue)] + rng.normal(size=(90, 6)) * 0.5).astype(np.float32))
    head = Prototypes(4, 6)
    head.fit(z, torch.from_numpy(tissue), 0.5)
    found = fit_levels(head, [z], tissue, leaf, layout, TISSUES, np.arange(90) // 3 % 5, 0.5, 1.0)
    assert LEAST <= found.above <= 0.99
    assert found.right >= 0.95
    probability = torch.softmax(head(z), 1).numpy()
    leaf_nl = found.levels.leaf_probabilities(z.numpy(), np.ones(90, np.float32), probability)
    named = found.levels.named(found.levels.answer(found.levels.probabilities(leaf_nl), found.above), found.levels.probabilities(leaf_nl))
    assert "large intestine (colon or rectum)" in named["answer"][30:50]
    assert set(named["answer"][:12]) <= {"cerebellum", "brain", None}
    assert named["answer"][:12].count("cerebellum") >= 8


def test_hierarchical_scores_of_a_worked_example():
    # leaves a b c; levels a b c, ab, abc
    member = np.array([[1, 0, 0, 1, 1], [0, 1, 0, 1, 1], [0, 0, 1, 0, 1]], dtype=bool)
    truth = np.eye(3, dtype=bool)[[0, 1, 2, 0]]
    answer = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
    found = score_answers(truth, answer, member)
    # a: {a, ab, abc} of 3; b called a: {ab, abc} of 3; c called ab: {abc} of 2; a not told. Truths have 3, 3, 2, 3 levels.
    assert found["hierarchical_precision"] == pytest.approx(6 / 8)
    assert found["hierarchical_recall"] == pytest.approx(6 / 11)
    assert (found["n_wrong"], found["answered"]) == (2, 0.75)


def test_the_flat_softmax_answers_as_many():
    leaf = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]])
    answers = equal_share(leaf, np.array([True, True, False, True]), 2)
    assert answers.tolist() == [[True, False], [True, False], [False, False], [False, False]]


def test_nothing_is_said_of_a_sample_that_is_far_and_a_second_tissue_must_be_held():
    from modelling.bundle.calibration import Calibration

    limits = Calibration(far_below=0.5, second_above=0.4)
    probability = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    second = (np.array([1, 1, 1]), np.array([0.1, 0.6, 0.1]))
    evidence = Evidence(probability, np.array([0.9, 0.9, 0.2]), second, None, np.ones(3, int), np.ones(3))
    must, told = suggested(evidence, limits)
    assert must.tolist() == [[False, False], [False, True], [False, False]]
    assert told.tolist() == [True, True, False]
    assert isinstance(Level("a", "tissue", "a", "", "a", ("a",)).row(), dict)
