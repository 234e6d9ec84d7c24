"""From the bytes of a text file to its Dialect: one pass over all of it, a second one where it holds quotes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from profiles.errors import TableFault
from profiles.limits import Limits
from profiles.text.dialect import COMMENT_SIGNS, MARKED, Dialect, between_quotes, skip_lines, whole_lines
from profiles.text.head import N_LINES, N_ROWS, Head, find_head, find_separator, first_lines, split_lines
from profiles.text.measure import measure
from profiles.text.quotes import QuoteFacts, look_at_quotes, measure_rows, reads_leniently, whole_columns_enclosed
from profiles.text.streams import compression_of, encoding_of, refuse_binary, unpacked, unpacked_blocks, utf8_blocks


def sniff(reopen: Callable[[], BinaryIO], name: str, limits: Limits | None = None, *, small: bool = False) -> Dialect:
    """The form of a text table by its whole content; memory stays bounded. TableFault says what is wrong, and where.

    `small` allows a table without any separator, and one without a row below its header.
    """
    limits = limits or Limits()
    compression, start = _start(reopen, name)
    encoding = encoding_of(start)
    newline = "\r" if _plain(start, encoding).count(b"\n") == 0 and _plain(start, encoding).count(b"\r") > 0 else "\n"
    lines = first_lines(utf8_blocks(unpacked_blocks(reopen, compression, name), encoding, newline), name, limits)
    head = find_head([_text(line) for line in lines], name)
    separator = find_separator(head, name, one_column=small)
    limits.check("columns", head.header.count(separator) + 1)
    blocks = utf8_blocks(unpacked_blocks(reopen, compression, name), encoding, newline)
    measured = measure(blocks, head, separator, name, limits)
    if encoding == "utf-8" and not measured.is_utf8:
        encoding = "latin-1"
        lines = first_lines(utf8_blocks(unpacked_blocks(reopen, compression, name), encoding, newline), name, limits)
        head = find_head([_text(line) for line in lines], name)
    draft = Dialect(
        name=name,
        reopen=reopen,
        compression=compression,
        encoding=encoding,
        newline="\r" if newline == "\r" else "\r\n" if measured.n_crlf and measured.n_crlf == measured.n_lf else "\n",
        separator=separator,
        quoted=False,
        multiline=False,
        decimal=measured.numbers.decimal,
        thousands=measured.numbers.thousands,
        header=head.header.split(separator),
        header_short=False,
        header_behind=head.header_behind,
        comments=[line for line in head.above if line.strip()],
        n_inner_comments=0,
        n_skip=len(head.above) + 1,
        rows=[],
        spread=[],
        stride=measured.spread.stride,
        widest=measured.widest,
        n_lines=max(0, measured.n_lines - len(head.above) - 1),
        stray_returns=newline != "\r" and measured.n_cr > measured.n_crlf,
    )
    n_above = sum(line.startswith(COMMENT_SIGNS) for line in head.above) + bool(head.header_behind)
    marked = measured.n_marked > n_above
    if measured.n_quotes:
        draft = _decide_quotes(draft, head, marked)
    return _with_rows(draft, head, marked, measured.spread.lines, small=small)


def _start(reopen: Callable[[], BinaryIO], name: str) -> tuple[str, bytes]:
    """Compression and the first unpacked bytes. Raises TableFault for what is no text."""
    with reopen() as handle:
        compression = compression_of(handle.read(8))
    with reopen() as handle:
        try:
            start = bytes(unpacked(handle, compression).read(1 << 16))
        except Exception as error:
            raise TableFault(f"{name}: is a damaged or cut-off {compression} file ({error}); fetch it again") from error
    refuse_binary(start, name)
    return compression, start


def _plain(start: bytes, encoding: str) -> bytes:
    return start.decode(encoding, "replace").encode() if encoding != "utf-8" else start


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _body_lines(draft: Dialect, head: Head) -> Iterator[bytes]:
    """Header and rows in blocks of whole lines, clean but for the quotes."""
    plain = replace(draft, escaped=False, stray_returns=False, n_skip=len(head.above))
    for block in whole_lines(skip_lines(plain.blocks(), len(head.above))):
        yield block.replace(b'\\"', b'""') if draft.escaped else block


def _rows(draft: Dialect, head: Head, marked: bool) -> Iterator[bytes]:
    """The same where every quote encloses; `marked`: with an empty line for each remark."""
    lines = _body_lines(draft, head)
    return (block for block, _ in between_quotes(lines, draft.is_comment, b"\n")) if marked else lines


def _decide_quotes(draft: Dialect, head: Head, marked: bool) -> Dialect:
    """See the module quotes. Raises TableFault where no reading gives rows of one length."""
    separator = draft.separator
    enclosed = _header_enclosed(head.header, separator)
    facts = look_at_quotes(_rows(draft, head, marked), separator)
    if not facts.n_quotes:
        return draft
    if not facts.strict and any(b'\\"' in block for block in _body_lines(draft, head)):
        escaped = replace(draft, escaped=True)
        other = look_at_quotes(_rows(escaped, head, marked), separator)
        if other.strict:
            draft, facts = escaped, other
    if facts.strict and not facts.spans:
        columns = separator != "\t" or enclosed or facts.n_doubled > 0
        return replace(draft, quoted=columns or whole_columns_enclosed(_rows(draft, head, marked), separator))
    return _by_length(draft, head, facts, enclosed, marked)


def _by_length(draft: Dialect, head: Head, facts: QuoteFacts, enclosed: bool, marked: bool) -> Dialect:
    """Quotes that stand between cells, or that do not match: the reading that gives all rows one length."""
    separator = draft.separator
    as_text, as_form = measure_rows(_rows(draft, head, marked and facts.strict), separator, draft.is_comment, facts.strict)
    literal, formal = as_text.rectangular, facts.strict and as_form.rectangular
    exact = as_form.exact and not as_text.exact
    if formal and (enclosed or exact or not literal or separator != "\t"):
        notes = () if enclosed or exact or not literal else (f"{draft.name}: its quotes join cells or lines, as quotes do in such a file",)
        return replace(draft, quoted=True, multiline=facts.n_inner_lines > 0, notes=(*draft.notes, *notes))
    if literal and (facts.strict or separator == "\t"):
        said = f"{draft.name}: its quotes could join cells or lines, but each line has the cells of a row without that: a quote is read as a quote"
        return replace(draft, quoted=False, notes=(*draft.notes, *([said] if facts.strict else [])))
    lenient, n_joined = reads_leniently(_body_lines(draft, head), separator)
    if lenient and not (literal and n_joined):
        return replace(draft, quoted=True, multiline=n_joined > 0)
    if literal:
        return draft
    above = len(head.above) + 1
    if not facts.strict:
        raise TableFault(
            f"{draft.name}: the quotes do not match: the first that neither starts nor ends a cell is in line {above + facts.open_line}, and"
            f" without quotes line {above + as_text.odd_line()} has another number of cells than the others; double quotes inside cells"
        )
    raise TableFault(
        f"{draft.name}: line {above + as_form.odd_line()} has another number of cells than the others; is the file cut off or pasted together?"
    )


def _header_enclosed(header: str, separator: str) -> bool:
    cells = [cell.strip() for cell in header.rstrip("\r").split(separator) if cell.strip()]
    return bool(cells) and all(len(cell) > 1 and cell.startswith('"') and cell.endswith('"') for cell in cells)


def _with_rows(draft: Dialect, head: Head, marked: bool, spread: list[bytes], *, small: bool) -> Dialect:
    """Header and first rows as cells; whether the header is short, and whether remarks stand among the rows."""
    separator = draft.separator
    lines = [line.replace('\\"', '""') if draft.escaped else line for line in (head.header, *head.below)]
    header, n_header = _first_row(lines, separator, draft.quoted)
    below = [line for line in lines[n_header:] if line.strip(" \r")]
    draft = replace(draft, header=header, n_skip=draft.n_skip + n_header - 1, n_lines=draft.n_lines - n_header + 1)
    remarks = 0
    if marked:
        widths = replace(draft, header=header)
        first = split_lines([line for line in below if line[:1] not in "#!"][:1], separator, draft.quoted)
        if first and len(first[0]) == len(header) + 1:
            widths = replace(draft, header=["", *header])
        remarks = _count_remarks(widths)
        below = _left(widths, below) if remarks else below
    rows = split_lines(below[: 40 if not draft.multiline else N_LINES], separator, draft.quoted)[:N_ROWS]
    if not rows and not small:
        raise TableFault(f"{draft.name}: holds a header line and nothing below it")
    header, short, notes = _fit_header(header, rows)
    return replace(
        draft,
        header=[cell.strip() for cell in header],
        header_short=short,
        rows=rows,
        raw_header=head.header.encode(),
        spread=_spread(draft, spread, rows),
        n_inner_comments=remarks,
        notes=(*draft.notes, *notes, *([f"{draft.name}: {remarks} remark lines among the rows were left out"] if remarks else [])),
    )


def _count_remarks(draft: Dialect) -> int:
    lines = whole_lines(skip_lines(draft.blocks(), draft.n_skip))
    if draft.multiline:
        escaped = (block.replace(b'\\"', b'""') if draft.escaped else block for block in lines)
        return sum(n for _, n in between_quotes(escaped, draft.is_comment, b""))
    return sum(draft.is_comment(line) for block in lines for line in MARKED.findall(block))


def _left(draft: Dialect, lines: list[str]) -> list[str]:
    """The first lines without the remarks among them."""
    if not draft.multiline:
        return [line for line in lines if not draft.is_comment(line.encode())]
    text = "".join(f"{line}\n" for line in lines).encode()
    return b"".join(block for block, _ in between_quotes(iter([text]), draft.is_comment, b"")).decode().split("\n")[:-1]


def _spread(draft: Dialect, lines: list[bytes], rows: list[list[str]]) -> list[bytes]:
    """Lines from all over the file; the first rows only where cells hold line breaks."""
    if draft.multiline:
        return [draft.separator.join('"' + cell.replace('"', '""') + '"' for cell in row).encode() for row in rows]
    if draft.encoding == "latin-1":
        lines = [line.decode("cp1252", "replace").encode() for line in lines]
    lines = [line.rstrip(b"\r") for line in lines]
    lines = [line.replace(b"\r", b" ") for line in lines] if draft.stray_returns else lines
    return [line.replace(b'\\"', b'""') for line in lines] if draft.escaped else lines


def _first_row(lines: list[str], separator: str, quoted: bool) -> tuple[list[str], int]:
    """The cells of the header and how many lines they take."""
    if not quoted:
        return lines[0].split(separator), 1
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator)
    return next(reader), reader.line_num


def _fit_header(header: list[str], rows: list[list[str]]) -> tuple[list[str], bool, list[str]]:
    """The header with one name per column of the rows. R leaves out the name of its row names; some writers end each row in a separator."""
    widths = {len(row) for row in rows}
    if widths == {len(header) + 1}:
        if not any(row[-1].strip() for row in rows):
            return [*header, ""], False, []
        return ["", *header], True, []
    return header, False, []
