"""What every network of this project shares: the scaler, and the way from expression to latent, reconstruction and tissue.

Axes: n samples, g genes, k latent, t tissues. Expression is log2(TPM + 1) with NaN for missing genes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from modelling.config import InputScale, TrainConfig


def block_rows(device: torch.device) -> int:
    """How many samples go through a network at once: a device is busy with thousands, a CPU's caches with hundreds."""
    return 4096 if device.type == "cuda" else 256


class Output(NamedTuple):
    """One forward pass."""

    mean_nk: Tensor
    log_var_nk: Tensor
    z_nk: Tensor
    x_hat_ng: Tensor
    logits_nt: Tensor


class Standardise(nn.Module):
    """Z-score per gene with training statistics, saved with the weights, and what the encoder sees in its place.

    Z-scores are the decoder's targets: every gene counts alike. To the encoder they would magnify the genes that hardly vary, where studies
    differ: it sees values about the training mean unscaled (`input_scale` none), divided by sqrt(SD^2 + 1) (soft), or z-scores (z).

    With `sample_norm` a sample is first fitted to the training mean profile by a scale and a shift over its own measured genes, so that a
    single new sample of another depth needs no cohort.
    """

    mean_g: Tensor
    std_g: Tensor

    def __init__(
        self, mean_g: Tensor, std_g: Tensor, clip: float | None, *, sample_norm: bool = False, input_scale: InputScale = "z"
    ) -> None:
        super().__init__()
        self.register_buffer("mean_g", mean_g.clone())
        self.register_buffer("std_g", std_g.clone())
        self.clip, self.sample_norm, self.input_scale = clip, sample_norm, input_scale

    def forward(self, x_ng: Tensor) -> Tensor:
        """Unclipped z-scores; NaN stays NaN."""
        if self.sample_norm:
            x_ng = self.match_sample(x_ng)
        return (x_ng - self.mean_g) / self.std_g

    def match_sample(self, x_ng: Tensor) -> Tensor:
        """Each sample scaled and shifted to the mean and spread of the training mean profile, over its measured genes."""
        seen = ~torch.isnan(x_ng)
        n = seen.sum(1, keepdim=True).clamp_min(1)
        x, target = torch.nan_to_num(x_ng), torch.where(seen, self.mean_g, 0.0)
        x_mean, target_mean = x.sum(1, keepdim=True) / n, target.sum(1, keepdim=True) / n
        x_sd = (torch.where(seen, x - x_mean, 0.0).square().sum(1, keepdim=True) / n).sqrt().clamp_min(1e-6)
        target_sd = (torch.where(seen, self.mean_g - target_mean, 0.0).square().sum(1, keepdim=True) / n).sqrt()
        return (x_ng - x_mean) * (target_sd / x_sd) + target_mean

    @property
    def input_factor_g(self) -> Tensor:
        """What a z-score is multiplied with to be the encoder's input (g)."""
        if self.input_scale == "z":
            return torch.ones_like(self.std_g)
        return self.std_g if self.input_scale == "none" else self.std_g / (self.std_g.square() + 1).sqrt()

    def target(self, scores_ng: Tensor) -> Tensor:
        """What the decoder is to restore: clipped z-scores, 0 where a gene is missing."""
        x_ng = torch.nan_to_num(scores_ng)
        return x_ng if self.clip is None else x_ng.clamp(-self.clip, self.clip)

    def network_input(self, scores_ng: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's input with 0 where a gene is missing, and the mask of measured genes (1 measured, 0 missing).

        Z-scores are clipped: one cell must not throw a latent. Logarithms need no clip.
        """
        seen_ng = (~torch.isnan(scores_ng)).to(scores_ng.dtype)
        if self.input_scale == "z":
            return self.target(scores_ng), seen_ng
        return torch.nan_to_num(scores_ng) * self.input_factor_g, seen_ng


class Network(nn.Module):
    """A supervised variational autoencoder with the scaler inside."""

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

    def unit(self, z_nk: Tensor) -> Tensor:
        """The space (n, k) in which samples are compared, rows of length one: cosines there are similarities."""
        return nn.functional.normalize(z_nk, dim=1)

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        """Parameters with their share of the learning rate."""
        return [{"params": list(self.parameters()), "rate": 1.0}]

    def encode(self, x_ng: Tensor, seen_ng: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log variance (n, k) of network input."""
        raise NotImplementedError

    def decode(self, z_nk: Tensor) -> Tensor:
        """Standardised expression (n, g)."""
        raise NotImplementedError

    def classify(self, z_nk: Tensor) -> Tensor:
        """Tissue logits (n, t)."""
        raise NotImplementedError

    def sample(self, mean_nk: Tensor, log_var_nk: Tensor, noise_nk: Tensor) -> Tensor:
        """A draw from the posterior: mean + standard deviation x noise (Kingma and Welling 2014)."""
        return mean_nk + (0.5 * log_var_nk).exp() * noise_nk

    def embed(self, x_ng: Tensor) -> Tensor:
        """Expression to posterior mean (n, k)."""
        return self.encode(*self.standardise.network_input(self.standardise(x_ng)))[0]

    def forward(self, x_ng: Tensor, seen_ng: Tensor, noise_nk: Tensor) -> Output:
        """Network input to all outputs, as in training."""
        mean, log_var = self.encode(x_ng, seen_ng)
        z = self.sample(mean, log_var, noise_nk)
        return Output(mean, log_var, z, self.decode(z), self.classify(z))
