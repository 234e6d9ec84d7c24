"""Text tables of expression, genes in rows or samples in rows: what stands where, then values by blocks of samples.

pyarrow parses; this module finds layout, id and annotation columns, and says what it left out.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from modelling.geneids import GeneSpace, GenesUnknown, best_column
from modelling.tablehead import MISSING, N_HEAD, Limits, Sniffed, TableError, sniff

Array = NDArray[Any]
GENES_IN_ROWS, SAMPLES_IN_ROWS = "genes in rows", "samples in rows"
BLOCK_BYTES = 4 << 20
N_PROBE = 16
IN_MEMORY = 1 << 30
PANEL = 1024  # samples taken at once from the gathered rows: one page of a file each
ANNOTATION = re.compile(
    r"chr(om(osome)?)?|start|end|strand|(gene_|tx_|effective_?)?length|(gene_)?(biotype|type)|description|gene_?(name|symbol)|(hgnc_)?symbol"
    r"|entrez_?(id|gene)|ensembl_id|transcript_id(\(s\))?|locus|class|source",
    re.IGNORECASE,
)


class Table(Protocol):
    """One opened matrix of a user, in whatever format."""

    name: str
    layout: str
    gene_ids: Sequence[str]
    notes: list[str]

    @property
    def format(self) -> str:
        """Name of the format."""

    def probe(self) -> Array:
        """A few whole samples (p, n_ids) as they stand in the file, NaN = missing."""

    def blocks(self, wanted: Array, size: int) -> Iterator[tuple[list[str], Array]]:
        """(sample ids, values (n, len(wanted)) float32): all samples in file order, only the wanted ids, at most `size` samples at once."""


@dataclass
class TextTable:
    """A CSV, TSV or GCT table; `reopen` gives the bytes from their start, as often as needed."""

    name: str
    reopen: Callable[[], BinaryIO]
    found: Sniffed
    layout: str
    id_column: int
    value_columns: list[int]
    limits: Limits
    gene_ids: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    _probe: Array | None = None

    @property
    def format(self) -> str:
        """CSV, TSV or GCT."""
        return self.found.format

    def probe(self) -> Array:
        """See Table."""
        assert self._probe is not None
        return self._probe

    def blocks(self, wanted: Array, size: int) -> Iterator[tuple[list[str], Array]]:
        """See Table."""
        return self._by_gene(wanted, size) if self.layout == GENES_IN_ROWS else self._by_sample(wanted, size)

    def _by_sample(self, wanted: Array, size: int) -> Iterator[tuple[list[str], Array]]:
        columns = [self.value_columns[position] for position in wanted]
        n_seen = 0
        for batch in self._read([self.id_column], columns):
            n_seen += batch.num_rows
            self.limits.check("samples", n_seen)
            ids = [str(value) for value in batch.column(0).to_pylist()]
            for start in range(0, batch.num_rows, size):
                part = batch.slice(start, size)
                yield ids[start : start + size], _values(part.select(part.schema.names[1:]))

    def _by_gene(self, wanted: Array, size: int) -> Iterator[tuple[list[str], Array]]:
        """Gather the wanted rows of the whole table, then hand out its columns."""
        names = [self.found.header[column] for column in self.value_columns]
        place = np.full(len(self.gene_ids), -1, np.int64)
        place[wanted] = np.arange(len(wanted))
        with Gathered(len(wanted), len(names)) as gathered:
            row = 0
            for batch in self._read([], self.value_columns):
                target = place[row : row + batch.num_rows]
                row += batch.num_rows
                use = target >= 0
                if use.any():
                    gathered.array[target[use]] = _values(batch)[use]
            for start in range(0, len(names), PANEL):
                panel = np.ascontiguousarray(gathered.array[:, start : start + PANEL].T)
                for first in range(0, len(panel), size):
                    yield names[start + first : start + min(first + size, PANEL)], panel[first : first + size]

    def scan_ids(self, space: GeneSpace) -> None:
        """Genes in rows: one pass over the id columns and a few samples; fills gene_ids and the probe."""
        candidates = self._id_candidates()
        some = [self.value_columns[i] for i in sorted({int(i) for i in np.linspace(0, len(self.value_columns) - 1, N_PROBE)})]
        batches = []
        n_rows = 0
        for batch in self._read(candidates, some):
            n_rows += batch.num_rows
            self.limits.check("rows", n_rows)
            batches.append(batch)
        if not batches:
            raise TableError(f"{self.name}: holds no rows")
        self.limits.check("cells", n_rows * len(self.value_columns))
        whole = pa.Table.from_batches(batches)
        columns = [(self.found.header[c] or "first column", whole.column(i).to_pylist()) for i, c in enumerate(candidates)]
        name, ids, _ = best_column(space, columns)
        if len(candidates) > 1:
            self.notes.append(f"gene ids taken from column {name!r}")
        self.gene_ids = [str(value) for value in ids]
        numbers = whole.select(whole.schema.names[len(candidates) :]).combine_chunks()
        self._probe = _values(numbers.to_batches()[0]).T
        promised = self.found.promised
        if promised and promised != (n_rows, len(self.value_columns)):
            raise TableError(
                f"{self.name}: its head promises {promised[0]} genes and {promised[1]} samples, {n_rows} and {len(self.value_columns)} are"
                " there; is the file cut short?"
            )

    def _id_candidates(self) -> list[int]:
        numeric = self.found.numeric
        text = [column for column in range(len(self.found.header)) if not numeric[column]][:6]
        return sorted({0, *text} - set(self.value_columns))

    def _read(self, text_columns: Sequence[int], value_columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """Batches of the chosen columns: text ones as strings, then values as float32."""
        found = self.found
        names = [f"c{column}" for column in range(len(found.header))]
        types = {names[column]: pa.string() for column in text_columns} | {names[column]: pa.float32() for column in value_columns}
        read = pa.csv.ReadOptions(
            column_names=names,
            skip_rows=found.n_skipped + 1 + found.n_after_names,
            block_size=_block_bytes(found.widest),
            use_threads=False,
            encoding={"utf-8-sig": "utf-8"}.get(found.encoding, found.encoding),
        )
        convert = pa.csv.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=MISSING, strings_can_be_null=False, decimal_point=found.decimal
        )
        parse = pa.csv.ParseOptions(delimiter=found.delimiter, ignore_empty_lines=True)
        with self.reopen() as handle:
            try:
                for batch in pa.csv.open_csv(handle, read_options=read, parse_options=parse, convert_options=convert):
                    self.limits.check_time()
                    yield batch
            except pa.ArrowInvalid as error:
                raise TableError(f"{self.name}: {self._in_words(str(error))}") from error
            except (EOFError, gzip.BadGzipFile, OSError) as error:
                raise TableError(f"{self.name}: could not be read to its end: {error}") from error

    def _in_words(self, message: str) -> str:
        """pyarrow's message with our column name and line number."""
        column = re.search(r"CSV column #(\d+)", message)
        row = re.search(r"Row #(\d+)", message)
        value = re.search(r"invalid value '(.{0,40})", message, re.DOTALL)
        where = f", line {row[1]}" if row else ""
        if column and value:
            return f"column {self.found.header[int(column[1])]!r}{where}: {value[1].rstrip(chr(39))!r} is no number"
        expected = re.search(r"Expected (\d+) columns, got (\d+)", message)
        if expected:
            return f"a row{where} has {expected[2]} cells, the header has {expected[1]}; is the file cut short?"
        return message.splitlines()[0]


