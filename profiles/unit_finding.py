"""Which unit a matrix is in, told from its values and, where they leave it open, from what its owner or its file name says."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from profiles.errors import UnitFault
from profiles.unit_declared import confirm
from profiles.unit_evidence import (
    AT_FLOOR,
    NOISE,
    Evidence,
    can_be_log,
    closed_to,
    share_whole,
    sums,
    top_spread,
)
from profiles.unit_lengths import Lengths
from profiles.units import LOG2_CEILING, LOG_BASES, MILLION, OWN_FLOOR, Array, Quantity, Unit, UnitFinding

# No library has as many reads; recount3's coverage counts each read once per base of its length.
MOST_READS = 2e9
# A table of all genes has zeros in it; a selection of expressed ones need not.
ALL_GENES = 12_000
# Expected counts have decimals where reads are shared between genes only; TPM with two decimals are whole below one in a hundred at most.
WHOLE_OF_EXPECTED = 0.3
# UCSC Xena adds 0.001 to TPM and FPKM before the logarithm.
XENA_FLOOR = float(np.log2(0.001))
NAME = {"FPKM": re.compile(r"[fr]pkm", re.I), "TPM": re.compile(r"tpm", re.I), "CPM": re.compile(r"(?<![a-z])cpm", re.I)}
COUNTS_NAME = re.compile(r"count|reads", re.I)


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
    probe = probe[np.isfinite(probe).any(axis=1)]
    where = file_name or "the table"
    if not probe.size or not (probe != 0).any():
        raise UnitFault(f"{where}: the samples looked at hold no value but zero; give a table with expressed genes")
    evidence = Evidence(probe)
    if declared is not None:
        return UnitFinding(confirm(declared, evidence, where), ("as declared",))
    found = _told(evidence, Lengths(length_bp, mean_log2_g, mean_per_length), where)
    return _with_name(found, file_name)


def _told(evidence: Evidence, lengths: Lengths, where: str) -> UnitFinding:
    """Sums before decimals: a table closed to one total is TPM or CPM, whole numbers or not."""
    if evidence.low < -NOISE:
        return _below_zero(evidence, lengths, where)
    total = closed_to(evidence.values, part=True)
    counted = evidence.share_whole > WHOLE_OF_EXPECTED and total != MILLION
    if total is not None and not counted and (evidence.high > LOG2_CEILING or total in (1.0, 100.0)):
        return _closed(evidence, lengths, total)
    if evidence.share_whole > 0.99:
        return _whole(evidence, lengths, where)
    if evidence.high <= LOG2_CEILING:
        return _logged(evidence, lengths)
    return _linear(evidence, lengths)


def _with_name(found: UnitFinding, file_name: str) -> UnitFinding:
    """What the file name says settles a doubt that it agrees with, and makes one where it does not."""
    said = next((quantity for quantity, pattern in NAME.items() if pattern.search(file_name)), None)
    said = said or ("counts" if COUNTS_NAME.search(file_name) else None)
    if said is None or (said == "counts" and found.unit.quantity in ("counts", "tag counts")):
        return found
    if said == found.unit.quantity:
        return replace(found, doubtful=False, reasons=(*found.reasons, f"the file name says {said}")) if found.doubtful else found
    return replace(found, doubtful=True, reasons=(*found.reasons, f"but the file name says {said}"))


def _closed(evidence: Evidence, lengths: Lengths, total: float) -> UnitFinding:
    """All samples sum to one number on the linear scale."""
    whole = evidence.share_whole > 0.99
    totals = sums(evidence.values)
    if whole and len(totals) > 1 and np.ptp(totals) == 0.0:
        return UnitFinding(Unit("counts"), (f"whole numbers, and each sample sums to {total:,.0f} exactly: counts drawn to one depth",))
    per_length, reason, doubt = lengths.per_length(evidence.values, None if whole else evidence.count_like(evidence.values))
    what = "whole numbers, but each" if whole else "each"
    quantity: Quantity = "TPM" if per_length else "CPM"
    said = f"{what} sample sums to {np.median(totals):,.6g}"
    return _zeros(UnitFinding(Unit(quantity, scale=MILLION / total), (said, reason), doubt), evidence)


def _whole(evidence: Evidence, lengths: Lengths, where: str) -> UnitFinding:
    reason = f"whole numbers up to {evidence.high:,.0f}"
    middle = float(np.median(sums(evidence.values)))
    if middle > MOST_READS:
        raise UnitFault(
            f"{where}: whole numbers that sum to {middle:,.0f} per sample are more than any library has reads: coverage summed over bases,"
            " as in recount3's gene_sums; divide by the read length (recount's transform_counts), or say --unit coverage-101 for reads of 101"
        )
    slope = lengths.slope(evidence.values)
    grows = f"they do not grow with gene length (slope {slope or 0:.2f}, reads give 1)"
    if slope is not None and slope < 0.2:
        tags = f"but {grows}: tags of one end of a transcript, so not divided by length"
        return UnitFinding(Unit("tag counts"), (reason, tags), True)
    if slope is not None and slope < 0.5 and middle < 1.05 * MILLION:
        rounded = f"but they sum to {middle:,.0f} and {grows}: TPM or FPKM rounded to whole numbers"
        return UnitFinding(Unit("TPM"), (reason, rounded), True)
    return UnitFinding(Unit("counts"), (reason,))


def _linear(evidence: Evidence, lengths: Lengths) -> UnitFinding:
    """Decimals on the linear scale, closed to no total."""
    values = evidence.values
    totals = sums(values)
    middle = float(np.median(totals))
    said = f"samples sum to {totals.min():,.0f} to {totals.max():,.0f}"
    ties = evidence.count_like(values)
    if ties:
        what = "within a sample they are multiples of one number, as counts divided by a size factor are"
        return UnitFinding(Unit("counts"), (said, what))
    per_length, reason, doubt = lengths.per_length(values, ties)
    if evidence.share_whole > WHOLE_OF_EXPECTED or middle > (
        5 * MILLION if per_length and lengths.mean_log2_g is not None else 1.5 * MILLION
    ):
        return UnitFinding(Unit("counts"), (f"{evidence.share_whole:.0%} whole numbers, {said}: expected counts", reason))
    # FPKM by a tool's own lengths may grow with ours as reads do, and nothing else has decimals, no ties and sums like these.
    return _zeros(UnitFinding(Unit("FPKM"), (said, reason), doubt or not per_length or middle > 1.5 * MILLION), evidence)


def _zeros(found: UnitFinding, evidence: Evidence) -> UnitFinding:
    """A table of all genes without any zero was worked on (variance-stabilised, batch-corrected, imputed)."""
    if evidence.values.shape[1] < ALL_GENES or evidence.share_at_floor >= AT_FLOOR:
        return found
    what = f"none of {evidence.values.shape[1]:,} genes is zero, as after batch correction or imputation"
    return replace(found, doubtful=True, reasons=(*found.reasons, what))


def _logged(evidence: Evidence, lengths: Lengths, offset: float | None = None) -> UnitFinding:
    """Values that are logarithms: of what, to which base, and of what added before."""
    first = f"the highest value is {evidence.high:.1f}, too low for anything but a logarithm"
    floor = float(np.median(evidence.floors))
    if floor > 0.05 and evidence.share_at_floor >= AT_FLOOR and evidence.values.shape[1] >= N_FLOORED:
        return _stabilised(evidence, first, floor)
    if offset is None and np.ptp(evidence.floors) > 1e-3 and abs(floor) > 0.05:
        offset = OWN_FLOOR
    candidates = [(log, Unit("TPM", log, _offset(floor, log) if offset is None else offset)) for log in LOG_BASES]
    readings = [
        (unit, unit.linear(evidence.values.astype(np.float64))) for log, unit in candidates if can_be_log(evidence.high, LOG_BASES[log])
    ]
    for unit, linear in readings:
        total = closed_to(linear, part=True)
        if total != MILLION and share_whole(linear[np.isfinite(linear) & (linear < 500)], 0.02) > 0.8:
            return UnitFinding(replace(unit, quantity="counts"), (first, f"taken back from {unit.log}, the values are whole numbers"))
        if total is not None:
            per_length, reason, doubt = lengths.per_length(linear, evidence.count_like(linear))
            unit = replace(unit, quantity="TPM" if per_length else "CPM", scale=MILLION / total)
            said = f"taken back from {unit.log}, each sample sums to {np.median(sums(linear)):,.0f}"
            return UnitFinding(unit, (first, said, reason), doubt)
    return _zeros(_likeliest(evidence, lengths, readings, first), evidence)


N_FLOORED = 5_000


def _offset(floor: float, log: str) -> float:
    """What was added before the logarithm, from the lowest value: one where that is zero."""
    return 1.0 if abs(floor) < 0.05 else float(LOG_BASES[log] ** floor)


def _stabilised(evidence: Evidence, first: str, floor: float) -> UnitFinding:
    """Zeros that became one number above zero: DESeq2's vst and the like; nearly log2 where genes are expressed."""
    same = bool(np.ptp(evidence.floors) < 1e-3)
    unit = Unit("counts", "log2", float(2.0**floor) if same else OWN_FLOOR)
    what = f"no value is zero, and {evidence.share_at_floor:.0%} of the genes share the lowest, {floor:.2f}: variance-stabilised counts or"
    return UnitFinding(unit, (first, f"{what} logarithms with another number added; read as log2 of counts above that"), True)


