"""A user's own samples: a matrix in any layout that profiles reads, and a metadata table; docs/reference/sources.md describes the folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from curation.source import SourceFault
from curation.sources.about import About, read_about, sample_rows
from curation.sources.folder import FolderSource, find, find_one, sample_table, some
from curation.sources.matrices import Asked, TableMatrix, open_matrix
from profiles.errors import MetadataFault, UnitFault
from profiles.plain_json import NoObject, read_object
from profiles.tools import sample_of_file
from profiles.units import parse_unit

PACKED = ("", ".gz", ".xz", ".zst", ".bz2")
TEXT_TABLES = tuple(f"{kind}{packed}" for kind in ("tsv", "csv", "txt") for packed in PACKED)
TABLES = (*(f"metadata.{kind}" for kind in TEXT_TABLES), "metadata.parquet", "metadata.xlsx")
MATRICES = (*(f"matrix.{kind}" for kind in (*TEXT_TABLES, "gct", "gct.gz")), "matrix.parquet", "matrix.h5ad", "matrix.xlsx")
SHOWN = 60  # letters of a wrong value
SETTINGS = ("unit", "layer", "samples", "annotation", "layout", "id", "text")


@dataclass(frozen=True)
class Settings:
    """source.json: what the values are and where samples and texts stand, where the reader shall not guess."""

    matrix: Asked = field(default_factory=Asked)
    id: str | None = None
    text: tuple[str, ...] | None = None


def open_table(folder: Path) -> FolderSource:
    """Open a folder with one matrix.* and, unless that is an .h5ad with its own obs, one metadata.*. Raises SourceFault."""
    path = find_one(folder, "matrix", *MATRICES)
    tables = find(folder, *TABLES)
    is_h5ad = path.suffix.lower() == ".h5ad"
    if len(tables) != 1 and not (is_h5ad and not tables):
        raise SourceFault(f"{folder} must hold one metadata.tsv, .csv or .parquet, found {some([t.name for t in tables]) or 'none'}")
    settings, settings_files = _read_settings(folder)
    where = tables[0] if tables else path
    about = read_about(where, settings.id, settings.text)
    matrix, notes = open_matrix(path, folder, settings.matrix, () if is_h5ad else about.sample_ids)
    ids = _ids(matrix, about, path)
    notes += about.notes
    rows, left_out = sample_rows(about, matrix, ids)
    if left_out:
        notes.append(f"{len(left_out)} samples of {path.name} are not in {where.name} and were left out: {some(left_out)}")
    return FolderSource("table", sample_table(rows, where), [matrix], [path, *tables, *settings_files], notes)


def _ids(matrix: TableMatrix, about: About, path: Path) -> list[str]:
    """The sample ids; a table of one sample without a name in it is named after its file, and so is what the metadata calls it."""
    ids = list(matrix.sample_ids)
    is_unnamed = len(ids) == 1 and ids[0] not in about.rows and ids[0] == sample_of_file(str(path))
    return about.sample_ids if is_unnamed and len(about.rows) == 1 else ids


def _read_settings(folder: Path) -> tuple[Settings, list[Path]]:
    found = find(folder, "source.json")
    if not found:
        return Settings(), []
    try:
        values = read_object(found[0])
    except NoObject as error:
        raise MetadataFault(f"{found[0]} {error}; it may hold only an object with {', '.join(SETTINGS)}") from error
    unknown = sorted(set(values) - set(SETTINGS))
    if unknown:
        raise MetadataFault(f"{found[0]} has {', '.join(unknown)[:200]}; it may hold only an object with {', '.join(SETTINGS)}")
    for name, value in values.items():
        if name in ("unit", "layer", "layout", "id") and not isinstance(value, str):
            raise MetadataFault(f"{found[0]}: {name} must be a word, not {str(value)[:SHOWN]}")
        if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(word, str) for word in value)):
            raise MetadataFault(f"{found[0]}: {name} must be a word or a list of words, not {str(value)[:SHOWN]}")
    if "unit" in values:
        _refuse_unknown_unit(values["unit"], found[0])
    asked = Asked(
        layout=values.get("layout", "auto"),
        layer=values.get("layer"),
        samples=_names(values.get("samples")),
        annotation=_names(values.get("annotation")),
        unit=values.get("unit"),
    )
    return Settings(asked, values.get("id"), _names(values["text"]) if values.get("text") else None), found


def _refuse_unknown_unit(unit: str, where: Path) -> None:
    try:
        parse_unit(unit)
    except UnitFault as error:
        raise MetadataFault(f"{where}: {error}") from error


def _names(value: str | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())
