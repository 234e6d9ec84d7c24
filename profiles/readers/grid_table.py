"""A table over any file of rows and named columns: a plan of profiles.layout carried out, only the wanted columns parsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles.account import Account
from profiles.layout.plan import Plan
from profiles.limits import Limits
from profiles.readers.grid import Grid

Array = NDArray[Any]
N_PROBE = 16


class GridTable:
    """See profiles.table.Table; one subclass for each orientation."""

    gene_names: Sequence[str]
    sample_ids: Sequence[str]
    _probe: Array
    _probed: list[str]

    def __init__(self, grid: Grid, plan: Plan, limits: Limits, hold: int) -> None:
        """Read the names and a few samples in one pass; up to `hold` values stay in memory for `blocks`."""
        self.grid, self.plan, self.limits = grid, plan, limits
        self.name, self.format, self.elsewhere = grid.name, grid.format, ""
        self.layout, self.quantity = self.plan.layout, self.plan.quantity
        self.notes = [*grid.notes, *self.plan.notes]
        self.account = Account(n_columns=len(grid.columns), n_lines=len(grid.comments) + (not grid.headerless))
        self.account.add("line", [*grid.comments], "comment")
        self.account.add("line", ["header"] if not grid.headerless else [], "header")
        self.gene_symbols: Sequence[str] = ()
        self._held: list[Array] = []
        self._rows = np.empty(0, bool)
        self._scan(hold)
        for entry in self.plan.entries(grid.columns):
            self.account.add("column", [entry.name], entry.fate, entry.why)
        self.notes += self.account.sentences()

    def _scan(self, hold: int) -> None:
        raise NotImplementedError

    def _blocks(self, genes: Array, samples: Array, size: int) -> Iterator[tuple[Array, Array]]:
        raise NotImplementedError

    def probe(self, n: int = N_PROBE) -> tuple[list[str], Array]:
        """See Table."""
        return self._probed[:n], self._probe[:n]

    def blocks(self, genes: Array | None = None, samples: Array | None = None, size: int = 256) -> Iterator[tuple[Array, Array]]:
        """See Table."""
        genes = np.arange(len(self.gene_names)) if genes is None else np.asarray(genes)
        samples = np.arange(len(self.sample_ids)) if samples is None else np.asarray(samples)
        yield from self._blocks(genes, samples, size)
