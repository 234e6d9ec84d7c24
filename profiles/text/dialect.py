"""A text table's form, and its rows as clean bytes for a fast parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from profiles.text.streams import Stream, unpacked_blocks, utf8_blocks

STRAY_CR = re.compile(rb"\r(?!\n)")
COMMENT_SIGNS = ("#", "!")
MARKED = re.compile(rb"^[#!].*\n?", re.MULTILINE)  # lines that may be remarks


@dataclass(frozen=True)
class Dialect:
    """The form of one text table; `reopen` gives the file's bytes from their start, as often as needed."""

    name: str
    reopen: Callable[[], BinaryIO]
    compression: str  # "", gzip, xz, zstd, bzip2
    encoding: str  # utf-8, utf-16-le, utf-16-be, latin-1
    newline: str  # \n, \r\n, \r
    separator: str
    quoted: bool  # a quote encloses a cell; False: a quote is a character
    multiline: bool  # quoted cells hold line breaks
    decimal: str
    thousands: str  # an example such as 1,234 where numbers carry marks that are no decimal mark; "": none
    header: list[str]  # one per column of the rows, unquoted; the first is "" where R left it out
    header_short: bool
    header_behind: str  # "#" when the header stood behind a hash
    comments: list[str]  # the lines above the header, as they are
    n_inner_comments: int  # comment lines further down, left out of the body
    n_skip: int  # physical lines above the first row, the header included
    rows: list[list[str]]
    spread: list[bytes]  # lines from all over the body, at most some hundred, clean as `body` is; rows of another width may be among them
    stride: int  # how many lines lie from one of them to the next
    widest: int  # bytes of the longest line
    n_lines: int  # physical lines of the body: a bound of the rows
    notes: tuple[str, ...] = ()
    escaped: bool = False  # R's \" inside quoted cells
    stray_returns: bool = False  # CR inside lines that end in LF
    raw_header: bytes = b""  # its first line

    def body(self) -> BinaryIO:
        """From the first row on: unpacked, UTF-8, comment lines cut, quotes inside quotes doubled."""
        is_plain = self.encoding == "utf-8" and not self.compression and self.newline != "\r" and not self._is_cleaned
        if not is_plain or not self.n_skip:  # a byte order mark stands in the first line
            return cast(BinaryIO, Stream(self._body_blocks()))
        # As it lies on the disk: no byte is copied on the way to the parser.
        handle = self.reopen()
        for _ in range(self.n_skip):
            handle.readline()
        return handle

    def without_header(self) -> Dialect:
        """The same table with the header line as its first row: columns have no names."""
        first = self.header[1:] if self.header_short else self.header
        return replace(
            self,
            header=[""] * len(self.rows[0] if self.rows else first),
            header_short=False,
            n_skip=self.n_skip - 1,
            rows=[first, *self.rows],
            spread=[self.raw_header, *self.spread],
            n_lines=self.n_lines + 1,
        )

    def blocks(self) -> Iterator[bytes]:
        """The whole file: unpacked, UTF-8, lone CR as LF."""
        return utf8_blocks(unpacked_blocks(self.reopen, self.compression, self.name), self.encoding, self.newline)

    def _body_blocks(self) -> Iterator[bytes]:
        blocks = skip_lines(self.blocks(), self.n_skip)
        if not self._is_cleaned:
            yield from blocks
            return
        yield from self._without_remarks(self._cleaned(whole_lines(blocks)))

    def _cleaned(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for block in lines:
            if self.stray_returns:
                block = STRAY_CR.sub(b" ", block)
            yield block.replace(b'\\"', b'""') if self.escaped else block

    def _without_remarks(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        if not self.n_inner_comments:
            return lines
        if self.multiline:
            return (block for block, _ in between_quotes(lines, self.is_comment, b""))
        return (MARKED.sub(lambda line: b"" if self.is_comment(line[0]) else line[0], block) for block in lines)

    @property
    def _is_cleaned(self) -> bool:
        return self.escaped or self.stray_returns or self.n_inner_comments > 0

    def is_comment(self, line: bytes) -> bool:
        """Whether a line of the body is a remark: it starts with # or ! and has not the cells of a row."""
        return line[:1] in (b"#", b"!") and line.count(self.separator.encode()) + 1 != len(self.header)


def between_quotes(lines: Iterator[bytes], is_comment: Callable[[bytes], bool], instead: bytes) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines with `instead` for each remark, and how many there were. A line that begins inside an enclosed cell is a part of that cell.

    Quotes of a remark enclose nothing. It holds for text in which every other quote does.
    """
    inside = False
    for block in lines:
        kept: list[bytes] = []
        start = seen = 0
        for found in MARKED.finditer(block):
            inside ^= bool(block.count(b'"', seen, found.start()) % 2)
            seen = found.start()
            if not inside and is_comment(found[0]):
                kept += [block[start : found.start()], instead]
                start = seen = found.end()
        inside ^= bool(block.count(b'"', seen) % 2)
        yield b"".join([*kept, block[start:]]), len(kept) // 2


def skip_lines(blocks: Iterator[bytes], n: int) -> Iterator[bytes]:
    """The same bytes without the first n lines."""
    for block in blocks:
        at = 0
        while n:
            end = block.find(b"\n", at)
            if end < 0:
                break
            at, n = end + 1, n - 1
        else:
            if at < len(block):
                yield block[at:]
            break
    yield from blocks


def whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end in LF, the last one perhaps not."""
    left: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if not end:
            left.append(block)
            continue
        yield b"".join([*left, memoryview(block)[:end]])
        left = [block[end:]]
    if any(left):
        yield b"".join(left)
