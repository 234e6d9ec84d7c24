"""Whether values are divided by the length of the gene: by their ties and by how they grow with it."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.unit_evidence import length_slope, own_slope
from profiles.units import Array


@dataclass(frozen=True)
class Lengths:
    """What growth with gene length is measured against: lengths (g,), a training mean (g,) or None, and whether that mean is per length."""

    length_bp: Array
    mean_log2_g: Array | None
    mean_per_length: bool

    def per_length(self, linear: Array, count_like: bool | None) -> tuple[bool, str, bool]:
        """Whether values are divided by gene length, how that was seen, and whether there is doubt."""
        if count_like:
            return False, "within a sample they are multiples of one number, as counts brought to a total are", False
        slope = self._slope(linear)
        if slope is None:
            return True, "too few gene lengths to see whether values grow with length: taken as length-normalised", True
        # What does not tie are no counts of reads: only expected counts would be left to grow with length. Without a training mean
        # reads and TPM overlap, and sums like these are those of TPM far more often than of CPM that do not tie.
        divided = slope < (0.3 if self.mean_log2_g is None else 0.85 if count_like is False else 0.7)
        sure = slope < 0.5 if self.mean_log2_g is not None else slope < -0.25
        against = "the training mean (reads give about 1, TPM and FPKM 0 to 0.6)"
        against = against if self.mean_log2_g is not None else "gene length alone (reads give about 0, TPM and FPKM -0.4)"
        verb = "hardly grow" if divided else "grow"
        settled = sure if divided else count_like is None and self.mean_log2_g is not None and slope > 0.8
        return divided, f"values {verb} with gene length (slope {slope:.2f} against {against})", not settled

    def slope(self, linear: Array) -> float | None:
        """The slope against the training mean, on the scale on which reads give 1 and TPM 0; None without a mean."""
        return self._slope(linear) if self.mean_log2_g is not None else None

    def _slope(self, linear: Array) -> float | None:
        if self.mean_log2_g is None:
            return own_slope(linear, self.length_bp)
        slope = length_slope(linear, self.length_bp, self.mean_log2_g)
        return None if slope is None else slope + (0.0 if self.mean_per_length else 1.0)
