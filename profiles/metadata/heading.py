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
    import polars as pl

    names, notes = unique_names(cells, found.name)
    above = [name for name in _names(found.raw.columns) if name]
    above += [cell for row in found.frame.head(i).iter_rows() for cell in row if cell]
    rest = found.frame.slice(i + 1)
    filled = pl.sum_horizontal(pl.all().is_not_null())
    counts = rest.select(filled.alias("n"))["n"].to_list()
    end = next((k for k, n in enumerate(counts) if n == 0 and all(m <= 1 for m in counts[k:])), len(counts))
    remarks = [cell for row in rest.slice(end).iter_rows() for cell in row if cell]
    body = found.raw.slice(i + 1, end)
    said = [f"{found.name}: its header is row {i + 2}; what stands above is no sample: {some(above, 4)}"]
    said += [f"{found.name}: {len(remarks)} remarks below the samples are left out: {some(remarks, 3)}"] if remarks else []
    return as_text(found.name, body, names, (*found.notes, *said, *notes))
