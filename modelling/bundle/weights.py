"""model.safetensors: the tensors of a network and its levels, the temperature, and what the decoder leaves of each gene, as numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelling.arrays import Array, Floats
from modelling.bundle import checks
from modelling.bundle.manifest import BundleError
from modelling.forward.applied import Applied
from modelling.forward.library import as_array

NAME = "model.safetensors"
LEAF = "leaf."
BESIDE = ("temperature", "residual_g")


@dataclass(frozen=True)
class Weights:
    """`network` and `leaves` by the names of their modules; leaves with their own temperature, empty for a run without levels."""

    network: dict[str, Array]
    leaves: dict[str, Array]
    temperature: float
    residual_g: Floats


def tensors_of(part: Any) -> dict[str, Array]:
    """The tensors of a network or head, a module or one applied."""
    held = part.tensors if isinstance(part, Applied) else part.state_dict()
    return {name: np.asarray(as_array(value), order="C") for name, value in held.items()}


def whole_state(folder: Path, weights: Weights) -> dict[str, Array]:
    """Every tensor as the file holds it. Raises BundleError for numbers with which it would not be read again."""
    leaves = {LEAF + name: array for name, array in weights.leaves.items()}
    beside = {"temperature": np.array(weights.temperature, np.float32), "residual_g": np.asarray(weights.residual_g, np.float32)}
    state = {**weights.network, **leaves, **beside}
    checks.refuse_bad_numbers(folder, state, weights.temperature)
    return state


def read_weights(folder: Path, n_genes: int) -> Weights:
    """The file of a run, read without torch. Raises BundleError."""
    place = f"{folder}/{NAME}"
    state = _tensors(folder)
    if beside := sorted(set(BESIDE) - state.keys()):
        raise BundleError(f"{place}: lacks {' and '.join(beside)}; train again with `model train`, or get the bundle again")
    temperature, residual_g = (state[name] for name in BESIDE)
    if temperature.size != 1 or residual_g.shape != (n_genes,) or residual_g.dtype.kind != "f":
        raise BundleError(f"{place}: temperature and residual_g must be one number and one a gene; copy or export it again")
    checks.refuse_bad_numbers(place, state, float(temperature.item()))
    leaves = {name.removeprefix(LEAF): state.pop(name) for name in list(state) if name.startswith(LEAF)}
    network = {name: array for name, array in state.items() if name not in BESIDE}
    return Weights(network, leaves, float(temperature.item()), residual_g.astype(np.float32))


def _tensors(folder: Path) -> dict[str, Array]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / NAME, "np") as file:
            # Copies: where the file's tensors lie in memory would decide the last bit of a product.
            return {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118  (no mapping)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise BundleError(
            f"{folder}/{NAME}: is damaged or cut short ({(str(error).splitlines() or [type(error).__name__])[0][:200]}); copy or export it again"
        ) from error
