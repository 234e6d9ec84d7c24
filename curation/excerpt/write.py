"""The smaller file: first its metadata with a dataset of counts that holds nothing, then the chunks as they came, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.sources.archs4 import EXPRESSION, GENES, INFO, PARTIAL, SAMPLES, is_read

ROWS = 50_000  # of metadata, copied at a time


def write_metadata(source: h5py.File, target: Path, rows: NDArray[np.int64] | None, advance: Callable[[int], None]) -> list[str]:
    """Write `target`: everything of `source` about genes, what is read about the samples `rows` (all without), and counts without a chunk.

    Returns the names of the columns of text that were left out: nothing here reads them.
    """
    with h5py.File(target, "w") as file:
        for name, value in source.attrs.items():
            file.attrs[name] = value
        for group in (GENES, INFO):
            for name, column in source.get(group, {}).items():
                _copy(column, file, f"{group}/{name}", None)
        file.attrs[PARTIAL] = "{}"
        left_out = []
        for name, column in source[SAMPLES].items():
            if is_read(name, column):
                _copy(column, file, f"{SAMPLES}/{name}", rows)
                advance(1)
            else:
                left_out.append(name)
        _counts(source[EXPRESSION], file, rows)
    return left_out


def _copy(column: h5py.Dataset, file: h5py.File, name: str, rows: NDArray[np.int64] | None) -> None:
    """A column of text or numbers as it is, filters included."""
    if column.ndim == 0:
        file.create_dataset(name, data=column[()], dtype=column.dtype)
        return
    n = len(column) if rows is None else len(rows)
    options: dict[str, Any] = {}
    if column.chunks is not None and n:
        options = {
            "chunks": True,
            "compression": column.compression,
            "compression_opts": column.compression_opts,
            "shuffle": column.shuffle,
        }
    copy = file.create_dataset(name, (n,), dtype=column.dtype, **options)
    done = 0
    for start in range(0, len(column), ROWS):
        stop = min(start + ROWS, len(column))
        wanted = slice(None) if rows is None else rows[np.searchsorted(rows, start) : np.searchsorted(rows, stop)] - start
        if rows is not None and not len(wanted):  # type: ignore[arg-type]
            continue
        values = column[start:stop][wanted]
        copy[done : done + len(values)] = values
        done += len(values)


def _counts(source: h5py.Dataset, file: h5py.File, rows: NDArray[np.int64] | None) -> None:
    """data/expression with the chunks and filters of the source, as wide as there are samples."""
    shape = (source.shape[0], source.shape[1] if rows is None else len(rows))
    most = tuple(max(n, chunk) for n, chunk in zip(shape, source.chunks, strict=True))
    group = file.require_group(EXPRESSION.rpartition("/")[0])
    space = h5py.h5s.create_simple(shape, most)
    creation = source.id.get_create_plist()
    h5py.h5d.create(group.id, EXPRESSION.rpartition("/")[2].encode(), source.id.get_type(), space, creation)


def write_chunks(target: Path, pieces: Iterable[tuple[int, int, bytes, int]], about: dict[str, Any]) -> None:
    """Put chunks into the file of `write_metadata`, each with its chunk column there, its place along the genes, and its filter mask."""
    with h5py.File(target, "r+") as file:
        expression = file[EXPRESSION]
        height, width = expression.chunks
        for column, row, content, mask in pieces:
            expression.id.write_direct_chunk((row * height, column * width), content, mask)
        file.attrs[PARTIAL] = json.dumps(about, sort_keys=True)