def _likeliest(evidence: Evidence, lengths: Lengths, readings: list[tuple[Unit, Array]], first: str) -> UnitFinding:
    """The base whose sums and spread are those of real tables; penalties in squared standard deviations, measured on real tables."""
    scored: list[tuple[float, Unit, Array, Quantity]] = []
    quantities: tuple[tuple[Quantity, float, float, float], ...] = (("FPKM", 5.9, 0.3, 0.0), ("counts", 7.3, 0.4, 1.0))
    for unit, linear in readings:
        middle = np.log10(max(float(np.median(sums(linear))), 1.0))
        spread = top_spread(linear)
        # The sum of a selection of genes says little, and nearly all logarithms are to base two.
        few = spread is None
        rare = 0.0 if unit.log == "log2" else 6.0 if few else 2.0
        odd = 0.0 if spread is None else ((spread - 1.3) / 0.17) ** 2
        for quantity, expected, width, price in quantities:
            scored.append((((middle - expected) / (1.0 if few else width)) ** 2 + odd + rare + price, unit, linear, quantity))
    scored.sort(key=lambda score: score[0])
    penalty, unit, linear, quantity = scored[0]
    others = [score[0] for score in scored if score[1].log != unit.log]
    doubt_of_base = bool(others) and min(others) - penalty < 5.0
    ties = evidence.count_like(linear)
    per_length, reason, doubt = lengths.per_length(linear, ties)
    said = f"taken back from {unit.log}, samples sum to {np.median(sums(linear)):,.0f}"
    if ties:
        quantity = "counts"
    elif quantity == "counts" and per_length and not doubt:
        quantity = "FPKM"
    reasons = (first, said, reason, *(("another base of the logarithm would fit as well",) if doubt_of_base else ()))
    settled = quantity == "counts" and not per_length
    return UnitFinding(replace(unit, quantity=quantity), reasons, doubt_of_base or (doubt and not settled))


def _below_zero(evidence: Evidence, lengths: Lengths, where: str) -> UnitFinding:
    """Logarithms of something below one, whose zeros share one value; anything else below zero cannot be turned back."""
    floors = evidence.floors
    xena = bool(np.all(np.abs(floors - XENA_FLOOR) < 0.01))
    if evidence.high > LOG2_CEILING or (evidence.share_at_floor < AT_FLOOR and not xena):
        raise UnitFault(
            f"{where}: holds negative values (lowest {evidence.low:.3g}): z-scores, log ratios, centred or batch-corrected values cannot be"
            " turned back; give counts, CPM, TPM, FPKM or their log2(x + 1)"
        )
    same = bool(np.ptp(floors) < 1e-3)
    found = _logged(evidence, lengths, None if same else OWN_FLOOR)
    share = f"{evidence.share_at_floor:.0%} of the values are the lowest of their sample"
    lowest = f"{share}, {floors.min():.2f}" if same else f"{share}, {floors.min():.2f} to {floors.max():.2f}"
    return replace(found, reasons=(f"{lowest}: zeros with something added before the logarithm", *found.reasons[1:]))
