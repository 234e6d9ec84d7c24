"""What a sample's missing genes are likely to be, given those measured: closed form under the linear decoder.

    z-scores x = D z + b + e      e ~ N(0, noise), one variance a gene, from samples that training did not see
    z ~ sum of weight x N(mean, covariance): one component a tissue, which share a covariance, and one broad component for what is none of them

The posterior of z needs one k x k solve a sample and covariance (factor analysis: Bishop 2006, 12.2.4; mixture of them with one D). Without the
broad component a sample of an unknown tissue would be drawn to the nearest known one, and then look like it (docs/logs/experiments.md).
Axes as in base.py; c components, tissues first, the broad one last; s the two covariances: within tissues, broad; p patterns of missing genes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from modelling.network.patterns import gram_matrices, same_patterns

BROAD = 0.5
RIDGE = 1e-3
NEVER = -1e9
GENES_AT_ONCE = 512


class Completion(nn.Module):
    """Buffers of the prior and the noise: noise (g), means (c, k), roots of the two covariances (s, k, k), log weights (c), width.

    `width` makes standard deviations hold what they say on hidden validation cells, whose residuals are not normal.
    """

    noise_g: Tensor
    mean_ck: Tensor
    root_skk: Tensor
    log_weight_c: Tensor
    width: Tensor

    def __init__(self, n_genes: int, n_tissues: int, n_latent: int) -> None:
        super().__init__()
        self.register_buffer("noise_g", torch.ones(n_genes))
        self.register_buffer("mean_ck", torch.zeros(n_tissues + 1, n_latent))
        self.register_buffer("root_skk", torch.zeros(2, n_latent, n_latent))
        self.root_skk.diagonal(dim1=1, dim2=2).fill_(1.0)
        self.register_buffer("log_weight_c", torch.full((n_tissues + 1,), -math.log(n_tissues + 1)))
        self.register_buffer("width", torch.ones(()))

    @torch.no_grad()
    def fit(self, z_nk: Tensor, target_n: Tensor) -> None:
        """Set the prior from latents and their tissues (-1: none); a tissue without samples gets no weight."""
        n_tissues, z = len(self.mean_ck) - 1, z_nk.cpu().double()
        known = target_n.cpu() >= 0
        y, zk = target_n.cpu()[known], z[known]
        counts = torch.bincount(y, minlength=n_tissues)
        means = torch.zeros(n_tissues, z.shape[1], dtype=z.dtype).index_add_(0, y, zk) / counts.clamp_min(1)[:, None]
        scatter, about = zk - means[y], z - z.mean(0)
        covariances = [scatter.T @ scatter / max(len(zk), 1), about.T @ about / len(z)]
        weight = torch.where(counts > 0, math.log((1 - BROAD) / max(int((counts > 0).sum()), 1)), NEVER)
        self.mean_ck.copy_(torch.cat([means, z.mean(0, keepdim=True)]))
        self.root_skk.copy_(torch.stack([_root(covariance) for covariance in covariances]))
        self.log_weight_c.copy_(torch.cat([weight, torch.tensor([math.log(BROAD)])]))


def _root(covariance_kk: Tensor) -> Tensor:
    """R with R R' = the covariance and a little more on the diagonal: directions that few samples span must not be certain."""
    values, vectors = torch.linalg.eigh(covariance_kk)
    root: Tensor = vectors * (values.clamp_min(0) + RIDGE * values.mean().clamp_min(1e-6)).sqrt()
    return root


@dataclass(frozen=True)
class Posterior:
    """z of samples: mean (n, k); and of what their covariances are made, which differ by pattern and by component only.

    weight (n, c) and mean (n, c, k) of each component; covariance (p, s, k, k) of the components of one kind, pattern of each sample (n).
    """

    mean_nk: Tensor
    weight_nc: Tensor
    mean_nck: Tensor
    covariance_pskk: Tensor
    pattern_n: Tensor

    def shares(self) -> Tensor:
        """Weight of the tissues together and of the broad component (n, s)."""
        broad_n1 = self.weight_nc[:, -1:]
        return torch.cat([1 - broad_n1, broad_n1], 1)

    def covariances(self) -> Tensor:
        """Covariance of each sample's z (n, k, k): within the components and between them."""
        about_nck = self.mean_nck - self.mean_nk[:, None]
        between = (self.weight_nc[:, :, None] * about_nck).mT @ about_nck
        shares_ns = self.shares()
        for s in range(shares_ns.shape[1]):
            between += shares_ns[:, s, None, None] * self.covariance_pskk[self.pattern_n, s]
        return between


