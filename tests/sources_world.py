"""Small source folders in the archives' own layouts, and what the tests of the readers ask of them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from curation.source import Matrix, Source

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("BULKATLAS_SHARED", ROOT.parent / "shared" / "data"))
REAL_INPUT = SHARED / "real_input"
needs_real_input = pytest.mark.skipif(not REAL_INPUT.is_dir(), reason=f"no measured input at {REAL_INPUT} (set BULKATLAS_SHARED)")


def rows(source: Source) -> list[dict[str, object]]:
    """The sample table as dictionaries."""
    return [row for batch in source.samples() for row in batch.to_pylist()]


def values(matrix: Matrix, wanted: Sequence[int] | None = None) -> NDArray[np.float32]:
    """The wanted samples put together from the blocks, each checked to come once; rows in the order asked for."""
    asked = np.array(range(matrix.n_samples) if wanted is None else wanted, dtype=np.int64)
    out = np.full((len(asked), len(matrix.genes)), np.nan, dtype=np.float32)
    for positions, block in matrix.blocks(asked):
        assert block.dtype == np.float32
        assert np.isnan(out[positions]).all()
        out[positions] = block
    return out


def write(path: Path, lines: Sequence[str], *, encoding: str = "utf-8") -> Path:
    """Lines as a file, gzip when it is named so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(f"{line}\n" for line in lines).encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_archs4(
    path: Path,
    counts: NDArray[np.integer],
    *,
    symbols: Sequence[str],
    samples: Mapping[str, Sequence[object]],
    ensembl: Sequence[str] | None = None,
    ensembl_name: str = "ensembl_gene",
    chunks: tuple[int, int] | None = (2000, 1),
) -> Path:
    """An ARCHS4 v2 file; counts are (genes, samples)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = h5py.string_dtype("utf-8")
    with h5py.File(path, "w") as file:
        fitted = tuple(min(c, s) for c, s in zip(chunks, counts.shape, strict=True)) if chunks else None
        file.create_dataset("data/expression", data=counts, chunks=fitted, compression="gzip" if fitted else None)
        file.create_dataset("meta/genes/symbol", data=list(symbols), dtype=text)
        if ensembl is not None:
            file.create_dataset(f"meta/genes/{ensembl_name}", data=list(ensembl), dtype=text)
        for name, column in samples.items():
            if name == "singlecellprobability":
                file.create_dataset(f"meta/samples/{name}", data=np.array(column, dtype=np.float64))
            else:
                file.create_dataset(f"meta/samples/{name}", data=np.array(list(column), dtype=object), dtype=text)
    return path


def archs4_samples(n: int, **columns: Sequence[object]) -> dict[str, Sequence[object]]:
    """The metadata of n plain samples, with some columns given."""
    plain: dict[str, Sequence[object]] = {
        "geo_accession": [f"GSM{i}" for i in range(n)],
        "series_id": ["GSE1"] * n,
        "title": [f"liver {i}" for i in range(n)],
        "source_name_ch1": ["liver"] * n,
        "characteristics_ch1": ["tissue: liver,age: 4"] * n,
        "organism_ch1": ["Homo sapiens"] * n,
        "singlecellprobability": [0.1] * n,
    }
    return plain | columns
