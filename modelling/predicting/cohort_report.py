"""What a table of samples was found to be and what was done with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass
class CohortReport:
    """What a table was found to be and what was done with it; complete once all blocks were read."""

    name: str
    format: str
    layout: str
    gene_id_kind: str
    n_gene_ids: int
    n_model_genes: int
    n_matched: int
    gene_ids_by_kind: dict[str, int]
    n_duplicate_ids: int
    unknown_ids: list[str]
    unit: str
    unit_reasons: list[str]
    unit_doubtful: bool
    model_unit: str
    n_samples: int = 0
    n_low_coverage: int = 0
    n_refused: int = 0
    median_coverage: float = float("nan")
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = asdict(self)
        values["median_coverage"] = None if np.isnan(self.median_coverage) else round(self.median_coverage, 4)
        return values

    def lines(self) -> list[str]:
        """The report as sentences for people."""
        said = [
            f"{self.name}: {self.n_samples:,} samples, {self.format}, {self.layout}",
            (
                f"genes: {self.n_matched:,} of the model's {self.n_model_genes:,} found among {self.n_gene_ids:,} ids"
                f" ({', '.join(f'{n:,} by {kind}' for kind, n in self.gene_ids_by_kind.items())})"
            ),
            f"unit: {self.unit} ({'; '.join(self.unit_reasons)}), brought to {self.model_unit}",
        ]
        return [*said, *self.notes, *(f"warning: {warning}" for warning in self.warnings)]
