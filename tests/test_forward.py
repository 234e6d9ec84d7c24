"""A network over numpy arrays against the same weights as torch modules: every kind that a bundle can hold, with every gene and with gaps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from modelling.bundle.levels import Level, Levels
from modelling.bundle.model import TissueModel, load, save
from modelling.bundle.modules import modules
from modelling.bundle.weights import tensors_of
from modelling.config import TrainConfig, paper
from modelling.forward import blocks, layers
from modelling.forward.applied import shapes
from modelling.network.base import Standardise
from modelling.network.ours import TissueVAE, build
from modelling.network.prototypes import Prototypes

G, T = 60, 4
SMALL = TrainConfig(n_latent=7, n_hidden=12)
KINDS = {
    "default": SMALL,
    "clipped z-scores": SMALL.replace(input_scale="z", clip=2.0),
    "soft, samples matched": SMALL.replace(input_scale="soft", sample_norm=True),
    "hidden by share": SMALL.replace(n_hidden=None, clip=None),
    "published": paper().replace(n_latent=7, head_hidden=5),
}


def trained(config: TrainConfig) -> TissueModel:
    """A model of modules whose every tensor was drawn, BatchNorm's statistics too."""
    torch.manual_seed(1)
    scaler = Standardise(
        torch.rand(G) * 4, torch.rand(G) + 0.3, config.clip, sample_norm=config.sample_norm, input_scale=config.input_scale
    )
    network = build(G, T, config, scaler).eval()
    z, tissue = torch.randn(90, 7) + 2 * torch.randn(T, 7)[torch.arange(90) % T], torch.arange(90) % T
    levels = None
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point() and not name.startswith("standardise"):
                tensor.copy_(torch.rand_like(tensor) * 0.4 + 0.1 if "var" in name or "noise" in name else torch.randn_like(tensor) * 0.3)
    if isinstance(network, TissueVAE):
        network.head.fit(z, tissue.where(tissue != 2, -1), 0.5)  # one tissue without a prototype
        network.completion.fit(z, tissue)
        network.completion.width.fill_(1.3)
        leaves = Prototypes(T + 1, 7)
        leaves.fit(z, torch.arange(90) % (T + 1), 0.5)
        rows = [Level(f"{name}/{part}", "term", name, "", name, (f"{name}/{part}",)) for name, part in zip("aabcd", "xyzzz", strict=True)]
        rows += [Level("a", "tissue", "a", "", "a", ("a/x", "a/y"))]
        levels = Levels(rows, list("abcd"), leaves.eval(), 0.7)
    residual = np.random.default_rng(2).random(G).astype(np.float32)
    names = [f"G{i}" for i in range(G)]
    return TissueModel(network, names, list("abcd"), config, 1.7, {"unit": "log2(TPM+1)"}, residual_g=residual, levels=levels)


