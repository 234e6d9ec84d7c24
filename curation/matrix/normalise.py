"""From sums per gene to log2(TPM + 1): lengths, re-closing, and what the quality columns say. All arithmetic is in float64, X is float32.

Policy: values of duplicate genes are summed in float64 (exact for integers up to 2^53: no overflow of uint32). Counts are divided by the
gene length; TPM and FPKM, which are proportional within a sample, are not. Every sample is then re-closed: its exported genes sum to one
million. With unit "cpm" counts are re-closed without lengths, and TPM or FPKM are refused, as CPM and TPM are different quantities.
CPM are counts of unknown depth: divided by the length as these are, without a library size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.errors import CurationError

MILLION = 1e6
ROWS_AT_ONCE = 32  # of a block, so that a block needs little memory beside itself
UNIT_NAMES = {"tpm": "log2(TPM+1)", "cpm": "log2(CPM+1)"}


class UnitMix(CurationError):
    """Sources in units that cannot share a matrix."""


@dataclass(frozen=True)
class Normaliser:
    """Turns the sums of one matrix into rows of X. `kilobases` (g,) divides them; None where they are not counts or no lengths are used."""

    kilobases: NDArray[np.float64] | None
    measured: NDArray[np.bool_]
    is_counts: bool

    def rows(self, sums: NDArray[np.float64], total: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """X (n, g) float32, NaN where not measured, and quality (n, 3): library size (NaN unless counts), genes detected, fraction of zeros.

        `sums` (n, g) is overwritten; `total` (n,) is over all genes of the input.
        """
        x = np.empty(sums.shape, np.float32)
        quality = np.empty((sums.shape[0], 3))
        quality[:, 0] = total if self.is_counts else np.nan
        n_measured = max(int(self.measured.sum()), 1)
        for start in range(0, sums.shape[0], ROWS_AT_ONCE):
            part = sums[start : start + ROWS_AT_ONCE]
            quality[start : start + ROWS_AT_ONCE, 1] = np.count_nonzero(part > 0, axis=1)
            if self.kilobases is not None:
                part /= self.kilobases
            closed = part.sum(axis=1, keepdims=True)
            part *= np.divide(MILLION, closed, out=np.zeros_like(closed), where=closed > 0)
            part += 1
            np.log2(part, out=part)
            x[start : start + ROWS_AT_ONCE] = part
        quality[:, 2] = 1 - quality[:, 1] / n_measured
        if not self.measured.all():
            x[:, ~self.measured] = np.nan
        return x, quality


def refuse_unit_mix(quantities: dict[str, str], unit: str) -> None:
    """Raise UnitMix when a source's quantity cannot become the unit of the export; `quantities` maps matrix -> counts, cpm, tpm, ..."""
    wrong = sorted(name for name, quantity in quantities.items() if unit == "cpm" and quantity in ("tpm", "fpkm"))
    if wrong:
        raise UnitMix(
            f"--unit cpm: {len(wrong)} of {len(quantities)} matrices hold TPM or FPKM ({', '.join(wrong[:3])}), which cannot become CPM; use --unit tpm"
        )


def outliers(quality: NDArray[np.float64], source: NDArray[np.str_], *, deviations: float = 5.0) -> NDArray[np.bool_]:
    """Samples far below the rest of their source: log10 library size or genes detected under the median by 5 scaled median absolute deviations.

    A sample without any count in the exported genes is always one. The factor 1.4826 makes the deviation that of a normal distribution
    (Hampel 1974); 5 of them is wider than the 3 usual for single cells, as public bulk libraries differ by design.
    """
    flagged: NDArray[np.bool_] = quality[:, 1] == 0
    with np.errstate(divide="ignore"):
        measures = (np.log10(quality[:, 0]), quality[:, 1])
    for name in np.unique(source):
        of_source = source == name
        for measure in measures:
            known = of_source & np.isfinite(measure)
            if not known.any():
                continue
            middle = np.median(measure[known])
            spread = 1.4826 * np.median(np.abs(measure[known] - middle))
            if spread > 0:
                flagged |= of_source & (measure < middle - deviations * spread)
    return flagged
