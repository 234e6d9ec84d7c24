"""Text tables: CSV, TSV and GCT 1.2 or 1.3, in any dialect; pyarrow parses."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pc

from profiles.errors import TableFault
from profiles.gene_names import parse_gene_names, plain_ensembl
from profiles.genes import load_genes
from profiles.layout import N_ID_CANDIDATES
from profiles.limits import Limits
from profiles.readers.grid import MISSING
from profiles.species import summary_rows
from profiles.text import Dialect, sniff
from profiles.text.faults import explain
from profiles.tools import kind_of_column

BLOCK_BYTES: Final = 4 << 20
CELLS_FOR_EVIDENCE: Final = 200_000
SIZES = re.compile(r"[0-9]{1,18}")
NUMBER = re.compile(r"-?\d+([.,]\d*)?([eE][-+]?\d+)?")


@dataclass
class TextGrid:
    """See readers.grid.Grid."""

    dialect: Dialect
    path: str
    columns: list[str]
    headerless: bool
    n_annotation: int | None = None
    promised: tuple[int, int] | None = None
    n_passed: int = 0
    notes: list[str] = field(default_factory=list)
    _some: pa.Table | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """See Grid."""
        return self.dialect.name

    @property
    def decimal(self) -> str:
        """The decimal mark of its numbers."""
        return self.dialect.decimal

    @property
    def comments(self) -> list[str]:
        """The lines above the header."""
        return self.dialect.comments

    @property
    def format(self) -> str:
        """GCT, TSV, CSV or text."""
        return "GCT" if self.promised else {"\t": "TSV", ",": "CSV", ";": "CSV"}.get(self.dialect.separator, "text")

    @property
    def most_rows(self) -> int:
        """A bound of its rows."""
        return self.dialect.n_lines

    def forget(self) -> None:
        """Let go of the rows that were only needed to find the layout."""
        self.dialect, self._some = replace(self.dialect, spread=[]), None

    def head(self, column: int) -> pa.Array:
        """Cells of rows from all over the file, as numbers where pyarrow finds nothing else in a column that is not one of the first."""
        if self._some is None:
            lines = self.dialect.spread
            lines = lines[:: max(1, len(lines) * len(self.columns) // CELLS_FOR_EVIDENCE)]
            names = [f"c{i}" for i in range(len(self.columns))]
            parse = self._parse_options(lambda row: "skip")
            convert = self._convert_options(dict.fromkeys(names[:N_ID_CANDIDATES], pa.string()), names)
            read = pc.ReadOptions(column_names=names, use_threads=False, block_size=sum(map(len, lines)) + len(lines) + 1)
            self._some = pc.read_csv(io.BytesIO(b"\n".join([*lines, b""])), read, parse, convert) if lines else None
            if self._some is None or not self._some.num_rows:
                raise TableFault(
                    f"{self.name}: no row ends in the lines below its header; is a quote opened that is not closed, or a cell as long as the table?"
                )
        found = self._some.column(column).chunk(0)
        return found

    def batches(self, text: Sequence[int], numbers: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """See Grid."""
        dialect = self.dialect
        names = [f"c{i}" for i in range(len(self.columns))]
        kinds = {names[i]: pa.string() for i in text} | {names[i]: pa.float32() for i in numbers}
        read = pc.ReadOptions(column_names=names, skip_rows=self.n_passed, block_size=_block_bytes(dialect.widest), use_threads=False)
        convert = self._convert_options(kinds, [names[i] for i in (*text, *numbers)])
        try:
            with dialect.body() as body:
                yield from pc.open_csv(body, read, self._parse_options(), convert)
        except pa.ArrowInvalid as error:
            raise explain(dialect, error) from error

    def _parse_options(self, of_odd_rows: Callable[[pc.InvalidRow], str] | None = None) -> pc.ParseOptions:
        dialect = self.dialect
        return pc.ParseOptions(
            delimiter=dialect.separator,
            quote_char='"' if dialect.quoted else False,
            newlines_in_values=dialect.multiline,
            ignore_empty_lines=True,
            invalid_row_handler=of_odd_rows,
        )

    def _convert_options(self, kinds: dict[str, pa.DataType], wanted: list[str]) -> pc.ConvertOptions:
        return pc.ConvertOptions(
            column_types=kinds,
            include_columns=wanted,
            null_values=MISSING,
            strings_can_be_null=False,
            decimal_point=self.dialect.decimal,
        )


def _block_bytes(line_bytes: int) -> int:
    """Bytes parsed at once: each block costs a step per column, so some hundred long lines, while these are no more than a few blocks."""
    return max(BLOCK_BYTES, min(512 * line_bytes, 4 * BLOCK_BYTES), 4 * line_bytes)


def open_text(reopen: Callable[[], BinaryIO], name: str, path: str = "", limits: Limits | None = None) -> TextGrid:
    """The columns of a text table; a first line that is a gene's row is no header (HTSeq, STAR). Raises TableFault."""
    limits = limits or Limits()
    dialect = sniff(reopen, name, limits)
    limits.check("columns", len(dialect.header))
    if dialect.thousands:
        raise TableFault(
            f"{name}: its numbers carry marks of thousands or two decimal marks ({dialect.thousands!r}); write plain numbers without them"
        )
    if dialect.comments and dialect.comments[0].startswith(("#1.2", "#1.3")):
        return _gct(dialect, path, limits)
    headerless = _is_headerless(dialect)
    if headerless:
        dialect = dialect.without_header()
    return TextGrid(dialect, path or name, list(dialect.header), headerless, notes=list(dialect.notes))


