"""The networks. Both take log2(TPM + 1) with NaN for missing genes; axes: n samples, g genes, h hidden, k latent, t tissues."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from modelling.arrays import Floats
from modelling.config import TrainConfig
from modelling.pca import fit_components


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

    prior_var_k: Tensor

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
        self.register_buffer("prior_var_k", torch.ones(k))
        self.head = nn.Sequential(nn.Linear(k, config.head_hidden), nn.LayerNorm(config.head_hidden), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(config.head_hidden, n_tissues))
        self.head_linear = nn.Linear(k, n_tissues, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        for layer in (self.encode_mean, self.encode_log_var, self.head_linear):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.encode_mean.bias)
        nn.init.constant_(self.encode_log_var.bias, -4.0)

    @torch.no_grad()
    def start_from(self, components_gk: Tensor, score_sd_k: Tensor, centre_g: Tensor) -> None:
        """Set the linear path to principal components: z = (x - centre) C / s, x = centre + z s C', s the root mean square of the scores.

        One scale for all dimensions keeps distances between samples; the prior takes each component's own variance instead.
        """
        k = components_gk.shape[1]
        s = score_sd_k.square().mean().sqrt().clamp_min(1e-6)
        for parameter in (*self.encode_linear.parameters(), self.decode_linear.weight):
            parameter.zero_()
        self.encode_linear.weight[:k] = components_gk.T / s
        self.encode_linear.bias[:k] = -(components_gk.T @ centre_g) / s
        self.decode_linear.weight[:, :k] = components_gk * s
        self.decode_linear.bias.copy_(centre_g)
        self.prior_var_k.fill_(self.prior_var_k.new_tensor(1e-2))
        self.prior_var_k[:k] = (score_sd_k / s).square().clamp_min(1e-2)

    def begin(self, training_inputs: Callable[[], Iterable[Floats]], n_rows: int, seed: int) -> None:
        """Called once before training; each call of `training_inputs` yields the network input of the training rows in blocks (n, g)."""
        n_genes, k = self.encode_linear.in_features, self.encode_linear.out_features
        components = fit_components(training_inputs, min(k, n_genes, n_rows), seed)
        squared = sum((np.square(components.project(x)).sum(0, dtype=np.float64) for x in training_inputs()), np.zeros(len(components.axes)))
        score_sd_k = torch.from_numpy(np.sqrt(squared / n_rows)).float()
        self.start_from(torch.from_numpy(components.axes.T.copy()), score_sd_k, torch.from_numpy(components.mean))

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        """Parameters with their share of the learning rate: what starts from principal components moves slowly."""
        shares = {"encode_linear": config.linear_encoder_rate, "decode_linear": config.linear_decoder_rate, "encode_hidden": config.hidden_rate}
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            rate = shares.get(name.split(".")[0], 1.0)
            if rate == 0:
                parameter.requires_grad_(False)
            else:
                groups.setdefault(rate, []).append(parameter)
        return [{"params": parameters, "rate": rate} for rate, parameters in groups.items()]

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
