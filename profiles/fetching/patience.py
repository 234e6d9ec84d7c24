"""How long a server is tried, and who is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Patience:
    """How long to keep trying: `attempts` in a row without one new byte, waiting `first` seconds, doubled up to `longest`."""

    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    timeout: float = 60.0
    notice: Callable[[str], None] | None = None  # told of every wait
    stop: threading.Event = field(default_factory=threading.Event)  # set: give up at the next block
