"""Two sources held in arrays and one HDF5 file, small enough to check every value of an export by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa

from curation.config import BuildConfig
from curation.hdf5.layout import Layout
from curation.matrix.write import MatrixReport, write_compendium
from profiles.gene_names import GeneIds
from profiles.genes import load_genes

N_GENES, N_COUNTS, N_TPM = 300, 60, 30
SPLITS = ("train",) * 50 + ("validation",) * 10 + ("test",) * 20 + ("unlabelled",) * 10


@dataclass(frozen=True)
class ArrayMatrix:
    """A matrix in memory, given in blocks of seven samples."""

    file: str
    genes: GeneIds
    unit: str
    values: np.ndarray

    @property
    def n_samples(self) -> int:
        return len(self.values)

    def blocks(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(rows), 7):
            positions = np.arange(start, min(start + 7, len(rows)))
            yield positions, self.values[rows[positions]].astype(np.float32)


@dataclass(frozen=True)
class Hdf5Matrix(ArrayMatrix):
    """The same values also in a file, which the export reads."""

    path: Path = Path()

    @property
    def layout(self) -> Layout:
        return Layout.of(self.path, "data/expression", n_genes=len(self.genes))


@dataclass
class ArraySource:
    name: str
    matrix: Any
    files: list[Path] = field(default_factory=list)

    def matrices(self) -> list[Any]:
        return [self.matrix]

    def input_files(self) -> list[Path]:
        return self.files

    def notes(self) -> list[str]:
        return []


@dataclass
class World:
    """`counts` has a duplicate of its fourth gene at its end, and a name that no gene has; `tpm` lacks the first twenty genes."""

    folder: Path
    sources: dict[str, Any]
    kept: pa.Table
    symbols: tuple[str, ...]

    def write(self, name: str = "compendium.h5ad", **options: Any) -> MatrixReport:
        config = options.pop("config", BuildConfig())
        return write_compendium(
            self.folder / name, self.kept, self.sources, config, uns={"schema_version": 1, "simulated": True}, **options
        )


def make(folder: Path, chunks: tuple[int, int] = (100, 4)) -> World:
    draw, table = np.random.default_rng(0), load_genes()
    symbols = tuple(table.symbol[i] for i in np.flatnonzero(np.isfinite(table.length_bp))[:N_GENES])
    counts = draw.negative_binomial(1, 0.01, (N_COUNTS, N_GENES + 2)).astype(np.uint32)
    counts[:, 10] = 7  # never varies much
    tpm = draw.gamma(0.5, 100, (N_TPM, N_GENES - 20)).astype(np.float32)
    path = folder / "counts.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data/expression", data=counts.T, chunks=chunks, compression="gzip")
    first = Hdf5Matrix("counts.h5", GeneIds(symbol=(*symbols, symbols[3], "NOT_A_GENE")), "counts", counts, path)
    second = ArrayMatrix("tpm.tsv", GeneIds(symbol=symbols[20:]), "tpm", tpm)
    sources = {"archs4": ArraySource("archs4", first, [path]), "gtex": ArraySource("gtex", second)}
    return World(folder, sources, kept_table(draw.permutation(N_COUNTS + N_TPM).tolist()), symbols)


def kept_table(order: list[int]) -> pa.Table:
    """Samples below N_COUNTS are of the first source; each row says where it comes from."""
    is_first = [i < N_COUNTS for i in order]
    return pa.table(
        {
            "sample_id": [f"S{i}" for i in order],
            "source": ["archs4" if first else "gtex" for first in is_first],
            "series_id": [f"GSE{i // 5}" for i in order],
            "group_id": [f"GSE{i // 5}" for i in order],
            "tissue": ["liver" if i % 2 else "brain" for i in order],
            "term_id": ["UBERON:0002107" if i % 2 else "UBERON:0000955" for i in order],
            "is_tumour": pa.array([None if first else i % 3 == 0 for i, first in zip(order, is_first, strict=True)], pa.bool_()),
            "split": list(SPLITS),
            "matrix_file": ["counts.h5" if first else "tpm.tsv" for first in is_first],
            "matrix_row": pa.array([i if first else i - N_COUNTS for i, first in zip(order, is_first, strict=True)], pa.int32()),
        }
    )


def expected(world: World, *, genes: str = "shared", unit: str = "tpm") -> dict[str, dict[str, float]]:
    """Sample -> symbol -> value of X, by loops."""
    table = load_genes()
    length = dict(zip(table.symbol, table.length_bp, strict=True))
    wanted = world.symbols if genes == "union" else world.symbols[20:]
    result: dict[str, dict[str, float]] = {}
    for i, row in enumerate(world.sources["archs4"].matrix.values.astype(float)):
        total = dict(zip(world.symbols, row, strict=False))
        total[world.symbols[3]] += row[N_GENES]
        result[f"S{i}"] = close({s: total[s] / (length[s] if unit == "tpm" else 1) for s in wanted})
    for i, row in enumerate(world.sources["gtex"].matrix.values.astype(float)):
        result[f"S{N_COUNTS + i}"] = close({s: v for s, v in zip(world.symbols[20:], row, strict=True) if s in wanted})
    return result


def close(rates: dict[str, float]) -> dict[str, float]:
    total = sum(rates.values())
    return {symbol: float(np.log2(1 + 1e6 * rate / total)) for symbol, rate in rates.items()}
