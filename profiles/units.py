"""The units that expression tables come in, by the names that `--unit` and source.json take."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from profiles.errors import UnitFault
from profiles.nearest import near

Array = NDArray[Any]
Quantity = Literal["counts", "tag counts", "TPM", "FPKM", "CPM"]
PER_LENGTH = ("TPM", "FPKM")
MILLION = 1e6
LOG_BASES = {"log2": 2.0, "ln": float(np.e), "log10": 10.0}
POWERS: dict[str, Callable[[Array], Array]] = {"log2": np.exp2, "ln": np.exp, "log10": lambda x: np.power(np.asarray(10.0, x.dtype), x)}
# 2^32 reads or parts per million of one gene is more than any library holds: larger values are on no logarithmic scale.
LOG2_CEILING = 32.0
OWN_FLOOR = float("nan")


@dataclass(frozen=True)
class Unit:
    """A quantity and the logarithm it was taken to, log(value + offset).

    offset: NaN where each sample has its own, the lowest value of it (voom); scale: what makes a linear value one of its quantity, as
    a million does with fractions of one.
    """

    quantity: Quantity
    log: str = ""
    offset: float = 1.0
    scale: float = 1.0

    def __str__(self) -> str:
        quantity = self.quantity if self.scale == 1.0 else f"{self.quantity} / {self.scale:,.6g}"
        if self.quantity == "counts" and self.scale < 1.0:
            quantity = f"coverage by reads of {1 / self.scale:.0f} bases"
        if not self.log:
            return quantity
        return f"{self.log}({quantity} + {'an offset of each sample' if np.isnan(self.offset) else f'{self.offset:.4g}'})"

    @property
    def per_length(self) -> bool:
        """Whether values are divided by the length of the gene already."""
        return self.quantity in PER_LENGTH

    @property
    def floor(self) -> float:
        """The lowest value that the unit can have (a zero on the linear scale)."""
        if not self.log:
            return 0.0
        return -np.inf if np.isnan(self.offset) else float(np.log(self.offset) / np.log(LOG_BASES[self.log]))

    @property
    def ceiling(self) -> float:
        """The highest value that the unit can have."""
        return LOG2_CEILING * float(np.log(2.0) / np.log(LOG_BASES[self.log])) if self.log else np.inf

    def linear(self, values: Array) -> Array:
        """Values (n samples, g) without the logarithm and to the scale of the quantity; float noise below zero becomes zero."""
        if self.log:
            raised = POWERS[self.log](values)
            low = np.nanmin(raised, axis=-1, keepdims=True) if np.isnan(self.offset) else np.asarray(self.offset, values.dtype)
            values = np.maximum(raised - low, 0.0)
        elif (values < 0).any():
            values = np.maximum(values, 0.0)
        return values if self.scale == 1.0 else values * np.asarray(self.scale, values.dtype)

    def stored(self, linear: Array) -> Array:
        """The way back from `linear`, where the offset is one for all samples."""
        values = linear if self.scale == 1.0 else linear / self.scale
        return np.log(values + self.offset) / np.log(LOG_BASES[self.log]) if self.log else values


LINEAR: dict[str, Unit] = {
    "counts": Unit("counts"),
    "tag-counts": Unit("tag counts"),
    "tpm": Unit("TPM"),
    "fpkm": Unit("FPKM"),
    "rpkm": Unit("FPKM"),
    "cpm": Unit("CPM"),
}
NAMED: dict[str, Unit] = {
    **LINEAR,
    **{f"{log}-{name}": replace(LINEAR[name], log=log) for log in LOG_BASES for name in ("counts", "tpm", "fpkm", "cpm")},
    **{f"log2-{name}-0.001": replace(LINEAR[name], log="log2", offset=0.001) for name in ("tpm", "fpkm")},
    "logcpm": Unit("CPM", "log2", OWN_FLOOR),
    "fractions": Unit("TPM", scale=MILLION),
}


COVERAGE = re.compile(r"coverage-(\d{2,3})")


def parse_unit(name: str) -> Unit:
    """A unit by the name that `--unit` takes; coverage-N is the sum over bases of reads of N bases. Raises UnitFault."""
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    if match := COVERAGE.fullmatch(plain):
        return Unit("counts", scale=1.0 / int(match.group(1)))
    if (unit := NAMED.get(plain)) is None:
        raise UnitFault(
            f"no unit named {name!r}{near(name, NAMED)}; there are: auto, {', '.join(NAMED)}, coverage-N (recount3, reads of N bases)"
        )
    return unit


@dataclass(frozen=True)
class UnitFinding:
    """The unit found, why, and whether the values leave room for doubt."""

    unit: Unit
    reasons: tuple[str, ...]
    doubtful: bool = False