class Completer:
    """Inference under a decoder x = D z + b and a fitted `Completion`; all but the products over genes is in float64 on the CPU."""

    def __init__(self, weight_gk: Tensor, bias_g: Tensor, prior: Completion) -> None:
        self.weight_gk, self.bias_g = weight_gk.detach(), bias_g.detach()
        precision_g1 = 1 / prior.noise_g[:, None]
        self.evidence_gk = self.weight_gk * precision_g1
        self.offset_gk = self.evidence_gk * self.bias_g[:, None]
        self.scaled_gk = self.weight_gk * precision_g1.sqrt()
        self.log_weight_c = prior.log_weight_c.cpu().double()
        mean_ck, root_skk = prior.mean_ck.cpu().double(), prior.root_skk.cpu().double()
        self.precision_skk = torch.cholesky_inverse(torch.linalg.cholesky(root_skk @ root_skk.mT))
        self.log_determinant_s = torch.logdet(self.precision_skk)
        # of each kind of component: precision x mean, and mean' precision mean
        self.pulls = [(means @ precision, means) for means, precision in zip((mean_ck[:-1], mean_ck[-1:]), self.precision_skk, strict=True)]
        scaled = self.scaled_gk.cpu().double()
        self.complete_kk = scaled.T @ scaled
        self.complete_skk = self._solved(self.complete_kk[None])[0][0]

    def _solved(self, gram_pkk: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior covariance of z (p, s, k, k), and the log determinant of prior over posterior covariance (p, s)."""
        factor = torch.linalg.cholesky(gram_pkk[:, None] + self.precision_skk)
        determinant = 2 * factor.diagonal(dim1=2, dim2=3).log().sum(2) - self.log_determinant_s
        return torch.cholesky_inverse(factor), determinant

    def posterior(self, scores_ng: Tensor) -> Posterior:
        """z given z-scores (n, g) with NaN where a gene is missing."""
        seen_ng = ~torch.isnan(scores_ng)
        first, pattern = same_patterns(seen_ng.cpu().numpy())
        seen_pg, pattern_n = seen_ng[first], torch.from_numpy(pattern)
        covariance_pskk, determinant_ps = self._solved(gram_matrices(self.scaled_gk, seen_pg, self.complete_kk))
        offset_pk = (seen_pg.to(self.offset_gk) @ self.offset_gk).cpu().double()
        evidence_nk = (torch.nan_to_num(scores_ng) @ self.evidence_gk).cpu().double() - offset_pk[pattern_n]
        means, log_weights = [], []
        for s, (pull_ck, mean_ck) in enumerate(self.pulls):
            covariance_pkk = covariance_pskk[:, s]
            own_nk = _rows_times(evidence_nk, covariance_pkk, pattern_n)
            pulled_pck = pull_ck @ covariance_pkk
            means.append(own_nk[:, None] + pulled_pck[pattern_n])
            log_weights.append(
                0.5 * ((evidence_nk * own_nk).sum(1) - determinant_ps[pattern_n, s])[:, None]
                + own_nk @ pull_ck.T
                + 0.5 * ((pulled_pck * pull_ck).sum(2) - (pull_ck * mean_ck).sum(1))[pattern_n]
            )
        weight_nc = torch.softmax(torch.cat(log_weights, 1) + self.log_weight_c, 1)
        mean_nck = torch.cat(means, 1)
        return Posterior((weight_nc[:, None] @ mean_nck)[:, 0], weight_nc, mean_nck, covariance_pskk, pattern_n)

    def spread(self, posterior: Posterior, whiten_kk: Tensor) -> Tensor:
        """How much wider samples (n) scatter in a whitened space than they would with every gene: a sum of variances, not below zero."""
        whiten = whiten_kk.cpu().double()
        metric_m1 = (whiten @ whiten.T).reshape(-1, 1)
        within_ps = (posterior.covariance_pskk.mT.flatten(2) @ metric_m1 - self.complete_skk.flatten(1) @ metric_m1)[..., 0]
        between_nc = ((posterior.mean_nck - posterior.mean_nk[:, None]) @ whiten).square().sum(2)
        within_n = (posterior.shares() * within_ps[posterior.pattern_n]).sum(1)
        return (within_n + (posterior.weight_nc * between_nc).sum(1)).clamp_min(0)

    def expected(self, mean_nk: Tensor) -> Tensor:
        """z-scores (n, g) at z."""
        return torch.addmm(self.bias_g, mean_nk.to(self.weight_gk), self.weight_gk.T)

    def variance(self, posterior: Posterior) -> Tensor:
        """Variance of D z (n, g), without the noise: the sum over i <= j of a covariance's entries times what each gene has of the pair.

        One product for all samples, of half the arithmetic of D C D' sample by sample; genes in pieces, since (g, k (k + 1) / 2) is large.
        """
        weight, rows = self.weight_gk, torch.triu_indices(self.weight_gk.shape[1], self.weight_gk.shape[1])
        i, j = rows[0], rows[1]
        twice = torch.where(i == j, 1.0, 2.0).double()
        packed_nm = (posterior.covariances()[:, i, j] * twice).to(weight)
        return torch.cat([packed_nm @ _pairs(piece).T for piece in torch.split(weight, GENES_AT_ONCE)], 1).clamp_min(0)


def _pairs(rows_gk: Tensor) -> Tensor:
    """Products of each row's entries i <= j (g, k (k + 1) / 2), in the order of torch.triu_indices."""
    n, k = rows_gk.shape
    out, done = rows_gk.new_empty(n, k * (k + 1) // 2), 0
    for i in range(k):
        out[:, done : done + k - i] = rows_gk[:, i : i + 1] * rows_gk[:, i:]
        done += k - i
    return out


def _rows_times(rows_nk: Tensor, matrix_pkk: Tensor, pattern_n: Tensor) -> Tensor:
    """Each row (n, k) times the matrix of its pattern."""
    if len(matrix_pkk) == 1:
        return rows_nk @ matrix_pkk[0]
    return (rows_nk[:, None] @ matrix_pkk[pattern_n])[:, 0]
