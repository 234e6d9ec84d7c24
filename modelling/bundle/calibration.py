"""What a model knows of its own doubt: limits measured on samples that neither the head nor, for validation groups, the network had seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

ALPHA = 0.05
EVEN = 0.5
ENOUGH = 100


@dataclass(frozen=True)
class Calibration:
    """Limits and what they were measured on.

    mass: tissues are in the set while the more probable ones sum to no more; never below `EVEN`. second_above: a second tissue is in the set when
    what the nearest prototype leaves points to it more than this (None where the network has no prototypes). far_below: similarity to the
    nearest tissue under which a sample lies further out than training samples of a held-out group do. detected_below: share of the measured genes above zero
    under which a sample is too sparse. coverage, coverage_shifted, set_size: share of held-out samples whose set held the truth, as
    measured and with simulated study shifts, and mean size. foreign_below: share of samples of a tissue that was left out that fall under
    far_below, mean over tissues. answer_above: an answer is the finest level at least so probable (None where the network has no prototypes);
    answer_right: share of such answers that were right, as measured or shifted, whichever is lower. untestable: tissues with one group, of
    which nothing can be held out.
    """

    mass: float = EVEN
    second_above: float | None = None
    far_below: float = -1.0
    detected_below: float = 0.0
    alpha: float = ALPHA
    n_samples: int = 0
    n_groups: int = 0
    held_out_by: str = ""
    cross_validated: bool = False
    coverage: float | None = None
    coverage_shifted: float | None = None
    set_size: float | None = None
    foreign_below: float | None = None
    class_balance: float | None = None
    answer_above: float | None = None
    answer_right: float | None = None
    untestable: list[str] = field(default_factory=list)

    @property
    def claims(self) -> bool:
        """Whether enough samples stand behind the sets to say how often they hold the truth."""
        return self.n_samples >= ENOUGH

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def claim(self) -> str:
        """What may be said of the sets, as a sentence without a full stop."""
        if not self.claims:
            return f"no claim is made of how often the sets hold the true tissue: only {self.n_samples:,} samples could be held out"
        how = "cross-validation over groups" if self.cross_validated else "the validation part"
        shifted = f", {self.coverage_shifted:.1%} with simulated study shifts" if self.coverage_shifted is not None else ""
        return (
            f"sets held the true tissue of {self.coverage:.1%} of {self.n_samples:,} held-out samples ({self.n_groups:,} by {self.held_out_by},"
            f" {how}{shifted}), {self.set_size:.2f} tissues on average"
        )
