"""Counts, TPM, FPKM, log2 values and z-scores told apart from the values themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from curation.sources import LINEAR, Quantity, SourceFault, Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# 2^32 reads or parts per million in one gene is more than any library holds: larger values are on no logarithmic scale,
# and a whole transcriptome on a linear scale always has one that is larger.
LARGEST_LOG2 = 32.0
# TPM sum to one million per sample; rounding and a few genes left out move that by less than this.
MILLION_TOLERANCE = 0.05
# Column sums say nothing about the unit of a table of a few genes.
FEWEST_GENES_FOR_TOTALS = 1_000
# UCSC Xena adds 0.001 to TPM and FPKM before the logarithm, so its zeros are log2(0.001).
XENA_PSEUDO_COUNT = 0.001


class UnitContradiction(SourceFault):
    """The values of a matrix are not in the unit that it declares, or in none that can be read."""


@dataclass(frozen=True)
class Scale:
    """The unit of a file and, for a logarithm, what was added before it was taken."""

    unit: Unit
    pseudo_count: float = 1.0

    @property
    def is_log(self) -> bool:
        return self.unit != LINEAR[self.unit]

    def to_linear(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Undo the logarithm; what rounding put below zero becomes zero."""
        if not self.is_log:
            return values
        return np.maximum(np.exp2(values) - np.float32(self.pseudo_count), np.float32(0))


@dataclass
class Evidence:
    """What the values of some samples say about their unit, gathered piece by piece along the genes."""

    n_genes: int = 0
    n_values: int = 0
    n_fractional: int = 0
    n_negative: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    totals: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    undone_totals: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def add(self, values_ng: NDArray[np.float32]) -> None:
        """Add the values of further genes, shape (n samples, g genes); the samples stay the same ones."""
        if values_ng.size == 0:
            return
        self.n_genes += values_ng.shape[1]
        self.n_values += values_ng.size
        self.n_fractional += int(np.count_nonzero(values_ng != np.rint(values_ng)))
        self.n_negative += int(np.count_nonzero(values_ng < 0))
        self.minimum = min(self.minimum, float(values_ng.min()))
        self.maximum = max(self.maximum, float(values_ng.max()))
        undone = np.exp2(np.minimum(values_ng, LARGEST_LOG2).astype(np.float64)) - 1
        if self.totals.size == 0:
            self.totals = np.zeros(values_ng.shape[0])
            self.undone_totals = np.zeros(values_ng.shape[0])
        self.totals += values_ng.sum(axis=1, dtype=np.float64)
        self.undone_totals += undone.sum(axis=1)

    @property
    def looks_log(self) -> bool:
        return self.n_fractional > 0 and self.maximum <= LARGEST_LOG2

    @property
    def pseudo_count(self) -> float:
        """What the lowest value says was added before the logarithm."""
        return XENA_PSEUDO_COUNT if abs(self.minimum - math.log2(XENA_PSEUDO_COUNT)) < 1e-3 else 1.0

    def total(self, *, undone: bool) -> float | None:
        """Median sum per sample, None where too few genes were seen for it to say anything."""
        totals = self.undone_totals if undone else self.totals
        return float(np.median(totals)) if self.n_genes >= FEWEST_GENES_FOR_TOTALS else None

    def sums_to_a_million(self, *, undone: bool) -> bool:
        total = self.total(undone=undone)
        return total is not None and abs(total / 1e6 - 1) < MILLION_TOLERANCE

    def __str__(self) -> str:
        if not self.n_values:
            return "no values"
        share = 100 * self.n_fractional / self.n_values
        total = float(np.median(self.undone_totals if self.looks_log else self.totals))
        undone = " after undoing log2(x + 1)" if self.looks_log else ""
        return (
            f"{len(self.totals)} samples x {self.n_genes:,} genes: values from {self.minimum:.4g} to {self.maximum:.6g}, "
            f"{share:.1f}% with decimals, median sum per sample {total:,.0f}{undone}"
        )


