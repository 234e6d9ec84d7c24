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
Bytes = NDArray[np.uint8]


@dataclass
class Reading:
    """Number of cells of each row, counted: how many rows have how many separators, and the line of the first odd one."""

    counts: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)  # width -> line (from 0) where it was first seen
    _left: int = 0

    def add(self, separators: Bytes | NDArray[np.int64], ends: NDArray[np.int64], empty: NDArray[np.bool_], line: int) -> None:
        """Places of separators and of line ends of a block, in order; `empty` marks ends of lines that count for nothing."""
        before = np.searchsorted(separators, ends)
        widths = np.diff(before, prepend=-self._left)
        self._left = len(separators) - int(before[-1]) if len(ends) else self._left + len(separators)
        for width in np.unique(widths[~empty]):
            places = np.flatnonzero((widths == width) & ~empty)
            self.counts[int(width)] = self.counts.get(int(width), 0) + len(places)
            self.first.setdefault(int(width), line + int(places[0]))

    def rectangular(self, header: int) -> bool:
        """Whether all rows have one width: the header's, or one more."""
        return len(self.counts) <= 1 and set(self.counts) <= {header, header + 1}

    def odd_line(self) -> int:
        """Line of the first row of a rare width."""
        usual = max(self.counts, key=lambda width: self.counts[width])
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
    as_text: Reading = field(default_factory=Reading)
    as_form: Reading = field(default_factory=Reading)

    @property
    def spans(self) -> bool:
        return bool(self.n_inner_separators or self.n_inner_lines)


def look_at_quotes(lines: Iterator[bytes], separator: str, is_comment: Callable[[bytes], bool]) -> QuoteFacts:
    """One pass over the body in blocks of whole lines."""
    facts, inside, line = QuoteFacts(), False, 0
    sign = ord(separator)
    opens = np.zeros(256, bool)
    opens[[sign, LF, CR, QUOTE]] = True
    for block in lines:
        view = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
        ends = np.flatnonzero(view == LF)
        separators = np.flatnonzero(view == sign)
        starts = np.concatenate([[0], ends[:-1] + 1])
        empty = (ends == starts) | ((ends == starts + 1) & (view[starts] == CR))
        for i in np.flatnonzero((view[starts] == ord("#")) | (view[starts] == ord("!"))):
            empty[i] |= is_comment(view[starts[i] : ends[i]].tobytes())
        quotes = np.flatnonzero(view == QUOTE)
        entering = (np.arange(len(quotes)) % 2 == 0) ^ inside
        before = np.where(quotes > 0, view[quotes - 1], LF)
        after = view[np.minimum(quotes + 1, len(view) - 1)]
        good = np.where(entering, opens[before], opens[after])
        if facts.strict and not good.all():
            facts.strict = False
            facts.open_line = line + int(np.searchsorted(ends, quotes[np.argmin(good)]))
        facts.n_quotes += len(quotes)
        facts.n_doubled += int((entering & (before == QUOTE) & (np.diff(quotes, prepend=-2) == 1)).sum())
        in_quotes = _inside(len(view), quotes, inside) if len(quotes) or inside else None
        facts.as_text.add(separators, ends, empty, line)
        if in_quotes is None:
            facts.as_form.add(separators, ends, empty, line)
        else:
            out_separators, out_ends = ~in_quotes[separators], ~in_quotes[ends]
            facts.n_inner_separators += int((~out_separators).sum())
            facts.n_inner_lines += int((~out_ends).sum())
            facts.as_form.add(separators[out_separators], ends[out_ends], empty[out_ends], line)
        inside ^= bool(len(quotes) % 2)
        line += len(ends)
    if inside:
        facts.strict = False
        facts.open_line = max(facts.open_line, 0)
    return facts


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
    for block in lines:
        for line in block.decode("utf-8", "replace").splitlines():
            if '"' not in line and not enclosed:
                bare.update(i for i, cell in enumerate(line.split(separator)) if _is_word(cell))
                continue
            for i, cell in enumerate(line.split(separator)):
                if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'):
                    enclosed.add(i)
                elif _is_word(cell):
                    bare.add(i)
            if enclosed & bare:
                return False
    return bool(enclosed)


def _is_word(cell: str) -> bool:
    return cell.strip() not in ("", "NA", "NaN", "nan", "null", "NULL") and not cell.strip().replace(".", "", 1).lstrip("-+").isdigit()
