"""The order in which training rows are visited, and their expression, in memory that does not grow with the compendium."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from modelling.data import Compendium

Rows = NDArray[np.int64]
BLOCK_ROWS = 16
WINDOW_ROWS = 1024


def epoch_windows(rows: Rows, rng: np.random.Generator) -> list[Rows]:
    """All `rows` once, in windows of about WINDOW_ROWS: runs of neighbouring rows are drawn at random, then shuffled inside the window.

    A compendium with fewer rows than a window is shuffled fully; a larger one is read in runs that a disk can follow.
    """
    runs = [rows[i : i + BLOCK_ROWS] for i in range(0, len(rows), BLOCK_ROWS)]
    drawn = rng.permutation(len(runs))
    per_window = WINDOW_ROWS // BLOCK_ROWS
    windows = [np.concatenate([runs[j] for j in drawn[i : i + per_window]]) for i in range(0, len(runs), per_window)]
    return [rng.permutation(window) for window in windows]


def draw_unlabelled(rows: Rows, limit: int, rng: np.random.Generator) -> Rows:
    """At most `limit` of the unlabelled rows, in file order."""
    return rows if len(rows) <= limit else np.sort(rng.choice(rows, limit, replace=False))


def batches(compendium: Compendium, windows: list[Rows], size: int) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
    """(rows, x) of `size` rows, the last one smaller; the next window is read while this one is trained on."""
    with ThreadPoolExecutor(1) as reader:
        left_rows: Rows = np.empty(0, dtype=np.int64)
        left_x = np.empty((0, len(compendium.genes)), dtype=np.float32)
        ahead = reader.submit(_read_window, compendium, windows[0]) if windows else None
        for i in range(len(windows)):
            assert ahead is not None
            x = np.concatenate([left_x, ahead.result()])
            rows = np.concatenate([left_rows, windows[i]])
            ahead = reader.submit(_read_window, compendium, windows[i + 1]) if i + 1 < len(windows) else None
            whole = len(rows) // size * size if i + 1 < len(windows) else len(rows)
            for start in range(0, whole, size):
                yield rows[start : min(start + size, whole)], x[start : min(start + size, whole)]
            left_rows, left_x = rows[whole:], x[whole:]


def _read_window(compendium: Compendium, rows: Rows) -> NDArray[np.float32]:
    order = np.argsort(rows)
    x = np.empty((len(rows), len(compendium.genes)), dtype=np.float32)
    x[order] = compendium.x(rows[order])
    return x
