"""Prototypes that follow the latents while the network below them is trained."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from modelling.data import Compendium
from modelling.network.base import Network
from modelling.network.ours import TissueVAE
from modelling.training.batches import Feed

HEAD_ROWS = 2048


@torch.inference_mode()
def fit_prototypes(network: Network, compendium: Compendium, feed: Feed, target_n: Tensor, balance: float) -> None:
    """Fit the head from where the latents of at most `HEAD_ROWS` labelled training samples are now; nothing for a trained head.

    Args: feed, of the training rows; target_n, tissue number of every row of the compendium; balance as in `Prototypes.fit`.
    """
    if not isinstance(network, TissueVAE):
        return
    rows = compendium.rows("train", labelled=True)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), HEAD_ROWS)).astype(int)]
    network.eval()
    z = [network.embed(x) for x in feed.blocks(rows)]
    network.head.fit(torch.cat(z), target_n[rows], balance)
