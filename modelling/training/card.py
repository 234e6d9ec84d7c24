"""How many samples a step takes on a card: launches, not arithmetic, bound a small batch there (docs/reference/model.md has the sums).

A step of ours is some two hundred kernels of about five microseconds each, whatever the batch; arithmetic and traffic of 64 samples take a tenth of
that. So the batch grows to a power of two, as far as an epoch keeps `STEPS` steps, the tables of a step fit, and `MOST` is not passed, where the
launches are no longer most of it.
"""

from __future__ import annotations

import torch

STEPS, MOST = 128, 512
TABLES, SHARE = 24, 0.25  # tables (n, g) of float32 that a step holds at once, and the share of free memory that they may take


def batch_for(device: torch.device, usual: int, epoch_samples: int, n_genes: int) -> int:
    """Samples a step: `usual` on a CPU, on CUDA what the rule above gives, never fewer than usual."""
    if device.type != "cuda":
        return usual
    return largest(usual, epoch_samples, n_genes, torch.cuda.mem_get_info(device)[0])


def largest(usual: int, epoch_samples: int, n_genes: int, free_bytes: int) -> int:
    """The rule itself."""
    room = int(SHARE * free_bytes) // (TABLES * 4 * n_genes)
    most = min(epoch_samples // STEPS, room, MOST)
    return max(usual, 1 << (most.bit_length() - 1) if most else 0)
