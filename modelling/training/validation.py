"""What a network makes of the validation part: the scores that choose the epoch, and the variance that it leaves of each gene."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.network.base import Network
from modelling.network.device import block_rows
from modelling.network.loss import cross_entropy, masked_mse
from modelling.training.batches import Feed


def _restored(network: Network, blocks: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Target, mask of measured genes, posterior mean and reconstruction of the validation part in blocks."""
    network.eval()
    scaler = network.standardise
    for x in blocks:
        scores = scaler(x)
        shown, seen = scaler.network_input(scores)
        mean = network.encode(shown, seen)[0]
        yield scaler.target(scores), seen, mean, network.decode(mean)


@torch.inference_mode()
def validation_scores(network: Network, compendium: Compendium, feed: Feed, config: TrainConfig, weight_t: Tensor) -> dict[str, float]:
    """Loss and scores from the posterior mean. Args: feed, of the validation rows; weight_t, weight of each tissue in the cross-entropy."""
    errors, logits, rows = [], [], compendium.rows("validation")
    for target, seen, mean, restored in _restored(network, feed.blocks(rows)):
        errors.append(torch.stack([masked_mse(values, target, seen).sum() for values in (restored, torch.zeros_like(target))]))
        logits.append(network.classify(mean))
    squared, total = torch.stack(errors).cpu().double().sum(0).tolist()  # one wait for the device, after all blocks
    n, target_n = len(rows), torch.from_numpy(compendium.targets[rows])
    known = target_n >= 0
    logits_nt, target_n = torch.cat(logits).cpu()[known], target_n[known]
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
    blocks = (torch.from_numpy(x).to(device) for _, x in compendium.blocks(compendium.rows("validation"), block_rows(device)))
    for target, seen, _, restored in _restored(network, blocks):
        squared += ((target - restored).square() * seen).sum(0).cpu()
        n += seen.sum(0).cpu()
    return torch.where(n > 0, squared / n.clamp_min(1), 1.0)
