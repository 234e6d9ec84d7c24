"""The tissue head as a module: buffers that a training fits and saves. What it computes is `modelling.forward.head`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from modelling.forward.head import Head, fitted
from modelling.forward.library import as_array


class Prototypes(Head, nn.Module):
    """Buffers of the head; see `Head`."""

    lib = torch
    centre_k: Tensor
    whiten_kk: Tensor
    prototypes_tk: Tensor
    allowance_t: Tensor

    def __init__(self, n_tissues: int, n_latent: int) -> None:
        super().__init__()
        self.register_buffer("centre_k", torch.zeros(n_latent))
        self.register_buffer("whiten_kk", _identity(n_latent, n_latent))
        self.register_buffer("prototypes_tk", _identity(n_tissues, n_latent))
        self.register_buffer("allowance_t", torch.zeros(n_tissues))

    @torch.no_grad()
    def fit(self, z_nk: Tensor, target_n: Tensor, power: float, copies: int = 1) -> None:
        """Set the buffers from latents with known tissue; the arguments are those of `forward.head.fitted`."""
        for name, array in fitted(as_array(z_nk), as_array(target_n), len(self.prototypes_tk), power, copies).items():
            getattr(self, name).copy_(torch.from_numpy(array))


def _identity(n: int, k: int) -> Tensor:
    """As torch.eye, which on a device without memory (bundle/modules.py) imports torch's compiler: a second."""
    ones = torch.zeros(n, k)
    ones.diagonal().fill_(1.0)
    return ones
