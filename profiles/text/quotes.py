"""Whether quotes enclose cells, decided on the whole file.

A quote is a mark of form only if the whole file agrees: each opening one stands where a cell starts, each closing one where it ends.
Where both readings give rows of the same length, lines are never joined: a title with one quote would swallow the next sample.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from profiles.text.streams import Stream

QUOTE, LF, CR = 34, 10, 13
SURVEYED = 500  # rows of which all cells are looked at
Bytes = NDArray[np.uint8]


@dataclass
class Reading:
    """How many rows have how many separators, the header apart, and the line of the first of each."""

    header: int = -1
    counts: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)  # width -> line (from 0) where it was first seen
    _left: int = 0

    def add(self, separators: Bytes | NDArray[np.int64], ends: NDArray[np.int64], empty: NDArray[np.bool_], line: int) -> None:
        """Places of separators and of line ends of a block, in order; `empty` marks ends of lines that count for nothing."""
        before = np.searchsorted(separators, ends)
        widths = np.diff(before, prepend=-self._left)
        self._left = len(separators) - int(before[-1]) if len(ends) else self._left + len(separators)
        counted = ~empty
        if self.header < 0 and counted.any():
            first = int(np.argmax(counted))
            self.header, counted[first] = int(widths[first]), False
        for width in np.unique(widths[counted]):
            places = np.flatnonzero((widths == width) & counted)
            self.counts[int(width)] = self.counts.get(int(width), 0) + len(places)
            self.first.setdefault(int(width), line + int(places[0]))

    @property
    def rectangular(self) -> bool:
        """Whether all rows have one width: the header's, or one more."""
        return len(self.counts) <= 1 and set(self.counts) <= {self.header, self.header + 1}

    @property
    def exact(self) -> bool:
        """Whether all rows are as wide as the header."""
        return set(self.counts) <= {self.header}

    def odd_line(self) -> int:
        """Line of the first row of a rare width."""
        usual = max(self.counts, key=lambda width: self.counts[width], default=self.header)
        return min((line for width, line in self.first.items() if width != usual), default=0)


@dataclass
class QuoteFacts:
    """What quotes do in a body under one rule of escaping."""

    strict: bool = True
    n_quotes: int = 0
    n_doubled: int = 0
    n_inner_separators: int = 0
    n_inner_lines: int = 0
    open_line: int = -1  # where the rule was first broken

    @property
    def spans(self) -> bool:
        """Whether quotes hold separators or line ends."""
        return bool(self.n_inner_separators or self.n_inner_lines)


def look_at_quotes(lines: Iterator[bytes], separator: str) -> QuoteFacts:
    """One pass over header and rows in blocks of whole lines: what stands around the quotes and between them. Cheap where quotes are few."""
    facts, inside, line, last = QuoteFacts(), False, 0, 0
    sign = ord(separator)
    edge = np.zeros(256, bool)
    edge[[sign, LF, CR, QUOTE]] = True
    for block in lines:
        view = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
        quotes = np.flatnonzero(view == QUOTE)
        entering = (np.arange(len(quotes)) % 2 == 0) ^ inside
        before = np.where(quotes > 0, view[quotes - 1], LF)
        good = edge[np.where(entering, before, view[np.minimum(quotes + 1, len(view) - 1)])]
        if facts.strict and not good.all():
            facts.strict = False
            facts.open_line = line + block.count(b"\n", 0, int(quotes[np.argmin(good)]))
        facts.n_quotes += len(quotes)
        facts.n_doubled += int((entering & (before == QUOTE) & (np.diff(quotes, prepend=-2) == 1)).sum())
        between = _between(view, quotes, inside)
        facts.n_inner_separators += int(np.count_nonzero(between == sign))
        facts.n_inner_lines += int(np.count_nonzero(between == LF))
        if len(quotes):
            last = line + block.count(b"\n", 0, int(quotes[-1]))
        inside ^= bool(len(quotes) % 2)
        line += block.count(b"\n")
    if inside and facts.strict:
        facts.strict, facts.open_line = False, last
    return facts


