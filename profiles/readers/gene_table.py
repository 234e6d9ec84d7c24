"""A table with genes in rows, turned into blocks of samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from profiles import tools
from profiles.errors import TableFault
from profiles.readers.grid import matrix_of
from profiles.readers.grid_table import N_PROBE, Array, GridTable
from profiles.readers.tiles import Tiles
from profiles.species import summary_rows
from profiles.table import refuse_duplicates


class GeneRowsTable(GridTable):
    """One row a gene; the rows of the counting tool are no genes."""

    def _scan(self, hold: int) -> None:
        plan = self.plan
        self.limits.check("samples", len(plan.values))
        text = [plan.id_column, *([plan.symbol_column] if plan.symbol_column is not None else [])]
        names: list[list[str]] = [[] for _ in text]
        n_all, spread = len(plan.values), sorted({round(x) for x in np.linspace(0, len(plan.values) - 1, N_PROBE)})
        held, pieces = self.grid.most_rows * n_all <= hold, []
        taken = range(n_all) if held or plan.strands else spread
        for batch in self.grid.batches(text, [plan.values[i] for i in taken]):
            for k in range(len(text)):
                names[k] += batch.column(k).to_pylist()
            self.limits.check("rows", len(names[0]))
            self.limits.check("cells", len(names[0]) * n_all)
            pieces.append(matrix_of(batch, len(text)))
        if not pieces:
            raise TableFault(f"{self.name}: holds no rows")
        ids = ["" if name is None else name.strip() for name in names[0]]
        summary = np.zeros(len(ids), bool)
        summary[summary_rows(ids)] = True
        self._rows = ~summary
        self.gene_names = [name for name, row in zip(ids, self._rows, strict=True) if row]
        if plan.symbol_column is not None:
            self.gene_symbols = ["" if name is None else name.strip() for name, row in zip(names[1], self._rows, strict=True) if row]
        self.account.n_rows = len(ids) + self.grid.n_passed
        self.account.add("row", [""] * self.grid.n_passed, "annotation", "of the samples, in the head of the GCT file")
        self.account.add("row", self.gene_names, "gene")
        self.account.add("row", [name for name, row in zip(ids, summary, strict=True) if row], "summary row")
        self._refuse_broken_promise(len(ids), n_all)
        if plan.strands:
            pieces, held = self._choose_strand(ids, np.concatenate(pieces)), True
            spread = [0]
        self.sample_ids = self.plan.names
        refuse_duplicates(self.sample_ids, f"{self.name}, its header")
        self._held = [piece.T if held else piece for piece in pieces] if held else []
        # Only the probed columns: the whole table is held once already.
        self._probe = np.concatenate([piece[:, spread] for piece in pieces] if held else pieces)[self._rows].T
        self._probed = [self.sample_ids[i] for i in spread]

    def _refuse_broken_promise(self, n_genes: int, n_samples: int) -> None:
        """A GCT file with fewer rows than its head says was cut short; one less is a writer that counted the header."""
        if self.grid.promised is None or self.grid.promised == (n_genes, n_samples):
            return
        rows, columns = self.grid.promised
        if n_genes + 1 < rows:
            raise TableFault(
                f"{self.name}: its head promises {rows} genes and {columns} samples, {n_genes} and {n_samples} are there; is the file cut short?"
                " If not, correct its line 2"
            )
        self.notes.append(f"line 2 says '{rows} x {columns}' but there are {n_genes} genes x {n_samples} samples; the rows were believed")

    def _choose_strand(self, ids: Sequence[str], values: Array) -> list[Array]:
        """STAR counts each library three times: the column with most reads on genes is its own. Raises TableFault where it is not STAR."""
        plan = self.plan
        if self.grid.headerless and not any(name.startswith("N_") for name in ids):
            raise TableFault(
                f"{self.name}: 3 columns of numbers and no header line, nor STAR's rows N_unmapped ...: add a header line with the names of"
                " the samples (STAR's own columns are unstranded, stranded_first, stranded_second)"
            )
        totals = np.nansum(values[self._rows], axis=0)
        best = int(np.argmax(totals))
        words = ("both strands", "the first strand", "the second strand")
        self.notes.append(
            f"STAR's counts by strand: the column of {words[best]} is read, it has most reads on genes ("
            + ", ".join(f"{total:,.0f} {word}" for total, word in zip(totals, words, strict=False))
            + ")"
        )
        plan.put([column for k, column in enumerate(plan.values) if k != best], "another quantity", "the other strands")
        plan.values, plan.names = [plan.values[best]], [tools.sample_of_file(self.grid.path)]
        self.quantity = "counts"
        return [values[:, best : best + 1]]

    def _blocks(self, genes: Array, samples: Array, size: int) -> Iterator[tuple[Array, Array]]:
        wanted = np.zeros(len(self._rows), bool)
        wanted[np.flatnonzero(self._rows)[genes]] = True
        with Tiles(len(samples)) as tiles:
            row = 0
            for tile in self._tiles(samples):
                use = wanted[row : row + tile.shape[1]]
                row += tile.shape[1]
                if use.any():
                    tiles.append(tile[:, use] if not use.all() else tile)
            if row != len(wanted):
                raise TableFault(f"{self.name}: had {len(wanted)} rows when it was opened and has {row} now; run again")
            yield from tiles.blocks(size)

    def _tiles(self, samples: Array) -> Iterator[Array]:
        """(samples, some rows) of the file, in order."""
        if self._held:
            whole = len(samples) == len(self.sample_ids)
            for piece in self._held:
                yield piece if whole else piece[samples]
            return
        for batch in self.grid.batches([], [self.plan.values[i] for i in samples]):
            self.limits.check_time()
            yield matrix_of(batch, 0).T
