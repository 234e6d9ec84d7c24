"""What a part of an ARCHS4 file costs over HTTP: bytes and requests for metadata, chunk index and chunks, on files of its chunk shape.

    python benchmarks/remote_part.py [--samples 20000] [--batch 1 500] [--chosen 100 2768]

human_gene_v2.5.h5 has 67,186 genes x 888,821 samples in chunks of (2000, 1): 34 chunks a sample, 30 million in all. How it was written is not known
here, and decides where the nodes of its chunk index lie: the files made here are written --batch samples at a time (gene block after gene block in
each), in the library's default format. Chunks hold compressed counts of the size that the archive's have (1.6 kB). The server is one of Python on this
machine, so seconds say nothing about a network; bytes and requests do not depend on it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
from record import record

GENES, HEIGHT = 67_186, 2000
ARCHIVE = 888_821
TEXTS = {"title": 31, "source_name_ch1": 20, "characteristics_ch1": 90, "series_id": 11}
LATENCY, RATE, CONNECTIONS = 0.03, 12.5e6, 16  # seconds of a round trip and bytes a second (100 Mbit/s): for the reckoning, not measured


def make(path: Path, n_samples: int, batch: int) -> None:
    """A file of the archive's layout; every chunk is a valid one."""
    draw = np.random.default_rng(0)
    rows = -(-GENES // HEIGHT)
    payload = []
    while len(payload) < 64:
        counts = draw.negative_binomial(0.25, 0.0008, HEIGHT).astype("<u4")
        counts[draw.random(HEIGHT) < 0.45] = 0
        payload.append(zlib.compress(counts.tobytes(), 4))
    text = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file["meta/genes/symbol"] = [f"GENE{i}" for i in range(GENES)]
        file.create_dataset("meta/samples/geo_accession", data=[f"GSM{i:07}" for i in range(n_samples)], dtype=text)
        for name, length in TEXTS.items():
            file.create_dataset(f"meta/samples/{name}", data=[f"{i:07} {name} ".ljust(length, "x") for i in range(n_samples)], dtype=text)
        file.create_dataset("meta/samples/extract_protocol_ch1", data=["never read " * 20] * n_samples, dtype=text)
        data = file.create_dataset("data/expression", (GENES, n_samples), "<u4", chunks=(HEIGHT, 1), compression="gzip", compression_opts=4)
        for start in range(0, n_samples, batch):
            for row in range(rows):
                for sample in range(start, min(start + batch, n_samples)):
                    data.id.write_direct_chunk((row * HEIGHT, sample), payload[(row * 7 + sample) % len(payload)])


def fetch(path: Path, n_chosen: int, folder: Path) -> dict[str, float]:
    """Fetch randomly chosen samples; what was moved."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from range_server import serving

    from curation.excerpt.decide import fetch_samples
    from curation.progress import Progress

    with h5py.File(path) as file:
        n_samples = file["data/expression"].shape[1]
    chosen = np.sort(np.random.default_rng(1).choice(n_samples, n_chosen, replace=False))
    began = time.perf_counter()
    with serving(path.parent) as (url, behaviour):
        _, _, moved = fetch_samples(f"{url}/{path.name}", folder, {f"GSM{i:07}" for i in chosen}, Progress(visible=True))
        assert behaviour.n_sent == sum(one.n_bytes for one in (moved.metadata, moved.index, moved.chunks))
    return {
        "seconds": time.perf_counter() - began,
        "metadata_bytes": moved.metadata.n_bytes,
        "metadata_requests": moved.metadata.n_requests,
        "index_bytes": moved.index.n_bytes,
        "index_requests": moved.index.n_requests,
        "chunk_bytes": moved.chunks.n_bytes,
        "chunk_requests": moved.chunks.n_requests,
        "wanted_bytes": moved.n_chunk_bytes,
        "file_bytes": moved.n_bytes_whole,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    arguments.add_argument("--samples", type=int, default=20_000)
    arguments.add_argument("--batch", type=int, nargs="+", default=[1, 500])
    arguments.add_argument("--chosen", type=int, nargs="+", default=[100, 2_768])
    given = arguments.parse_args()
    rows = -(-GENES // HEIGHT)
    for batch in given.batch:
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "human_gene_v2.5.h5"
            make(path, given.samples, batch)
            for n_chosen in given.chosen:
                found = fetch(path, n_chosen, Path(made) / f"part{n_chosen}")
                n_entries, n_wanted = given.samples * rows, n_chosen * rows
                scale = ARCHIVE / given.samples
                print(f"\nwritten {batch} samples at a time: {n_chosen:,} of {given.samples:,} samples, {found['seconds']:.0f} s here")
                for name in ("metadata", "index", "chunk"):
                    print(f"  {name}: {found[f'{name}_bytes']:,.0f} bytes in {found[f'{name}_requests']:,.0f} requests")
                print(
                    f"  index: {found['index_bytes'] / n_entries:.1f} bytes for each of all entries, {found['index_bytes'] / n_wanted:.0f} for a wanted one"
                )
                print(f"  chunks: {found['chunk_bytes'] / found['wanted_bytes']:.3f} times the wanted")
                n_bytes = sum(found[f"{name}_bytes"] for name in ("metadata", "index", "chunk"))
                n_requests = sum(found[f"{name}_requests"] for name in ("metadata", "index", "chunk"))
                print(f"  together {n_bytes / found['file_bytes']:.3f} of the file")
                seconds = scale * max(n_bytes / RATE, n_requests * LATENCY / CONNECTIONS)
                print(
                    f"  the same share of v2.5 (x {scale:.1f}): {scale * n_bytes / 1e9:.2f} GB in {scale * n_requests:,.0f} requests, {seconds / 60:.0f} min"
                )
                record(f"remote_part_{batch}_{n_chosen}", **found)


if __name__ == "__main__":
    main()
