"""A trained model as ONNX: expression in, tissue probabilities and posterior means out; checked against the model before it is kept."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from modelling.bundle.model import TissueModel
from modelling.bundle.modules import modules
from modelling.bundle.onnx_completion import Filling, translation
from modelling.bundle.weights import tensors_of
from modelling.errors import ModellingError
from modelling.network.ours import TissueVAE

TOLERANCE = 1e-4
N_CHECKED = 16
MOST_MISSING = 0.8
SINGLE_FILE_LIMIT = 1 << 30


class OnnxMismatch(ModellingError):
    """The ONNX file does not compute what the model does, or cannot be made here."""


class Inference(nn.Module):
    """Expression (n, g) in the training unit with NaN for missing -> probability (n, t), latent (n, k)."""

    def __init__(self, model: TissueModel) -> None:
        super().__init__()
        self.network: Any = modules(tensors_of(model.network), len(model.genes), len(model.tissues), model.config, torch.device("cpu"))
        self.temperature = model.temperature
        self.filling = Filling(self.network) if isinstance(self.network, TissueVAE) else None

    def forward(self, expression: Tensor) -> tuple[Tensor, Tensor]:
        """Standardise, infer what is missing, encode to the posterior mean, classify, apply the temperature."""
        scores = self.network.standardise(expression)
        if self.filling is None:
            z_nk = self.network.encode(*self.network.standardise.network_input(scores))[0]
            return torch.softmax(self.network.classify(z_nk) / self.temperature, 1), z_nk
        scores, wider_n = self.filling(scores)
        z_nk = self.network.encode(*self.network.standardise.network_input(scores))[0]
        logits = self.network.head(z_nk, self.network.head.certainty(z_nk, wider_n))
        return torch.softmax(logits / self.temperature, 1), z_nk


def write_onnx(model: TissueModel, path: Path) -> None:
    """Write `path` and compare it with the model on random samples, some genes missing; OnnxMismatch past 1e-4."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  (torch's exporter needs it and says so less clearly)
    except ImportError as error:
        raise OnnxMismatch(f"{error.name} is not installed: pip install 'bulkatlas[onnx]', or export --without-onnx") from error
    module = Inference(model).eval()
    sample = torch.from_numpy(_samples(model, 4))
    n_bytes = sum(p.numel() * p.element_size() for p in module.network.parameters())
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            module,
            (sample,),
            str(path),
            input_names=["expression"],
            output_names=["probability", "latent"],
            dynamic_shapes={"expression": {0: torch.export.Dim("samples", min=1)}},
            dynamo=True,
            custom_translation_table=translation(),
            external_data=n_bytes > SINGLE_FILE_LIMIT,
        )
    x_ng = _samples(model, N_CHECKED)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for name, ours, theirs in zip(
        ("probability", "latent"), (model.probabilities(x_ng), model.embed(x_ng)), session.run(None, {"expression": x_ng}), strict=True
    ):
        furthest = float(np.abs(ours - theirs).max())
        if not furthest <= TOLERANCE * max(1.0, float(np.abs(ours).max())):
            raise OnnxMismatch(
                f"{path.name}: {name} differs from the model by {furthest:.2g}, {TOLERANCE:g} is allowed; nothing was exported"
            )


def _samples(model: TissueModel, n: int) -> np.ndarray:
    """Samples around the training mean: the first with every gene, the last without most of them."""
    random = np.random.default_rng(0)
    x_ng = model.mean_g + model.std_g * random.normal(size=(n, len(model.genes)))
    return np.where(random.random(x_ng.shape) < np.linspace(0, MOST_MISSING, n)[:, None], np.nan, x_ng).astype(np.float32)
