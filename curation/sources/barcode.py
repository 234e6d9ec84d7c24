"""TCGA and TARGET barcodes: program-site-patient-CODE; the two digits of CODE say what was taken (OCG and GDC code tables, all of them)."""

from __future__ import annotations

import re

BARCODE = re.compile(r"^(?:TCGA|TARGET)-[A-Z0-9]+-[A-Z0-9]+-(\d\d)", re.IGNORECASE)
# What was sampled, in the words of declared_tissue.tsv where it names the specimen; the others say no more than tumour or normal.
SAMPLE_TYPES = {
    1: "Primary Solid Tumor",
    2: "Recurrent Solid Tumor",
    3: "Primary Blood Derived Cancer - Peripheral Blood",
    4: "Recurrent Blood Derived Cancer - Bone Marrow",
    5: "Additional - New Primary",
    6: "Metastatic",
    7: "Additional Metastatic",
    8: "Human Tumor Original Cells",
    9: "Primary Blood Derived Cancer - Bone Marrow",
    10: "Blood Derived Normal",
    11: "Solid Tissue Normal",
    12: "Buccal Cell Normal",
    13: "EBV Immortalized Normal",
    14: "Bone Marrow Normal",
    15: "Fibroblasts from Bone Marrow Normal",
    16: "Mononuclear Cells from Bone Marrow Normal",
    17: "Lymphoid Normal",
    18: "Solid Tissue Normal near Tumor, Post-treatment",
    20: "Control Analyte",
    31: "Neoplasms of Uncertain and Unknown Behavior",
    40: "Recurrent Blood Derived Cancer - Peripheral Blood",
    41: "Post treatment Blood Cancer - Bone Marrow",
    42: "Post treatment Blood Cancer - Blood",
    50: "Cell Lines",
    60: "Primary Xenograft Tissue",
    61: "Cell Line Derived Xenograft Tissue",
    85: "Next Generation Cancer Model",
    86: "Expanded Next Generation Cancer Model",
    87: "Next Generation Cancer Model Expanded under Non-conforming Conditions",
    99: "Granulocytes",
}
MODEL = SAMPLE_TYPES[85]
TUMOUR_CODES = frozenset({*range(1, 10), 40, 41, 42})
NORMAL_CODES = frozenset({*range(10, 20), 99})


def sample_code(sample: str) -> int | None:
    """The two digits of a barcode that say what was taken; None where the name is no barcode."""
    match = BARCODE.match(sample)
    return int(match.group(1)) if match else None


def is_of(program: str, sample: str) -> bool:
    """Whether a sample's name is of a program, tcga or target."""
    return sample.upper().startswith(f"{program.upper()}-")


def sample_type_of(sample: str, told: str | None) -> str | None:
    """The sample type by the barcode; where that has none that is known, what the table told."""
    code = sample_code(sample)
    return told if code is None else SAMPLE_TYPES.get(code, told)


def is_tumour(sample: str, sample_type: str | None) -> bool | None:
    """By the barcode; where it has no code that is known, by the sample type; None where neither says, and for models and controls."""
    code = sample_code(sample)
    if code in SAMPLE_TYPES:
        return True if code in TUMOUR_CODES else False if code in NORMAL_CODES else None
    lowered = (sample_type or "").lower()
    if re.search("xenograft|model|cell line|control analyte", lowered):
        return None
    return False if "normal" in lowered else True if re.search("tumor|tumour|cancer|metasta|recurren|primary", lowered) else None


def sample_type_in_words(tissue_type: str | None, descriptor: str | None, specimen: str | None) -> str | None:
    """The sample type that the GDC's sheets since 2024 spread over Tissue Type, Tumor Descriptor and Specimen Type."""
    kind, what, where = ((text or "").strip().lower() for text in (tissue_type, descriptor, specimen))
    place = "Bone Marrow" if "bone marrow" in where else "Peripheral Blood" if "blood" in where else ""
    grown = {"xenograft": "Primary Xenograft Tissue", "cell line": "Cell Lines", "organoid": MODEL, "model": MODEL}
    cultured = next((name for word, name in grown.items() if word in where), None)
    if cultured:
        return cultured
    if kind == "normal":
        return {"Bone Marrow": "Bone Marrow Normal", "Peripheral Blood": "Blood Derived Normal"}.get(place, "Solid Tissue Normal")
    if kind != "tumor":
        return None
    if "metasta" in what:
        return "Metastatic"
    when = "Recurrent" if "recurren" in what or "progress" in what else "Primary"
    return f"{when} Blood Derived Cancer - {place}" if place else f"{when} Solid Tumor"
