"""Z-score per gene with training statistics, and what the encoder sees in its place. Axes as in networks.py."""

from __future__ import annotations

from typing import Any

from modelling.config import InputScale
from modelling.forward.library import Values, numbers


class Scaling:
    """Z-scores are the decoder's targets: every gene counts alike. To the encoder they would magnify the genes that hardly vary, where studies
    differ: it sees values about the training mean unscaled (`input_scale` none), divided by sqrt(SD^2 + 1) (soft), or z-scores (z).

    With `sample_norm` a sample is first fitted to the training mean profile by a scale and a shift over its own measured genes, so that a
    single new sample of another depth needs no cohort.
    """

    lib: Any
    mean_g: Values
    std_g: Values
    clip: float | None
    sample_norm: bool
    input_scale: InputScale

    def forward(self, x_ng: Values) -> Values:
        """Unclipped z-scores; NaN stays NaN."""
        if self.sample_norm:
            x_ng = self.match_sample(x_ng)
        return (x_ng - self.mean_g) / self.std_g

    def match_sample(self, x_ng: Values) -> Values:
        """Each sample scaled and shifted to the mean and spread of the training mean profile, over its measured genes."""
        lib = self.lib
        seen = ~lib.isnan(x_ng)
        n = numbers(seen, x_ng).sum(1, keepdims=True).clip(1, None)
        x, target = lib.nan_to_num(x_ng), lib.where(seen, self.mean_g, 0.0)
        x_mean, target_mean = x.sum(1, keepdims=True) / n, target.sum(1, keepdims=True) / n
        x_sd = lib.sqrt(lib.square(lib.where(seen, x - x_mean, 0.0)).sum(1, keepdims=True) / n).clip(1e-6, None)
        target_sd = lib.sqrt(lib.square(lib.where(seen, self.mean_g - target_mean, 0.0)).sum(1, keepdims=True) / n)
        return (x_ng - x_mean) * (target_sd / x_sd) + target_mean

    @property
    def input_factor_g(self) -> Values:
        """What a z-score is multiplied with to be the encoder's input (g)."""
        if self.input_scale == "z":
            return self.lib.ones_like(self.std_g)
        return self.std_g if self.input_scale == "none" else self.std_g / self.lib.sqrt(self.lib.square(self.std_g) + 1)

    def target(self, scores_ng: Values) -> Values:
        """What the decoder is to restore: clipped z-scores, 0 where a gene is missing."""
        return self.clipped(self.lib.nan_to_num(scores_ng))

    def clipped(self, scores_ng: Values) -> Values:
        """z-scores as the decoder was trained to restore them; NaN stays NaN."""
        return scores_ng if self.clip is None else scores_ng.clip(-self.clip, self.clip)

    def network_input(self, scores_ng: Values) -> tuple[Values, Values]:
        """The encoder's input with 0 where a gene is missing, and the mask of measured genes (1 measured, 0 missing).

        Z-scores are clipped: one cell must not throw a latent. Logarithms need no clip.
        """
        seen_ng = numbers(~self.lib.isnan(scores_ng), scores_ng)
        if self.input_scale == "z":
            return self.target(scores_ng), seen_ng
        return self.lib.nan_to_num(scores_ng) * self.input_factor_g, seen_ng
