"""Samples of another species: genes that people have and mice have not, silent all together.

Genes of families that arose or grew in primates (ZNF91 and its neighbours: Huntley et al. 2006; NBPF: Vandepoele et al. 2005; NPIP: Johnson et al. 2001;
GOLGA8, LRRC37, RGPD, SPDYE: Marques-Bonet et al. 2009; APOL: Smith and Malik 2009), and classical HLA genes, which have no one-to-one orthologue.
Nearly every human tissue reads them; a sample of another species, mapped by names, cannot.
"""

from __future__ import annotations

import numpy as np

from modelling.auditing.cells import CORE
from modelling.auditing.reading import Audited, Finding, Samples, ranked

HUMAN_ONLY = (
    "HLA-A", "HLA-B", "HLA-C", "HLA-E", "HLA-F", "ZNF91", "ZNF43", "ZNF100", "ZNF85", "ZNF93", "ZNF253", "ZNF430", "ZNF431", "ZNF675", "ZNF681", "ZNF682",
    "ZNF708", "ZNF714", "ZNF737", "ZNF738", "NBPF1", "NBPF3", "NBPF10", "NBPF11", "NBPF12", "NBPF14", "NBPF15", "NPIPA1", "NPIPB3", "NPIPB4", "NPIPB5",
    "GOLGA8A", "GOLGA8B", "LRRC37A2", "LRRC37A3", "LRRC37B", "RGPD5", "RGPD6", "RGPD8", "SPDYE3", "APOL1", "APOL2", "APOL6",
)  # fmt: skip
FEWEST = 10
SILENT = 0.1  # log2(value + 1)
SHARE, OTHERS = 0.3, 0.5  # of these genes read: below, of what a sample of shallow depth still shows of all genes


def audit_species(samples: Samples) -> Audited:
    """Samples in which most of the genes that only people have are silent, while its other genes are not (a single cell's are, too)."""
    question = "Which samples read none of the genes that people have and other species have not?"
    held = samples.measured(HUMAN_ONLY)
    if len(held) < FEWEST:
        return Audited(
            "species",
            question,
            [],
            [f"not audited: {len(held)} of the genes that only people have are in the compendium, {FEWEST} are needed"],
        )
    x = np.array([samples.marker_n[gene] for gene in held]).T
    common = np.nanmedian(x, axis=0) > SILENT
    share = (np.nan_to_num(x[:, common]) > SILENT).mean(1)
    findings = []
    for i in np.flatnonzero((share < SHARE) & (share < OTHERS * samples.detected_n) & (samples.core_n >= CORE)):
        evidence: dict[str, str | float] = {
            "share_of_human_genes": float(share[i]),
            "n_human_genes": int(common.sum()),
            "share_detected": float(samples.detected_n[i]),
        }
        said = f"reads {share[i]:.0%} of {int(common.sum())} genes that only people have, and {samples.detected_n[i]:.0%} of all genes"
        findings.append(Finding(str(samples.ids[i]), 1 - float(share[i]), evidence, said))
    return Audited("species", question, ranked(findings), n_audited=len(share))
