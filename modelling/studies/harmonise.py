"""Three ways to bring an outside cohort nearer to the training part. The default is none: each sample stands for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, get_args

import numpy as np

from modelling.arrays import Floats
from modelling.bundle.model import TissueModel
from modelling.data import Compendium
from modelling.errors import ModellingError
from profiles.nearest import near

Way = Literal["none", "quantile", "zscore"]
MIN_COHORT = 10
Change = Callable[[Floats], Floats]


class HarmoniseError(ModellingError):
    """A way of harmonisation that cannot be had here."""


def parse_way(name: str) -> Way:
    """The way by name."""
    if name not in get_args(Way):
        raise HarmoniseError(f"no harmonisation named {name!r}{near(name, get_args(Way))}; there are: {', '.join(get_args(Way))}")
    return name  # type: ignore[return-value]


def harmonisation(
    way: Way, model: TissueModel, cohort: Callable[[], Iterable[Floats]], compendium: Compendium | None
) -> tuple[Change, list[str]]:
    """A function on expression (n, g) in the model's unit, and what must be said about it. Raises HarmoniseError."""
    if way == "quantile":
        if compendium is None:
            raise HarmoniseError("quantile harmonisation needs the training part: give --compendium FILE")
        profile = training_profile(model, compendium)
        return (lambda x: to_profile(x, profile)), ["each sample was brought to the training part's mean quantiles (each sample by itself)"]
    if way == "zscore":
        mean, std, n = cohort_moments(cohort())
        if n < MIN_COHORT:
            raise HarmoniseError(f"z-scores within the cohort need at least {MIN_COHORT} samples, it has {n}")
        safe = np.where(std > 0, std, 1)
        said = (
            f"transductive: every gene was centred and scaled within the cohort's {n:,} samples, so a sample's call depends on the others"
        )
        return (lambda x: (x - mean) / safe * model.std_g + model.mean_g), [said]
    return (lambda x: x), []


def training_profile(model: TissueModel, compendium: Compendium) -> Floats:
    """Mean of the sorted expression of the training samples: (g,), missing genes as their training mean."""
    total, n = np.zeros(len(model.genes)), 0
    for _, x in compendium.blocks(compendium.rows("train"), genes=model.genes):
        total += np.sort(np.where(np.isnan(x), model.mean_g, x), axis=1).sum(axis=0, dtype=np.float64)
        n += len(x)
    return np.asarray(total / n, np.float32)


def to_profile(x_ng: Floats, profile: Floats) -> Floats:
    """Replace each value by the profile's at the same rank; ties get their mean rank's, missing genes stay missing."""
    from scipy.stats import rankdata

    out = np.full_like(x_ng, np.nan)
    grid = np.linspace(0, 1, len(profile))
    for row, values in enumerate(x_ng):
        seen = np.isfinite(values)
        share = (rankdata(values[seen]) - 1) / max(int(seen.sum()) - 1, 1)
        out[row, seen] = np.interp(share, grid, profile)
    return out


def cohort_moments(blocks: Iterable[Floats]) -> tuple[Floats, Floats, int]:
    """Mean and standard deviation per gene over a cohort's measured values, and its number of samples."""
    n, total, square, count = 0, np.zeros(0), np.zeros(0), np.zeros(0)
    for x in blocks:
        seen = np.isfinite(x)
        parts = (np.where(seen, x, 0).sum(0, dtype=np.float64), np.square(np.where(seen, x, 0), dtype=np.float64).sum(0), seen.sum(0))
        total, square, count = parts if not n else (total + parts[0], square + parts[1], count + parts[2])
        n += len(x)
    mean = total / np.maximum(count, 1)
    std = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 0))
    return mean.astype(np.float32), std.astype(np.float32), n
