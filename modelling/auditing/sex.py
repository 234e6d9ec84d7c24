"""Stated sex against XIST and the genes of Y."""

from __future__ import annotations

import numpy as np

from modelling.auditing.reading import Audited, Finding, Samples, ranked
from modelling.scores.sex import XIST, Y_GENES, sex_signs

MARKERS = (*XIST, *Y_GENES)
STATED = {"female": "female", "male": "male", "PATO:0000383": "female", "PATO:0000384": "male"}


def audit_sex(samples: Samples) -> Audited:
    """Samples whose sex is stated as one and shows as the other, and samples that show both (a mixture of two people, or XXY)."""
    question = "Does the stated sex agree with XIST and the genes of Y?"
    held = samples.measured(MARKERS)
    x = np.array([samples.marker_n[gene] for gene in held]).T if held else np.zeros((len(samples.ids), 0))
    signs = sex_signs(x, held, by_groups=True)
    words = [samples.text(name) for name in ("sex", "sex_ontology_term_id")]
    stated = np.array([next((STATED[w] for w in row if w in STATED), "") for row in zip(*words, strict=True)], dtype=object)
    notes = []
    if XIST[0] not in held:
        notes.append(
            "XIST is not among the genes: a man's sample that shows no Y may be a woman's, or a tumour's that lost its Y: not said"
        )
    if not (stated != "").any():
        notes.append("no sample states a sex (obs `sex` or `sex_ontology_term_id`): only samples that show both were looked for")
    findings = []
    for i in np.flatnonzero(((stated != "") & np.isin(signs.sex, ["female", "male"]) & (signs.sex != stated)) | (signs.sex == "both")):
        shown = str(signs.sex[i])
        evidence: dict[str, str | float] = {
            "stated": str(stated[i]), "shows": shown, "xist": float(signs.xist_n[i]), "y_genes": float(signs.y_n[i]),
        }  # fmt: skip
        said = f"expression shows {shown} (XIST {signs.xist_n[i]:.1f}, genes of Y {signs.y_n[i]:.1f}), stated is {stated[i] or 'nothing'}"
        score = abs(float(np.nan_to_num(signs.xist_n[i]) - signs.y_n[i])) if shown != "both" else float(min(signs.xist_n[i], signs.y_n[i]))
        known = shown in ("female", "male")
        findings.append(
            Finding(str(samples.ids[i]), score, evidence, said, fact="sex" if known else "", value=shown if known else "", decide=known)
        )
    n = int(((stated != "") & np.isin(signs.sex, ["female", "male"])).sum())
    return Audited("sex", question, ranked(findings), notes, n)
