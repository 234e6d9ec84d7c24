"""What every network of this project shares when it is trained: the scaler, and one forward pass. Axes as in modelling/forward/networks.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from modelling.config import InputScale, TrainConfig
from modelling.forward.networks import Forward
from modelling.forward.scaling import Scaling


class Output(NamedTuple):
    """One forward pass."""

    mean_nk: Tensor
    log_var_nk: Tensor
    z_nk: Tensor
    x_hat_ng: Tensor
    logits_nt: Tensor


class Standardise(Scaling, nn.Module):
    """Z-score per gene with training statistics, saved with the weights; see `Scaling`."""

    lib = torch
    mean_g: Tensor
    std_g: Tensor

    def __init__(
        self, mean_g: Tensor, std_g: Tensor, clip: float | None, *, sample_norm: bool = False, input_scale: InputScale = "z"
    ) -> None:
        super().__init__()
        self.register_buffer("mean_g", mean_g.clone())
        self.register_buffer("std_g", std_g.clone())
        self.clip, self.sample_norm, self.input_scale = clip, sample_norm, input_scale


class Network(Forward, nn.Module):
    """A supervised variational autoencoder with the scaler inside."""

    lib = torch
    standardise: Standardise
    prior_var_k: Tensor
    needs_two_samples = False
    """Whether a training batch of one sample has no answer, as with BatchNorm."""

    def __init__(self, standardise: Standardise, n_latent: int) -> None:
        super().__init__()
        self.standardise = standardise
        self.register_buffer("prior_var_k", torch.ones(n_latent))

    def begin(self, training_inputs: Callable[[], Iterable[Tensor]], n_rows: int, seed: int) -> None:
        """Set the starting point; each call of `training_inputs` yields the training part's network input in blocks (n, g)."""

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        """Parameters with their share of the learning rate."""
        return [{"params": list(self.parameters()), "rate": 1.0}]

    def sample(self, mean_nk: Tensor, log_var_nk: Tensor, noise_nk: Tensor) -> Tensor:
        """A draw from the posterior: mean + standard deviation x noise (Kingma and Welling 2014)."""
        return mean_nk + (0.5 * log_var_nk).exp() * noise_nk

    def forward(self, x_ng: Tensor, seen_ng: Tensor, noise_nk: Tensor) -> Output:
        """Network input to all outputs, as in training."""
        mean, log_var = self.encode(x_ng, seen_ng)
        z = self.sample(mean, log_var, noise_nk)
        return Output(mean, log_var, z, self.decode(z), self.classify(z))
