"""Progress bars on the terminal, one per stage of a long command; silent where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from profiles.saying import note_progress, shows_bars

Advance = Callable[[int], None]
Stage = Callable[[str, int], Advance]
Say = Callable[[str], None]


def ignore(_: int | str) -> None:
    """Say nothing."""


def silent(_: str, __: int) -> Advance:
    """Report no progress."""
    return ignore


@contextmanager
def bars() -> Iterator[Stage]:
    """A function (name, total) -> advance that draws one bar per stage on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not (console.is_terminal and shows_bars())) as progress:

        def stage(name: str, total: int) -> Advance:
            note_progress(f"{name}: {total:,} to do")
            task = progress.add_task(name, total=total)
            return lambda n: progress.advance(task, n)

        yield stage
