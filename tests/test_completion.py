"""Missing genes: the closed form against a Gaussian conditioned the plain way, what it comes to with every gene, and how wide it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from modelling.bundle.inference import completer_of
from modelling.bundle.model import TissueModel
from modelling.config import TrainConfig
from modelling.forward.patterns import gram_matrices, same_patterns
from modelling.network.base import Standardise
from modelling.network.ours import TissueVAE, build

G, K, T = 40, 3, 4


@pytest.fixture(scope="module")
def model() -> TissueModel:
    """A network of a decoder and a prior that nothing trained, whose samples are drawn from what it believes."""
    torch.manual_seed(0)
    config = TrainConfig(n_latent=K, n_hidden=8, input_scale="z", clip=None)
    network = build(G, T, config, Standardise(torch.zeros(G), torch.ones(G), None)).eval()
    assert isinstance(network, TissueVAE)
    with torch.no_grad():
        network.decode_linear.weight.copy_(torch.randn(G, K))
        network.decode_linear.bias.copy_(torch.randn(G) * 0.3)
        network.completion.noise_g.copy_(torch.rand(G) * 0.5 + 0.1)
    z = torch.randn(200, K) + 3 * torch.randn(T, K)[torch.arange(200) % T]
    network.completion.fit(z, torch.arange(200) % T)
    network.head.fit(z, torch.arange(200) % T, 0.5)
    residual = network.completion.noise_g.numpy()
    return TissueModel(network, [f"G{i}" for i in range(G)], list("abcd"), config, 1.0, {}, residual_g=residual)


def with_gaps(model: TissueModel, n: int = 12, share: float = 0.6, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, K)) * 2
    x = z @ model.network.decode_linear.weight.detach().numpy().T + rng.normal(size=(n, G)) * 0.4
    return np.where(rng.random(x.shape) < share, np.nan, x).astype(np.float32)


def conditioned(model: TissueModel, x_g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every gene given those measured: each component as one Gaussian over genes, conditioned by its covariance."""
    network = model.network
    d, b = (p.detach().double().numpy() for p in network.decode_linear.parameters())
    prior = network.completion
    roots, means = prior.root_skk.double().numpy(), prior.mean_ck.double().numpy()
    noise, seen = np.diag(prior.noise_g.double().numpy()), np.isfinite(x_g)
    found = []
    for c, mean in enumerate(means):
        root = roots[int(c == T)]
        mu, sigma = d @ mean + b, d @ root @ root.T @ d.T
        inner = (sigma + noise)[np.ix_(seen, seen)]
        gain = sigma[:, seen] @ np.linalg.inv(inner)
        log_weight = float(prior.log_weight_c[c]) + multivariate_normal.logpdf(x_g[seen], mu[seen], inner)
        found.append((log_weight, mu + gain @ (x_g[seen] - mu[seen]), np.diag(sigma - gain @ sigma[seen])))
    weight = np.exp([w for w, _, _ in found] - np.max([w for w, _, _ in found]))
    weight /= weight.sum()
    mean = sum(w * m for w, (_, m, _) in zip(weight, found, strict=True))
    variance = sum(w * (v + (m - mean) ** 2) for w, (_, m, v) in zip(weight, found, strict=True))
    return np.asarray(mean), np.asarray(variance)


def test_missing_genes_are_those_of_the_conditioned_mixture(model):
    x = with_gaps(model)
    filled = model.impute(x)
    for n, row in enumerate(x):
        mean, variance = conditioned(model, row)
        gaps = np.isnan(row)
        np.testing.assert_allclose(filled.values_ng[n, gaps], mean[gaps], atol=1e-4)
        expected = np.sqrt(variance + model.network.completion.noise_g.numpy()) * float(model.network.completion.width)
        np.testing.assert_allclose(filled.sd_ng[n], expected, rtol=1e-3)


