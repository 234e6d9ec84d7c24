"""Columns of one table in different units."""

from __future__ import annotations

import numpy as np

from profiles.unit_evidence import CLOSED, NOISE, share_whole
from profiles.units import LOG2_CEILING, MILLION, Array


def units_differ(probe: Array, sample_ids: list[str]) -> str | None:
    """Which columns are on another scale than the rest, None if all may be on one.

    Logarithms beside linear values, and decimals that sum to a million beside whole numbers that do not, as TPM beside counts.
    """
    groups: dict[str, list[str]] = {}
    for name, row in zip(sample_ids, probe, strict=True):
        groups.setdefault(_scale(row[np.isfinite(row)]), []).append(name)
    named = {kind: names for kind, names in groups.items() if kind}
    if not ("logarithms" in named and len(named) > 1) and not {"decimals that sum to a million", "whole numbers"} <= named.keys():
        return None
    parts = [f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}: {kind}" for kind, names in named.items()]
    return "; ".join(parts)


def _scale(row: Array) -> str:
    if not len(row) or not (row > NOISE).any():
        return ""
    whole = share_whole(row)
    if row.max() <= LOG2_CEILING and whole < 0.9:
        return "logarithms"
    if whole > 0.99:
        return "whole numbers"
    return "decimals that sum to a million" if abs(float(row.sum(dtype=np.float64)) / MILLION - 1.0) < CLOSED else "other decimals"
