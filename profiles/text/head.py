"""The first lines of a text table: what stands above the header, the separator, and the header itself."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from profiles.errors import TableFault
from profiles.limits import Limits
from profiles.text.dialect import COMMENT_SIGNS

N_LINES, FEWEST_LINES, MOST_BYTES = 220, 40, 32 << 20
N_WHOLE = 60
N_ROWS = 20
MOST_TITLES, FEWEST_CELLS = 6, 3  # lines above a header that are a title, and the cells of the lines below it
KEPT_BYTES = 4096  # of each line that only its first cells are looked at
SEPARATORS = ("\t", ",", ";", "|")
NUMBER = re.compile(r"\s*[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?\s*|nan|na|n/a|null|none|-|", re.IGNORECASE)
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Head:
    """The first lines as text without line ends: those above the header, the header and what follows it."""

    above: list[str]
    header: str
    header_behind: str
    below: list[str]
    is_gct: bool


def first_lines(blocks: Iterator[bytes], name: str, limits: Limits) -> list[bytes]:
    """The first lines without their ends, fewer of very long ones; of those far down only the beginning."""
    start, n, whole = bytearray(), 0, True
    for block in blocks:
        start += block
        n += block.count(b"\n")
        if n >= N_LINES or (n >= FEWEST_LINES and len(start) > MOST_BYTES):
            whole = False
            break
        if len(start) - (start.rfind(b"\n") + 1) > limits.line:
            raise TableFault(f"{name}: line {n + 1} is longer than {limits.line >> 20} MB")
    *lines, rest = bytes(start).split(b"\n", N_LINES)
    lines += [rest] if whole and rest else []
    return [(line if i < N_WHOLE else line[:KEPT_BYTES]).rstrip(b"\r") for i, line in enumerate(lines)]


def find_head(lines: Sequence[str], name: str) -> Head:
    """Comments, header and rows of the first lines. Raises TableFault when there is no row."""
    is_gct = lines[0].startswith(("#1.2", "#1.3"))
    at = 2 if is_gct else 0
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith(COMMENT_SIGNS)):
        at += 1
    if at >= len(lines):
        raise TableFault(f"{name}: the first {len(lines)} lines are remarks or empty; where are the column names?")
    at = at if is_gct else _below_title(lines, at)
    behind = _header_behind_hash(lines, at)
    if behind is not None:
        return Head(list(lines[:behind]), lines[behind].lstrip("#!").lstrip(" "), "#", list(lines[behind + 1 :]), is_gct)
    return Head(list(lines[:at]), lines[at], "", list(lines[at + 1 :]), is_gct)


def _below_title(lines: Sequence[str], at: int) -> int:
    """The line below a title of one cell and blank lines, where the lines further down agree on three cells and more."""
    below = [line for line in lines[at + 1 : at + N_ROWS] if line.strip()]
    used = [sign for sign in SEPARATORS if any(sign in line for line in below)]
    if len(below) < FEWEST_CELLS or not any(_usual_cells(below, sign) >= FEWEST_CELLS for sign in used):
        return at
    for last in range(at, min(at + MOST_TITLES, len(lines) - 1)):
        if any(_n_filled(lines[last], sign) > 1 for sign in used):  # a header under any separator that the rows have
            return last
    return at


def _usual_cells(lines: Sequence[str], separator: str) -> int:
    return Counter(_n_filled(line, separator) for line in lines).most_common(1)[0][0]


def _n_filled(line: str, separator: str) -> int:
    """Cells of a line that hold anything."""
    return sum(map(bool, map(str.strip, next(iter(split_lines([line], separator, '"' in line)), []))))


def _header_behind_hash(lines: Sequence[str], at: int) -> int | None:
    """The line above the first row when that one alone of the remarks has its cells: `#gene_id<TAB>s1`.

    cBioPortal puts four such lines above a header of the same width, so several are remarks. A header that only repeats the
    line is a header.
    """
    cells = {sign: lines[at].count(sign) for sign in SEPARATORS}
    separator = max(cells, key=lambda sign: cells[sign])
    if not cells[separator]:
        return None
    like = [i for i in range(at) if lines[i].startswith(COMMENT_SIGNS) and lines[i].count(separator) == cells[separator]]
    if like != [at - 1]:
        return None
    given = [cell.strip().strip('"').lower() for cell in lines[at].split(separator)]
    behind = [cell.strip().strip('"').lower() for cell in lines[at - 1].lstrip("#! ").split(separator)]
    return None if sum(a == b for a, b in zip(given, behind, strict=False)) * 2 > len(given) else at - 1


def split_lines(lines: Sequence[str], separator: str, quoted: bool) -> list[list[str]]:
    """The cells of each row; empty lines are none."""
    if not quoted:
        return [line.split(separator) for line in lines if line]
    return [row for row in csv.reader([f"{line}\n" for line in lines], delimiter=separator) if row]


def find_separator(head: Head, name: str, *, one_column: bool = False) -> str:
    """The separator under which header and rows have the same number of cells. Raises TableFault when there is none.

    `one_column`: a table without any separator is one column, as a list of samples may be.
    """
    rows = [line for line in head.below if line.strip() and not line.startswith(COMMENT_SIGNS)][:N_ROWS]
    best = max(SEPARATORS, key=lambda sign: _fit(head.header, rows, sign))
    if _fit(head.header, rows, best)[0] >= 0.5 or (not rows and best in head.header):
        return best
    if _fit(head.header, rows, " ")[0] == 1:
        return " "
    if best in head.header or (one_column and not any(sign in line for sign in SEPARATORS for line in (head.header, *rows))):
        return best
    raise TableFault(
        f"{name}: line {len(head.above) + 1} holds no tab, comma or semicolon; give a CSV or TSV table with a header line"
        f" (the line is {head.header[:60]!r})"
    )


def _fit(header: str, rows: Sequence[str], separator: str) -> tuple[float, bool, int]:
    """(share of rows as wide as the header or one wider, header as wide, width); (0, ..) when the separator does not occur."""
    best: tuple[float, bool, int] = (0.0, False, 0)
    lines = [header, *rows]
    readings = [(False, lines)]
    if any('"' in line for line in lines):
        readings += [(True, lines), (True, [line.replace('\\"', '""') for line in lines])]
    for quoted, lines in readings:
        try:
            names = split_lines(lines[:1], separator, quoted)[0]
            widths = Counter(len(row) for row in split_lines(lines[1:], separator, quoted))
        except (csv.Error, IndexError):
            continue
        width = max(len(names), *widths) if widths else len(names)
        if not widths or width < 2:
            continue
        n = sum(widths.values())
        same, longer = widths[len(names)] / n, widths[len(names) + 1] / n
        fit = (same, True, len(names)) if same >= longer and len(names) > 1 else (longer, False, len(names) + 1)
        best = max(best, fit)
    return best
