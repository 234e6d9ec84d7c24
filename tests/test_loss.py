"""Loss terms against closed forms and other libraries."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from modelling.network.loss import class_weights, cross_entropy, fit_temperature, gaussian_kl, masked_mse, mmd, paper_mmd


def test_kl_equals_torch_distributions():
    torch.manual_seed(0)
    mean, log_var, prior_var = torch.randn(5, 7), torch.randn(5, 7), torch.rand(7) + 0.1
    expected = kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(torch.zeros(7), prior_var.sqrt())).sum(1)
    torch.testing.assert_close(gaussian_kl(mean, log_var, prior_var), expected)


def test_reconstruction_counts_measured_genes_only():
    x_hat, target = torch.tensor([[1.0, 9.0, 3.0], [5.0, 5.0, 5.0]]), torch.tensor([[2.0, 0.0, 5.0], [0.0, 0.0, 0.0]])
    seen = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    assert masked_mse(x_hat, target, seen).tolist() == [(1 + 4) / 2, 0.0]


def slow_mmd(a, b):
    def kernel(x, y):
        d2 = np.square(x - y).mean()
        return sum(np.exp(-d2 / (2 * s2)) for s2 in (0.5, 1.0, 2.0))

    def mean(p, q):
        return np.mean([kernel(x, y) for x in p for y in q])

    return mean(a, a) + mean(b, b) - 2 * mean(a, b)


def test_mmd_equals_the_double_loop_and_is_zero_for_equal_samples():
    torch.manual_seed(1)
    a, b = torch.randn(6, 4) + 1, torch.randn(9, 4)
    assert float(mmd(a, b)) == pytest.approx(slow_mmd(a.double().numpy(), b.double().numpy()), rel=1e-4)
    assert float(mmd(a, a)) == pytest.approx(0, abs=1e-6)


def test_our_mmd_sees_what_the_published_one_cannot():
    torch.manual_seed(2)
    draws, far = torch.randn(200, 121), torch.randn(64, 121) * 2 + 0.5
    ours, published = float(mmd(far, draws)), float(paper_mmd(far, draws))
    assert ours > 0.3
    assert published < 0.01


def test_cross_entropy_ignores_unlabelled_and_weighs_classes():
    torch.manual_seed(3)
    logits, target, weight = torch.randn(4, 3), torch.tensor([0, 2, -1, 1]), torch.tensor([1.0, 2.0, 3.0])
    found = cross_entropy(logits, target, weight, 0.1)
    known = torch.tensor([0, 1, 3])
    expected = (
        torch.nn.functional.cross_entropy(logits[known], target[known], reduction="none", label_smoothing=0.1) * weight[target[known]]
    )
    torch.testing.assert_close(found[known], expected)
    assert found[2] == 0


def test_class_weights_keep_the_mean_and_leave_empty_classes_out():
    counts = torch.tensor([80, 20, 0])
    for power in (0.0, 0.5, 1.0):
        weight = class_weights(counts, power)
        assert float((weight * counts).sum() / counts.sum()) == pytest.approx(1)
        assert weight[2] == 0
    assert class_weights(counts, 1.0)[:2].tolist() == pytest.approx([100 / 160, 100 / 40])


def test_temperature_is_recovered_from_overconfident_logits():
    torch.manual_seed(4)
    true_logits = torch.randn(20_000, 5)
    target = torch.distributions.Categorical(logits=true_logits).sample()
    assert fit_temperature(true_logits * 3, target) == pytest.approx(3, rel=0.05)
    assert fit_temperature(true_logits, torch.full((20_000,), -1)) == 1.0


def test_the_temperature_never_sharpens_by_more_than_two():
    logits = torch.eye(5).repeat(100, 1) * 4
    assert fit_temperature(logits, torch.arange(5).repeat(100)) == pytest.approx(0.5, rel=1e-4)
