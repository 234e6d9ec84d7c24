"""ARCHS4: human_gene_v2.x.h5 (maayanlab.cloud/archs4), metadata and counts.

Text is handed on as the archive has it, mojibake included: `labels` normalises it, and an audit can show what GEO showed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.source import SAMPLE_SCHEMA, Matrix, SourceFault
from curation.sources.folder import find, refuse_duplicates
from profiles.gene_names import GeneIds
from profiles.hdf5_guard import Damaged, file_fault, reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.hdf5.layout import Layout

EXPRESSION = "data/expression"
PARTIAL = "bulkatlas_excerpt"  # see hdf5.layout, which this module does not load before it reads counts
GENES, SAMPLES, INFO = "meta/genes", "meta/samples", "meta/info"
BATCH_ROWS = 50_000
SLAB_BYTES = 64 << 20
# Our column, and the names that releases gave it.
TEXT_FIELDS = {
    "series_id": ("series_id",),
    "title": ("title",),
    "source_name": ("source_name_ch1",),
    "characteristics": ("characteristics_ch1",),
    "description": ("description",),
}
REQUIRED_FIELDS = ("series_id", "title", "source_name", "characteristics")
ENSEMBL_NAMES = ("ensembl_gene", "ensembl_gene_id")
PROBABILITY = "singlecellprobability"
TEXT_KINDS = "SO"


def is_read(name: str, column: h5py.Dataset) -> bool:
    """Whether a column of meta/samples can matter here: the texts that are read, and every number."""
    texts = {"geo_accession", "organism_ch1", *(field for names in TEXT_FIELDS.values() for field in names)}
    return name in texts or (isinstance(column, h5py.Dataset) and column.dtype.kind in "iuf")


class Archs4Fault(SourceFault):
    """A file is no readable ARCHS4 v2 file."""


@contextmanager
def open_h5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; every failure to read names the file. Raises Archs4Fault."""
    try:
        with reading(), h5py.File(path, "r") as file:
            yield file
    except Damaged as error:
        with path.open("rb") as start:
            first = start.read(64).lstrip()
        if first.startswith(b"<"):
            raise Archs4Fault(f"{path} is a web page, not HDF5; the download returned an error page, fetch it again") from error
        kind = "is cut off" if "truncated" in str(error) else "cannot be read as HDF5"
        raise Archs4Fault(f"{path} {kind} ({error}); download it again and compare its checksum") from error