def quantity_in_name(name: str) -> Quantity | None:
    """The quantity that a file name speaks of."""
    lowered = name.lower()
    if "fpkm" in lowered or "rpkm" in lowered:
        return "fpkm"
    if "tpm" in lowered:
        return "tpm"
    return "counts" if "count" in lowered or "reads" in lowered else None


def settle(quantity: Quantity | None, evidence: Evidence, where: str) -> Scale:
    """The scale of a matrix from its values and, where they leave it open, from the quantity that its name or source declares.

    Raises UnitContradiction with the evidence when values and declaration disagree, or the values fit no unit.
    """
    _refuse_negative(evidence, where)
    is_log = evidence.looks_log
    decided = quantity or _quantity_of(evidence, is_log, where)
    scale = Scale(_log_unit(decided) if is_log else decided, evidence.pseudo_count if is_log else 1.0)
    confirm(scale, evidence, where)
    return scale


def confirm(scale: Scale, evidence: Evidence, where: str) -> None:
    """Refuse a matrix whose values contradict its unit. Raises UnitContradiction with the evidence."""
    _refuse_negative(evidence, where)
    reason = _contradiction(scale, evidence)
    if reason:
        raise UnitContradiction(f"{where} is said to hold {scale.unit}, but {reason} ({evidence}); correct the declared unit or the file")


def _log_unit(quantity: Quantity) -> Unit:
    units: dict[Quantity, Unit] = {"counts": "log2_counts", "tpm": "log2_tpm", "fpkm": "log2_fpkm"}
    return units[quantity]


def _refuse_negative(evidence: Evidence, where: str) -> None:
    if evidence.n_negative and evidence.pseudo_count == 1.0:
        raise UnitContradiction(
            f"{where} holds {evidence.n_negative:,} negative values ({evidence}): these are z-scores, log ratios, damaged counts or a "
            "logarithm with an unknown pseudo-count, none of which can be turned into TPM; supply counts, TPM, FPKM or log2(x + 1) of them"
        )


def _quantity_of(evidence: Evidence, is_log: bool, where: str) -> Quantity:
    if not is_log and evidence.n_fractional == 0:
        return "counts"
    if evidence.sums_to_a_million(undone=is_log):
        return "tpm"
    total = evidence.total(undone=is_log)
    if total is not None and total > 2e6:
        return "counts"
    scale = "log2 of FPKM, or of counts or TPM of a part of the genes" if is_log else "FPKM, or counts or TPM of a part of the genes"
    raise UnitContradiction(f"the unit of {where} cannot be told from its values ({evidence}): {scale}; declare it, see docs/sources.md")


def _contradiction(scale: Scale, evidence: Evidence) -> str | None:
    """Why the evidence rules the scale out, or None."""
    if scale.is_log and evidence.maximum > LARGEST_LOG2:
        return "the values are far too large for a logarithm"
    if not scale.is_log and evidence.looks_log and evidence.n_genes >= FEWEST_GENES_FOR_TOTALS:
        return f"no value exceeds {evidence.maximum:.4g}, as on a log2 scale"
    total = evidence.total(undone=scale.is_log)
    if total is None:
        return None
    quantity = LINEAR[scale.unit]
    if quantity == "tpm" and total > 1e6 * (1 + MILLION_TOLERANCE):
        return f"they sum to {total:,.0f} per sample where TPM sum to at most 1,000,000"
    if quantity == "fpkm" and evidence.n_fractional == 0 and total > 1e6:
        return "all values are whole numbers, as counts are"
    if quantity == "counts" and evidence.n_fractional and _all_a_million(evidence, undone=scale.is_log):
        return "every sample sums to 1,000,000, as TPM or CPM do"
    return None


def _all_a_million(evidence: Evidence, *, undone: bool) -> bool:
    """Whether every sample sums to a million, closer than chance or a library size would bring it."""
    totals = evidence.undone_totals if undone else evidence.totals
    return len(totals) > 0 and bool(np.all(np.abs(totals / 1e6 - 1) < 0.01))
