"""The networks. Both take log2(TPM + 1) with NaN for missing genes; axes: n samples, g genes, h hidden, k latent, t tissues."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from modelling.config import TrainConfig


class Output(NamedTuple):
    """One forward pass."""

    mean_nk: Tensor
    log_var_nk: Tensor
    z_nk: Tensor
    x_hat_ng: Tensor
    logits_nt: Tensor


class Standardise(nn.Module):
    """Z-score per gene with training statistics, saved with the weights.

    With `sample_norm` a sample is first brought to the training part's overall mean and spread over its own measured genes, so that a single
    new sample of another depth or unit needs no cohort.
    """

    mean_g: Tensor
    std_g: Tensor

    def __init__(self, mean_g: Tensor, std_g: Tensor, clip: float, *, sample_norm: bool = False) -> None:
        super().__init__()
        self.register_buffer("mean_g", mean_g.clone())
        self.register_buffer("std_g", std_g.clone())
        self.clip, self.sample_norm = clip, sample_norm

    def forward(self, x_ng: Tensor) -> Tensor:
        """Unclipped z-scores; NaN stays NaN."""
        if self.sample_norm:
            x_ng = self.match_sample(x_ng)
        return (x_ng - self.mean_g) / self.std_g

    def match_sample(self, x_ng: Tensor) -> Tensor:
        """Least-squares scale and shift of each sample onto the training mean profile, over its measured genes."""
        seen = ~torch.isnan(x_ng)
        n = seen.sum(1, keepdim=True).clamp_min(1)
        target = torch.where(seen, self.mean_g, 0.0)
        x = torch.nan_to_num(x_ng)
        x_mean, target_mean = x.sum(1, keepdim=True) / n, target.sum(1, keepdim=True) / n
        x_sd = (torch.where(seen, x - x_mean, 0.0).square().sum(1, keepdim=True) / n).sqrt().clamp_min(1e-6)
        target_sd = (torch.where(seen, self.mean_g - target_mean, 0.0).square().sum(1, keepdim=True) / n).sqrt()
        return (x_ng - x_mean) * (target_sd / x_sd) + target_mean

    def network_input(self, scores_ng: Tensor) -> tuple[Tensor, Tensor]:
        """Clipped scores with 0 where a gene is missing, and the mask of measured genes as float."""
        seen = ~torch.isnan(scores_ng)
        return torch.nan_to_num(scores_ng).clamp(-self.clip, self.clip), seen.to(scores_ng.dtype)


class TissueVAE(nn.Module):
    """Ours: a linear path beside a nonlinear one, on the way in and on the way out, and a tissue head on the latent mean.

    The linear path starts from the training part's principal components (`start_from`), the nonlinear one from zero: the first step already
    reconstructs as PCA does, and training adds what PCA cannot say. LayerNorm, not BatchNorm: a sample's embedding does not depend on
    its batch.
    """

    def __init__(self, n_genes: int, n_tissues: int, config: TrainConfig, standardise: Standardise) -> None:
        super().__init__()
        h, k = config.hidden(n_genes), config.n_latent
        self.standardise = standardise
        self.encode_linear = nn.Linear(n_genes, k)
        self.encode_hidden = nn.Linear(n_genes, h)
        self.missing_h = nn.Parameter(torch.zeros(h))
        self.encode_norm = nn.LayerNorm(h)
        self.encode_mean = nn.Linear(h, k)
        self.encode_log_var = nn.Linear(h, k)
        self.decode_linear = nn.Linear(k, n_genes)
        self.head = nn.Sequential(nn.Linear(k, config.head_hidden), nn.LayerNorm(config.head_hidden), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(config.head_hidden, n_tissues))
        self.head_linear = nn.Linear(k, n_tissues, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        for layer in (self.encode_mean, self.encode_log_var, self.head_linear):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.encode_mean.bias)
        nn.init.constant_(self.encode_log_var.bias, -4.0)

    @torch.no_grad()
    def start_from(self, components_gk: Tensor, scale_k: Tensor, centre_g: Tensor) -> None:
        """Set the linear path to whitened principal components: z = (x - centre) C / scale, x = centre + (z scale) C'."""
        encode_kg = (components_gk / scale_k).T
        self.encode_linear.weight.copy_(encode_kg)
        self.encode_linear.bias.copy_(-encode_kg @ centre_g)
        self.decode_linear.weight.copy_(components_gk * scale_k)
        self.decode_linear.bias.copy_(centre_g)

    def encode(self, x_ng: Tensor, seen_ng: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log variance (n, k) of network input; what is missing is made up for by the share that is measured."""
        share_n1 = seen_ng.mean(1, keepdim=True)
        x_ng = x_ng / share_n1.clamp_min(1e-3)
        h = self.encode_hidden(x_ng) + (1 - share_n1) * self.missing_h
        h = self.dropout(nn.functional.gelu(self.encode_norm(h)))
        return self.encode_linear(x_ng) + self.encode_mean(h), self.encode_log_var(h)

    def decode(self, z_nk: Tensor) -> Tensor:
        """Standardised expression (n, g)."""
        x_ng: Tensor = self.decode_linear(z_nk)
        return x_ng

    def classify(self, z_nk: Tensor) -> Tensor:
        """Tissue logits (n, t)."""
        logits: Tensor = self.head_linear(z_nk) + self.head(z_nk)
        return logits

    def forward(self, x_ng: Tensor, seen_ng: Tensor, noise_nk: Tensor | None) -> Output:
        """Network input to all outputs; `noise_nk` None takes the posterior mean."""
        mean, log_var = self.encode(x_ng, seen_ng)
        z = mean if noise_nk is None else mean + (0.5 * log_var).exp() * noise_nk
        return Output(mean, log_var, z, self.decode(z), self.classify(z))


def build(n_genes: int, n_tissues: int, config: TrainConfig, standardise: Standardise) -> TissueVAE:
    """The network that the settings ask for, with fresh weights."""
    return TissueVAE(n_genes, n_tissues, config, standardise)
