"""One step of a training: the loss of a batch, its terms, and the update. On a CUDA device nothing in it waits for the device.

Loss and terms are summed where they are computed. A loss that is not finite moves no parameter, and is told when the sums are next read: at every
step on a CPU, where that costs nothing, every `READ_EVERY` steps on a device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from modelling.config import TrainConfig
from modelling.errors import TrainingError
from modelling.network.base import Network
from modelling.training.adam import AdamW
from modelling.training.batches import Batch, Rows
from modelling.training.distributed import Workers
from modelling.training.shifts import Shifts
from modelling.training.terms import TERMS, Share

READ_EVERY = 64


@dataclass
class Step:
    """What every step of a training needs. `compiled`: the network and the loss go through torch.compile, on CUDA as a graph of the whole."""

    network: Network
    optimiser: AdamW
    config: TrainConfig
    workers: Workers
    target_n: Tensor
    weight_t: Tensor
    shifts: Shifts | None
    sample_ids: Rows
    compiled: bool = False
    sums: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.device = self.weight_t.device
        self.target_n = self.target_n.to(self.device)
        self.parallel: nn.Module = self.workers.wrap(self.network)
        self.values: Callable[..., Tensor] = torch.compile(self._values, mode=_mode(self.device)) if self.compiled else self._values
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Sums start from nothing."""
        home = self.device if self.device.type == "cuda" else torch.device("cpu")  # Metal has no float64
        self.sums = torch.zeros(len(TERMS) + 1, dtype=torch.float64, device=home)
        self._unread: list[Rows] = []
        self._losses: list[Tensor] = []

    def __call__(self, batch: Batch, noise: torch.Generator, epoch: int, number: int) -> None:
        """One update on this worker's share of a batch. Raises TrainingError where a loss is not finite, at the latest `READ_EVERY` steps later."""
        mine = self.workers.share(len(batch.rows))
        masked, noise_nk, draws_mk, input_ng, seen_ng, target_ng = self._inputs(batch, mine, noise)
        shown = seen_ng if masked is None else torch.where(masked, 0.0, seen_ng)
        target_n = self.target_n[batch.index_n]
        n_labelled = (target_n >= 0).sum().clamp_min(1)
        values = self.values(input_ng * shown, shown, seen_ng, target_ng, noise_nk, draws_mk, target_n[mine], n_labelled, len(batch.rows))
        self.optimiser.clear()
        torch.autograd.backward(values[0])
        told = values.detach()
        self.optimiser.step(skip=(~torch.isfinite(told[0])).float())
        self.sums += told.to(self.sums) * len(batch.rows)
        self._unread.append(batch.rows[mine])
        self._losses.append(told)
        if self.device.type != "cuda" or len(self._losses) == READ_EVERY:
            self.read(epoch, number)

    def read(self, epoch: int, number: int) -> None:
        """Look at the losses since the last time. Args: number, of the last batch. Raises TrainingError for one that is not finite."""
        if not self._losses:
            return
        losses = torch.stack(self._losses).cpu()
        bad = torch.nonzero(~torch.isfinite(losses[:, 0]))[:, 0].tolist()
        if bad:
            values = ", ".join(f"{term.name} {value:.4g}" for term, value in zip(TERMS, losses[bad[0], 1:].tolist(), strict=True))
            samples = self.sample_ids[self._unread[bad[0]]]
            raise TrainingError(
                f"loss is {losses[bad[0], 0].item()} at epoch {epoch}, batch {number - len(losses) + 1 + bad[0]} ({values}); samples"
                f" {', '.join(samples[:3])}, ... ({len(samples)})"
            )
        self._unread, self._losses = [], []

    def _inputs(self, batch: Batch, mine: slice, noise: torch.Generator) -> tuple[Tensor | None, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What is drawn for this share of a batch (mask, noise, prior), and the encoder's input, what is measured, and what is to be restored.

        On a CPU each worker draws for the whole batch and takes its part, so that several lose what one does; on a device only its own part.
        """
        config, x_ng = self.config, batch.x_ng
        n, mine = (len(x_ng), slice(0, len(x_ng))) if self.workers.draws_own else (len(batch.rows), mine)
        masked = None
        if config.mask_fraction:
            masked = torch.rand(n, x_ng.shape[1], generator=noise, device=self.device)[mine] < config.mask_fraction
        noise_nk = torch.randn(n, config.n_latent, generator=noise, device=self.device)[mine]
        draws_mk = torch.randn(config.prior_draws, config.n_latent, generator=noise, device=self.device)
        scaler = self.network.standardise
        scores_ng = scaler(x_ng)
        target_ng = scaler.target(scores_ng)
        input_ng, seen_ng = scaler.network_input(scores_ng)
        if self.shifts is not None:
            shifted = self.shifts.of_share(x_ng, noise, config.shift_share, n, mine)
            input_ng = torch.cat([scaler.network_input(scaler(shifted))[0], input_ng[len(shifted) :]])
        return masked, noise_nk, draws_mk, input_ng, seen_ng, target_ng

    def _values(
        self, input_ng: Tensor, shown: Tensor, seen_ng: Tensor, target_ng: Tensor, noise_nk: Tensor, draws_mk: Tensor, target_n: Tensor,
        n_labelled: Tensor, n: int,
    ) -> Tensor:  # fmt: skip
        """The loss and its terms (1 + terms)."""
        config = self.config
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda" and config.precision == "auto"):
            output = self.parallel(input_ng, shown, noise_nk)
        share = Share(
            config,
            output,
            target_ng,
            seen_ng,
            target_n,
            draws_mk,
            self.network.prior_var_k,
            self.weight_t,
            n,
            n_labelled,
            self.workers.count,
        )
        terms = [term.value(share) for term in TERMS]
        loss = torch.stack([term.weight(config) * value for term, value in zip(TERMS, terms, strict=True)]).sum()
        return torch.stack([loss, *terms])


def _mode(device: torch.device) -> str:
    """Of torch.compile: on CUDA the launches of a step become one graph; a network this small is bound by them."""
    return "reduce-overhead" if device.type == "cuda" else "default"
