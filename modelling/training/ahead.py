"""The next batch is prepared by a thread of its own while this one is trained on: half of a step is drawing masks, noise and shifts.

On two processors that is faster than both sharing every operation, and it is one meeting a step instead of a hundred: beside other programs nobody
spins for a thread that has no processor (benchmarks/busy.py). Batches come in order, and every draw with them: the result is that of one thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch

Item = TypeVar("Item")
Ready = TypeVar("Ready")


@dataclass(frozen=True)
class Split:
    """Threads that train and threads that prepare; none that prepare where there is one in all, or a device that needs no help."""

    training: int
    preparing: int

    @classmethod
    def of(cls, n_threads: int, device: torch.device) -> Split:
        """A third prepare."""
        preparing = max(1, n_threads // 3) if n_threads > 1 and device.type == "cpu" else 0
        return cls(n_threads - preparing, preparing)


@contextlib.contextmanager
def training_threads(split: Split) -> Iterator[None]:
    """Inside, this thread's operations use the threads that train."""
    before = torch.get_num_threads()
    torch.set_num_threads(split.training)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def prepared(items: Iterator[Item], prepare: Callable[[Item], Ready], split: Split) -> Iterator[Ready]:
    """`prepare(item)` of all items in order, one ahead of what is asked for where there are threads for that."""
    if not split.preparing:
        yield from map(prepare, items)
        return

    def following() -> list[Ready]:
        return [prepare(item) for item in (next(items, None),) if item is not None]

    with ThreadPoolExecutor(1, "prepare", torch.set_num_threads, (split.preparing,)) as pool:
        coming = pool.submit(following)
        ready = coming.result()
        torch.set_num_threads(split.training)  # each thread has its own number, but for MKL, where the last one told counts
        while ready:
            coming = pool.submit(following)
            yield ready[0]
            ready = coming.result()
