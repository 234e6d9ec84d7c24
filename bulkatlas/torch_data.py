"""Samples of a release for PyTorch: map-style, and shuffled by blocks of neighbouring rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from profiles.errors import BulkatlasError
from profiles.nearest import near

if TYPE_CHECKING:
    from curation.query.expression import Expression

Item = tuple[torch.Tensor, int]


class UnknownTarget(BulkatlasError):
    """obs has no such column."""


@dataclass
class Table:
    """Chosen rows (n) and columns (g) of a compendium, with the class of each row; the file is opened where it is first read.

    targets: (n) index into `classes`, -1 for empty ones.
    """

    path: Path
    offset: int
    shape: tuple[int, int]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64] | None
    targets: NDArray[np.int64]
    classes: list[str]
    _x: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, values: Expression, target: str) -> Table:
        """Raises UnknownTarget."""
        obs = values.obs
        if target not in obs:
            raise UnknownTarget(
                f"obs has no column {target!r} to predict{near(target, obs.columns)}; its columns are {', '.join(obs.columns)}"
            )
        words = obs[target].astype(object).where(obs[target].notna(), "").astype(str).to_numpy()
        classes = sorted(set(words) - {""})
        index = {name: i for i, name in enumerate(classes)}
        offset, shape = values.data.offset, values.data.shape
        whole = values.columns.size == shape[1] and bool((values.columns == np.arange(shape[1])).all())
        targets = np.array([index.get(word, -1) for word in words], np.int64)
        values.bring()
        return cls(values.data.path.resolve(), offset, shape, values.rows, None if whole else values.columns, targets, classes)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_x": None}  # a worker maps the file itself

    def read(self, at: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows (n, g) at positions of `rows`, copied out of the file."""
        if self._x is None:
            self._x = np.memmap(self.path, np.float32, "r", self.offset, self.shape)
        rows = self.rows[at]
        return np.array(self._x[rows] if self.columns is None else self._x[np.ix_(rows, self.columns)])


class Rows(Dataset[Item]):
    """Map-style: item i is sample i; a sampler may ask for any order, a batch is one read."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.classes = table.classes

    def __len__(self) -> int:
        return self.table.rows.size

    def __getitem__(self, i: int) -> Item:
        if not -len(self) <= i < len(self):
            raise IndexError(f"sample {i} of {len(self)}")
        return self.__getitems__([i % len(self)])[0]

    def __getitems__(self, batch: Sequence[int]) -> list[Item]:
        """The samples of a batch: what a DataLoader asks for."""
        at = np.asarray(batch, np.int64)
        x = torch.from_numpy(self.table.read(at))
        return [(x[i], int(target)) for i, target in enumerate(self.table.targets[at])]


class BlockShuffled(IterableDataset[Item]):
    """Blocks of neighbouring rows in a drawn order, rows drawn inside each; every sample once an epoch, whatever the number of workers."""

    def __init__(self, table: Table, block: int, seed: int = 0) -> None:
        if block < 1:
            raise ValueError(f"block must be 1 or more, not {block}")
        self.table = table
        self.classes = table.classes
        self.block = block
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Draw another order; to be called before the DataLoader is iterated."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.table.rows.size

    def __iter__(self) -> Iterator[Item]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        near = np.argsort(self.table.rows, kind="stable")  # neighbours in the file
        blocks = [near[start : start + self.block] for start in range(0, near.size, self.block)]
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(blocks))
        for number in order[first::step]:
            at = np.random.default_rng([self.seed, self.epoch, int(number)]).permutation(blocks[number])
            x = torch.from_numpy(self.table.read(at))
            yield from ((x[i], int(target)) for i, target in enumerate(self.table.targets[at]))
