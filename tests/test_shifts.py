"""Simulated study shifts: what they keep, what they change, and that their counts are counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import poisson as theirs

from modelling.training.shifts import Shifts, poisson
from profiles.genes import load_genes

GENES = list(load_genes().symbol[::40])


def profiles(n: int, seed: int = 0) -> torch.Tensor:
    """log2(TPM + 1), a third of the genes silent."""
    rng = np.random.default_rng(seed)
    linear = np.exp2(rng.normal(4, 2, len(GENES)) + rng.normal(0, 0.3, (n, len(GENES)))) * (np.arange(len(GENES)) % 3 > 0)
    return torch.from_numpy(np.log2(linear / linear.sum(1, keepdims=True) * 1e6 + 1)).float()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_totals_silent_genes_and_missing_ones_are_kept() -> None:
    x = profiles(20)
    x[:, 4] = float("nan")
    out = Shifts.of(GENES, "log2(TPM+1)")(x, generator())
    assert torch.isnan(out[:, 4]).all()
    assert torch.isnan(out).sum() == 20
    total = (torch.exp2(torch.nan_to_num(out)) - 1).sum(1) / (torch.exp2(torch.nan_to_num(x)) - 1).sum(1)
    torch.testing.assert_close(total, torch.ones(20), rtol=1e-3, atol=0)
    silent = torch.nan_to_num(x) == 0
    assert (torch.nan_to_num(out)[silent] == 0).float().mean() > 0.95  # but for the few genes that are thrown far


def test_samples_differ_in_their_shift_and_one_seed_repeats_it() -> None:
    x = profiles(1).repeat(8, 1)
    shift = Shifts.of(GENES, "log2(CPM+1)")
    out = shift(x, generator())
    assert torch.equal(out, shift(x, generator()))
    spread = (out - x)[:, x[0] > 5].std(1)
    assert (spread > 0.1).all()
    assert spread.max() / spread.min() > 1.3


def test_a_part_of_a_batch_is_shifted_as_the_whole_batch_is() -> None:
    x, shift = profiles(9), Shifts.of(GENES, "log2(TPM+1)")
    whole = shift(x, generator())
    parts = [shift(x[own], generator(), (9, own)) for own in (slice(0, 4), slice(4, 9))]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-4)


def test_the_slope_follows_gene_length(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURVE", "OFFSET", "FAR_GENES", "SHARE_THINNED"):
        monkeypatch.setattr(f"modelling.training.shifts.{name}", 0.0)
    shift, x = Shifts.of(GENES, "log2(TPM+1)"), profiles(30)
    well = (x[0] > 4) & (shift.log_length_g != 0)
    change = (shift(x, generator()) - x)[:, well].numpy()
    slope = [np.polyfit(shift.log_length_g[well].numpy(), row, 1)[0] for row in change]
    assert 0.15 < np.std(slope) < 0.5
    residual = change - np.array(
        [np.polyval(np.polyfit(shift.log_length_g[well].numpy(), row, 1), shift.log_length_g[well].numpy()) for row in change]
    )
    assert residual.std() < 0.05


@pytest.mark.parametrize("expected", [0.01, 0.1, 0.25, 0.5, 0.7, 1.0, 2.0, 5.0, 30.0, 1000.0])
def test_counts_have_the_moments_of_scipys_poisson(expected: float) -> None:
    noise = torch.randn(400_000, generator=generator())
    drawn = poisson(torch.full_like(noise, expected), noise).numpy()
    assert (drawn >= 0).all()
    assert (drawn == np.rint(drawn)).all()
    assert drawn.mean() == pytest.approx(theirs.mean(expected), rel=0.05)
    assert drawn.var() == pytest.approx(theirs.var(expected), rel=0.16)
    assert (drawn == 0).mean() == pytest.approx(theirs.pmf(0, expected), abs=0.02)
