"""The published model as Flexynesis 1.1.14 computes it, faults included: kept to be compared with, not to be used.

Written from a description of its behaviour; `benchmarks/flexynesis_parity.py` copies weights over and compares outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from modelling.config import TrainConfig
from modelling.forward.networks import PaperForward
from modelling.network.base import Network, Standardise


class PaperVAE(PaperForward, Network):
    """Encoder and decoder with one hidden layer each (LeakyReLU, then BatchNorm), a second linear layer on mean and log variance, sigmoid output.

    Missing genes enter as 0, the training mean. z = mean + log variance x noise, as published, although the log variance is no standard
    deviation; a sigmoid cannot leave (0, 1) although the targets are z-scores.
    """

    needs_two_samples = True

    def __init__(self, n_genes: int, n_tissues: int, config: TrainConfig, standardise: Standardise) -> None:
        super().__init__(standardise, config.n_latent)
        h, k = config.hidden(n_genes), config.n_latent
        self.encoder = nn.Sequential(_xavier(n_genes, h), nn.LeakyReLU(0.2), nn.BatchNorm1d(h))
        self.hidden_mean, self.hidden_log_var = _xavier(h, k), _xavier(h, k)
        self.mean, self.log_var = nn.Linear(k, k), nn.Linear(k, k)
        self.decoder = nn.Sequential(_xavier(k, h), nn.LeakyReLU(0.2), nn.BatchNorm1d(h), _xavier(h, n_genes), nn.Sigmoid())
        dropout = nn.Dropout(config.dropout)
        self.head = nn.Sequential(
            nn.Linear(k, config.head_hidden),
            nn.BatchNorm1d(config.head_hidden),
            nn.ReLU(),
            dropout,
            nn.Linear(config.head_hidden, n_tissues),
        )

    def sample(self, mean_nk: Tensor, log_var_nk: Tensor, noise_nk: Tensor) -> Tensor:
        """As published: the log variance itself scales the noise."""
        return mean_nk + log_var_nk * noise_nk

    @torch.no_grad()
    def copy_weights(self, theirs: dict[str, Tensor], head: str) -> None:
        """Take over the state of a Flexynesis supervised VAE with one omics layer; `head` names its target variable."""
        names = {
            "encoders.0.hidden_layers.0": self.encoder[0], "encoders.0.hidden_layers.2": self.encoder[2],
            "encoders.0.FC_mean": self.hidden_mean, "encoders.0.FC_var": self.hidden_log_var, "FC_mean": self.mean, "FC_log_var": self.log_var,
            "decoders.0.hidden_layers.0": self.decoder[0], "decoders.0.hidden_layers.2": self.decoder[2], "decoders.0.FC_output": self.decoder[3],
            f"MLPs.{head}.layer_1": self.head[0], f"MLPs.{head}.batchnorm": self.head[1], f"MLPs.{head}.layer_out": self.head[4],
        }  # fmt: skip
        for prefix, layer in names.items():
            for name, value in layer.state_dict().items():
                value.copy_(theirs[f"{prefix}.{name}"])


def _xavier(n_in: int, n_out: int) -> nn.Linear:
    """A linear layer with Glorot's uniform weights, as theirs start."""
    layer = nn.Linear(n_in, n_out)
    nn.init.xavier_uniform_(layer.weight)
    return layer
