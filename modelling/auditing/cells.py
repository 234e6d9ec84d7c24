"""Samples that look like cell lines, and samples that look like single cells.

A tissue holds blood, vessels and connective tissue beside its own cells; a culture does not, and it divides. A single cell, or a few, shows far fewer genes
than a tissue of its compendium, and misses even some that all tissues read strongly; a tissue that was sequenced too little misses weak genes only.
"""

from __future__ import annotations

import numpy as np

from modelling.arrays import Floats
from modelling.auditing.reading import Audited, Finding, Samples, ranked

# dividing cells: the marker sets of Whitfield et al. 2006 (Nature Reviews Cancer 6:99) and Venet et al. 2011 agree on these
DIVIDING = ("MKI67", "TOP2A", "CCNB1", "BIRC5", "CDK1", "AURKA", "BUB1", "FOXM1", "CENPF", "RRM2", "UBE2C", "CCNA2", "PLK1")
# what a tissue holds beside its own cells; the compartments of ESTIMATE (Yoshihara et al. 2013), with vessels
COMPARTMENTS = {
    "leukocytes": ("PTPRC", "CD74", "HLA-DRA", "TYROBP", "LYZ", "CD14", "C1QB"),
    "vessels": ("PECAM1", "VWF", "CDH5", "EMCN", "CLDN5"),
    "connective": ("COL1A1", "COL1A2", "COL3A1", "DCN", "LUM"),
}
MARKERS = (*DIVIDING, *(gene for genes in COMPARTMENTS.values() for gene in genes))
FEWEST_MARKERS = 3
ABSENT, ABOVE_FLOOR = (
    1.0,
    0.5,
)  # log2(value + 1) below which a compartment is not there: this, or so far above what a table's weakest genes show
FLOOR = 0.1  # the share of a sample's genes that are its weakest
DIVIDES = 1.5  # by how much the markers of division are above the second strongest compartment
FEW_DETECTED = 0.6  # of the median sample's share of genes detected
CORE = 0.75  # share of strongly read genes that a bulk sample shows, however shallow
FAR = 5.0  # spreads (MAD) of the compendium


def audit_cell_lines(samples: Samples) -> Audited:
    """Samples that divide and hold at most one of blood, vessels and connective tissue."""
    question = "Which samples divide, and hold none of what tissues hold beside their own cells?"
    lacking = [name for name, genes in {"dividing": DIVIDING, **COMPARTMENTS}.items() if len(samples.measured(genes)) < FEWEST_MARKERS]
    if lacking:
        return Audited("cell_lines", question, [], [f"not audited: fewer than {FEWEST_MARKERS} markers measured of {', '.join(lacking)}"])
    dividing, held = samples.mean(DIVIDING), {name: samples.mean(genes) for name, genes in COMPARTMENTS.items()}
    second = np.sort(np.array(list(held.values())), axis=0)[-2]
    absent = max(ABSENT, float(np.median(np.quantile(samples.x_nv, FLOOR, axis=1))) + ABOVE_FLOOR)
    findings = []
    for i in np.flatnonzero((second < absent) & (dividing - second > DIVIDES)):
        evidence: dict[str, str | float] = {"dividing": float(dividing[i]), **{name: float(v[i]) for name, v in held.items()}}
        said = (
            f"divides ({dividing[i]:.1f}) and holds {', '.join(f'{name} {v[i]:.1f}' for name, v in held.items())} (log2), as a culture does"
        )
        findings.append(Finding(str(samples.ids[i]), float(dividing[i] - second[i]), evidence, said, is_cell_line=True))
    return Audited("cell_lines", question, ranked(findings), n_audited=len(samples.ids))


def audit_single_cells(samples: Samples) -> Audited:
    """Samples that detect far fewer genes than the compendium's others, and miss some that all read strongly."""
    question = "Which samples show as few genes as single cells do, and miss some that all tissues read strongly?"
    detected, core = samples.detected_n, samples.core_n
    median, wide = float(np.median(detected)), spread(detected)
    findings = []
    for i in np.flatnonzero((detected < min(FEW_DETECTED * median, median - FAR * wide)) & (core < CORE)):
        evidence: dict[str, str | float] = {
            "share_detected": float(detected[i]), "median_detected": median, "strong_genes": float(core[i]), "in_strongest": float(samples.top_n[i]),
        }  # fmt: skip
        said = f"detects {detected[i]:.0%} of the genes (median sample {median:.0%}), and {core[i]:.0%} of those that all samples read strongly"
        findings.append(Finding(str(samples.ids[i]), float((median - detected[i]) / wide), evidence, said))
    return Audited("single_cells", question, ranked(findings), n_audited=len(detected))


def spread(values: Floats) -> float:
    """Median absolute deviation, scaled to a normal law's standard deviation; never nought."""
    return max(1.4826 * float(np.median(np.abs(values - np.median(values)))), 1e-3)
