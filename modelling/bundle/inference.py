"""From expression with gaps to the latent, and back to every gene with its standard deviation: what `TissueModel` asks of a network.

Missing genes are filled with what the measured ones let expect (network/completion.py), and the encoder sees the whole sample. With every gene
measured nothing is filled: the latent is the encoder's own, exactly, and it nears that as the last gaps close.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from modelling.arrays import Floats
from modelling.network.base import Network
from modelling.network.completion import Completer
from modelling.network.ours import TissueVAE


@dataclass(frozen=True)
class Inferred:
    """Latents z (n, k) of samples, and certainty (n): 1 with every gene measured, the less the wider the genes measured leave z.

    Similarities are to be multiplied with it: it is the expected cosine between a direction and its own mean.
    """

    z_nk: Floats
    certainty_n: Floats


@dataclass(frozen=True)
class Imputed:
    """Every gene of samples (n, g), and the standard deviation of a measurement about it (n, g), both in the unit of the training matrix.

    Measured genes are as the decoder restores them, missing ones as the measured ones let expect them.
    """

    values_ng: Floats
    sd_ng: Floats


def completer_of(network: Network) -> Completer | None:
    """How the network infers missing genes; None for the published one: its decoder is not linear, and missing genes enter as the mean."""
    return network.completer() if isinstance(network, TissueVAE) else None


@torch.inference_mode()
def infer(network: Network, completer: Completer | None, x_ng: Tensor) -> tuple[Tensor, Tensor]:
    """Latents (n, k) and certainty (n) of expression (n, g) with NaN where a gene is missing."""
    scores_ng = network.standardise(x_ng)
    if completer is None or not isinstance(network, TissueVAE):
        return _encoded(network, scores_ng), torch.ones(len(scores_ng), device=scores_ng.device)
    wider_n = torch.zeros(len(scores_ng), device=scores_ng.device)
    gaps = torch.nonzero(torch.isnan(scores_ng.sum(1)))[:, 0]  # NaN in, NaN out: no table of booleans
    if len(gaps):
        given = scores_ng if len(gaps) == len(scores_ng) else scores_ng[gaps]
        posterior = completer.posterior(clipped(network, given))
        filled = _filled(given, completer.expected(posterior.mean_nk))
        scores_ng = filled if len(gaps) == len(scores_ng) else scores_ng.index_copy(0, gaps, filled)
        wider_n[gaps] = completer.spread(posterior, network.head.whiten_kk).to(wider_n)
    z_nk = _encoded(network, scores_ng)
    return z_nk, network.head.certainty(z_nk, wider_n)


@torch.inference_mode()
def impute(network: Network, completer: Completer | None, x_ng: Tensor, residual_g: Tensor) -> tuple[Tensor, Tensor]:
    """z-scores (n, g) of every gene and their standard deviation (n, g). Args: residual_g, variance that the decoder leaves of each gene."""
    scores_ng = network.standardise(x_ng)
    if completer is None or not isinstance(network, TissueVAE):
        restored_ng = network.decode(_encoded(network, scores_ng))
        return restored_ng, residual_g.sqrt().expand_as(restored_ng)
    posterior = completer.posterior(clipped(network, scores_ng))
    filled_ng = _filled(scores_ng, completer.expected(posterior.mean_nk))
    values_ng = torch.where(torch.isnan(scores_ng), filled_ng, network.decode(_encoded(network, filled_ng)))
    return values_ng, (residual_g + completer.variance(posterior)).sqrt() * network.completion.width


def _encoded(network: Network, scores_ng: Tensor) -> Tensor:
    return network.encode(*network.standardise.network_input(scores_ng))[0]


def _filled(scores_ng: Tensor, expected_ng: Tensor) -> Tensor:
    return torch.where(torch.isnan(scores_ng), expected_ng, scores_ng)


def clipped(network: Network, scores_ng: Tensor) -> Tensor:
    """z-scores as the decoder was trained to restore them; NaN stays NaN."""
    clip = network.standardise.clip
    return scores_ng if clip is None else scores_ng.clamp(-clip, clip)