def _is_headerless(dialect: Dialect) -> bool:
    """Whether the first line is a gene's row where a header would stand (HTSeq, STAR): numbers where the rows hold numbers, and a gene, a
    summary row, or a name that the order of the rows continues, where they hold names."""
    header, rows = dialect.header, dialect.rows
    first = header[0].strip('"')
    numbers = [i for i in range(1, len(header)) if NUMBER.fullmatch(header[i])]
    if dialect.header_short or not numbers or not first or kind_of_column(first):
        return False
    filled = [
        i for i in range(1, len(header)) if header[i] or any(row[i].strip() for row in rows)
    ]  # htseq leaves a missing gene name empty
    if not all(_holds_numbers(rows, i) == (i in numbers) for i in filled):
        return False
    if summary_rows([first]) or plain_ensembl(first):
        return True
    # `gene` or `id` is in no table of genes; a first cell that is one stands in a column of genes.
    others = [row[0] for row in rows]
    if not first.isdigit() and _is_gene(first) and sum(map(_is_gene, others)) > 0.3 * len(others):
        return True
    return len(others) > 5 and [first, *others] == sorted([first, *others]) and not first.isdigit()


def _holds_numbers(rows: Sequence[Sequence[str]], column: int) -> bool:
    return all(NUMBER.fullmatch(row[column].strip() or "0") for row in rows)


def _is_gene(name: str) -> bool:
    ids = parse_gene_names([name.strip('"')])
    return bool(ids.ensembl) or bool(ids.symbol and load_genes().knows(ids.symbol[0]))


def _gct(dialect: Dialect, path: str, limits: Limits) -> TextGrid:
    """Line 2 says how many genes, samples and, in 1.3, columns and rows of metadata there are; none is believed before it is looked at."""
    if len(dialect.comments) < 2:
        raise TableFault(f"{dialect.name}: a GCT file needs its numbers of rows and columns on line 2")
    parts = dialect.comments[1].split()
    sizes = [int(part) for part in parts if SIZES.fullmatch(part)]
    if len(sizes) != len(parts) or len(sizes) < 2:
        raise TableFault(
            f"{dialect.name}: a GCT file needs its numbers of rows and columns on line 2, it says {dialect.comments[1][:60]!r}"
        )
    is_13 = dialect.comments[0].startswith("#1.3")
    n_about_genes, n_about_samples = (sizes[2], sizes[3]) if len(sizes) > 3 and is_13 else (0, 0)
    limits.check("rows", n_about_samples)
    if n_about_samples >= dialect.n_lines:
        raise TableFault(
            f"{dialect.name}: its head promises {n_about_samples:,} rows of sample metadata, {dialect.n_lines:,} are there; is the file cut short?"
        )
    if n_about_genes >= len(dialect.header):
        raise TableFault(
            f"{dialect.name}: its head promises {n_about_genes:,} columns of gene metadata, {len(dialect.header) - 1:,} columns are there"
        )
    lowered = [cell.strip().lower() for cell in dialect.header]
    if not is_13:
        # GTEx puts Name and Description there, its tables of one tissue a running number before them.
        n_about_genes = max((i for i, name in enumerate(lowered[:3]) if name in ("name", "description")), default=0)
    if n_about_samples:
        dialect = replace(
            dialect,
            rows=dialect.rows[n_about_samples:],
            spread=dialect.spread[-(-n_about_samples // dialect.stride) :],
        )
    return TextGrid(
        dialect,
        path or dialect.name,
        list(dialect.header),
        False,
        n_about_genes,
        (sizes[0], sizes[1]),
        n_about_samples,
        list(dialect.notes),
    )


def reopen_file(path: Path) -> Callable[[], BinaryIO]:
    """The bytes of a file from their start, as often as needed; can be sent to another process."""
    return partial(_open_bytes, path)


def _open_bytes(path: Path) -> BinaryIO:
    return path.open("rb")