def _between(view: Bytes, quotes: NDArray[np.int64], inside: bool) -> Bytes:
    """The bytes of a block that stand between an opening and a closing quote."""
    marks = quotes if not inside else np.concatenate([[-1], quotes])
    if len(marks) % 2:
        marks = np.append(marks, len(view))
    starts, lengths = marks[::2] + 1, marks[1::2] - marks[::2] - 1
    if not len(starts):
        return view[:0]
    if lengths.sum() * 8 > len(view):
        return view * _inside(len(view), quotes, inside)  # bytes outside become 0
    firsts = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    found: Bytes = view[firsts + np.arange(len(firsts))]
    return found


def measure_rows(lines: Iterator[bytes], separator: str, is_comment: Callable[[bytes], bool], strict: bool) -> tuple[Reading, Reading]:
    """Cells of each row where a quote is a character, and where quotes enclose; `strict`: all quotes stand at the edges of cells."""
    as_text, as_form, inside, line = Reading(), Reading(), False, 0
    for block in lines:
        view = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
        ends = np.flatnonzero(view == LF)
        separators = np.flatnonzero(view == ord(separator))
        quotes = np.flatnonzero(view == QUOTE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        empty = (ends == starts) | ((ends == starts + 1) & (view[starts] == CR))
        for i in np.flatnonzero((view[starts] == ord("#")) | (view[starts] == ord("!"))):
            empty[i] |= is_comment(view[starts[i] : ends[i]].tobytes())
        in_quotes = _inside(len(view), quotes, inside)
        # A line that starts inside an enclosed cell is no remark, whatever its first letter.
        as_text.add(separators, ends, empty & ~(in_quotes[starts] & strict), line)
        outside = ~in_quotes[ends]
        as_form.add(separators[~in_quotes[separators]], ends[outside], (empty & ~in_quotes[starts])[outside], line)
        inside ^= bool(len(quotes) % 2)
        line += len(ends)
    return as_text, as_form


def _inside(n: int, quotes: NDArray[np.int64], inside: bool) -> NDArray[np.bool_]:
    """Per byte: whether it stands between an opening and a closing quote."""
    flips = np.zeros(n, np.uint8)
    flips[quotes] = 1
    result: NDArray[np.bool_] = (np.bitwise_xor.accumulate(flips) ^ inside).astype(bool)
    return result


def reads_leniently(lines: Iterator[bytes], separator: str) -> tuple[bool, int]:
    """(whether the usual rule - a quote counts only at the start of a cell - gives rows of one length, cells with line breaks).

    Slow, for the few files that hold both enclosed cells and quotes inside others.
    """
    text = io.TextIOWrapper(io.BufferedReader(Stream(lines)), encoding="utf-8", errors="replace", newline="")
    reader = csv.reader(text, delimiter=separator)
    widths: set[int] = set()
    n_joined = line = 0
    try:
        for row in reader:
            n_joined += reader.line_num - line > 1
            line = reader.line_num
            if row:
                widths.add(len(row))
            if len(widths) > 1:
                return False, n_joined
    except csv.Error:
        return False, n_joined
    return True, n_joined


def whole_columns_enclosed(lines: Iterator[bytes], separator: str) -> bool:
    """Whether each column that has an enclosed cell has no bare one (numbers and empty cells aside), as R writes text."""
    enclosed: set[int] = set()
    bare: set[int] = set()
    limit = -1
    for n_rows, line in enumerate(_rows(lines)):
        if n_rows == SURVEYED and enclosed:
            limit = max(enclosed) + 1  # further columns matter only where a quote stands in them
        cells = line.split(separator, limit)
        if limit > 0 and '"' in cells[-1]:
            cells = line.split(separator)
        for i, cell in enumerate(cells[:limit] if limit > 0 else cells):
            if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'):
                enclosed.add(i)
            elif _is_word(cell):
                bare.add(i)
        if enclosed & bare:
            return False
    return bool(enclosed)


def _rows(blocks: Iterator[bytes]) -> Iterator[str]:
    """The lines below the header that hold anything."""
    is_header = True
    for block in blocks:
        for line in block.decode("utf-8", "replace").split("\n"):
            if line.strip() and not is_header:
                yield line.rstrip("\r")
            is_header = is_header and not line.strip()


def _is_word(cell: str) -> bool:
    return cell.strip() not in ("", "NA", "NaN", "nan", "null", "NULL") and not cell.strip().replace(".", "", 1).lstrip("-+").isdigit()
