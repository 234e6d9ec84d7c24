"""Where a network runs, and what is said when it cannot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from modelling.arrays import Array
from modelling.errors import TrainingError
from profiles.nearest import near

DEVICES = ("auto", "cpu", "cuda", "mps")


def chosen_device(name: str) -> torch.device:
    """A device by name; "auto" takes CUDA, then Metal, then the CPU. TrainingError where it cannot be used."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    if name.partition(":")[0] not in DEVICES:
        raise TrainingError(f"device {name!r} cannot be used here{near(name, DEVICES)}; there are: {', '.join(DEVICES)}")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise TrainingError(f"device {name!r} cannot be used here: {str(error).splitlines()[0]}; use --device cpu or auto") from error
    return device


def block_rows(device: torch.device) -> int:
    """How many samples go through a network at once: a device is busy with thousands, a CPU's caches with hundreds."""
    return 4096 if device.type == "cuda" else 256


@torch.inference_mode()
def in_pieces(network: nn.Module, function: Callable[..., tuple[Tensor, ...]], *rows: Array) -> tuple[Array, ...]:
    """As `modelling.forward.blocks.in_pieces`, for a function over a network's tensors."""
    device = next(network.parameters()).device
    tensors = [torch.from_numpy(part) for part in rows]
    network.eval()
    size = block_rows(device)
    starts = range(0, max(len(rows[0]), 1), size)
    found = [[out.cpu().numpy() for out in function(*(part[i : i + size].to(device) for part in tensors))] for i in starts]
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
