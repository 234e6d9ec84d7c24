"""One pass over all lines of a text: counts, the widest line, the decimal mark, and rows from all over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from profiles.errors import TableFault
from profiles.limits import Limits
from profiles.text.dialect import whole_lines
from profiles.text.head import Head
from profiles.text.numbers import DecimalEvidence
from profiles.text.quotes import LF

N_SPREAD, SPREAD_CELLS = 512, 2_000_000
HASH, BANG = ord("#"), ord("!")


class SpreadLines:
    """Lines from all over a file at an even stride, which doubles as the file goes on."""

    def __init__(self, first: int, most: int) -> None:
        self._first, self._most, self.stride, self._next = first, most, 1, first
        self.lines: list[bytes] = []

    def feed(self, block: bytes, ends: NDArray[np.int64], line: int) -> None:
        """A block of whole lines, of which the first has the given number from 0."""
        while self._next < line + len(ends):
            i = self._next - line
            self.lines.append(block[int(ends[i - 1]) + 1 if i else 0 : int(ends[i])])
            if len(self.lines) > self._most:
                self.lines = self.lines[::2]
                self.stride *= 2
            self._next = self._first + len(self.lines) * self.stride


@dataclass
class Measured:
    """Counts over the whole file."""

    numbers: DecimalEvidence
    n_lines: int = 0
    n_lf: int = 0
    n_cr: int = 0
    n_crlf: int = 0
    n_quotes: int = 0
    n_marked: int = 0  # lines that start with # or !
    widest: int = 0
    is_utf8: bool = True
    spread: SpreadLines = field(default_factory=lambda: SpreadLines(0, N_SPREAD))


def measure(blocks: Iterator[bytes], head: Head, separator: str, name: str, limits: Limits) -> Measured:
    """Look at every block of a text. Raises TableFault for a NUL byte and for an endless line."""
    n_cells = head.header.count(separator) + 1
    spread = SpreadLines(len(head.above) + 1, max(64, min(N_SPREAD, SPREAD_CELLS // n_cells)))
    found, last = Measured(DecimalEvidence(separator), spread=spread), b"\n"
    for block in whole_lines(_bounded(blocks, found, name, limits)):
        limits.check_time()
        if b"\0" in block:
            line = found.n_lf + block.count(b"\n", 0, block.index(b"\0")) + 1
            raise TableFault(f"{name}: line {line} holds a NUL byte: this is binary data or a damaged file, not a text table")
        view = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(view == LF)
        found.widest = max(
            found.widest,
            int(np.diff(ends, prepend=-1).max()) if len(ends) else 0,
            len(block) - 1 - int(ends[-1]) if len(ends) else len(block),
        )
        found.n_lf += len(ends)
        if b"\r" in block:
            found.n_cr += block.count(b"\r")
            found.n_crlf += block.count(b"\r\n")
        found.n_quotes += block.count(b'"')
        starts = view[ends[:-1] + 1]
        found.n_marked += int(np.count_nonzero((starts == HASH) | (starts == BANG))) + block.startswith((b"#", b"!"))
        if found.is_utf8 and not block.isascii():
            try:
                block.decode("utf-8")
            except UnicodeDecodeError:
                found.is_utf8 = False
        found.numbers.feed(block)
        found.spread.feed(block, ends, found.n_lf - len(ends))
        last = block[-1:]
    found.n_lines = found.n_lf + (last != b"\n")
    return found


def _bounded(blocks: Iterator[bytes], found: Measured, name: str, limits: Limits) -> Iterator[bytes]:
    """The same blocks; TableFault for an endless line, which is the first after the lines measured so far."""
    since = 0
    for block in blocks:
        end = block.rfind(b"\n")
        since = len(block) - end if end >= 0 else since + len(block)
        if since > limits.line:
            line = found.n_lf + block.count(b"\n") + 1
            raise TableFault(f"{name}: line {line} is longer than {limits.line >> 20} MB")
        yield block
