"""Expression of chosen samples and genes, in bounded memory, from the rows of X or from by_gene.h5 where that is less to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curation.errors import CurationError
from curation.matrix.by_gene import genes_of
from curation.matrix.counts import read_counts
from curation.matrix.opened import Compendium, RangedMatrix, hdf5, name_of
from curation.query.genes import columns_of
from curation.remote.place import Place
from profiles.blocks import BLOCK_BYTES as REMOTE_PAGE
from profiles.nearest import near

if TYPE_CHECKING:
    import pandas as pd

BLOCK_BYTES = 64 << 20
PAGE = 4096  # bytes that the disk reads with one value
COUNTS_LAYER = "counts"
LOG, LINEAR = "log2tpm", "tpm"
LAYERS = {"log2(TPM+1)": (LOG, LINEAR), "log2(CPM+1)": ("log2cpm", "cpm")}  # unit of a compendium -> as it is, and without the logarithm


class UnknownLayer(CurationError):
    """A compendium is not in the unit that is asked for."""


@dataclass(frozen=True)
class Expression:
    """Chosen rows and columns of a compendium; `blocks` reads them.

    rows: (n) of X; columns: (g) of X; obs (n) and var (g) go with them; layer: what the values are.
    """

    data: Compendium
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    layer: str
    is_linear: bool

    @property
    def obs(self) -> pd.DataFrame:
        """One row per sample, as the compendium has it."""
        return self.data.obs.iloc[self.rows]

    @property
    def var(self) -> pd.DataFrame:
        """One row per gene, as the compendium has it."""
        return self.data.var.iloc[self.columns]

    @property
    def symbols(self) -> list[str]:
        """The genes (g)."""
        return [self.data.symbols[column] for column in self.columns]

    @property
    def shape(self) -> tuple[int, int]:
        """Samples and genes."""
        return self.rows.size, self.columns.size

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Values (n of the block, g) float32, NaN where a gene is not measured, in the order of `rows`."""
        step = max(1, BLOCK_BYTES // (4 * max(self.columns.size, 1)))
        read = self._reader()
        for start in range(0, self.rows.size, step):
            block = read(self.rows[start : start + step])
            yield np.exp2(block) - np.float32(1) if self.is_linear else block

    def values(self) -> NDArray[np.float32]:
        """All of it (n, g)."""
        return np.concatenate(list(self.blocks())) if self.rows.size else np.empty(self.shape, np.float32)

    def bring(self) -> None:
        """Have all of it on this disk, where the release is behind HTTP. Raises RangeFault."""
        if isinstance(self.data.x, RangedMatrix):
            self.data.x.bring(self.rows, self.columns)

    @property
    def is_by_gene(self) -> bool:
        """Whether by_gene.h5 lies there, and has fewer bytes to be read than the pages of the rows."""
        page = REMOTE_PAGE if isinstance(self.data.x, RangedMatrix) else PAGE
        rows = self.rows.size * min(self.columns.size * page, 4 * self.data.shape[1])
        return self.data.by_gene is not None and 4 * self.columns.size * self.data.shape[0] < min(rows, BLOCK_BYTES)

    def _reader(self) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
        if self.layer == COUNTS_LAYER:
            return self._read_counts
        if self.is_by_gene and self.data.by_gene is not None:
            with hdf5(self.data.by_gene) as file:
                genes = genes_of(file, name_of(self.data.by_gene), self.columns, self.data.build_id)
            return lambda rows: np.ascontiguousarray(genes[:, rows].T)
        x = self.data.x
        return lambda rows: np.ascontiguousarray(x[rows][:, self.columns] if self._is_whole else x[np.ix_(rows, self.columns)])

    def _read_counts(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        assert self.data.counts is not None
        with hdf5(self.data.counts) as file:
            return read_counts(file, name_of(self.data.counts), rows, self.columns, self.data.build_id)

    @property
    def _is_whole(self) -> bool:
        return bool(4 * self.columns.size > self.data.shape[1])


class Layered:
    """A layer of a whole compendium (n, g), indexed as X is: by rows, or by rows and columns. Raises UnknownLayer."""

    def __init__(self, data: Compendium, layer: str | None) -> None:
        self.name, self.is_linear = layer_of(data.unit, layer, has_counts=data.counts is not None)
        self.data, self.shape = data, data.shape

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        chosen = np.arange(self.shape[0])[rows], np.arange(self.shape[1])[columns]
        return Expression(self.data, *chosen, self.name, self.is_linear).values()


def expression(place: Place, rows: NDArray[np.int64], genes: Sequence[str] | None = None, layer: str | None = None) -> Expression:
    """Rows of a release's matrix; all genes without `genes`. Raises UnknownGene, UnknownLayer, CannotExport."""
    data = Compendium.open(place)
    columns = np.arange(data.shape[1]) if genes is None else np.array(columns_of(genes, data.symbols), np.int64)
    name, is_linear = layer_of(data.unit, layer, has_counts=data.counts is not None)
    return Expression(data, rows, columns, name, is_linear)


def layer_of(unit: str, layer: str | None, *, has_counts: bool = False) -> tuple[str, bool]:
    """The layer's name and whether the logarithm is taken off; without `layer`, as the compendium has it. Raises UnknownLayer."""
    if layer == COUNTS_LAYER and has_counts:
        return layer, False
    key = unit.replace(" ", "")
    if key not in LAYERS:
        raise UnknownLayer(f"the compendium is in {unit}, of which no layer is known; its layers would be those of {' or '.join(LAYERS)}")
    as_is, linear = LAYERS[key]
    if layer in (None, as_is):
        return as_is, False
    if layer == linear:
        return linear, True
    what = "no raw counts were kept (`curate build --with-counts` does)" if layer == COUNTS_LAYER else f"it is in {unit}"
    raise UnknownLayer(f"--layer {layer} is not there: {what}{near(layer or '', (as_is, linear))}; ask for {as_is} or {linear}")
