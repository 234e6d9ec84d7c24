"""What a network makes of the validation part: the scores that choose the epoch, and the variance that it leaves of each gene."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.network.base import Network
from modelling.network.loss import cross_entropy, masked_mse


def _restored(network: Network, compendium: Compendium, device: torch.device) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Target, mask of measured genes, posterior mean and reconstruction of the validation part in blocks."""
    network.eval()
    scaler = network.standardise
    for _, x in compendium.blocks(compendium.rows("validation")):
        scores = scaler(torch.from_numpy(x).to(device))
        shown, seen = scaler.network_input(scores)
        mean = network.encode(shown, seen)[0]
        yield scaler.target(scores), seen, mean, network.decode(mean)


@torch.inference_mode()
def validation_scores(
    network: Network, compendium: Compendium, config: TrainConfig, weight_t: Tensor, device: torch.device
) -> dict[str, float]:
    """Loss and scores from the posterior mean. Args: weight_t, weight of each tissue in the cross-entropy."""
    squared, total, n, logits = 0.0, 0.0, 0, []
    for target, seen, mean, restored in _restored(network, compendium, device):
        squared += float(masked_mse(restored, target, seen).sum())
        total += float(masked_mse(torch.zeros_like(target), target, seen).sum())
        n += len(target)
        logits.append(network.classify(mean).cpu())
    target_n = torch.from_numpy(compendium.targets[compendium.rows("validation")])
    known = target_n >= 0
    logits_nt, target_n = torch.cat(logits)[known], target_n[known]
    nll = float(cross_entropy(logits_nt, target_n, weight_t.cpu(), 0.0).mean())
    hits = (logits_nt.argmax(1) == target_n).double()
    recall = torch.stack([hits[target_n == t].mean() for t in sorted(set(target_n.tolist()))]).mean()
    return {
        "validation_score": config.reconstruction_weight * squared / n + config.class_weight * nll,
        "validation_reconstruction": squared / n, "validation_class": nll,
        "validation_explained": 1 - squared / max(total, 1e-12), "validation_balanced_accuracy": float(recall),
    }  # fmt: skip


@torch.inference_mode()
def residual_variance(network: Network, compendium: Compendium) -> Tensor:
    """Mean squared residual of each gene (g) over the validation samples that measure it, in training variances; 1 where none does.

    Of the training part it would be about half as large: too sure for an inference that weighs genes by it.
    """
    device = network.standardise.mean_g.device
    squared, n = torch.zeros(len(compendium.genes)), torch.zeros(len(compendium.genes))
    for target, seen, _, restored in _restored(network, compendium, device):
        squared += ((target - restored).square() * seen).sum(0).cpu()
        n += seen.sum(0).cpu()
    return torch.where(n > 0, squared / n.clamp_min(1), 1.0)
