"""Bounds on one table, so that a server can read what strangers send."""

from __future__ import annotations

import time
from dataclasses import dataclass

from profiles.errors import TableFault


class LimitExceeded(TableFault):
    """The table is larger, or takes longer, than this reader was allowed."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one table; None bounds nothing. `deadline` is on time.monotonic's clock; `line` in bytes."""

    samples: int | None = None
    columns: int | None = None
    rows: int | None = None
    cells: int | None = None
    deadline: float | None = None
    line: int = 64 << 20

    def check(self, what: str, value: int) -> None:
        """Raise LimitExceeded when `value` passes the bound named `what`."""
        bound = getattr(self, what)
        if bound is not None and value > bound:
            raise LimitExceeded(
                f"the table has more than {bound:,} {what}: split it, or use `model predict` on the command line, which has no such limit"
            )

    def check_time(self) -> None:
        """Raise LimitExceeded after the deadline."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise LimitExceeded("the table took longer than allowed: split it, or use `model predict` on the command line")
