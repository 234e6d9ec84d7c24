"""The last step before the head: under which noise and prior missing genes are inferred, from samples that training did not see.

Training residuals are about half of those of other samples: an inference that weighs genes by them would be too sure, and its intervals too narrow.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from modelling.arrays import Floats
from modelling.bundle.inference import impute
from modelling.data import Compendium
from modelling.network.ours import TissueVAE

MOST_ROWS = 8192
N_HELD = 128
HIDDEN = (0.2, 0.5, 0.8)
FACTORS = (1.0, 2.0)
SHRINKAGE = 0.5
LEAST_NOISE = 1e-6
LEVEL, NORMAL = 0.9, 1.6449


@torch.inference_mode()
def fit_completion(network: TissueVAE, compendium: Compendium, residual_g: Tensor) -> None:
    """Set prior, noise and width of a trained network in place.

    Args: residual_g, what the decoder leaves of each gene on the validation part (`residual_variance`). Noise is half of that and half its
    mean, times the factor that best restores hidden cells of validation samples; the width makes 90% intervals hold 90% of them.
    """
    network.eval()
    rows = compendium.rows("train")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int)]
    device = network.standardise.mean_g.device
    z_nk = torch.cat([network.embed(torch.from_numpy(x).to(device)) for _, x in compendium.blocks(rows)])
    network.completion.fit(z_nk, torch.from_numpy(compendium.targets[rows]))
    noise_g = SHRINKAGE * residual_g + (1 - SHRINKAGE) * residual_g.mean()
    shown, truth, hidden = _hidden_cells(network, compendium, device)
    errors = []
    for factor in FACTORS:
        network.completion.noise_g.copy_((factor * noise_g).clamp_min(LEAST_NOISE))
        completer = network.completer()
        restored = completer.expected(completer.posterior(network.standardise.clipped(network.standardise(shown))).mean_nk)
        errors.append(float((restored - truth)[hidden].square().mean()))
    network.completion.noise_g.copy_((FACTORS[int(np.argmin(errors))] * noise_g).clamp_min(LEAST_NOISE))
    network.completion.width.fill_(1.0)
    values, sd = impute(network, network.completer(), shown, residual_g.to(device))
    told = hidden & (sd > 0)  # a gene that no sample here expresses is restored without error and without doubt: nothing to measure
    network.completion.width.fill_(_width(((values - truth)[told].abs() / sd[told]).cpu().numpy()))


def _hidden_cells(network: TissueVAE, compendium: Compendium, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Expression of validation samples with hidden cells (n, g), their true z-scores, and which cells were hidden."""
    rows = compendium.rows("validation")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), N_HELD)).astype(int)]
    x = torch.from_numpy(np.concatenate([x for _, x in compendium.blocks(rows)]))
    share = torch.tensor(HIDDEN)[torch.arange(len(x)) % len(HIDDEN)]
    hidden = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) < share[:, None]
    truth = network.standardise.clipped(network.standardise(x.to(device)))
    return torch.where(hidden, torch.nan, x).to(device), truth, (hidden & ~torch.isnan(x)).to(device)


def _width(away: Floats) -> float:
    """The factor on standard deviations by which `LEVEL` of the residuals, in standard deviations, lie in the normal interval of that level."""
    return float(np.quantile(away, LEVEL) / NORMAL) if away.size else 1.0
