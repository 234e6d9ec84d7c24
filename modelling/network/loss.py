"""The terms of the training loss, each a mean per sample that is weighted and logged by itself. Axes as in base.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOST_WEIGHT = 5.0


def masked_mse(x_hat_ng: Tensor, target_ng: Tensor, seen_ng: Tensor) -> Tensor:
    """Squared error per sample (n), averaged over the genes that were measured; 0 for a sample without any."""
    squared = (x_hat_ng - target_ng).square() * seen_ng
    return squared.sum(1) / seen_ng.sum(1).clamp_min(1)


def gaussian_kl(mean_nk: Tensor, log_var_nk: Tensor, prior_var_k: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, prior_var)) per sample (n), summed over latent dimensions, in nats.

    Kingma and Welling 2014, appendix B, with a variance per prior dimension.
    """
    terms = (mean_nk.square() + log_var_nk.exp()) / prior_var_k - 1 - log_var_nk + prior_var_k.log()
    return 0.5 * terms.sum(1)


def mmd(z_nk: Tensor, draws_mk: Tensor) -> Tensor:
    """Squared maximum mean discrepancy between two samples (scalar, >= 0), biased V-statistic.

    Kernel exp(-d2 / (2 k s2)) summed over s2 in (0.5, 1, 2): for standard normals d2 is about 2k, so the middle bandwidth is the median
    heuristic (Gretton et al. 2012). Squared distances come from one product of matrices.
    """
    both = torch.cat([z_nk, draws_mk])
    n = len(z_nk)
    norms = both.square().sum(1)
    d2 = (norms[:, None] + norms[None, :] - 2 * both @ both.T).clamp_min(0) / z_nk.shape[1]
    kernel = sum((torch.exp(-d2 / (2 * s2)) for s2 in (0.5, 1.0, 2.0)), torch.zeros_like(d2))
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def paper_mmd(z_nk: Tensor, draws_mk: Tensor) -> Tensor:
    """The published prior term: kernel exp(-mean over k of squared difference / k), that is, divided by the dimension twice.

    With 121 dimensions every kernel value is close to 1 and the term close to 0: kept for comparison only.
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        d2 = (a.square().sum(1)[:, None] + b.square().sum(1)[None, :] - 2 * a @ b.T).clamp_min(0)
        return torch.exp(-d2 / z_nk.shape[1] ** 2)

    return kernel(z_nk, z_nk).mean() + kernel(draws_mk, draws_mk).mean() - 2 * kernel(z_nk, draws_mk).mean()


def cross_entropy(logits_nt: Tensor, target_n: Tensor, weight_t: Tensor, smoothing: float) -> Tensor:
    """Weighted, label-smoothed cross-entropy per sample (n), in nats; 0 where the target is -1 (unlabelled)."""
    loss = nn.functional.cross_entropy(logits_nt, target_n, reduction="none", ignore_index=-1, label_smoothing=smoothing)
    return loss * torch.where(target_n >= 0, weight_t[target_n.clamp_min(0)], 0.0)


def class_weights(counts_t: Tensor, power: float) -> Tensor:
    """Weight per tissue: (1 / count) ** power, scaled so that the mean over samples is 1; 0 for a tissue without samples.

    power 0 counts every sample alike, 1 every tissue alike, but none more than `MOST_WEIGHT` times as much as it has samples: two samples of
    a rare tissue must not swallow a common one.
    """
    present = counts_t > 0
    raw = torch.where(present, counts_t.clamp_min(1).double() ** -power, 0.0)
    weight = raw * counts_t.sum() / (raw * counts_t).sum().clamp_min(1e-12)
    weight = weight.clamp_max(MOST_WEIGHT)
    return (weight * counts_t.sum() / (weight * counts_t).sum().clamp_min(1e-12)).float()


LOWEST_TEMPERATURE = 0.5


def fit_temperature(logits_nt: Tensor, target_n: Tensor, error: float = 0.0) -> float:
    """The temperature that minimises the negative log-likelihood of held-out logits (Guo et al. 2017); 1.0 without labelled samples.

    Args: error, the share of labels taken as drawn at random: without it a head that made no mistake on few samples would be called certain.
    The loss is convex in 1/T: ternary search on log T between LOWEST_TEMPERATURE and 20.
    """
    known = target_n >= 0
    if not known.any():
        return 1.0
    logits, target = logits_nt[known].double(), target_n[known]

    def nll(log_t: float) -> float:
        scaled = logits / torch.tensor(log_t).exp()
        return float(nn.functional.cross_entropy(scaled, target, label_smoothing=error))

    low, high = float(torch.tensor(LOWEST_TEMPERATURE).log()), float(torch.tensor(20.0).log())
    for _ in range(60):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if nll(a) < nll(b) else (a, high)
    return float(torch.tensor((low + high) / 2).exp())
