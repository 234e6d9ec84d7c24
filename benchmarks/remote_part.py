"""What a part of an ARCHS4 file costs over HTTP: bytes and requests for metadata, chunk index and chunks, on files of its chunk shape.

    python benchmarks/remote_part.py [--samples 4000] [--batch 1 200] [--chosen 20 552]

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
        counts = draw.negative_binomial(0.25, 0.002, HEIGHT).astype("<u4")
        counts[draw.random(HEIGHT) < 0.6] = 0
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
        _, _, moved = fetch_samples(f"{url}/{path.name}", folder, {f"GSM{i:07}" for i in chosen}, Progress(), anyway=True)
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
    arguments.add_argument("--samples", type=int, default=4_000)
    arguments.add_argument("--batch", type=int, nargs=2, default=[1, 200])
    arguments.add_argument(
        "--chosen", type=int, nargs=2, default=[20, 552], help="0.5 % and 13.8 %: 4,400 and 123,000 of the archive's samples"
    )
    given = arguments.parse_args()
    rows, figures = -(-GENES // HEIGHT), {}
    for layout, batch in zip(("single", "batched"), given.batch, strict=True):
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "human_gene_v2.5.h5"
            make(path, given.samples, batch)
            for size, n_chosen in zip(("few", "many"), given.chosen, strict=True):
                found = fetch(path, n_chosen, Path(made) / f"part{n_chosen}")
                figures |= {
                    f"{layout}_{size}_index_bytes": found["index_bytes"] / (given.samples * rows),
                    f"{layout}_{size}_index_requests": found["index_requests"] / n_chosen,
                    f"{layout}_{size}_chunk_ratio": found["chunk_bytes"] / found["wanted_bytes"],
                    f"{layout}_{size}_chunk_requests": found["chunk_requests"] / n_chosen,
                    f"{layout}_{size}_share": 100 * (found["index_bytes"] + found["chunk_bytes"]) / found["file_bytes"],
                }
                tell(batch, n_chosen, given.samples, found)
    record("remote_part", **figures)


def tell(batch: int, n_chosen: int, n_samples: int, found: dict[str, float]) -> None:
    """What was moved, and what the same share of the archive would take by the reckoning's rates."""
    print(f"\nwritten {batch} samples at a time: {n_chosen:,} of {n_samples:,} samples, {found['seconds']:.0f} s here")
    for name in ("metadata", "index", "chunk"):
        print(f"  {name}: {found[f'{name}_bytes']:,.0f} bytes in {found[f'{name}_requests']:,.0f} requests")
    print(f"  chunks: {found['chunk_bytes'] / found['wanted_bytes']:.3f} times the wanted {found['wanted_bytes']:,.0f}")
    scale = ARCHIVE / n_samples
    n_bytes, n_requests = (scale * sum(found[f"{name}_{what}"] for name in ("index", "chunk")) for what in ("bytes", "requests"))
    seconds = max(n_bytes / RATE, n_requests * LATENCY / CONNECTIONS)
    whole = scale * found["file_bytes"] / RATE
    print(
        f"  scaled to v2.5: {n_bytes / 1e9:.2f} GB, {n_requests:,.0f} requests, {seconds / 60:.0f} min; a whole file of this kind {whole / 60:.0f} min"
    )


if __name__ == "__main__":
    main()
