"""The way from expression to latent, reconstruction and tissue: ours, and the published one.

Axes: n samples, g genes, h hidden, k latent, t tissues. Expression is log2(TPM + 1) with NaN for missing genes.
"""

from __future__ import annotations

from typing import Any

from modelling.forward.completion import Completer
from modelling.forward.library import Values, unit_rows

Layer = Any
"""What is called with rows: a torch module, or a layer of layers.py."""


class Forward:
    """What every network computes; the layers are attributes."""

    lib: Any
    standardise: Any
    prior_var_k: Values

    def unit(self, z_nk: Values) -> Values:
        """The space (n, k) in which samples are compared, rows of length one: cosines there are similarities."""
        return unit_rows(z_nk)

    def encode(self, x_ng: Values, seen_ng: Values) -> tuple[Values, Values]:
        """Posterior mean and log variance (n, k) of network input."""
        raise NotImplementedError

    def decode(self, z_nk: Values) -> Values:
        """Standardised expression (n, g)."""
        raise NotImplementedError

    def classify(self, z_nk: Values) -> Values:
        """Tissue logits (n, t)."""
        raise NotImplementedError

    def embed(self, x_ng: Values) -> Values:
        """Expression to posterior mean (n, k)."""
        return self.encoded(self.standardise(x_ng))

    def encoded(self, scores_ng: Values) -> Values:
        """z-scores to posterior mean (n, k)."""
        return self.encode(*self.standardise.network_input(scores_ng))[0]


class TissueForward(Forward):
    """A linear path beside a nonlinear one on the way in, a linear decoder, and a head of tissue prototypes."""

    encode_linear: Layer
    encode_hidden: Layer
    encode_norm: Layer
    encode_mean: Layer
    encode_log_var: Layer
    activate: Layer
    dropout: Layer
    decode_linear: Any
    missing_h: Values
    head: Any
    completion: Any

    def encode(self, x_ng: Values, seen_ng: Values) -> tuple[Values, Values]:
        """Posterior mean and log variance (n, k); measured genes stand in for missing ones by their share, and the hidden layer learns of it."""
        share_n1 = seen_ng.mean(1, keepdims=True)
        x_ng = x_ng / share_n1.clip(1e-3, None)
        h = self.encode_norm(self.encode_hidden(x_ng) + (1 - share_n1) * self.missing_h)
        h = self.dropout(self.activate(h))
        return self.encode_linear(x_ng) + self.encode_mean(h), self.encode_log_var(h)

    def decode(self, z_nk: Values) -> Values:
        """Standardised expression (n, g)."""
        return self.decode_linear(z_nk)

    def completer(self) -> Completer:
        """Inference of missing genes under the decoder as it is now."""
        return Completer(self.decode_linear.weight, self.decode_linear.bias, self.completion)

    def classify(self, z_nk: Values) -> Values:
        """Tissue logits (n, t)."""
        return self.head(z_nk)

    def unit(self, z_nk: Values) -> Values:
        """Whitened directions (n, k): see Head."""
        return self.head.unit(z_nk)


class PaperForward(Forward):
    """Encoder and decoder with one hidden layer each, a second linear layer on mean and log variance. Missing genes enter as 0, the training mean."""

    encoder: Layer
    hidden_mean: Layer
    hidden_log_var: Layer
    mean: Layer
    log_var: Layer
    decoder: Layer
    head: Any

    def encode(self, x_ng: Values, seen_ng: Values) -> tuple[Values, Values]:
        """Mean and log variance (n, k)."""
        h = self.encoder(x_ng)
        return self.mean(self.hidden_mean(h)), self.log_var(self.hidden_log_var(h))

    def decode(self, z_nk: Values) -> Values:
        """Reconstruction (n, g), between 0 and 1."""
        return self.decoder(z_nk)

    def classify(self, z_nk: Values) -> Values:
        """Tissue logits (n, t)."""
        return self.head(z_nk)
