"""Sets, prototypes, limits and reasons: what makes a prediction sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from modelling.bundle.calibration import Calibration
from modelling.forward.head import ABSENT
from modelling.network.loss import class_weights, fit_temperature
from modelling.network.prototypes import Prototypes
from modelling.predicting.doubt import Evidence, reasons, tissue_sets
from modelling.scores import conformal

TISSUES = ["colon", "liver", "lung"]


def test_mass_above_is_the_sum_of_what_is_more_probable() -> None:
    p = np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(conformal.mass_above(p), [[0, 0.8, 0.5], [0.8, 0.9, 0]], atol=1e-12)
    np.testing.assert_array_equal(conformal.in_set(p, 0.5), [[True, False, True], [False, False, True]])


def test_sets_hold_the_truth_as_often_as_they_claim_on_samples_drawn_alike() -> None:
    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        p = rng.dirichlet([0.4] * 6, n)
        return p, np.array([rng.choice(6, p=row) for row in p])

    held, sizes = [], []
    for _ in range(60):
        limit = conformal.limit(conformal.needed(*draw(200)), 0.05)
        p, truth = draw(200)
        sets = conformal.in_set(p, limit)
        held.append(sets[np.arange(200), truth].mean())
        sizes.append(sets.sum(1).mean())
    assert 0.94 < np.mean(held) < 0.985
    assert np.mean(sizes) < 4.5


def test_too_few_samples_give_the_whole_set() -> None:
    assert conformal.limit(np.zeros(18), 0.05) == 1.0
    assert conformal.limit(np.zeros(19), 0.05) == 0.0
    weight = conformal.even_weights(np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(weight, [2 / 3, 2 / 3, 2 / 3, 2])


def latents(n: int = 60, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Three tissues apart in two of five dimensions, whose widest direction says nothing of them."""
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 3
    centres = np.array([[2, 0], [0, 2], [-2, -2]])[target]
    z = np.concatenate([centres, np.zeros((n, 3))], 1) + rng.normal(size=(n, 5)) * [0.3, 0.3, 5, 0.3, 0.3]
    return torch.from_numpy(z).float(), torch.from_numpy(target)


def test_prototypes_see_what_discriminant_analysis_sees() -> None:
    z, y = latents()
    new, truth = latents(300, 1)
    head = Prototypes(3, 5)
    head.fit(z, y, 0.0)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.0).fit(z, y)
    ours = head.similarity(new).argmax(1).numpy()
    assert (ours == truth.numpy()).mean() > 0.99
    assert (ours == theirs.predict(new)).mean() > 0.98
    scatter = torch.cat([head.unit(z)[y == t] - head.unit(z)[y == t].mean(0) for t in range(3)])
    assert scatter.std(0).max() / scatter.std(0).min() < 4  # the widest direction was 17 times as wide


def test_a_tissue_without_samples_has_no_prototype() -> None:
    z, y = latents()
    head = Prototypes(4, 5)
    head.fit(z, y, 0.5)
    assert (head.similarity(z)[:, 3] == ABSENT).all()
    assert (head.second(z)[0] != 3).all()


def test_two_samples_do_not_swallow_a_common_tissue() -> None:
    """A fourth tissue of two samples drawn from the third: nearly all of the third stay there, by the allowance alone."""
    z, y = latents(120)
    more, _ = latents(6, 7)
    z, y = torch.cat([z, more[2::3]]), torch.cat([y, torch.full((2,), 3)])
    head = Prototypes(4, 5)
    head.fit(z, y, 0.5)
    new, truth = latents(300, 2)
    third = new[truth == 2]
    assert (head(third).argmax(1) == 2).float().mean() > 0.98
    assert (head.similarity(third).argmax(1) == 2).float().mean() < 0.8
    assert head.allowance_t[2] == 0


def test_the_rest_of_a_mixture_points_to_the_other_tissue() -> None:
    z, y = latents(90)
    head = Prototypes(3, 5)
    head.fit(z, y, 0.5)
    half = (z[0::3] + z[1::3]) / 2
    tissue, strength = head.second(half)
    named = torch.stack([head.similarity(half).argmax(1), tissue]).sort(0).values
    assert (named == torch.tensor([[0], [1]])).float().mean() > 0.9
    assert strength.median() > head.second(z)[1].median() + 0.2


def test_a_head_without_mistakes_is_not_certain() -> None:
    logits, truth = 20 * torch.eye(3).repeat(10, 1), torch.arange(3).repeat(10)
    assert float(torch.softmax(logits / fit_temperature(logits, truth), 1).max()) > 0.999999
    assert torch.softmax(logits / fit_temperature(logits, truth, error=1 / 32), 1).max() == pytest.approx(1 - 2 / 3 / 32, abs=0.01)


def test_a_tissue_of_two_samples_weighs_no_more_than_allowed() -> None:
    weights = class_weights(torch.tensor([2, 400, 400]), 1.0)
    assert weights[0] / weights[1] < 15
    assert float((weights * torch.tensor([2.0, 400, 400])).sum()) == pytest.approx(802, rel=1e-4)


LIMITS = Calibration(mass=0.5, second_above=0.4, far_below=0.6, detected_below=0.2)
SURE = Evidence(
    np.array([[0.1, 0.8, 0.1]]),
    np.array([0.9]),
    (np.array([0]), np.array([0.1])),
    np.array([[1, 1, 1, 0, 1]]),
    np.array([9000]),
    np.array([0.9]),
)


def test_a_sample_with_nothing_against_it_is_sure() -> None:
    assert reasons(SURE, LIMITS, TISSUES) == [""]
    assert reasons(replace(SURE, nearness=None, second=None, neighbour_nk=None), LIMITS, TISSUES) == [""]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"probability_nt": np.array([[0.1, 0.45, 0.44]])},
            "may be liver or lung; the most probable tissue is less probable than all others together",
        ),
        ({"second": (np.array([2]), np.array([0.5]))}, "may be liver or lung"),
        ({"nearness": np.array([0.5])}, "far from all training samples"),
        ({"neighbour_nk": np.array([[0, 0, 0, 1, 1]])}, "the nearest training samples are colon"),
        ({"neighbour_nk": np.array([[-1, -1, -1, 1, 1]])}, "the nearest training samples are tissues that the model does not know"),
        (
            {"n_detected": np.array([412]), "detected_share": np.array([0.021])},
            "only 412 genes detected, 2.1% of those with a value, the rest are zeros: less than half of what training samples have",
        ),
    ],
)
def test_each_reason_is_said_by_itself(changed: dict[str, object], reason: str) -> None:
    assert reasons(replace(SURE, **changed), LIMITS, TISSUES) == [reason]


def test_a_second_tissue_joins_the_set_behind_the_first() -> None:
    found = tissue_sets(replace(SURE, second=(np.array([2]), np.array([0.5]))), LIMITS)
    assert [row.tolist() for row in found] == [[1, 2]]


def test_no_claim_from_few_samples() -> None:
    assert "no claim" in replace(LIMITS, n_samples=99).claim()
    said = replace(LIMITS, n_samples=100, n_groups=40, held_out_by="group_id", coverage=0.95, set_size=1.1, cross_validated=True).claim()
    assert (
        said
        == "sets held the true tissue of 95.0% of 100 held-out samples (40 by group_id, cross-validation over groups), 1.10 tissues on average"
    )
