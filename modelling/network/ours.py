"""Our network, and the choice between it and the published one. Axes as in modelling/forward/networks.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from modelling.config import TrainConfig
from modelling.forward.networks import TissueForward
from modelling.network.base import Network, Output, Standardise
from modelling.network.completion import Completion
from modelling.network.paper import PaperVAE
from modelling.network.pca import fit_components
from modelling.network.prototypes import Prototypes

__all__ = ["Network", "Output", "Standardise", "TissueVAE", "build"]

SMALLEST_PRIOR_VARIANCE = 1e-2


class TissueVAE(TissueForward, Network):
    """A linear path beside a nonlinear one on the way in, a linear decoder, and a head of tissue prototypes that is fitted in closed form.

    The linear path starts from the training part's principal components (`begin`), what the nonlinear path adds starts from zero: the first
    step already reconstructs as PCA does. LayerNorm, not BatchNorm: a sample's embedding does not depend on its batch.
    """

    def __init__(self, n_genes: int, n_tissues: int, config: TrainConfig, standardise: Standardise) -> None:
        super().__init__(standardise, config.n_latent)
        h, k = config.hidden(n_genes), config.n_latent
        self.encode_linear, self.decode_linear = nn.Linear(n_genes, k), nn.Linear(k, n_genes)
        self.encode_hidden, self.encode_norm = nn.Linear(n_genes, h), nn.LayerNorm(h)
        self.missing_h = nn.Parameter(torch.zeros(h))
        self.encode_mean, self.encode_log_var = nn.Linear(h, k), nn.Linear(h, k)
        self.head = Prototypes(n_tissues, k)
        self.completion = Completion(n_genes, n_tissues, k)
        self.activate, self.dropout = nn.GELU(), nn.Dropout(config.dropout)
        for parameter in (self.encode_mean.weight, self.encode_mean.bias, self.encode_log_var.weight):
            nn.init.zeros_(parameter)
        nn.init.constant_(self.encode_log_var.bias, -4.0)

    def begin(self, training_inputs: Callable[[], Iterable[Tensor]], n_rows: int, seed: int) -> None:
        """Start the linear path from principal components of the input: z = (x - centre) C / s, x = centre + z s C', s the root mean square of the
        scores; the decoder gives z-scores, the input over its factor.

        One scale for all dimensions keeps the distances between samples (nearest neighbours of fully whitened scores classify far worse); the
        prior takes each component's own variance instead.
        """
        n_genes, k = self.encode_linear.in_features, self.encode_linear.out_features
        components = fit_components(training_inputs, min(k, n_genes, n_rows), seed)
        axes_kg, centre_g = torch.from_numpy(components.axes), torch.from_numpy(components.mean)
        device = self.encode_linear.weight.device
        axes, centre = axes_kg.to(device), centre_g.to(device)
        squared = torch.zeros(len(axes_kg), dtype=torch.float64)
        for x in training_inputs():
            squared += ((x.to(device) - centre) @ axes.T).square().cpu().sum(0, dtype=torch.float64)
        self._set_linear(axes_kg, centre_g, (squared / n_rows).sqrt().float())

    @torch.no_grad()
    def _set_linear(self, axes_kg: Tensor, centre_g: Tensor, sd_k: Tensor) -> None:
        """Args, on the CPU: axes (k, g), centre (g) and standard deviation of the scores (k)."""
        k, s = len(axes_kg), sd_k.square().mean().sqrt().clamp_min(1e-6)
        for parameter in (*self.encode_linear.parameters(), self.decode_linear.weight):
            parameter.zero_()
        self.encode_linear.weight[:k] = axes_kg / s
        self.encode_linear.bias[:k] = -(axes_kg @ centre_g) / s
        factor_g = self.standardise.input_factor_g.cpu()
        self.decode_linear.weight[:, :k] = axes_kg.T * s / factor_g[:, None]
        self.decode_linear.bias.copy_(centre_g / factor_g)
        self.prior_var_k.fill_(SMALLEST_PRIOR_VARIANCE)
        self.prior_var_k[:k] = (sd_k / s).square().clamp_min(SMALLEST_PRIOR_VARIANCE)

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        """What starts from principal components, or has as many inputs as there are genes, moves slowly."""
        shares = {
            "encode_linear": config.linear_encoder_rate,
            "decode_linear": config.linear_decoder_rate,
            "encode_hidden": config.hidden_rate,
        }
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            rate = shares.get(name.split(".")[0], 1.0)
            parameter.requires_grad_(rate > 0)
            if rate > 0:
                groups.setdefault(rate, []).append(parameter)
        return [{"params": parameters, "rate": rate} for rate, parameters in groups.items()]


def build(n_genes: int, n_tissues: int, config: TrainConfig, standardise: Standardise) -> Network:
    """The network that the settings ask for, with fresh weights."""
    network = PaperVAE if config.preset == "paper" else TissueVAE
    return network(n_genes, n_tissues, config, standardise)
