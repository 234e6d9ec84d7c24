"""What the readers of small tables share: finding files, reading a metadata table as text, and the source they make of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.source import SAMPLE_SCHEMA, Matrix, SourceFault

if TYPE_CHECKING:
    import polars as pl

BATCH_ROWS = 50_000


class DuplicateSamples(SourceFault):
    """A sample id occurs more than once in a source."""


@dataclass(frozen=True)
class FolderSource:
    """A source whose sample table fits in memory."""

    name: str
    sample_table: pa.Table
    matrix_list: Sequence[Matrix]
    files: Sequence[Path]
    note_list: Sequence[str]

    def samples(self) -> Iterator[pa.RecordBatch]:
        """See Source.samples."""
        yield from self.sample_table.to_batches(max_chunksize=BATCH_ROWS)

    def matrices(self) -> list[Matrix]:
        """See Source.matrices."""
        return list(self.matrix_list)

    def input_files(self) -> list[Path]:
        """See Source.input_files."""
        return list(self.files)

    def notes(self) -> list[str]:
        """See Source.notes."""
        return list(self.note_list)


KINDS = {"string": "String", "double": "Float64", "bool": "Boolean", "int32": "Int32"}


def sample_table(rows: list[dict[str, Any]], where: Path) -> pa.Table:
    """Rows of SAMPLE_SCHEMA (absent keys are null) as a table. Raises DuplicateSamples."""
    refuse_duplicates([row["sample_id"] for row in rows], str(where))
    import polars as pl

    # Not Table.from_pylist, which loads pandas.
    kinds = {item.name: getattr(pl, KINDS[str(item.type)]) for item in SAMPLE_SCHEMA}
    return pl.from_dicts(rows, schema=kinds).to_arrow().cast(SAMPLE_SCHEMA)


def refuse_duplicates(sample_ids: Sequence[str], where: str) -> None:
    """Raise DuplicateSamples when an id occurs twice."""
    repeated = sorted(sample for sample, n in Counter(sample_ids).items() if n > 1)
    if repeated:
        raise DuplicateSamples(f"{len(repeated)} sample ids occur more than once in {where}, first: {some(repeated)}; keep one of each")


def some(names: Sequence[str], limit: int = 5) -> str:
    """The first few names, for a message."""
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def find(folder: Path, *patterns: str) -> list[Path]:
    """The files of a folder that match any pattern (case ignored), by name; hidden files are none of ours.

    Raises SourceFault for one that is empty, no file, or may not be read, and for any link that leads nowhere.
    """
    lowered = [pattern.lower() for pattern in patterns]
    try:
        names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise SourceFault(f"{folder} cannot be read: {error.strerror}; a source is a folder of files") from error
    for path in names:
        if not path.exists():
            raise SourceFault(f"{path} is a link that leads nowhere ({os.path.realpath(path)}); put the file there, or delete the link")
    return [usable(path) for path in names if any(fnmatchcase(path.name.lower(), pattern) for pattern in lowered)]


def usable(path: Path) -> Path:
    """The same path, if a file with something in it lies there that may be read. Raises SourceFault."""
    if not path.is_file():
        raise SourceFault(
            f"{path} has the name of a file of this source, and is {'a folder' if path.is_dir() else 'no file'}; move it away"
        )
    if not os.access(path, os.R_OK):
        raise SourceFault(f"{path} may not be read; change its permissions (chmod u+r)")
    if path.stat().st_size == 0:
        raise SourceFault(f"{path} is empty; fetch it again, or move it away")
    return path


def find_one(folder: Path, what: str, *patterns: str) -> Path:
    """The one file that matches. Raises SourceFault when there is none, or more than one."""
    found = find(folder, *patterns)
    if len(found) != 1:
        names = f"{len(found)} of them ({some([path.name for path in found])})" if found else "none"
        raise SourceFault(f"{folder} must hold one {what} ({' or '.join(patterns)}), found {names}")
    return found[0]


def read_sheet(path: Path, required: Sequence[str], notes: list[str], also: Sequence[str] = ()) -> pl.DataFrame:
    """A table about samples as stripped text, empty cells null; what is to be said of it goes to `notes`, the columns that are neither
    `required` nor `also` read among it.

    Raises MetadataFault when a required column is missing, and TableFault.
    """
    from profiles.metadata import read_frame

    found = read_frame(path, str(path))
    table = found.need(required)
    notes += [*found.notes, *found.unread([*required, *also])]
    return table


def stated(**columns: object) -> str | None:
    """A source's own columns as `key: value` text, so that they are read by the rules that read everybody's; None where all are empty.

    The keys are those of fields.tsv that begin with "declared": what a source's own column says decides before any text.
    """
    told = [f"declared {name}: {value}" for name, value in columns.items() if value not in (None, "")]
    return ",".join(told) or None
