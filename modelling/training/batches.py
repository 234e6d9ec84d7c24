"""The order in which training rows are visited, and their expression, in memory that does not grow with the compendium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modelling.data import Compendium
from modelling.network.device import block_rows

Rows = NDArray[np.int64]
BLOCK_ROWS = 16
WINDOW_ROWS = 1024
MOST_HELD = 0.7


def epoch_windows(rows: Rows, rng: np.random.Generator) -> list[Rows]:
    """All `rows` once, in windows of about WINDOW_ROWS: runs of neighbouring rows are drawn at random, then shuffled inside the window.

    A compendium with fewer rows than a window is shuffled fully; a larger one is read in runs that a disk can follow.
    """
    runs = [rows[i : i + BLOCK_ROWS] for i in range(0, len(rows), BLOCK_ROWS)]
    drawn = rng.permutation(len(runs))
    per_window = WINDOW_ROWS // BLOCK_ROWS
    windows = [np.concatenate([runs[j] for j in drawn[i : i + per_window]]) for i in range(0, len(runs), per_window)]
    return [rng.permutation(window) for window in windows]


def draw_unlabelled(rows: Rows, limit: int, rng: np.random.Generator) -> Rows:
    """At most `limit` of the unlabelled rows, in file order."""
    return rows if len(rows) <= limit else np.sort(rng.choice(rows, limit, replace=False))


@dataclass(frozen=True)
class Batch:
    """Row numbers of a global batch (n), the same on the training device, and the expression (m, g) of this worker's share of it."""

    rows: Rows
    index_n: Tensor
    x_ng: Tensor


class Feed:
    """Expression of batches as tensors on the training device: from the file, or from the device where all rows fit into its memory."""

    def __init__(self, compendium: Compendium, rows: Rows, device: torch.device, *, resident: bool | None = None) -> None:
        """Rows are all that will be asked for; `resident` None lets a CUDA device hold them where they take less than `MOST_HELD` of its free memory."""
        self.compendium, self.device, self.rows = compendium, device, np.unique(rows)
        self.resident: Tensor | None = None
        if _fits(len(self.rows) * len(compendium.genes) * 4, device) if resident is None else resident:
            self.resident = torch.empty((len(self.rows), len(compendium.genes)), device=device)
            done = 0
            for block, x in compendium.blocks(self.rows):
                self.resident[done : done + len(block)] = torch.from_numpy(x)
                done += len(block)

    def blocks(self, rows: Rows) -> Iterator[Tensor]:
        """Expression (n, g) of some rows in file order, in pieces that suit the device."""
        if self.resident is None:
            for _, x in self.compendium.blocks(rows, block_rows(self.device)):
                yield torch.from_numpy(x).to(self.device)
            return
        place = torch.from_numpy(np.searchsorted(self.rows, rows)).to(self.device)
        for piece in torch.split(place, block_rows(self.device)):
            yield self.resident[piece]

    def batches(self, order: Rows, size: int, share: Callable[[int], slice]) -> Iterator[Batch]:
        """`order` cut into batches, this worker's share of each; the last one is smaller.

        About WINDOW_ROWS rows are read at a time, in file order, while the ones before are trained on. Row numbers go to the device once.
        """
        cut = [order[i : i + size] for i in range(0, len(order), size)]
        index = torch.split(torch.from_numpy(order).to(self.device), size)
        if self.resident is not None:
            place = torch.split(torch.from_numpy(np.searchsorted(self.rows, order)).to(self.device), size)
            for batch, index_n, place_n in zip(cut, index, place, strict=True):
                yield Batch(batch, index_n, self.resident[place_n[share(len(batch))]])
            return
        per_read = max(1, WINDOW_ROWS // size)
        groups = [cut[i : i + per_read] for i in range(0, len(cut), per_read)]
        on_device = iter(index)
        with ThreadPoolExecutor(1) as reader:
            ahead = [reader.submit(self._read, [batch[share(len(batch))] for batch in group]) for group in groups[:1]]
            for number, group in enumerate(groups):
                values = ahead.pop().result()
                ahead += [
                    reader.submit(self._read, [batch[share(len(batch))] for batch in later]) for later in groups[number + 1 : number + 2]
                ]
                for batch, x in zip(group, values, strict=True):
                    yield Batch(batch, next(on_device), self._moved(x))

    def _moved(self, x: NDArray[np.float32]) -> Tensor:
        held = torch.from_numpy(x)
        return held.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else held.to(self.device)

    def _read(self, shares: list[Rows]) -> list[NDArray[np.float32]]:
        """The rows of some batches with one pass in file order."""
        rows = np.concatenate(shares)
        order = np.argsort(rows, kind="stable")
        x = np.empty((len(rows), len(self.compendium.genes)), dtype=np.float32)
        x[order] = self.compendium.x(rows[order])
        return np.split(x, np.cumsum([len(share) for share in shares])[:-1])


def _fits(n_bytes: int, device: torch.device) -> bool:
    return device.type == "cuda" and n_bytes < MOST_HELD * torch.cuda.mem_get_info(device)[0]