def _block_bytes(line_bytes: int) -> int:
    """Bytes parsed at once: 32 long lines (each block costs a step per column) within 32 MB, as pyarrow reads up to 32 blocks ahead."""
    return max(BLOCK_BYTES, min(32 * line_bytes, 32 << 20), 4 * line_bytes)


def _values(batch: pa.RecordBatch) -> Array:
    """A batch of float32 columns as (n_rows, n_columns), null as NaN."""
    return np.asarray(batch.to_tensor(null_to_nan=True).to_numpy(), np.float32)


class Gathered:
    """A float32 matrix in memory, or in an unnamed temporary file when larger than a gigabyte."""

    def __init__(self, n_rows: int, n_columns: int) -> None:
        self.shape = (n_rows, n_columns)

    def __enter__(self) -> Gathered:
        self._file: Any = None
        if self.shape[0] * self.shape[1] * 4 > IN_MEMORY:
            self._file = tempfile.TemporaryFile(prefix="bulkatlas-")
            self.array: Array = np.memmap(self._file, np.float32, "w+", shape=self.shape)
        else:
            self.array = np.empty(self.shape, np.float32)
        return self

    def __exit__(self, *_: object) -> None:
        del self.array
        if self._file is not None:
            self._file.close()


def open_text(reopen: Callable[[], BinaryIO], name: str, space: GeneSpace, layout: str = "auto", limits: Limits | None = None) -> TextTable:
    """Open a text table and find its layout by where human gene ids stand; GenesUnknown when they stand nowhere."""
    limits = limits or Limits()
    with reopen() as handle:
        found = sniff(handle, name, limits)
    numeric = found.numeric
    values = [c for c, is_number in enumerate(numeric) if c and is_number and not ANNOTATION.fullmatch(found.header[c])]
    in_header = space.share_of_genes([found.header[c] for c in values]) if values else 0.0
    columns = [
        (str(c), [head[c] for head in found.heads if c < len(head)])
        for c, is_number in enumerate(numeric[:N_HEAD])
        if c == 0 or not is_number
    ]
    in_rows = best_column(space, columns)[2]
    if layout == "auto":
        if max(in_header, in_rows) < 0.2:
            raise GenesUnknown(
                f"{name}: neither the column names ({', '.join(found.header[1:4])}, ...) nor the rows"
                f" ({', '.join(row[0] for row in found.rows[:3])}, ...) are human genes; symbols, Ensembl, Entrez and HGNC ids are"
                " understood"
            )
        layout = GENES_IN_ROWS if in_rows >= in_header else SAMPLES_IN_ROWS
    if layout == GENES_IN_ROWS and space.is_human(found.header[0]) and all(title.isdigit() for title in found.header[1:]):
        raise TableError(f"{name}: the first line holds the gene {found.header[0]} where the column names should stand; add a header line")
    if not values:
        raise TableError(f"{name}: no column holds numbers from top to bottom")
    return (
        _genes_in_rows(name, reopen, found, values, limits, space)
        if layout == GENES_IN_ROWS
        else _samples_in_rows(name, reopen, found, values, limits, space)
    )