def samples(n: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    x = rng.gamma(2, 2, (n, G)).astype(np.float32)
    x[rng.random(x.shape) < share] = np.nan
    x[::5] = np.where(
        np.isnan(x[1]), np.nan, np.nan_to_num(x[::5], nan=1.0)
    )  # some share their gaps, and of one sample every gene is there
    x[3] = 1.0
    return x


@pytest.fixture(params=KINDS)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[TissueModel, TissueModel]:
    model = trained(KINDS[request.param])
    save(tmp_path, model, [{"symbol": gene} for gene in model.genes], [{"tissue": tissue} for tissue in model.tissues])
    return model, load(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_numpy_and_torch_give_the_same_of_the_same_weights(both, share):
    by_torch, by_numpy = both
    assert not isinstance(by_numpy.network, torch.nn.Module)
    x = samples(150, share)
    found, expected = by_numpy.infer(x), by_torch.infer(x)
    z, certainty = expected.z_nk, expected.certainty_n
    filled, filled_by_torch = by_numpy.impute(x), by_torch.impute(x)
    pairs = {
        "z-scores": (by_numpy.standardise(x), by_torch.standardise(x)),
        "latent": (found.z_nk, z),
        "certainty": (found.certainty_n, certainty),
        "logits": (by_numpy.logits(z), by_torch.logits(z)),
        "logits, less certain": (by_numpy.logits(z, certainty), by_torch.logits(z, certainty)),
        "directions": (by_numpy.directions(z), by_torch.directions(z)),
        "probabilities": (by_numpy.probabilities(x), by_torch.probabilities(x)),
        "reconstruction": (by_numpy.reconstruct(z), by_torch.reconstruct(z)),
        "restored": (filled.values_ng, filled_by_torch.values_ng),
        "its standard deviation": (filled.sd_ng, filled_by_torch.sd_ng),
    }
    if by_torch.prototypes is not None:
        (tissue, strength), (tissue_by_torch, strength_by_torch) = by_numpy.second_tissue(z), by_torch.second_tissue(z)
        np.testing.assert_array_equal(tissue, tissue_by_torch)
        pairs |= {
            "second": (strength, strength_by_torch),
            "similarities": (by_numpy.similarities(z, certainty), by_torch.similarities(z, certainty)),
            "levels": tuple(model.level_probabilities(expected, by_torch.probabilities(x)) for model in both),
        }
    for name, (ours, theirs) in pairs.items():
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * max(1.0, float(np.nanmax(np.abs(theirs)))), err_msg=name)


def test_a_file_has_the_names_shapes_and_types_of_the_modules(both):
    by_torch, by_numpy = both
    held = {name: (tuple(tensor.shape), np.dtype(str(tensor.dtype)[6:])) for name, tensor in by_torch.network.state_dict().items()}
    assert {name: shape for name, (shape, _) in held.items()} == shapes(G, T, by_torch.config)
    assert {name: (array.shape, array.dtype) for name, array in tensors_of(by_numpy.network).items()} == held


def test_modules_are_made_of_a_loaded_model(both):
    _, by_numpy = both
    network = modules(tensors_of(by_numpy.network), G, T, by_numpy.config, torch.device("cpu"))
    x = np.nan_to_num(samples(9, 0.0))
    with torch.inference_mode():
        np.testing.assert_allclose(network.embed(torch.from_numpy(x)).numpy(), by_numpy.embed(x), atol=1e-5)


def test_layers_are_those_of_torch():
    x = np.linspace(-30, 30, 4001).astype(np.float32)[None]
    for ours, theirs in (
        (layers.gelu, torch.nn.functional.gelu),
        (layers.erf, torch.erf),
        (layers.sigmoid, torch.sigmoid),
        (layers.leaky_relu, lambda v: torch.nn.functional.leaky_relu(v, 0.2)),
    ):
        found = ours(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, theirs(torch.from_numpy(x)).numpy(), rtol=1e-6, atol=1e-6)


def test_any_number_of_threads_gives_the_same_bits(monkeypatch):
    x = np.random.default_rng(0).random((5 * blocks.ROWS + 3, G)).astype(np.float32)
    weight = np.random.default_rng(1).random((G, 9)).astype(np.float32)
    found = []
    for n_threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        found.append(blocks.in_pieces(lambda part: (part @ weight, part.sum(1)), x))
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)
    np.testing.assert_allclose(found[0][0], x @ weight, rtol=1e-5)
    assert [len(part) for part in blocks.in_pieces(lambda part: (part, part), x[:0])] == [0, 0]


def test_a_model_is_applied_without_torch(tmp_path):
    model = trained(KINDS["default"])
    save(tmp_path, model, [{"symbol": gene} for gene in model.genes], [{"tissue": tissue} for tissue in model.tissues])
    code = f"""if True:
        import sys
        sys.modules["torch"] = None  # as where it is not installed
        import numpy as np, bulkatlas
        model = bulkatlas.load_model({str(tmp_path)!r}).inner
        x = np.full((3, {G}), 2.0, np.float32)
        x[1, :9] = np.nan
        print(model.probabilities(x).shape, model.impute(x).sd_ng.shape)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["(3,", f"{T})", "(3,", f"{G})"], done.stderr
