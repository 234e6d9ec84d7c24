"""The largest memory that a piece of work held, as the operating system counted it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@contextmanager
def peak_memory() -> Iterator[Callable[[], float]]:
    """A function that says the peak since here in MiB: of the GPU where there is one, else resident memory of this process.

    The process holds what was there before, too. NaN where the system does not count it (only Linux can be asked to start counting anew).
    """
    counts = _start()
    yield lambda: _peak() if counts else float("nan")


def _device() -> Any:
    """PyTorch's view of a GPU; None where there is none, or where nothing has imported torch so far."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def _start() -> bool:
    if (device := _device()) is not None:
        device.reset_peak_memory_stats()
        return True
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc: what earlier work freed would count as held
    try:
        CLEAR.write_text("5", encoding="ascii")  # Linux: the high-water mark starts at what is held now
    except OSError:
        return False
    return True


def _peak() -> float:
    if (device := _device()) is not None:
        return float(device.max_memory_allocated() / 2**20)
    lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return float(found[0]) / 1024 if found else float("nan")
