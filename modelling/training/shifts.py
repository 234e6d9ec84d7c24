"""Simulated differences between studies: what another laboratory, protocol or depth does to a profile, drawn anew for every sample.

A shifted sample has (1) a smooth curve over intensity, (2) a slope over the logarithm of gene length, (3) an offset of its own for each gene,
(4) a few genes far off, and (5) most of them fewer reads. All act on log2 values of expressed genes and fade to nothing for silent ones; the
sample's total is kept. The model is asked for the profile as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from profiles.genes import load_genes

CURVE, SLOPE, OFFSET = 0.3, 0.3, 0.45  # SD in log2 units: offsets as measured between pipelines, curve and slope as between protocols
FAR_GENES, FAR_SD = 0.02, 3.0
SHARE_FAR, SHARE_THINNED = 0.5, 0.7
LOG10_READS = (4.5, 6.5)
TOP_INTENSITY = 16.0
FEW = 0.6  # expected reads below which a count is 0, 1 or 2


@dataclass(frozen=True)
class Shifts:
    """Draws shifts for expression (n, g) in log2(x + 1); `log_length_g`: log2 gene length about its mean, 0 where unknown.

    per_length: whether reads are in proportion to value x length (TPM, FPKM) and not to the value alone (CPM).
    """

    log_length_g: Tensor
    per_length: bool

    @classmethod
    def of(cls, genes: Any, unit: str, device: torch.device | str = "cpu") -> Shifts:
        """For these gene symbols, lengths from the reference table."""
        table = load_genes()
        known = dict(zip(table.symbol, table.length_bp.tolist(), strict=True))
        length = np.array([known.get(str(symbol), np.nan) for symbol in genes], dtype=np.float64)
        log_length = np.log2(length)
        centre = np.nanmean(log_length) if np.isfinite(log_length).any() else 0.0
        values = np.nan_to_num(log_length - centre).astype(np.float32)
        return cls(torch.from_numpy(values).to(device), "CPM" not in unit.upper())

    def __call__(self, x_ng: Tensor, generator: torch.Generator, batch: tuple[int, slice] | None = None) -> Tensor:
        """Shifted copies of x_ng (n, g), NaN kept.

        Args: batch, where x_ng is a part of a larger batch: the samples of that and which of them these are; their draws do not depend on it.
        """
        size, chosen = batch or (len(x_ng), slice(None))
        g, device = x_ng.shape[1], x_ng.device

        def normal(width: int) -> Tensor:
            return torch.randn(size, width, generator=generator, device=device)[chosen]

        def uniform() -> Tensor:
            return torch.rand(size, 1, generator=generator, device=device)[chosen]

        missing = torch.isnan(x_ng)
        x = torch.nan_to_num(x_ng).clamp_min(0)
        total = (torch.exp2(x) - 1).sum(1, keepdim=True)
        noise = normal(g)
        shifted = x + x.clamp_max(2) / 2 * (
            self._curve(x, CURVE * normal(4)) + SLOPE * normal(1) * self.log_length_g + OFFSET * normal(1).abs() * noise
        )
        far_share = 2 * FAR_GENES * uniform() * (uniform() < SHARE_FAR)
        # The same noise serves three times, turned by some genes: independent draws would cost as much as the rest of the step.
        other = torch.roll(noise, g // 3, 1)
        is_far = torch.special.ndtr(other) < far_share
        shifted = torch.where(is_far, shifted + FAR_SD * torch.roll(noise, g // 2, 1), shifted).clamp_min(0)
        linear = torch.exp2(shifted) - 1
        low, high = LOG10_READS
        reads = torch.pow(10.0, low + (high - low) * uniform())
        thinned = uniform() < SHARE_THINNED
        counted = self.thin(linear, reads, torch.roll(noise, 2 * g // 3, 1))
        linear = torch.where(thinned, counted, linear)
        linear = linear * (total / linear.sum(1, keepdim=True).clamp_min(1e-6))
        return torch.where(missing, x_ng, torch.log2(linear + 1))

    def of_share(self, x_ng: Tensor, generator: torch.Generator, share: float, n_batch: int, mine: slice) -> Tensor:
        """The first samples of x_ng, shifted: those of this worker (rows `mine` of a batch of n_batch) that are among the batch's first `share`."""
        n_shifted = round(share * n_batch)
        here = slice(min(mine.start, n_shifted), min(mine.stop, n_shifted))
        return self(x_ng[: here.stop - here.start], generator, (n_shifted, here))

    def thin(self, linear_ng: Tensor, reads_n1: Tensor, noise_ng: Tensor) -> Tensor:
        """What is counted of values (n, g, no logarithm) with so many reads, in the values' unit up to a factor."""
        weight = torch.exp2(self.log_length_g) if self.per_length else torch.ones_like(self.log_length_g)
        expected = linear_ng * weight
        expected = expected * (reads_n1 / expected.sum(1, keepdim=True).clamp_min(1e-6))
        return poisson(expected, noise_ng) / weight

    @staticmethod
    def _curve(x_ng: Tensor, c_n4: Tensor) -> Tensor:
        """A cubic in intensity, by Legendre polynomials on 0 to TOP_INTENSITY: each has the same weight everywhere."""
        t = x_ng * (2 / TOP_INTENSITY) - 1
        a, b, c, d = (c_n4[:, [i]] for i in range(4))
        return (a - c / 2) + t * ((b - 1.5 * d) + t * (1.5 * c + t * 2.5 * d))


def poisson(expected: Tensor, noise: Tensor) -> Tensor:
    """Counts with these expectations from standard normal noise, by the second Cornish-Fisher term; 0, 1 or 2 where hardly a read is expected.

    Mean and variance are right within a few percent (tested). A quarter of the time of torch.poisson, whose use of the generator also depends
    on the values, so that two processes with half a batch each could not draw what one draws.
    """
    root = expected.sqrt()
    z = torch.maximum(noise, -3 * root)
    several = torch.round(expected + root * z + (z * z - 1) / 6).clamp_min(0)
    place, none = torch.special.ndtr(noise), torch.exp(-expected)
    few = (place > none).to(expected.dtype) + (place > none * (1 + expected))
    return torch.where(expected < FEW, few, several)
