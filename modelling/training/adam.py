"""AdamW (Loshchilov and Hutter 2019), one fused pass over each parameter. torch's own function does the arithmetic.

Why not torch.optim.AdamW: making one imports torch's compiler, 1.2 s of processor time. And its step cannot be left out by a number on the device:
here `skip` of 1 leaves every parameter as it is, so that a loss that is not finite does no harm before somebody reads it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """`groups`: dictionaries with `params` and `rate`, the share of the learning rate that a group gets; `set_rate` gives them theirs."""

    def __init__(self, groups: list[dict[str, Any]], learning_rate: float, weight_decay: float) -> None:
        self.groups = [(list(group["params"]), float(group["rate"])) for group in groups]
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.moments: dict[nn.Parameter, dict[str, Tensor]] = {}

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All of them, in the order of their numbers in a checkpoint."""
        return [parameter for parameters, _ in self.groups for parameter in parameters]

    def clear(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, skip: Tensor | None = None) -> None:
        """Move every parameter that has a gradient. Args: skip, one number on the parameters' device: where it is 1 nothing moves."""
        for parameters, share in self.groups:
            moved = [parameter for parameter in parameters if parameter.grad is not None]
            if not moved:
                continue
            state = [self._moments(parameter) for parameter in moved]
            fused = moved[0].device.type != "mps"
            adamw(
                list(moved), [parameter.grad for parameter in moved if parameter.grad is not None], [one["exp_avg"] for one in state],
                [one["exp_avg_sq"] for one in state], [], [one["step"] for one in state], fused=fused, foreach=False if not fused else None,
                found_inf=skip if fused else None, amsgrad=False, beta1=BETAS[0], beta2=BETAS[1], lr=self.learning_rate * share,
                weight_decay=self.weight_decay, eps=EPSILON, maximize=False,
            )  # fmt: skip

    def _moments(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        if parameter not in self.moments:
            self.moments[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
                "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
            }
        return self.moments[parameter]

    def tensors(self) -> dict[str, Tensor]:
        """The state as named tensors: optimiser.NUMBER.NAME."""
        numbered = enumerate(self.parameters)
        return {f"optimiser.{number}.{name}": value for number, one in numbered for name, value in self.moments.get(one, {}).items()}

    @torch.no_grad()
    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave; other names are passed over."""
        parameters = self.parameters
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, number, name = key.split(".")
                self._moments(parameters[int(number)])[name].copy_(value)
