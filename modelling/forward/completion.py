"""What a sample's missing genes are likely to be, given those measured: closed form under the linear decoder.

    z-scores x = D z + b + e      e ~ N(0, noise), one variance a gene, from samples that training did not see
    z ~ sum of weight x N(mean, covariance): one component a tissue, which share a covariance, and one broad component for what is none of them

The posterior of z needs one k x k solve a sample and covariance (factor analysis: Bishop 2006, 12.2.4; mixture of them with one D). Without the
broad component a sample of an unknown tissue would be drawn to the nearest known one, and then look like it (docs/logs/experiments.md).
Axes as in networks.py; c components, tissues first, the broad one last; s the two covariances: within tissues, broad; p patterns of missing genes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from modelling.arrays import Array, Floats, Ints
from modelling.forward.library import Values, as_array, doubles, like, numbers, of, softmax
from modelling.forward.patterns import gram_matrices, same_patterns

BROAD = 0.5
RIDGE = 1e-3
NEVER = -1e9
GENES_AT_ONCE = 512


class Prior:
    """Tensors of prior and noise: noise (g), means (c, k), roots of the two covariances (s, k, k), log weights (c), width.

    `width` makes standard deviations hold what they say on hidden validation cells, whose residuals are not normal.
    """

    noise_g: Values
    mean_ck: Values
    root_skk: Values
    log_weight_c: Values
    width: Values


def fitted(z_nk: Array, target_n: Ints, n_tissues: int) -> dict[str, Floats]:
    """Means, roots and log weights from latents and their tissues (-1: none); a tissue without samples gets no weight."""
    z, known = z_nk.astype(np.float64), target_n >= 0
    y, zk = target_n[known], z[known]
    counts = np.bincount(y, minlength=n_tissues)
    own_tn = (np.arange(n_tissues)[:, None] == y).astype(np.float64)
    means = own_tn @ zk / counts.clip(1)[:, None]
    scatter, about = zk - means[y], z - z.mean(axis=0)
    covariances = [scatter.T @ scatter / max(len(zk), 1), about.T @ about / len(z)]
    weight = np.where(counts > 0, math.log((1 - BROAD) / max(int((counts > 0).sum()), 1)), NEVER)
    return {
        "mean_ck": np.concatenate([means, z.mean(axis=0, keepdims=True)]),
        "root_skk": np.stack([_root(covariance) for covariance in covariances]),
        "log_weight_c": np.append(weight, math.log(BROAD)),
    }


def _root(covariance_kk: Floats) -> Floats:
    """R with R R' = the covariance and a little more on the diagonal: directions that few samples span must not be certain."""
    values, vectors = np.linalg.eigh(covariance_kk)
    return np.asarray(vectors * np.sqrt(values.clip(0) + RIDGE * max(float(values.mean()), 1e-6)))


@dataclass(frozen=True)
class Posterior:
    """z of samples in float64: mean (n, k); and of what their covariances are made, which differ by pattern and by component only.

    weight (n, c) and mean (n, c, k) of each component; covariance (p, s, k, k) of the components of one kind, pattern of each sample (n).
    """

    mean_nk: Floats
    weight_nc: Floats
    mean_nck: Floats
    covariance_pskk: Floats
    pattern_n: Ints

    def shares(self) -> Floats:
        """Weight of the tissues together and of the broad component (n, s)."""
        broad_n1 = self.weight_nc[:, -1:]
        return np.concatenate([1 - broad_n1, broad_n1], axis=1)

    def covariances(self) -> Floats:
        """Covariance of each sample's z (n, k, k): within the components and between them."""
        about_nck = self.mean_nck - self.mean_nk[:, None]
        between: Floats = (self.weight_nc[:, :, None] * about_nck).mT @ about_nck
        shares_ns = self.shares()
        for s in range(shares_ns.shape[1]):
            between += shares_ns[:, s, None, None] * self.covariance_pskk[self.pattern_n, s]
        return between


