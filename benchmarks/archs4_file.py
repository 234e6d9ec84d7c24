"""Writes simulated files in the ARCHS4 v2 layout for the benchmarks: gamma-Poisson counts, uint32, gzip level 4, chunks of a given shape.

    python benchmarks/archs4_file.py /tmp/archs4 --samples 20000 --genes 35000 --chunks 2000x1 200x200 132x1736

Four samples in ten are shallow, as single cells are; about six values in ten are zero. The archive compresses fivefold, this fourfold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np

BLOCK = 500  # samples simulated at a time


def simulate(path: Path, n_samples: int, n_genes: int, seed: int = 0) -> np.ndarray:
    """Counts (samples, genes) as a memory map."""
    if path.exists():
        return np.memmap(path, np.uint32, "r", shape=(n_samples, n_genes))
    draw = np.random.default_rng(seed)
    profile = draw.lognormal(-1.0, 2.6, n_genes)
    counts = np.memmap(path, np.uint32, "w+", shape=(n_samples, n_genes))
    for start in range(0, n_samples, BLOCK):
        n = min(BLOCK, n_samples - start)
        depth = np.where(draw.random(n) < 0.4, 3e4, 1.5e7) * draw.lognormal(0, 0.4, n)
        rate = depth[:, None] * (profile / profile.sum())[None] * draw.gamma(2.0, 0.5, (n, n_genes)).astype(np.float32)
        counts[start : start + n] = draw.poisson(rate)
    return counts


def write(path: Path, counts: np.ndarray, chunks: tuple[int, int] | None, compression: int | None = 4) -> None:
    """One file: data/expression (genes, samples) and the metadata that the readers need."""
    n_samples, n_genes = counts.shape
    with h5py.File(path, "w") as file:
        options = {"compression": "gzip", "compression_opts": compression} if compression and chunks else {}
        data = file.create_dataset("data/expression", (n_genes, n_samples), np.uint32, chunks=chunks, **options)
        width = max(chunks[1] if chunks else BLOCK, BLOCK)
        for start in range(0, n_samples, width):
            data[:, start : start + width] = np.ascontiguousarray(counts[start : start + width].T)
        text = h5py.string_dtype()
        file.create_dataset("meta/genes/symbol", data=[f"GENE{i}" for i in range(n_genes)], dtype=text)
        file.create_dataset("meta/genes/ensembl_gene", data=[f"ENSG{i:011d}" for i in range(n_genes)], dtype=text)
        samples = [f"GSM{i:07d}" for i in range(n_samples)]
        file.create_dataset("meta/samples/geo_accession", data=samples, dtype=text)
        for name in ("title", "source_name_ch1", "characteristics_ch1", "series_id"):
            file.create_dataset(f"meta/samples/{name}", data=["simulated"] * n_samples, dtype=text)
        file.create_dataset("meta/samples/singlecellprobability", data=np.zeros(n_samples))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=35_000)
    parser.add_argument("--chunks", nargs="+", default=["2000x1", "200x200", "132x1736"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    counts = simulate(options.folder / f"counts_{options.samples}x{options.genes}.u32", options.samples, options.genes)
    for shape in options.chunks:
        path = options.folder / f"simulated_{options.samples}x{options.genes}_{shape}.h5"
        if not path.exists():
            scratch = path.with_suffix(".partial")
            write(scratch, counts, None if shape == "contiguous" else tuple(int(n) for n in shape.split("x")))
            scratch.replace(path)
        print(f"{path}  {path.stat().st_size / 1e6:,.0f} MB, ratio {4 * counts.size / path.stat().st_size:.2f}")


if __name__ == "__main__":
    main()