def test_with_every_gene_the_latent_is_the_encoders(model):
    x = np.nan_to_num(with_gaps(model))
    found = model.infer(x)
    with torch.no_grad():
        np.testing.assert_array_equal(found.z_nk, model.network.embed(torch.from_numpy(x)).numpy())
    np.testing.assert_array_equal(found.certainty_n, 1)


def test_the_latent_nears_the_encoders_as_gaps_close(model):
    whole = np.nan_to_num(with_gaps(model, 30, seed=3))
    z = model.embed(whole)
    away = []
    for n_missing in (20, 5, 1):
        x = whole.copy()
        x[:, :n_missing] = np.nan
        found = model.infer(x)
        away.append(np.abs(found.z_nk - z).mean())
        assert (found.certainty_n < 1).all()
    assert away[0] > away[1] > away[2]
    assert away[2] < 0.25 * away[0]


def test_a_sample_is_inferred_alike_alone_and_among_others(model):
    x = with_gaps(model, 9, 0.3)
    x[4:] = np.where(np.isnan(x[0]), np.nan, np.nan_to_num(x[4:]))  # one pattern shared, four of their own
    together = model.infer(x)
    alone = [model.infer(row[None]) for row in x]
    np.testing.assert_allclose(together.z_nk, np.concatenate([one.z_nk for one in alone]), atol=1e-5)
    np.testing.assert_allclose(together.certainty_n, np.concatenate([one.certainty_n for one in alone]), atol=1e-5)


def test_the_fewer_genes_the_less_certain(model):
    x, order = np.nan_to_num(with_gaps(model, 20)), np.random.default_rng(2).permutation(G)
    certain, wide = [], []
    for n_seen in (30, 10, 2):
        shown = x.copy()
        shown[:, order[n_seen:]] = np.nan
        certain.append(model.infer(shown).certainty_n)
        wide.append(model.impute(shown).sd_ng[:, order[30:]].mean())
    assert (certain[0] > certain[1]).all()
    assert certain[1].mean() > certain[2].mean()
    assert wide[0] < wide[1] < wide[2]


def test_intervals_hold_what_they_say_of_samples_of_the_prior(model):
    rng, network = np.random.default_rng(5), model.network
    component = rng.integers(0, T, 400)
    prior = network.completion
    z = prior.mean_ck.numpy()[component] + rng.normal(size=(400, K)) @ prior.root_skk[0].numpy().T
    d, b = (p.detach().numpy() for p in network.decode_linear.parameters())
    x = (z @ d.T + b + rng.normal(size=(400, G)) * np.sqrt(prior.noise_g.numpy())).astype(np.float32)
    hidden = rng.random(x.shape) < 0.5
    filled = model.impute(np.where(hidden, np.nan, x))
    inside = np.abs(filled.values_ng - x)[hidden] <= 1.6449 * filled.sd_ng[hidden]
    assert inside.mean() == pytest.approx(0.9, abs=0.015)


def test_patterns_share_their_matrix_and_all_ways_to_it_agree():
    rng = np.random.default_rng(0)
    seen = rng.random((7, 300)) < np.array([0.05, 0.3, 0.5, 0.8, 0.95, 1.0, 0.0])[:, None]
    seen = np.concatenate([seen, seen[:2]])
    first, pattern = same_patterns(seen)
    assert len(first) == 7
    np.testing.assert_array_equal(seen[first][pattern], seen)
    w = rng.normal(size=(300, 4))
    for weight in (w.astype(np.float32), torch.from_numpy(w).float()):
        for matrix, row in zip(gram_matrices(weight, seen[first], w.T @ w), seen[first], strict=True):
            np.testing.assert_allclose(matrix, w[row].T @ w[row], atol=1e-3)


def test_the_published_network_has_no_closed_form():
    network = build(G, T, TrainConfig(preset="paper"), Standardise(torch.zeros(G), torch.ones(G), 10.0))
    assert completer_of(network) is None
