"""Many samples through a numpy network: in pieces of fixed size, on as many threads as `modelling.threads` allows, each with products of its own.

Pieces, not products, are what threads share: numpy's BLAS on several threads would wait for itself by spinning, and what is not a product would run on
one. The size of a piece is the same for any number of threads, and so is every bit of what comes out.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from modelling import threads
from modelling.arrays import Array
from modelling.forward.library import Values

ROWS = 128
BLAS = "OPENBLAS_NUM_THREADS"


def in_pieces(function: Callable[..., tuple[Array, ...]], *rows: Array) -> tuple[Array, ...]:
    """What `function` makes of the rows (n, ...) of each argument, at most `ROWS` at a time, put together again."""
    n = len(rows[0])
    starts = range(0, max(n, 1), ROWS)

    def piece(start: int) -> tuple[Array, ...]:
        return function(*(part[start : start + ROWS] for part in rows))

    n_threads = min(threads.count(), len(starts))
    if n_threads < 2:
        found = [piece(start) for start in starts]
    else:
        with one_blas_thread(), ThreadPoolExecutor(n_threads, "samples") as pool:
            found = list(pool.map(piece, starts))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True)) if len(found) > 1 else found[0]


def in_turn(function: Callable[[Values], Values], blocks: Iterable[Values]) -> Iterator[Values]:
    """What `function` makes of each block, in order; of numpy's as many at once as there are threads, and no more are held. torch has its own threads."""
    n_threads, waiting = threads.count(), iter(blocks)
    while held := list(itertools.islice(waiting, n_threads)):
        if len(held) < 2 or not isinstance(held[0], np.ndarray):
            yield from map(function, held)
            continue
        with one_blas_thread(), ThreadPoolExecutor(n_threads, "blocks") as pool:
            yield from list(pool.map(function, held))


def one_blas_thread() -> contextlib.AbstractContextManager[object]:
    """Inside, numpy's products run on one thread; where the process has said so already (every `model` command does), there is nothing to do."""
    if os.environ.get(BLAS) == "1":
        return contextlib.nullcontext()
    from threadpoolctl import threadpool_limits

    limits: contextlib.AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits
