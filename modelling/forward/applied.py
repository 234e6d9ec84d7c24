"""Networks over the numpy tensors of a file, for the CPU: nothing is trained, torch is not needed.

Tensors go by the names that the torch modules of `modelling/network` give them; tests/test_forward.py holds both to the same names, shapes and outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelling.arrays import Array
from modelling.config import TrainConfig
from modelling.forward import layers
from modelling.forward.completion import Prior
from modelling.forward.head import Head
from modelling.forward.networks import Forward, PaperForward, TissueForward
from modelling.forward.scaling import Scaling

Tensors = Mapping[str, Array]
Shape = tuple[int, ...]


class Applied:
    """Parts and tensors as attributes; called, it does what the `forward` of the class beside it does. tensors: those of a whole network or head, by name."""

    lib: Any = np
    tensors: Tensors

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)

    def __call__(self, *given: Array) -> Any:
        return self.forward(*given)  # type: ignore[attr-defined]  # of the class beside it


class AppliedScaling(Applied, Scaling):
    """z-scores over numpy arrays."""


class AppliedHead(Applied, Head):
    """Prototypes over numpy arrays."""


class AppliedPrior(Applied, Prior):
    """What missing genes are inferred under, over numpy arrays."""


class AppliedTissue(Applied, TissueForward):
    """Our network over numpy arrays."""


class AppliedPaper(Applied, PaperForward):
    """The published network over numpy arrays."""


def applied(tensors: Tensors, config: TrainConfig) -> Forward:
    """The network of the settings over these tensors, which must have the names and shapes of `shapes`."""
    scaling = AppliedScaling(
        **under(tensors, "standardise"), clip=config.clip, sample_norm=config.sample_norm, input_scale=config.input_scale
    )
    shared = {"standardise": scaling, "prior_var_k": tensors["prior_var_k"], "tensors": tensors}

    def linear(name: str) -> layers.Linear:
        return layers.Linear(**under(tensors, name))

    def batch_norm(name: str) -> layers.BatchNorm:
        held = under(tensors, name)
        return layers.BatchNorm(held["weight"], held["bias"], held["running_mean"], held["running_var"])

    if config.preset == "paper":
        return AppliedPaper(
            **shared,
            encoder=layers.Chain((linear("encoder.0"), layers.leaky_relu, batch_norm("encoder.2"))),
            **{name: linear(name) for name in ("hidden_mean", "hidden_log_var", "mean", "log_var")},
            decoder=layers.Chain((linear("decoder.0"), layers.leaky_relu, batch_norm("decoder.2"), linear("decoder.3"), layers.sigmoid)),
            head=layers.Chain((linear("head.0"), batch_norm("head.1"), layers.relu, linear("head.4"))),
        )
    return AppliedTissue(
        **shared,
        **{name: linear(name) for name in ("encode_linear", "encode_hidden", "encode_mean", "encode_log_var", "decode_linear")},
        encode_norm=layers.LayerNorm(**under(tensors, "encode_norm")),
        activate=layers.gelu,
        dropout=layers.unchanged,
        missing_h=tensors["missing_h"],
        head=AppliedHead(**under(tensors, "head")),
        completion=AppliedPrior(**under(tensors, "completion")),
    )


def under(tensors: Tensors, part: str) -> dict[str, Array]:
    """The tensors of one part, by their names within it."""
    return {name.removeprefix(f"{part}."): array for name, array in tensors.items() if name.startswith(f"{part}.")}


def shapes(n_genes: int, n_tissues: int, config: TrainConfig) -> dict[str, Shape]:
    """Name and shape of every tensor of the network of these settings: float32, but for the count of a BatchNorm's batches."""
    g, t, h, k = n_genes, n_tissues, config.hidden(n_genes), config.n_latent
    always = {"standardise.mean_g": (g,), "standardise.std_g": (g,), "prior_var_k": (k,)}
    if config.preset == "paper":
        linear = {
            "encoder.0": (h, g), "hidden_mean": (k, h), "hidden_log_var": (k, h), "mean": (k, k), "log_var": (k, k), "decoder.0": (h, k),
            "decoder.3": (g, h), "head.0": (config.head_hidden, k), "head.4": (t, config.head_hidden),
        }  # fmt: skip
        norms = {"encoder.2": h, "decoder.2": h, "head.1": config.head_hidden}
        of_norms = {f"{name}.{part}": (n,) for name, n in norms.items() for part in ("weight", "bias", "running_mean", "running_var")}
        return {**always, **_of_linear(linear), **of_norms, **{f"{name}.num_batches_tracked": () for name in norms}}
    linear = {
        "encode_linear": (k, g), "decode_linear": (g, k), "encode_hidden": (h, g), "encode_mean": (k, h), "encode_log_var": (k, h),
    }  # fmt: skip
    completion = {"noise_g": (g,), "mean_ck": (t + 1, k), "root_skk": (2, k, k), "log_weight_c": (t + 1,), "width": ()}
    return {
        **always,
        **_of_linear(linear),
        "encode_norm.weight": (h,),
        "encode_norm.bias": (h,),
        "missing_h": (h,),
        **{f"head.{name}": shape for name, shape in head_shapes(t, k).items()},
        **{f"completion.{name}": shape for name, shape in completion.items()},
    }


def head_shapes(n_tissues: int, n_latent: int) -> dict[str, Shape]:
    """Name and shape of the tensors of a head of prototypes."""
    return {"centre_k": (n_latent,), "whiten_kk": (n_latent, n_latent), "prototypes_tk": (n_tissues, n_latent), "allowance_t": (n_tissues,)}


def _of_linear(weights: Mapping[str, tuple[int, int]]) -> dict[str, Shape]:
    """Of linear layers, by the shapes of their weights."""
    return {f"{name}.weight": shape for name, shape in weights.items()} | {f"{name}.bias": shape[:1] for name, shape in weights.items()}
