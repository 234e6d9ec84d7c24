"""The terms of the training loss. A term is registered here and nowhere else: `TERMS` gives its name in the history, its weight and its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from modelling.config import TrainConfig
from modelling.network.base import Output
from modelling.network.loss import cross_entropy, gaussian_kl, masked_mse, mmd, paper_mmd


@dataclass(frozen=True)
class Share:
    """What a term sees of one step: this worker's m of the batch's n samples, with sizes of the whole.

    target_ng: what is to be restored, standardised; seen_ng: 1 where measured; target_n: tissue number, -1 where unlabelled; draws_mk: draws from the
    standard normal, for priors by comparison; weight_t: weight of each tissue.
    """

    config: TrainConfig
    output: Output
    target_ng: Tensor
    seen_ng: Tensor
    target_n: Tensor
    draws_mk: Tensor
    prior_var_k: Tensor
    weight_t: Tensor
    n: int
    n_labelled: int | Tensor
    n_workers: int

    def mean(self, per_sample: Tensor, n: int | Tensor | None = None) -> Tensor:
        """Values of this share (m) as a scalar whose mean over workers is the mean over the whole batch, or over `n` of its samples."""
        return per_sample.sum() * self.n_workers / (self.n if n is None else n)


def reconstruction(share: Share) -> Tensor:
    """Squared error of measured genes."""
    return share.mean(masked_mse(share.output.x_hat_ng, share.target_ng, share.seen_ng))


def classification(share: Share) -> Tensor:
    """Cross-entropy of labelled samples."""
    per_sample = cross_entropy(share.output.logits_nt, share.target_n, share.weight_t, share.config.label_smoothing)
    return share.mean(per_sample, share.n_labelled)


def prior(share: Share) -> Tensor:
    """Distance of the posterior from the prior, by the way that the settings name."""
    z_nk, draws_mk = share.output.z_nk, share.draws_mk
    if share.config.prior == "kl":
        return share.mean(gaussian_kl(share.output.mean_nk, share.output.log_var_nk, share.prior_var_k)) / share.target_ng.shape[1]
    if share.config.prior == "mmd":
        return mmd(z_nk / share.prior_var_k.sqrt(), draws_mk)
    return paper_mmd(z_nk, draws_mk)


@dataclass(frozen=True)
class Term:
    """One term: `train_NAME` in the history, its weight under some settings, its value on one step (scalar)."""

    name: str
    weight: Callable[[TrainConfig], float]
    value: Callable[[Share], Tensor]


TERMS = (
    Term("reconstruction", lambda config: config.reconstruction_weight, reconstruction),
    Term("class", lambda config: config.class_weight, classification),
    Term("prior", lambda config: config.prior_weight, prior),
)