def _genes_in_rows(
    name: str, reopen: Callable[[], BinaryIO], found: Sniffed, values: list[int], limits: Limits, space: GeneSpace
) -> TextTable:
    lower = [title.lower() for title in found.header]
    table = TextTable(name, reopen, found, GENES_IN_ROWS, 0, values, limits)
    if "tpm" in lower and ("expected_count" in lower or "numreads" in lower):
        table.value_columns = [lower.index("tpm")]
        found.header[lower.index("tpm")] = name.split(".")[0]
        table.notes.append("a table of one sample with several quantities: its TPM column is used")
    limits.check("samples", len(table.value_columns))
    kept = set(values)
    left_out = [title for c, title in enumerate(found.header) if c and c not in kept]
    if left_out:
        table.notes.append(f"{len(left_out)} columns are annotation, not samples: {', '.join(left_out[:6])}")
    table.scan_ids(space)
    return table


def _samples_in_rows(
    name: str, reopen: Callable[[], BinaryIO], found: Sniffed, values: list[int], limits: Limits, space: GeneSpace
) -> TextTable:
    human = [c for c in values if space.is_human(found.header[c])]
    if not human:
        raise GenesUnknown(f"{name}: no column name is a human gene ({', '.join(found.header[1:4])}, ...); are the genes in rows?")
    columns = [c for c in values if human[0] <= c <= human[-1]]
    text = [c for c, is_number in enumerate(found.numeric) if not is_number and c < human[0]]
    table = TextTable(name, reopen, found, SAMPLES_IN_ROWS, text[0] if text else 0, columns, limits)
    table.gene_ids = [found.header[c] for c in columns]
    kept = {*columns, table.id_column}
    left_out = [title for c, title in enumerate(found.header) if c not in kept]
    if left_out:
        table.notes.append(f"{len(left_out)} columns are no genes: {', '.join(left_out[:6])}")
    some = found.rows[:N_PROBE]
    cells = [[np.nan if row[c].strip() in MISSING else float(row[c].replace(found.decimal, ".")) for c in columns] for row in some]
    table._probe = np.array(cells, np.float32)
    return table