class Completer:
    """Inference under a decoder x = D z + b and a fitted prior; all but the products over genes is in float64 on the CPU."""

    def __init__(self, weight_gk: Values, bias_g: Values, prior: Prior) -> None:
        if not isinstance(weight_gk, np.ndarray):
            weight_gk, bias_g = weight_gk.detach(), bias_g.detach()
        self.weight_gk, self.bias_g = weight_gk, bias_g
        precision_g1 = 1 / prior.noise_g[:, None]
        self.evidence_gk = weight_gk * precision_g1
        self.offset_gk = self.evidence_gk * bias_g[:, None]
        self.scaled_gk = weight_gk * of(weight_gk).sqrt(precision_g1)
        self.log_weight_c = doubles(prior.log_weight_c)
        mean_ck, root_skk = doubles(prior.mean_ck), doubles(prior.root_skk)
        self.precision_skk = np.linalg.inv(root_skk @ root_skk.mT)
        self.log_determinant_s = np.linalg.slogdet(self.precision_skk)[1]
        # of each kind of component: precision x mean, and mean' precision mean
        self.pulls = [(means @ precision, means) for means, precision in zip((mean_ck[:-1], mean_ck[-1:]), self.precision_skk, strict=True)]
        scaled = doubles(self.scaled_gk)
        self.complete_kk = scaled.T @ scaled
        self.complete_skk = self._solved(self.complete_kk[None])[0][0]

    def _solved(self, gram_pkk: Floats) -> tuple[Floats, Floats]:
        """Posterior covariance of z (p, s, k, k), and the log determinant of prior over posterior covariance (p, s)."""
        inner_pskk = gram_pkk[:, None] + self.precision_skk
        diagonal_psk = np.diagonal(np.linalg.cholesky(inner_pskk), axis1=2, axis2=3)
        return np.linalg.inv(inner_pskk), 2 * np.log(diagonal_psk).sum(axis=2) - self.log_determinant_s

    def posterior(self, scores_ng: Values) -> Posterior:
        """z given z-scores (n, g) with NaN where a gene is missing."""
        seen_ng = ~of(scores_ng).isnan(scores_ng)
        first, pattern_n = same_patterns(as_array(seen_ng))
        seen_pg = seen_ng[first]
        covariance_pskk, determinant_ps = self._solved(gram_matrices(self.scaled_gk, as_array(seen_pg), self.complete_kk))
        offset_pk = doubles(numbers(seen_pg, self.offset_gk) @ self.offset_gk)
        evidence_nk = doubles(of(scores_ng).nan_to_num(scores_ng) @ self.evidence_gk) - offset_pk[pattern_n]
        means, log_weights = [], []
        for s, (pull_ck, mean_ck) in enumerate(self.pulls):
            covariance_pkk = covariance_pskk[:, s]
            own_nk = _rows_times(evidence_nk, covariance_pkk, pattern_n)
            pulled_pck = pull_ck @ covariance_pkk
            means.append(own_nk[:, None] + pulled_pck[pattern_n])
            log_weights.append(
                0.5 * ((evidence_nk * own_nk).sum(axis=1) - determinant_ps[pattern_n, s])[:, None]
                + own_nk @ pull_ck.T
                + 0.5 * ((pulled_pck * pull_ck).sum(axis=2) - (pull_ck * mean_ck).sum(axis=1))[pattern_n]
            )
        weight_nc = softmax(np.concatenate(log_weights, axis=1) + self.log_weight_c)
        mean_nck = np.concatenate(means, axis=1)
        return Posterior((weight_nc[:, None] @ mean_nck)[:, 0], weight_nc, mean_nck, covariance_pskk, pattern_n)

    def spread(self, posterior: Posterior, whiten_kk: Values) -> Floats:
        """How much wider samples (n) scatter in a whitened space than they would with every gene: a sum of variances, not below zero."""
        whiten = doubles(whiten_kk)
        metric_m = (whiten @ whiten.T).ravel()
        n_patterns, n_kinds = posterior.covariance_pskk.shape[:2]
        within_ps = (
            posterior.covariance_pskk.reshape(n_patterns, n_kinds, -1) @ metric_m - self.complete_skk.reshape(n_kinds, -1) @ metric_m
        )
        between_nc = np.square((posterior.mean_nck - posterior.mean_nk[:, None]) @ whiten).sum(axis=2)
        within_n = (posterior.shares() * within_ps[posterior.pattern_n]).sum(axis=1)
        return np.asarray((within_n + (posterior.weight_nc * between_nc).sum(axis=1)).clip(0))

    def expected(self, mean_nk: Floats) -> Values:
        """z-scores (n, g) at z."""
        return like(mean_nk, self.weight_gk) @ self.weight_gk.T + self.bias_g

    def variance(self, posterior: Posterior) -> Values:
        """Variance of D z (n, g), without the noise: the sum over i <= j of a covariance's entries times what each gene has of the pair.

        One product for all samples, of half the arithmetic of D C D' sample by sample; genes in pieces, since (g, k (k + 1) / 2) is large.
        """
        weight = self.weight_gk
        i, j = np.triu_indices(weight.shape[1])
        packed_nm = like(posterior.covariances()[:, i, j] * np.where(i == j, 1.0, 2.0), weight)
        pieces = (weight[start : start + GENES_AT_ONCE] for start in range(0, len(weight), GENES_AT_ONCE))
        return of(weight).concatenate([packed_nm @ _pairs(piece).T for piece in pieces], 1).clip(0, None)


def _pairs(rows_gk: Values) -> Values:
    """Products of each row's entries i <= j (g, k (k + 1) / 2), in the order of triu_indices."""
    k = rows_gk.shape[1]
    out, done = like(np.empty((len(rows_gk), k * (k + 1) // 2), np.float32), rows_gk), 0
    for i in range(k):
        out[:, done : done + k - i] = rows_gk[:, i : i + 1] * rows_gk[:, i:]
        done += k - i
    return out


def _rows_times(rows_nk: Floats, matrix_pkk: Floats, pattern_n: Ints) -> Floats:
    """Each row (n, k) times the matrix of its pattern."""
    if len(matrix_pkk) == 1:
        return np.asarray(rows_nk @ matrix_pkk[0])
    return np.asarray((rows_nk[:, None] @ matrix_pkk[pattern_n])[:, 0])
