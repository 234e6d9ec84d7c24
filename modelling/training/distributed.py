"""Several processes that train as one (`torchrun --nproc-per-node N -m modelling.cli train ...`); one process without torchrun."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Workers:
    """The processes of this training: how many, and which one this is."""

    rank: int
    count: int
    draws_own: bool = False
    """Whether each draws masks and noise for its own part of a batch only: on devices, where drawing for all would cost each as much as one alone."""

    @classmethod
    def start(cls) -> Workers:
        """Join the group that torchrun set up in the environment."""
        rank, count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        if count > 1 and not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        return cls(rank, count, draws_own=count > 1 and torch.cuda.is_available())

    @property
    def is_first(self) -> bool:
        """Whether this process writes and reports."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """This worker's rows of a global batch of n; shares differ by at most one row."""
        return slice(self.rank * n // self.count, (self.rank + 1) * n // self.count)

    def seed(self, seed: int) -> int:
        """Of the draws: the same for all, or for each its own."""
        return seed * self.count + self.rank if self.draws_own else seed

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network with gradients averaged over workers."""
        return network if self.count == 1 else nn.parallel.DistributedDataParallel(network)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over workers."""
        if self.count > 1:
            torch.distributed.all_reduce(values)
        return values / self.count

    def wait(self) -> None:
        """Until all workers are here."""
        if self.count > 1:
            torch.distributed.barrier()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: Any) -> None:
        if self.count > 1:
            torch.distributed.destroy_process_group()