@dataclass(frozen=True)
class Archs4Matrix:
    """data/expression of one file: genes x samples, uint32 counts."""

    path: Path
    file: str
    genes: GeneIds
    n_samples: int
    unit: str = "counts"

    @cached_property
    def layout(self) -> Layout:
        """How the counts lie in the file, for the parallel reader of an export."""
        from curation.hdf5.layout import Layout

        return Layout.of(self.path, EXPRESSION, n_genes=len(self.genes))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See Matrix.blocks: every chunk that holds a wanted sample is read once."""
        if self.layout.is_partial:
            from curation.hdf5.gather import Gather

            Gather(self.layout, rows).close()  # refuses samples that are not there
        with open_h5(self.path) as file:
            expression = file[EXPRESSION]
            width = expression.chunks[1] if expression.chunks else max(1, SLAB_BYTES // (4 * len(self.genes)))
            starts = np.flatnonzero(np.diff(rows // width, prepend=-1))
            for positions in np.split(np.arange(len(rows), dtype=np.int64), starts[1:]):
                yield positions, self._slab(expression, rows[positions])

    def _slab(self, expression: h5py.Dataset, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The wanted samples of one column of chunks, (n samples, n genes)."""
        first, last = int(rows[0]), int(rows[-1]) + 1
        height = expression.chunks[0] if expression.chunks else len(self.genes)
        step = max(1, SLAB_BYTES // (4 * height * (last - first))) * height
        block = np.empty((len(rows), len(self.genes)), dtype=np.float32)
        for gene in range(0, len(self.genes), step):
            piece = expression[gene : gene + step, first:last]
            block[:, gene : gene + step] = piece[:, rows - first].T
        return block


@dataclass
class Archs4Source:
    """All *.h5 files of a folder."""

    files: list[Path]
    matrix_list: list[Archs4Matrix]
    name: str = "archs4"
    _notes: list[str] = field(default_factory=list)

    def samples(self) -> Iterator[pa.RecordBatch]:
        """Batches of SAMPLE_SCHEMA in the order of the files. Raises Archs4Fault when a metadata array cannot be read."""
        for path, matrix in zip(self.files, self.matrix_list, strict=True):
            with open_h5(path) as file:
                for first in range(0, matrix.n_samples, BATCH_ROWS):
                    yield _batch(file["meta/samples"], matrix, first, min(first + BATCH_ROWS, matrix.n_samples))

    def matrices(self) -> list[Matrix]:
        """See Source.matrices."""
        return list(self.matrix_list)

    def input_files(self) -> list[Path]:
        """See Source.input_files."""
        return list(self.files)

    def notes(self) -> list[str]:
        """See Source.notes."""
        return list(self._notes)


def open_archs4(folder: Path) -> Archs4Source:
    """Open every *.h5 of a folder. Raises Archs4Fault for a damaged or foreign file, DuplicateSamples across files."""
    paths = find(folder, "*.h5", "*.hdf5")
    if not paths:
        raise SourceFault(f"{folder} holds no *.h5 file; put human_gene_v2.x.h5 there")
    matrices, notes, accessions = [], [], []
    for path in paths:
        with open_h5(path) as file:
            refuse_foreign(file, path)
            matrices.append(_matrix(file, path, folder))
            notes += _file_notes(file, path)
            accessions.append(_text(file["meta/samples/geo_accession"][:]))
    ids = pa.chunked_array(accessions)
    if pc.count_distinct(ids).as_py() < len(ids):
        refuse_duplicates(ids.to_pylist(), str(folder))
    return Archs4Source(paths, matrices, _notes=notes)


def refuse_foreign(file: h5py.File, path: Path, *, partial: bool = False) -> None:
    """Raise Archs4Fault unless this is the v2 layout with one name for every row and column; `partial`: whoever reads counts looks for each chunk."""
    if "meta/Sample_geo_accession" in file:
        raise Archs4Fault(f"{path} has the ARCHS4 v1 layout (flat meta/Sample_*); download human_gene_v2.x.h5 instead")
    fields = ["geo_accession", *(names[0] for key, names in TEXT_FIELDS.items() if key in REQUIRED_FIELDS)]
    needed = [EXPRESSION, "meta/genes/symbol", *(f"meta/samples/{name}" for name in fields)]
    missing = [name for name in needed if name not in file]
    if missing:
        raise Archs4Fault(f"{path} is no ARCHS4 v2 gene file: it lacks {', '.join(missing)}; download human_gene_v2.x.h5")
    _refuse_damaged(file, path, partial or PARTIAL in file.attrs)
    shape = (len(file["meta/genes/symbol"]), len(file["meta/samples/geo_accession"]))
    if file[EXPRESSION].shape != shape:
        raise Archs4Fault(
            f"{path}: {EXPRESSION} is {file[EXPRESSION].shape} but the metadata name {shape[0]} genes x {shape[1]} samples; fetch it again"
        )
    lengths = {name: len(file[f"meta/samples/{name}"]) for name in (*fields, PROBABILITY) if f"meta/samples/{name}" in file}
    wrong = {name: n for name, n in lengths.items() if n != shape[1]}
    if wrong:
        raise Archs4Fault(f"{path}: there are {shape[1]} samples but metadata of other lengths: {wrong}; download it again")
    if file[EXPRESSION].dtype.kind not in "ui":
        raise Archs4Fault(f"{path}: {EXPRESSION} holds {file[EXPRESSION].dtype}, not whole-number counts; read it through the table source")


def _refuse_damaged(file: h5py.File, path: Path, partial: bool) -> None:
    """Raise Archs4Fault for values that are not in the file, and for metadata that are no columns of text or numbers."""
    if fault := file_fault(file, tables_of_records=False, partial=EXPRESSION if partial else ""):
        raise Archs4Fault(f"{path}: {fault}; download it again and compare its checksum")
    if not isinstance(file[EXPRESSION], h5py.Dataset):
        raise Archs4Fault(f"{path}: {EXPRESSION} is no dataset; download it again")
    for name in ("symbol", *ENSEMBL_NAMES):
        _refuse_no_column(file.get(f"meta/genes/{name}"), f"{path}: meta/genes/{name}")
    for name in ("geo_accession", "organism_ch1", PROBABILITY, *(name for names in TEXT_FIELDS.values() for name in names)):
        _refuse_no_column(file.get(f"meta/samples/{name}"), f"{path}: meta/samples/{name}", "iuf" if name == PROBABILITY else TEXT_KINDS)


def _refuse_no_column(column: Any, what: str, kinds: str = TEXT_KINDS) -> None:
    if column is None:
        return
    if not isinstance(column, h5py.Dataset) or column.ndim != 1:
        raise Archs4Fault(f"{what} is no column with one value each, but {column}; download it again")
    is_text = h5py.check_string_dtype(column.dtype) is not None or column.dtype.kind == "S"
    if not (is_text if kinds == TEXT_KINDS else column.dtype.kind in kinds):
        raise Archs4Fault(f"{what} holds {column.dtype}, not {'text' if kinds == TEXT_KINDS else 'numbers'}; download it again")


def _matrix(file: h5py.File, path: Path, folder: Path) -> Archs4Matrix:
    genes = file["meta/genes"]
    ensembl = next((name for name in ENSEMBL_NAMES if name in genes), None)
    ids = GeneIds(
        ensembl=tuple(_text(genes[ensembl][:]).to_pylist()) if ensembl else (),
        symbol=tuple(_text(genes["symbol"][:]).to_pylist()),
    )
    return Archs4Matrix(path, path.relative_to(folder).as_posix(), ids, file[EXPRESSION].shape[1])


def _file_notes(file: h5py.File, path: Path) -> list[str]:
    notes = []
    if PARTIAL in file.attrs and (about := json.loads(str(file.attrs[PARTIAL]))):
        notes.append(f"{path.name} holds the counts of {about['n_samples']:,} samples of {about['url']} ({about['of_samples']:,} samples)")
    samples = file["meta/samples"]
    if PROBABILITY not in samples:
        notes.append(f"{path.name} has no {PROBABILITY}: single-cell samples cannot be told from bulk, and none are dropped for it")
    if "organism_ch1" in samples:
        counted = pc.value_counts(_text(samples["organism_ch1"][:])).to_pylist()
        other = {str(entry["values"]): entry["counts"] for entry in counted if entry["values"] != "Homo sapiens"}
        names = ", ".join(sorted(other)[:3])
        if len(other) == len(counted):
            raise Archs4Fault(f"{path} holds no sample of Homo sapiens but of {names}; download human_gene_v2.x.h5")
        if other:
            notes.append(f"{path.name}: {sum(other.values())} samples name another organism than Homo sapiens ({names}); they are kept")
    return notes


def _text(values: NDArray[Any]) -> pa.Array:
    """HDF5 strings as Arrow strings; bytes that are no UTF-8 are read as Latin-1, which loses nothing."""
    if values.dtype.kind == "S":
        values = values.astype(object)
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([_decode(value) for value in values], pa.string())


def _decode(value: bytes | str) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _batch(samples: h5py.Group, matrix: Archs4Matrix, first: int, last: int) -> pa.RecordBatch:
    """Rows first..last of the sample table."""
    n = last - first
    columns: dict[str, pa.Array] = {
        "sample_id": _text(samples["geo_accession"][first:last]),
        "source": pa.repeat("archs4", n),
        "unit": pa.repeat(matrix.unit, n),
        "matrix_file": pa.repeat(matrix.file, n),
        "matrix_row": pa.array(np.arange(first, last, dtype=np.int32)),
    }
    for column, names in TEXT_FIELDS.items():
        name = next((name for name in names if name in samples), None)
        if name:
            columns[column] = _text(samples[name][first:last])
    if PROBABILITY in samples:
        probability = samples[PROBABILITY][first:last].astype(np.float64)
        columns["single_cell_probability"] = pa.array(probability, mask=np.isnan(probability))
    return pa.RecordBatch.from_arrays(
        [columns.get(name, pa.nulls(n, SAMPLE_SCHEMA.field(name).type)) for name in SAMPLE_SCHEMA.names], schema=SAMPLE_SCHEMA
    )
