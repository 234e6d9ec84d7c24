"""The networks: starting point, missing genes, batches of one, the published faults."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from modelling.config import ConfigError, TrainConfig, paper, preset
from modelling.network.base import Standardise
from modelling.network.loss import cross_entropy, masked_mse
from modelling.network.ours import build
from modelling.training.fast import fast_products, keep_freed_memory

N_GENES, N_TISSUES = 30, 4


def network(config=None, n_tissues=N_TISSUES, **changes):
    torch.manual_seed(0)
    config = (config or TrainConfig(n_latent=5, n_hidden=9, head_hidden=6, dropout=0.0)).replace(**changes)
    scaler = Standardise(torch.zeros(N_GENES), torch.ones(N_GENES), config.clip, sample_norm=config.sample_norm)
    return build(N_GENES, n_tissues, config, scaler)


def correlated(n=80, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(n, 5)) * [3, 2, 1.5, 1, 0.8] @ rng.normal(size=(5, N_GENES)) + 0.1 * rng.normal(size=(n, N_GENES)) + 0.2
    ).astype(np.float32)


def begun(**changes):
    x = correlated()
    model = network(clip=None, **changes).eval()
    model.begin(lambda: iter(torch.from_numpy(x).split(50)), len(x), seed=0)
    return model, x


def test_the_first_step_reconstructs_as_principal_components_do():
    model, x = begun()
    pca = PCA(5, svd_solver="full").fit(x)
    new = correlated(20, seed=1)
    expected = pca.inverse_transform(pca.transform(new))
    with torch.inference_mode():
        z = model.embed(torch.from_numpy(new))
        np.testing.assert_allclose(model.decode(z).numpy(), expected, atol=2e-4)
    np.testing.assert_allclose(
        model.prior_var_k.numpy(), np.maximum(pca.explained_variance_ / pca.explained_variance_.mean(), 0.01), rtol=2e-3
    )


def test_fewer_rows_than_dimensions_still_begin():
    x = correlated(3)
    model = network(clip=None)
    model.begin(lambda: iter([torch.as_tensor(x)]), 3, seed=0)
    assert torch.isfinite(model.embed(torch.from_numpy(x))).all()


@pytest.mark.parametrize("config", [TrainConfig(n_latent=5, n_hidden=9, head_hidden=6), paper().replace(n_latent=5, n_hidden=9)])
def test_an_embedding_does_not_depend_on_its_batch(config):
    model = network(config).eval()
    x = torch.from_numpy(correlated())
    with torch.inference_mode():
        together = model.embed(x)
        alone = torch.cat([model.embed(row[None]) for row in x])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_missing_genes_are_not_zeros():
    model, x = begun()
    rng = np.random.default_rng(3)
    holes = x.copy()
    holes[rng.random(x.shape) < 0.3] = np.nan
    with torch.inference_mode():
        full, mended, zeroed = (model.embed(torch.from_numpy(a)) for a in (x, holes, np.nan_to_num(holes)))
        nothing = model.embed(torch.full((1, N_GENES), float("nan")))
        assert torch.isfinite(model.classify(nothing)).all()
    assert (mended - full).norm() < 0.85 * (zeroed - full).norm()


def test_sample_norm_undoes_scale_and_shift_of_one_sample():
    mean = torch.linspace(1, 8, N_GENES)
    scaler = Standardise(mean, torch.ones(N_GENES), 10.0, sample_norm=True)
    x = mean + torch.from_numpy(correlated(4))
    x[0, :5] = float("nan")
    torch.testing.assert_close(scaler(x), scaler(0.7 * x + 1.5), atol=1e-4, rtol=1e-4, equal_nan=True)
    torch.testing.assert_close(scaler(mean[None]), torch.zeros(1, N_GENES), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "config", [TrainConfig(n_latent=5, n_hidden=32, head_hidden=16, dropout=0.0), paper().replace(n_latent=5, n_hidden=32, dropout=0.0)]
)
def test_one_batch_can_be_overfitted(config):
    model = network(config)
    x = torch.from_numpy(correlated(12))
    y = torch.arange(12) % N_TISSUES
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    seen, noise = torch.ones_like(x), torch.zeros(12, 5)
    for _ in range(300):
        output = model(x, seen, noise)
        class_loss = cross_entropy(output.logits_nt, y, torch.ones(N_TISSUES), 0.0).mean()
        loss = class_loss + masked_mse(output.x_hat_ng, x, seen).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert class_loss < 0.05  # cosines are bounded: the default cannot be more certain
    error = float(masked_mse(output.x_hat_ng.detach(), x, seen).mean() / x.square().mean())
    assert error < 0.1 if config.preset == "default" else error > 0.3  # a sigmoid cannot follow z-scores


def test_the_published_draw_uses_the_log_variance_as_it_stands():
    mean, log_var, noise = torch.zeros(1, 2), torch.tensor([[2.0, -2.0]]), torch.ones(1, 2)
    torch.testing.assert_close(network(paper().replace(n_latent=2, n_hidden=4)).sample(mean, log_var, noise), torch.tensor([[2.0, -2.0]]))
    torch.testing.assert_close(network().sample(mean, log_var, noise), torch.tensor([[math.e, 1 / math.e]]))


def test_the_published_sizes():
    assert paper().hidden(16_115) == 3226
    assert paper().scaled_learning_rate == pytest.approx(1.7178e-3)


def test_fast_products_equal_strict_ones():
    keep_freed_memory()
    torch.manual_seed(0)
    x, w = torch.randn(32, 4000), torch.randn(300, 4000)
    with fast_products("float32"):
        strict = x @ w.T
    with fast_products("auto"):
        fast = x @ w.T
    exact = x.double() @ w.double().T
    bound = 2e-2 if "amx" in torch.backends.cpu.get_cpu_capability().lower() else 1e-5
    assert (fast - exact).abs().max() < bound * exact.abs().max()
    assert (strict - exact).abs().max() < 1e-5 * exact.abs().max()


def test_the_learning_rate_follows_the_root_of_the_batch():
    config = TrainConfig()
    assert config.replace(batch_size=config.reference_batch * 4).scaled_learning_rate == pytest.approx(2 * config.learning_rate)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"epochs": 0}, "epochs is 0"), ({"mask_fraction": 1.0}, "mask_fraction is 1.0"), ({"colour": 1}, "unknown settings")],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        TrainConfig().replace(**changes)
    with pytest.raises(ConfigError, match="no preset named 'best'"):
        preset("best")
