"""The inference of missing genes in operators that ONNX has: no factorisation, no loop over patterns. Written apart from `Completer`, so that
the check of an export compares two ways to the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from modelling.forward.completion import Completer
from modelling.forward.library import as_array
from modelling.network.ours import TissueVAE

CHUNK = 1024  # genes at once: (n, k, CHUNK) is the largest table


class Filling(nn.Module):
    """z-scores (n, g) with NaN for missing genes -> the same without gaps (n, g), and the spread of the whitened latent (n)."""

    scaled_gk: Tensor
    weight_gk: Tensor
    bias_g: Tensor
    precision_g: Tensor
    precision_skk: Tensor
    metric_kk: Tensor
    complete_s: Tensor
    whiten_kk: Tensor
    log_weight_c: Tensor
    log_determinant_s: Tensor
    pull_ck: Tensor
    mean_ck: Tensor

    def __init__(self, network: TissueVAE) -> None:
        super().__init__()
        completer = Completer(network.decode_linear.weight, network.decode_linear.bias, network.completion)
        self.clip = network.standardise.clip
        whiten = as_array(network.head.whiten_kk).astype(np.float64)
        parts = {
            "scaled_gk": completer.scaled_gk, "weight_gk": completer.weight_gk, "bias_g": completer.bias_g,
            "precision_g": 1 / network.completion.noise_g, "precision_skk": completer.precision_skk, "metric_kk": whiten @ whiten.T,
            "complete_s": (completer.complete_skk * (whiten @ whiten.T)).sum((1, 2)), "whiten_kk": whiten,
            "log_weight_c": completer.log_weight_c, "log_determinant_s": completer.log_determinant_s,
            "pull_ck": np.concatenate([pull for pull, _ in completer.pulls]), "mean_ck": np.concatenate([mean for _, mean in completer.pulls]),
        }  # fmt: skip
        for name, values in parts.items():
            self.register_buffer(name, torch.tensor(as_array(values)))

    def forward(self, scores_ng: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        seen_ng = (~torch.isnan(scores_ng)).to(scores_ng.dtype)
        known_ng = torch.nan_to_num(scores_ng)
        clipped_ng = known_ng if self.clip is None else known_ng.clamp(-self.clip, self.clip)
        about_ng = (clipped_ng - self.bias_g) * self.precision_g * seen_ng
        evidence_nk = (about_ng @ self.weight_gk).double()
        gram_nkk = self._gram(seen_ng)
        n_tissues = len(self.pull_ck) - 1
        means, log_weights, within = [], [], []
        for s, parts in enumerate((slice(0, n_tissues), slice(n_tissues, n_tissues + 1))):
            covariance_nkk, determinant_n = inverse(gram_nkk + self.precision_skk[s])
            whole_nck = evidence_nk[:, None, :] + self.pull_ck[parts]
            mean_nck = whole_nck @ covariance_nkk
            quadratic_nc = (mean_nck * whole_nck).sum(2) - (self.pull_ck[parts] * self.mean_ck[parts]).sum(1)
            log_weights.append(0.5 * (quadratic_nc - (determinant_n - self.log_determinant_s[s])[:, None]))
            means.append(mean_nck)
            within.append((covariance_nkk * self.metric_kk).sum((1, 2)) - self.complete_s[s])
        weight_nc = torch.softmax(torch.cat(log_weights, 1) + self.log_weight_c, 1)
        mean_nck = torch.cat(means, 1)
        mean_nk = (weight_nc[:, :, None] * mean_nck).sum(1)
        between_nc = ((mean_nck - mean_nk[:, None, :]) @ self.whiten_kk).square().sum(2)
        broad_n = weight_nc[:, -1]
        spread_n = (1 - broad_n) * within[0] + broad_n * within[1] + (weight_nc * between_nc).sum(1)
        expected_ng = mean_nk.to(scores_ng.dtype) @ self.weight_gk.T + self.bias_g
        return torch.where(torch.isnan(scores_ng), expected_ng, scores_ng), spread_n.clamp_min(0).to(scores_ng.dtype)

    def _gram(self, seen_ng: Tensor) -> Tensor:
        """Sum over each sample's measured genes of w w' (n, k, k)."""
        total = torch.zeros_like(self.metric_kk)
        for start in range(0, len(self.scaled_gk), CHUNK):
            rows_mk = self.scaled_gk[start : start + CHUNK]
            total = total + ((seen_ng[:, start : start + CHUNK, None] * rows_mk).transpose(1, 2) @ rows_mk).double()
        return total


@torch.library.custom_op("bulkatlas::inverse", mutates_args=())
def inverse(matrix_pkk: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse (p, k, k) and log determinant (p) of positive definite matrices: an operator of its own, so that an export can translate it."""
    factor = torch.linalg.cholesky(matrix_pkk)
    return torch.cholesky_inverse(factor), 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


@inverse.register_fake
def _(matrix_pkk: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(matrix_pkk), matrix_pkk.new_empty(matrix_pkk.shape[0])


def translation() -> dict[Any, Any]:
    """How an export writes `inverse`. Needs onnxscript."""
    from modelling.bundle.onnx_inverse import sweeps

    return {torch.ops.bulkatlas.inverse.default: sweeps}
