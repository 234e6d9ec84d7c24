"""by_gene.h5: X transposed, one chunk and one checksum a gene, so that one gene of all samples is one read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.errors import CurationError
from curation.matrix.compendium import open_matrix, writing
from curation.progress import Advance
from profiles import aside, room

BY_GENE = "by_gene.h5"
BLOCK_BYTES = 256 << 20  # genes held at once
ROWS_AT_ONCE = 512


class NotThisMatrix(CurationError):
    """by_gene.h5 is damaged, or belongs to another compendium."""


def write_by_gene(compendium: Path, out: Path, advance: Advance, block_bytes: int = BLOCK_BYTES) -> None:
    """Write `out` from a compendium's X (n, g): dataset X (g, n) float32, symbol (g), sample_id (n), sha256 (g) of each gene's bytes.

    Whole or not at all; memory is that of one block of genes, whatever the number of samples. `advance` counts genes.
    """
    x = open_matrix(compendium)
    n, g = x.shape
    with (
        writing(out),
        aside.written(out) as draft,
        h5py.File(compendium, "r") as source,
        room.new_hdf5(draft, 4 * n * g + 400 * g) as target,
    ):
        target.attrs["unit"], target.attrs["build_id"] = source["uns/unit"][()], source["uns/build_id"][()]
        for name, index in (("symbol", source["var"]), ("sample_id", source["obs"])):
            target[name] = index[index.attrs["_index"]][:]
        rows = target.create_dataset("X", (g, n), "<f4", chunks=(1, n), track_times=False)
        sums = []
        for first, block in _gene_blocks(x, max(1, block_bytes // (4 * n))):
            rows[first : first + len(block)] = block
            sums += [hashlib.sha256(gene.data).hexdigest().encode() for gene in block]
            advance(len(block))
        target["sha256"] = np.array(sums)


def _gene_blocks(x: NDArray[np.float32], width: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(first gene, its block (genes, n)), read in pieces of rows: each reads only the pages that hold these genes."""
    n, g = x.shape
    for first in range(0, g, width):
        block = np.empty((min(width, g - first), n), "<f4")
        for start in range(0, n, ROWS_AT_ONCE):
            block[:, start : start + ROWS_AT_ONCE] = x[start : start + ROWS_AT_ONCE, first : first + len(block)].T
        yield first, block


def genes_of(file: h5py.File, path: object, genes: Sequence[int] | NDArray[np.int64], build_id: str) -> NDArray[np.float32]:
    """The values of genes, by position, over all samples (genes, n), each against its checksum; `path` is what errors call the file.

    Raises NotThisMatrix.
    """
    if (found := _text(file.attrs["build_id"])) != build_id:
        raise NotThisMatrix(f"{path} is of build {found}, the compendium of {build_id}; write it again: curate export RELEASE --by-gene")
    values = np.empty((len(genes), file["X"].shape[1]), "<f4")
    for i, gene in enumerate(genes):
        values[i] = file["X"][int(gene)]
        if hashlib.sha256(values[i].data).hexdigest() != _text(file["sha256"][int(gene)]):
            raise NotThisMatrix(
                f"{path}: gene {_text(file['symbol'][int(gene)])} is damaged; write it again: curate export RELEASE --by-gene"
            )
    return values


def compare_by_gene(path: Path, compendium: Path) -> list[str]:
    """What is wrong with by_gene.h5 against the compendium beside it, read row by row; empty where nothing is."""
    x = open_matrix(compendium)
    with h5py.File(compendium, "r") as source, h5py.File(path, "r") as file:
        if file["X"].shape != x.shape[::-1]:
            return [f"X is {file['X'].shape}, of a compendium of {x.shape}"]
        wrong = [
            f"{name} is not that of the compendium"
            for name, index in (("symbol", source["var"]), ("sample_id", source["obs"]))
            if not np.array_equal(file[name][:], index[index.attrs["_index"]][:])
        ]
        for first, block in _gene_blocks(x, max(1, BLOCK_BYTES // (4 * x.shape[0]))):
            held = file["X"][first : first + len(block)]
            for i, (mine, theirs) in enumerate(zip(held, block, strict=True)):
                damaged = hashlib.sha256(np.ascontiguousarray(mine).data).hexdigest() != _text(file["sha256"][first + i])
                if damaged or mine.tobytes() != theirs.tobytes():
                    wrong.append(_text(file["symbol"][first + i]))
    return wrong


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
