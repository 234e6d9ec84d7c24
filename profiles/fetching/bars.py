"""A bar for each file that comes, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from profiles.fetching.patience import Patience
from profiles.saying import shows_bars

Watch = Callable[[str, int, int | None], None]


@contextmanager
def bars() -> Iterator[tuple[Watch, Patience]]:
    """What is told of each block (file, bytes that are there, of how many), and the patience that says above the bars when it waits."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not (console.is_terminal and shows_bars())) as shown:
        tasks: dict[str, TaskID] = {}

        def watch(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = shown.add_task(file, total=total)
            shown.update(tasks[file], completed=done, total=total, visible=done != total)

        yield watch, Patience(notice=lambda line: console.print(line, soft_wrap=True, markup=False, highlight=False))
