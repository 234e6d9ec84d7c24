"""A table over any file of rows and named columns: the plan of layouts.py carried out, only the wanted columns parsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles import tools
from profiles.account import Account
from profiles.errors import TableFault
from profiles.layouts import DEFAULT_ENTRY, N_ID_CANDIDATES, Column, Head, Wish, decide
from profiles.limits import Limits
from profiles.readers.grid import Grid, column_of, matrix_of
from profiles.readers.tiles import Tiles
from profiles.species import summary_rows
from profiles.table import GENES_IN_ROWS, refuse_duplicates

Array = NDArray[Any]
N_PROBE = 16
YES = frozenset({"yes", "true", "1"})


class GridTable:
    """See profiles.table.Table."""

    def __init__(self, grid: Grid, wish: Wish, limits: Limits, *, hold: int = 0) -> None:
        """Decide the layout, then read the names and a few samples in one pass; up to `hold` values stay in memory for `blocks`."""
        self.grid, self.limits = grid, limits
        self.name, self.format, self.elsewhere = grid.name, grid.format, ""
        self._columns: dict[int, Column] = {}
        head = Head(grid.name, grid.path, grid.columns, self._column, grid.comments, grid.n_annotation, grid.headerless)
        self.plan = decide(head, wish)
        self.layout, self.quantity = self.plan.layout, self.plan.quantity
        self.notes = [*grid.notes, *self.plan.notes]
        self.account = Account(n_columns=len(grid.columns), n_lines=len(grid.comments) + (not grid.headerless))
        self.account.add("line", [*grid.comments], "comment")
        self.account.add("line", ["header"] if not grid.headerless else [], "header")
        self.gene_symbols: Sequence[str] = ()
        self._held: list[Array] = []
        self._rows = np.empty(0, bool)
        if self.layout == GENES_IN_ROWS:
            self._scan_genes(hold)
        else:
            self._scan_samples(hold)
        for entry in self.plan.entries(grid.columns):
            self.account.add("column", [entry.name], entry.fate, entry.why)
        self.notes += self.account.sentences()
        self._columns.clear()
        grid.forget()

    def _column(self, i: int) -> Column:
        if i not in self._columns:
            column = column_of(self.grid.columns[i], self.grid.head(i), self.grid.decimal)
            self._columns[i] = replace(column, texts=()) if i >= N_ID_CANDIDATES and column.is_number else column
        return self._columns[i]

    # Genes in rows

    def _scan_genes(self, hold: int) -> None:
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
        scanned = np.concatenate(pieces)[self._rows]
        self._probe = (scanned[:, spread] if held else scanned).T
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

    # Samples in rows

    def _scan_samples(self, hold: int) -> None:
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

    # Values

    def probe(self, n: int = N_PROBE) -> tuple[list[str], Array]:
        """See Table."""
        return self._probed[:n], self._probe[:n]

    def blocks(self, genes: Array | None = None, samples: Array | None = None, size: int = 256) -> Iterator[tuple[Array, Array]]:
        """See Table."""
        genes = np.arange(len(self.gene_names)) if genes is None else np.asarray(genes)
        samples = np.arange(len(self.sample_ids)) if samples is None else np.asarray(samples)
        yield from self._by_gene(genes, samples, size) if self.layout == GENES_IN_ROWS else self._by_sample(genes, samples, size)

    def _by_gene(self, genes: Array, samples: Array, size: int) -> Iterator[tuple[Array, Array]]:
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

    def _by_sample(self, genes: Array, samples: Array, size: int) -> Iterator[tuple[Array, Array]]:
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
