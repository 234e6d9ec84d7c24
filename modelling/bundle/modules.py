"""A model's network as torch modules: for a device, for an export, to go on training. On the CPU a model is applied without them."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from modelling.arrays import Array
from modelling.config import TrainConfig
from modelling.network.ours import Network, Standardise, build


def modules(tensors: Mapping[str, Array], n_genes: int, n_tissues: int, config: TrainConfig, device: torch.device) -> Network:
    """The network of these settings and tensors on a device, in evaluation mode."""
    with torch.device("meta"):  # without memory and without drawing weights that would be replaced
        scaler = Standardise(
            torch.zeros(n_genes), torch.ones(n_genes), config.clip, sample_norm=config.sample_norm, input_scale=config.input_scale
        )
        network = build(n_genes, n_tissues, config, scaler)
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()}, assign=True)
    return network.to(device).eval()
