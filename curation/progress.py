"""Progress bars for work that takes more than two seconds, and the time and memory that each stage took."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from profiles.saying import note_progress, shows_bars

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Stage:
    """What one stage cost: seconds of wall time, and the peak resident memory of the process so far in MB."""

    name: str
    seconds: float
    peak_mb: float


@dataclass
class Progress:
    """Shows stages as bars on a terminal when `visible`; always records what they cost."""

    visible: bool = False
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Run one stage; the yielded function takes the number of units done since its last call."""
        start = time.perf_counter()
        if self.visible and shows_bars():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bars

            columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
            with Bars(*columns, console=Console(stderr=True)) as bars:
                task = bars.add_task(name, total=total)
                yield lambda n: bars.advance(task, n)
                bars.update(task, total=total or 1, completed=total or 1)
        else:
            yield lambda n: None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.stages.append(Stage(name, time.perf_counter() - start, peak))
        if self.visible:
            note_progress(f"{name}: {self.stages[-1].seconds:.1f} s, peak {peak:,.0f} MB")
