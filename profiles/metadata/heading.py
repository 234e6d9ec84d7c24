"""Tables out of a spreadsheet, where a title, the names of groups or blank rows stand above the header and remarks below the samples."""

from __future__ import annotations

from collections.abc import Sequence

from profiles.account import some
from profiles.metadata.archives import OWN, archive_of, columns_with
from profiles.metadata.frame import Frame, as_text, unique_names

N_ROWS = 12  # the header is looked for among so many first rows


def below_title(found: Frame) -> Frame:
    """The table under the first row that names its columns, where the first line does not: it has no known id, or blanks for names.

    That row must hold more names than the first line, none twice, and one of them a known name of sample ids. Whatever is left out is told.
    """
    found = _above_remarks(found)
    named = [name for name in _names(found.raw.columns) if name]
    if len(named) == len(found.raw.columns) or (found.has_row_names and len(named) == len(found.raw.columns) - 1):
        return found  # each column has its name
    for i, row in enumerate(found.frame.head(N_ROWS).iter_rows()):
        cells = [str(cell or "") for cell in row]
        filled = [cell for cell in cells if cell]
        if len(filled) > max(1, len(named)) and len(set(filled)) == len(filled) and _names_samples(filled):
            return _shifted(found, i, cells)
    return found


def _names(columns: Sequence[str]) -> list[str]:
    """The names of a header, without the numbers that tell blanks apart."""
    return ["" if name.lstrip(".").isdigit() and name.startswith(".") else name for name in columns]


def _names_samples(names: Sequence[str]) -> bool:
    return archive_of(names) != OWN or bool(columns_with(OWN, "id", names))


def _shifted(found: Frame, i: int, cells: Sequence[str]) -> Frame:
    names, notes = unique_names(cells, found.name)
    above = [name for name in _names(found.raw.columns) if name]
    above += [cell for row in found.frame.head(i).iter_rows() for cell in row if cell]
    said = [f"{found.name}: its header is row {i + 2}; what stands above is no sample: {some(above, 4)}"]
    return as_text(found.name, found.raw.slice(i + 1), names, (*found.notes, *said, *notes))


def _above_remarks(found: Frame) -> Frame:
    """The table without a blank row at its end and rows of one cell below that: remarks of whoever made it."""
    import polars as pl

    filled = pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int32)).alias("n")
    if found.raw.width < 3 or not len(found.raw) or found.frame.tail(1).select(filled).item() > 1:
        return found
    counts = found.frame.select(filled)["n"].to_list()
    end = len(counts)
    while end and counts[end - 1] == 1:
        end -= 1
    if not end or counts[end - 1] or not any(counts[:end]):
        return found  # no blank row: a sample of which nothing is known but its id
    remarks = [cell for row in found.frame.slice(end).iter_rows() for cell in row if cell]
    while end and not counts[end - 1]:
        end -= 1
    said = [f"{found.name}: {len(remarks)} remarks below the samples are left out: {some(remarks, 3)}"] if remarks else []
    return Frame(found.name, found.raw.head(end), (*found.notes, *said), found.has_row_names)
