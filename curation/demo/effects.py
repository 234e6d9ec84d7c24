"""The sizes of all simulated effects, as set against measured GTEx and TCGA samples; docs/reference/demo.md has both columns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Depth:
    """Library sizes of a source, log-normal: median in millions of reads, and the standard deviation of the natural logarithm."""

    median_millions: float
    log_sd: float


@dataclass(frozen=True)
class Effects:
    """Standard deviations in log2 units unless another unit is named, and shares."""

    gene_spread: float = 0.42  # natural log; some genes vary far more than others
    programme: float = 0.64  # of a whole programme on any gene, beside its markers
    organ_system: float = 0.36
    tissue: float = 0.35
    region: float = 0.16
    source: float = 0.43
    source_in_tissue: float = 0.37
    study: float = 0.30
    tumour: float = 0.34
    tumour_type: float = 1.0
    cell_line: float = 0.70
    technical: tuple[float, ...] = (0.20, 0.14, 0.10)  # sample-wide factors: degradation, GC content, library chemistry
    care: float = 0.3  # natural log; how much the technical factors differ between the tissues of a source, or between studies
    state: float = 0.25  # weight of proliferation, interferon response and the like
    composition: float = 0.12  # natural log of the weight of every programme of a tissue
    infiltration: float = 0.07  # weight of programmes that a tissue is not made of
    mixed_share: float = 0.26  # of samples that hold some of a neighbouring tissue
    mixed_part: tuple[float, float] = (1.2, 1.8)  # beta distribution of how much
    dispersion: float = 0.055  # negative-binomial, median over genes, beside all of the above
    cell_dispersion: float = 0.8
    wrong_labels: float = 0.02
    depth: dict[str, Depth] = field(
        default_factory=lambda: {"archs4": Depth(22, 0.55), "gtex": Depth(45, 0.3), "tcga": Depth(50, 0.35), "depmap": Depth(60, 0.25)}
    )
    cell_depth: Depth = Depth(0.4, 0.8)
