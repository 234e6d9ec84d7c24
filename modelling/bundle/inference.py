"""From expression with gaps to the latent, and back to every gene with its standard deviation: what `TissueModel` asks of a network,
over numpy arrays or torch tensors.

Missing genes are filled with what the measured ones let expect (forward/completion.py), and the encoder sees the whole sample. With every gene
measured nothing is filled: the latent is the encoder's own, exactly, and it nears that as the last gaps close.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelling.arrays import Floats
from modelling.forward.completion import Completer
from modelling.forward.library import Values, like, of
from modelling.forward.networks import Forward, TissueForward


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


def completer_of(network: Forward) -> Completer | None:
    """How the network infers missing genes; None for the published one: its decoder is not linear, and missing genes enter as the mean."""
    return network.completer() if isinstance(network, TissueForward) else None


def infer(network: Forward, completer: Completer | None, x_ng: Values) -> tuple[Values, Values]:
    """Latents (n, k) and certainty (n) of expression (n, g) with NaN where a gene is missing."""
    lib, scores_ng = of(x_ng), network.standardise(x_ng)
    if completer is None or not isinstance(network, TissueForward):
        return network.encoded(scores_ng), lib.ones_like(scores_ng[:, 0])
    wider_n = lib.zeros_like(scores_ng[:, 0])
    gaps = lib.where(lib.isnan(scores_ng.sum(1)))[0]  # NaN in, NaN out: no table of booleans
    if len(gaps):
        given = scores_ng if len(gaps) == len(scores_ng) else scores_ng[gaps]
        posterior = completer.posterior(network.standardise.clipped(given))
        filled = _filled(given, completer.expected(posterior.mean_nk))
        if len(gaps) == len(scores_ng):
            scores_ng = filled
        else:
            scores_ng[gaps] = filled
        wider_n[gaps] = like(completer.spread(posterior, network.head.whiten_kk), wider_n)
    z_nk = network.encoded(scores_ng)
    return z_nk, network.head.certainty(z_nk, wider_n)


def impute(network: Forward, completer: Completer | None, x_ng: Values, residual_g: Values) -> tuple[Values, Values]:
    """z-scores (n, g) of every gene and their standard deviation (n, g). Args: residual_g, variance that the decoder leaves of each gene."""
    lib, scores_ng = of(x_ng), network.standardise(x_ng)
    if completer is None or not isinstance(network, TissueForward):
        restored_ng = network.decode(network.encoded(scores_ng))
        return restored_ng, lib.zeros_like(restored_ng) + lib.sqrt(residual_g)
    posterior = completer.posterior(network.standardise.clipped(scores_ng))
    filled_ng = _filled(scores_ng, completer.expected(posterior.mean_nk))
    values_ng = lib.where(lib.isnan(scores_ng), filled_ng, network.decode(network.encoded(filled_ng)))
    return values_ng, lib.sqrt(residual_g + completer.variance(posterior)) * network.completion.width


def _filled(scores_ng: Values, expected_ng: Values) -> Values:
    return of(scores_ng).where(of(scores_ng).isnan(scores_ng), expected_ng, scores_ng)
