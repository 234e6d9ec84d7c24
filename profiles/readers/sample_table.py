"""A table with samples in rows, read as it stands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from profiles.errors import TableFault
from profiles.layout import DEFAULT_ENTRY
from profiles.readers.grid import matrix_of
from profiles.readers.grid_table import N_PROBE, Array, GridTable
from profiles.table import refuse_duplicates

YES = frozenset({"yes", "true", "1"})


class SampleRowsTable(GridTable):
    """One row a sample."""

    def _scan(self, hold: int) -> None:
        plan, ids, keep = self.plan, [], []
        default = self.grid.columns.index(DEFAULT_ENTRY) if DEFAULT_ENTRY in self.grid.columns else None
        text = [plan.id_column, *([default] if default is not None else [])]
        held = self.grid.most_rows * len(plan.values) <= hold
        for batch in self.grid.batches(text, plan.values if held else []):
            ids += ["" if name is None else name.strip() for name in batch.column(0).to_pylist()]
            keep += (
                [True] * batch.num_rows
                if default is None
                else [(flag or "").strip().lower() in YES for flag in batch.column(1).to_pylist()]
            )
            self.limits.check("samples", len(ids))
            self.limits.check_time()
            self._held += [matrix_of(batch, len(text))] if held else []
        if not ids:
            raise TableFault(f"{self.name}: holds no rows")
        self._rows = np.array(keep)
        self.sample_ids = [name for name, row in zip(ids, keep, strict=True) if row]
        blank = sum(not name for name in self.sample_ids)
        column = self.grid.columns[plan.id_column] or "first"
        if blank:
            raise TableFault(f"{self.name}: {blank} rows have no sample id in column {column!r}; fill them in or delete them")
        refuse_duplicates(self.sample_ids, f"{self.name}, column {column!r}")
        self.gene_names = plan.names
        self.account.n_rows = len(ids)
        self.account.add("row", self.sample_ids, "sample")
        others = [name for name, row in zip(ids, keep, strict=True) if not row]
        self.account.add("row", others, "not asked for", "another profile of the model, not its default")
        self._probe = self._first_samples()
        self._probed = ids[: len(self._probe)]

    def _first_samples(self) -> Array:
        pieces, n = [], 0
        for values in self._held or (matrix_of(batch, 0) for batch in self.grid.batches([], self.plan.values)):
            pieces.append(values[: N_PROBE - n])
            n += len(pieces[-1])
            if n >= N_PROBE:
                break
        return np.concatenate(pieces)

    def _blocks(self, genes: Array, samples: Array, size: int) -> Iterator[tuple[Array, Array]]:
        rows = np.flatnonzero(self._rows)[samples]
        first = 0
        for values in self._pieces(genes):
            self.limits.check_time()
            positions = np.flatnonzero((rows >= first) & (rows < first + len(values)))
            if positions.size:
                for start in range(0, len(positions), size):
                    part = positions[start : start + size]
                    yield part.astype(np.int64), np.ascontiguousarray(values[rows[part] - first])
            first += len(values)
        if first != len(self._rows):
            raise TableFault(f"{self.name}: had {len(self._rows)} rows when it was opened and has {first} now; run again")

    def _pieces(self, genes: Array) -> Iterator[Array]:
        """(some rows, genes) of the file, in order."""
        if self._held:
            whole = len(genes) == len(self.gene_names)
            yield from (piece if whole else piece[:, genes] for piece in self._held)
            return
        for batch in self.grid.batches([], [self.plan.values[gene] for gene in genes]):
            yield matrix_of(batch, 0)
