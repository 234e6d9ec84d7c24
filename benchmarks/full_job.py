"""Download, build and one epoch of training for 123,000, 212,000 and 605,000 samples of ARCHS4 v2.5, reckoned from the rates in results.json.

    python benchmarks/full_job.py

Nothing of this size is run here: metadata take what `full_size_metadata` took, chunks the bytes and requests that `remote_part` counted on a file of
the archive's chunk shape (one sample written at a time, the better of its two), the matrix the rate of `export_scaling` (all genes read, 16,115
written), training that of `train_speed`. The network is one of 100 Mbit/s with 30 ms to the server, on 16 connections.
"""

from __future__ import annotations

import json

from record import RESULTS, record
from remote_part import ARCHIVE, CONNECTIONS, GENES, HEIGHT, LATENCY, RATE

WHOLE = 47.9e9  # bytes of human_gene_v2.5.h5
METADATA = 0.3e9  # of it, read for labels: 160 bytes of text a sample, and what HDF5 keeps beside each
EXPORTED = 16_115
THREADS = 2
EXPORT = 840  # samples a second from file to X on THREADS threads, docs/reference/matrix.md
SEALED = 1.5e9  # bytes of X a second, read again and hashed
SIZES = (123_000, 212_000, 605_000)


def main() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    part, figures = results["remote_part"], {}
    n_entries = ARCHIVE * -(-GENES // HEIGHT)
    print("| samples | whole file | part: GB, minutes | build, minutes | X, GB | one epoch, minutes |\n|---|---|---|---|---|---|")
    for n_samples in SIZES:
        chunks = part["single_many_chunk_ratio"] * WHOLE * n_samples / ARCHIVE
        n_bytes = METADATA + chunks + part["single_many_index_bytes"] * n_entries
        n_requests = n_samples * (part["single_many_chunk_requests"] + part["single_many_index_requests"])
        minutes = max(n_bytes / RATE, n_requests * LATENCY / CONNECTIONS) / 60
        matrix = 4 * EXPORTED * n_samples
        build = (results["full_size_metadata"]["seconds"] + n_samples / EXPORT + matrix / SEALED) / 60
        epoch = n_samples / results["train_speed"]["samples_per_second"] / 60
        print(
            f"| {n_samples:,} | {WHOLE / RATE / 60:.0f} | {n_bytes / 1e9:.1f}, {minutes:.0f} | {build:.1f} | {matrix / 1e9:.1f} | {epoch:.1f} |"
        )
        name = f"{n_samples // 1000}k"
        figures |= {f"part_gb_{name}": n_bytes / 1e9, f"part_minutes_{name}": minutes, f"build_minutes_{name}": build}
        figures |= {f"matrix_gb_{name}": matrix / 1e9, f"epoch_minutes_{name}": epoch}
    serial = results["full_size_metadata"]["seconds"] + 4 * EXPORTED * n_samples / SEALED  # of the largest: what one machine does alone
    spread = THREADS * n_samples / EXPORT
    figures |= {"serial_seconds": serial, "spread_seconds": spread, "cores": spread / serial}
    print(f"{SIZES[-1]:,} samples: {serial:.0f} s on one machine, {spread:,.0f} core seconds spread; equal at {spread / serial:.0f} cores")
    record("full_job", whole_minutes=WHOLE / RATE / 60, **figures)


if __name__ == "__main__":
    main()
