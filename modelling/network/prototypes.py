"""The tissue head: cosine similarity to one prototype a tissue, in a space where every tissue scatters alike. Closed form, nothing trained.

    u = unit vector of (z - centre) W       centre: mean of the tissues' means; W: inverse root of the pooled within-tissue covariance of z
    similarity = cosine(u, prototype)       prototype: unit mean of a tissue's u

Study and donor effects are part of the scatter within a tissue, so W shrinks the directions in which laboratories differ. A trained head on the
same u is no better on its own archive and worse in other laboratories (docs/logs/experiments.md).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SCALE = 20.0
SHRINKAGE = 0.02
ABSENT = -1.0
RARE, FEW = 0.3, 5  # a prototype of n < FEW samples must be nearer by RARE / sqrt(n): two samples of a tissue must not swallow a common one


class Prototypes(nn.Module):
    """Buffers of the head: centre (k), whiten (k, k), prototypes (t, k), allowance (t); a tissue without samples has a prototype of zeros."""

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

    def unit(self, z_nk: Tensor) -> Tensor:
        """Whitened directions (n, k), rows of length one."""
        return nn.functional.normalize((z_nk - self.centre_k) @ self.whiten_kk, dim=1)

    def certainty(self, z_nk: Tensor, wider_n: Tensor) -> Tensor:
        """Expected cosine (n) between a direction and its mean at z, where the whitened z scatters by a total variance of `wider` (n)."""
        squared_n = ((z_nk - self.centre_k) @ self.whiten_kk).square().sum(1)
        return (squared_n / (squared_n + wider_n).clamp_min(1e-12)).sqrt()

    def similarity(self, z_nk: Tensor, certainty_n: Tensor | None = None) -> Tensor:
        """Cosine to each tissue's prototype (n, t), less where z is less certain; `ABSENT` for a tissue without one."""
        cosine = self.unit(z_nk) @ self.prototypes_tk.T
        if certainty_n is not None:
            cosine = cosine * certainty_n[:, None]
        return torch.where(self.prototypes_tk.abs().sum(1) > 0, cosine, ABSENT)

    def forward(self, z_nk: Tensor, certainty_n: Tensor | None = None) -> Tensor:
        """Logits (n, t): similarity less what a prototype of few samples is uncertain by."""
        return SCALE * (self.similarity(z_nk, certainty_n) - self.allowance_t)

    @torch.no_grad()
    def fit(self, z_nk: Tensor, target_n: Tensor, power: float, copies: int = 1) -> None:
        """Set the buffers from latents with known tissue (target -1 is left out).

        Args: power, a sample's weight in the covariance is (samples of its tissue) ** -power: 0 counts samples alike, 1 tissues alike;
        copies, how many rows each sample has.
        """
        target_n = target_n.cpu()
        known = target_n >= 0
        z, y = z_nk.cpu()[known].double(), target_n[known]
        n_tissues = len(self.prototypes_tk)
        counts = torch.bincount(y, minlength=n_tissues)
        present = counts > 0
        means = _means(z, y, counts)
        centre = means[present].mean(0)
        scatter = z - means[y]
        weight = counts[y].double() ** -power
        covariance = (scatter * (weight / weight.sum())[:, None]).T @ scatter
        values, vectors = torch.linalg.eigh(covariance)
        floor = SHRINKAGE * values.mean() + 1e-9
        whiten = vectors / (values.clamp_min(0) + floor).sqrt()
        unit = nn.functional.normalize((z - centre) @ whiten, dim=1)
        prototypes = nn.functional.normalize(_means(unit, y, counts), dim=1) * present[:, None]
        self.centre_k.copy_(centre)
        self.whiten_kk.copy_(whiten)
        self.prototypes_tk.copy_(prototypes)
        samples = (counts / copies).clamp_min(1).double()
        self.allowance_t.copy_(torch.where(samples < FEW, RARE * samples**-0.5, 0.0))

    def second(self, z_nk: Tensor) -> tuple[Tensor, Tensor]:
        """What a sample holds beside its nearest tissue: the tissue (n) towards which the rest of u points most, and how much (n), a cosine.

        The rest is u without its part along the nearest prototype. Of a pure sample it is scatter, which is alike in all directions of this
        space; of a mixture it points to the other tissue.
        """
        unit, prototypes = self.unit(z_nk), self.prototypes_tk
        first = self(z_nk).argmax(1)
        own = prototypes[first]
        rest = nn.functional.normalize(unit - (unit * own).sum(1, keepdim=True) * own, dim=1)
        overlap = prototypes @ prototypes.T
        # cosine of the rest with each prototype without its part along the nearest one; the rest is orthogonal to that already
        length = (1 - overlap[first].square()).clamp_min(1e-6).sqrt()
        cosine = rest @ prototypes.T / length
        cosine = torch.where(prototypes.abs().sum(1) > 0, cosine, ABSENT).scatter(1, first[:, None], ABSENT)
        strength, tissue = cosine.max(1)
        return tissue, strength


def _identity(n: int, k: int) -> Tensor:
    """As torch.eye, which on a device without memory (bundle/checks.py) imports torch's compiler: a second."""
    ones = torch.zeros(n, k)
    ones.diagonal().fill_(1.0)
    return ones


def _means(values_nk: Tensor, target_n: Tensor, counts_t: Tensor) -> Tensor:
    """Mean of each tissue's rows (t, k), zeros where there is none."""
    sums = torch.zeros(len(counts_t), values_nk.shape[1], dtype=values_nk.dtype, device=values_nk.device)
    return sums.index_add_(0, target_n, values_nk) / counts_t.clamp_min(1)[:, None]
