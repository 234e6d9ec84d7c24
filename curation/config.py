"""All parameters of a build, in one place; written whole into the manifest and the compendium."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from curation.errors import CurationError
from profiles.versions import RELEASE as SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "BadParameter", "BuildConfig", "parse_limit"]


class BadParameter(CurationError):
    """A parameter of the build is outside its range."""


@dataclass(frozen=True)
class BuildConfig:
    """What decides the content of a compendium. `None` for a cap or subset means all."""

    cap: int | None = 10_000
    seed: int = 42
    preset: Literal["default", "paper"] = "default"
    subset: int | None = None
    cell_line_cap: int | None = 0
    level: Literal["tissue", "term"] = "tissue"
    genes: Literal["shared", "union"] = "shared"
    unit: Literal["tpm", "cpm"] = "tpm"
    single_cell_threshold: float = 0.5
    min_detected: float = 0.25  # of the genes that the middle sample of the source detects; 0: nothing leaves for it
    tiers: bool = False  # whether what only siblings or the study say is a label to train on
    licences: tuple[str, ...] = ()
    locus_groups: tuple[str, ...] = ()  # of HGNC, such as "protein-coding gene"; empty: all

    def __post_init__(self) -> None:
        """Raise BadParameter for what cannot be built."""
        for name in ("cap", "subset"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadParameter(f"--{name} is {value}; it must be at least 1, or `none` for no limit")
        if self.cell_line_cap is not None and self.cell_line_cap < 0:
            raise BadParameter(f"--cell-line-cap is {self.cell_line_cap}; it must be 0 (no cell lines), a number, or `none` (all)")
        if not 0 < self.single_cell_threshold <= 1:
            raise BadParameter(f"--single-cell-threshold is {self.single_cell_threshold}; it is a probability, above 0 and at most 1")
        if not 0 <= self.min_detected <= 1:
            raise BadParameter(f"--min-detected is {self.min_detected}; it is a share of what the source detects, 0 (all stay) to 1")

    def parameters(self) -> dict[str, Any]:
        """The parameters as plain values, for SQL and JSON."""
        return {**asdict(self), "licences": list(self.licences), "locus_groups": list(self.locus_groups)}


def parse_limit(name: str, text: str) -> int | None:
    """A number of samples, or `none` for no limit. Raises BadParameter."""
    if text.strip().lower() == "none":
        return None
    try:
        return int(text)
    except ValueError:
        raise BadParameter(f"--{name} is {text!r}; give a whole number or `none`") from None
