"""One simulated sample: what it is, and what its archive says about it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["tissue", "cell line", "single cell"]

FEMALE_ONLY = frozenset({"ovary", "uterus", "cervix", "vagina", "placenta"})
MALE_ONLY = frozenset({"prostate", "testis"})


def sex_for(tissue: str, rng: random.Random) -> str:
    """A sex that has the tissue."""
    return "Female" if tissue in FEMALE_ONLY else "Male" if tissue in MALE_ONLY else rng.choice(("Female", "Male"))


@dataclass
class DemoSample:
    """The truth (what is expressed) and the statement (what the text or the source's column says) of one sample."""

    sample_id: str
    source: str
    kind: Kind
    tissue: str  # what the expression is
    stated_tissue: str  # what the text says; empty where it says nothing
    batch: str  # the study, or the centre, whose technical effect the sample shares
    series_id: str = ""
    donor_id: str = ""
    cell_line: str = ""
    is_tumour: bool = False
    disease: str = ""  # a tumour type shares its own expression shift
    region: str = ""  # a finer place inside the tissue, with its own small shift
    sex: str = ""
    age: int = 0
    extra_programmes: dict[str, float] = field(default_factory=dict)
    single_cell_probability: float = 0.0
    title: str = ""
    source_name: str = ""
    characteristics: str = ""
    has_planted_wrong_label: bool = False
