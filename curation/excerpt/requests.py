"""Which bytes are asked for together, and asking for them: few requests, several at a time, no more bytes along than was allowed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

REQUEST = 24 << 10  # bytes that pass in the time of one request: 30 ms on one of 16 connections, at 100 Mbit/s
MOST_BYTES = 4 << 20  # of one request; each connection holds one
AHEAD = 3  # requests handed out for each that runs


@dataclass(frozen=True)
class Requests:
    """Request i asks for the bytes start[i]:stop[i] and brings the pieces first[i]:last[i], in the order of their offsets."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.start.size)

    @property
    def n_bytes(self) -> int:
        """What all of them ask for."""
        return int((self.stop - self.start).sum())

    @property
    def cost(self) -> int:
        """Bytes that pass in the time that they take: a request has its price besides its bytes."""
        return self.n_bytes + REQUEST * len(self)


def plan(offset: NDArray[np.int64], n_bytes: NDArray[np.int64], *, surplus: float, gap: int, most: int = MOST_BYTES) -> Requests:
    """Join pieces of a file (ascending, not overlapping) into requests of about `most` bytes.

    Bytes between two pieces are fetched along where they are at most `gap`, the smallest first, while all of them together are at most
    `surplus` times the pieces.
    """
    if offset.size == 0:
        none = np.zeros(0, np.int64)
        return Requests(none, none, none, none)
    end = offset + n_bytes
    between = offset[1:] - end[:-1]
    order = np.argsort(between, kind="stable")
    is_joined = np.zeros(between.size, bool)
    is_joined[order] = (np.cumsum(between[order]) <= surplus * int(n_bytes.sum())) & (between[order] <= gap)
    is_first = np.append(True, ~is_joined)
    start_of_run = offset[is_first][np.cumsum(is_first) - 1]
    part = (offset - start_of_run) // most
    is_first[1:] |= part[1:] != part[:-1]
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], offset.size)
    return Requests(offset[first], end[last - 1], first, last)


def in_parallel(work: Callable[[int], T], tasks: Iterator[int], workers: int) -> Iterator[tuple[int, T]]:
    """(task, its result) in the order of the tasks; only a few are handed out ahead, and what fails ends the others at their next."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[int, object]] = deque()
        try:
            for task in tasks:
                waiting.append((task, pool.submit(work, task)))
                if len(waiting) >= AHEAD * workers:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _next(waiting: deque[tuple[int, object]]) -> tuple[int, T]:
    task, future = waiting.popleft()
    return task, future.result()  # type: ignore[attr-defined]
