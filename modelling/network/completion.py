"""Prior and noise of missing genes as a module: buffers that a training fits and saves. What is inferred is `modelling.forward.completion`."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from modelling.forward.completion import Prior, fitted
from modelling.forward.library import as_array


class Completion(Prior, nn.Module):
    """Buffers of the prior and the noise; see `Prior`."""

    noise_g: Tensor
    mean_ck: Tensor
    root_skk: Tensor
    log_weight_c: Tensor
    width: Tensor

    def __init__(self, n_genes: int, n_tissues: int, n_latent: int) -> None:
        super().__init__()
        self.register_buffer("noise_g", torch.ones(n_genes))
        self.register_buffer("mean_ck", torch.zeros(n_tissues + 1, n_latent))
        self.register_buffer("root_skk", torch.zeros(2, n_latent, n_latent))
        self.root_skk.diagonal(dim1=1, dim2=2).fill_(1.0)
        self.register_buffer("log_weight_c", torch.full((n_tissues + 1,), -math.log(n_tissues + 1)))
        self.register_buffer("width", torch.ones(()))

    @torch.no_grad()
    def fit(self, z_nk: Tensor, target_n: Tensor) -> None:
        """Set the prior from latents and their tissues; see `forward.completion.fitted`."""
        for name, array in fitted(as_array(z_nk), as_array(target_n), len(self.mean_ck) - 1).items():
            getattr(self, name).copy_(torch.from_numpy(array))
