"""What a training did, epoch by epoch: a bar while it runs; history.csv and a picture afterwards."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from profiles import aside
from profiles.saying import note_progress, shows_bars


class Report(Protocol):
    """What the training tells while it runs."""

    def batch(self, share_done: float, n_samples: int) -> None:
        """After each batch: the share of the epoch that is done, and the samples of the batch."""
        ...

    def epoch(self, row: dict[str, float], best_epoch: int) -> None:
        """After each epoch: its row of history.csv, and the epoch that was best so far."""
        ...


class Silence:
    """No report; also what stands before the first epoch."""

    def preparing(self, text: str) -> None:
        """What is done before the first epoch."""

    def starts(self, epoch: int) -> None:
        """Epochs begin, with this one."""

    def batch(self, share_done: float, n_samples: int) -> None:
        """After each batch: the share of the epoch that is done, and the samples of the batch."""

    def epoch(self, row: dict[str, float], best_epoch: int) -> None:
        """After each epoch: its row of history.csv, and the epoch that was best so far."""


@contextlib.contextmanager
def bar(shown: bool, epochs: int) -> Iterator[Silence]:
    """A Rich bar on standard error with samples/s and the time left until the last possible epoch."""
    if not shown:
        yield Silence()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
        TextColumn("at most"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not shows_bars()) as progress:
        task = progress.add_task("", total=epochs, text="")

        class Bar(Silence):
            done = 0

            def preparing(self, text: str) -> None:
                progress.update(task, text=text)

            def starts(self, epoch: int) -> None:
                self.done = epoch
                progress.update(task, completed=epoch, text="")

            def batch(self, share_done: float, n_samples: int) -> None:
                progress.update(task, completed=self.done + share_done)

            def epoch(self, row: dict[str, float], best_epoch: int) -> None:
                self.done += 1
                text = (
                    f"epoch {self.done} (best {best_epoch + 1}) loss {row['train_loss']:.3f} balanced accuracy {row['validation_balanced_accuracy']:.3f} "
                    f"explained {row['validation_explained']:.3f} {row['samples_per_second']:,.0f} samples/s"
                )
                progress.update(task, completed=self.done, text=text)
                note_progress(text)

        yield Bar()


def write(folder: Path, rows: list[dict[str, float]], best_epoch: int) -> None:
    """history.csv (one row per epoch) and history.svg."""
    with aside.together(folder, last="history.svg") as place:
        with (place / "history.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        _picture(place / "history.svg", rows, best_epoch)


def _picture(path: Path, rows: list[dict[str, float]], best_epoch: int) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2), layout="constrained")
    panels = (("reconstruction", "squared error"), ("class", "cross-entropy (nats)"), ("scores", "validation scores"))
    for axes, (name, label) in zip(figure.subplots(1, 3), panels, strict=True):
        shown = ("validation_balanced_accuracy", "validation_explained") if name == "scores" else (f"train_{name}", f"validation_{name}")
        for column in shown:
            axes.plot([row["epoch"] for row in rows], [row[column] for row in rows], label=column.replace("_", " "))
        axes.axvline(best_epoch, color="0.7", linestyle=":", label="best epoch")
        axes.set(xlabel="epoch", ylabel=label)
        axes.legend(fontsize=7, frameon=False)
    figure.savefig(path, metadata={"Date": None})
