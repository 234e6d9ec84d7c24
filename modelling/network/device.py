"""Where a network runs, and what is said when it cannot."""

from __future__ import annotations

import torch

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
