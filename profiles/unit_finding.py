"""Which unit a matrix is in, told from its values and, where they leave it open, from what its owner or its file name says."""

from __future__ import annotations

from profiles.units import Array, Unit, UnitFinding


def find_unit(
    probe: Array,
    length_bp: Array,
    mean_log2_g: Array | None = None,
    declared: Unit | None = None,
    file_name: str = "",
    *,
    mean_per_length: bool = True,
) -> UnitFinding:
    """Tell the unit from a few whole samples.

    Args: probe (p samples, g genes) as in the file, NaN = missing (summary rows and rows that are no genes blanked); length_bp (g,)
    NaN = unknown; mean_log2_g (g,) a model's training mean, log2(TPM + 1), or log2(CPM + 1) with mean_per_length=False, NaN = not of the
    model; declared, the unit its owner names: kept unless the values contradict it; file_name, for evidence and messages.
    Raises UnitFault.
    """
    raise NotImplementedError
