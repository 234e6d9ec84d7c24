"""A user's own samples: a matrix in any common format and orientation, and a metadata table; docs/sources.md describes the folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from curation.genes import parse_gene_names, plain_ensembl
from curation.sources import LINEAR, GeneIds, Matrix, SourceFault, Unit
from curation.sources.about import read_about, sample_rows
from curation.sources.delimited import read_grid
from curation.sources.folder import FolderSource, find, find_one, refuse_duplicates, sample_table, some
from curation.sources.grid import GeneRows, Grid, MatrixFault, SampleRows, scan, scan_samples
from curation.sources.h5ad import H5adMatrix, read_h5ad_head
from curation.sources.parquet import read_parquet_grid
from curation.sources.unit import Evidence, Scale, confirm, settle
from profiles.errors import MetadataFault

SYMBOL_COLUMNS = ("symbol", "gene_symbol", "gene_name", "description", "name")
PACKED = ("", ".gz", ".xz", ".zst", ".bz2")
TABLES = (*(f"metadata.{kind}{packed}" for kind in ("tsv", "csv", "txt") for packed in PACKED), "metadata.parquet", "metadata.xlsx")


@dataclass(frozen=True)
class Settings:
    """source.json: what the values are and where the sample ids and texts stand, where the reader shall not guess."""

    unit: Unit | None = None
    id: str | None = None
    text: tuple[str, ...] | None = None


def open_table(folder: Path) -> FolderSource:
    """Open a folder with one matrix.* and, unless that is an .h5ad with its own obs, one metadata.*. Raises SourceFault."""
    path = find_one(
        folder,
        "matrix",
        "matrix.tsv",
        "matrix.tsv.gz",
        "matrix.csv",
        "matrix.csv.gz",
        "matrix.txt",
        "matrix.txt.gz",
        "matrix.parquet",
        "matrix.h5ad",
    )
    tables = find(folder, *TABLES)
    is_h5ad = path.suffix.lower() == ".h5ad"
    if len(tables) != 1 and not (is_h5ad and not tables):
        raise SourceFault(f"{folder} must hold one metadata.tsv, .csv or .parquet, found {some([t.name for t in tables]) or 'none'}")
    settings, settings_files = _read_settings(folder)
    where = tables[0] if tables else path
    matrix: Matrix
    if is_h5ad:
        matrix, ids, notes = _open_h5ad(path, folder, settings)
        about = read_about(where, settings.id, settings.text)
    else:
        about = read_about(where, settings.id, settings.text)
        matrix, ids, notes = _open_grid(path, folder, settings, about.sample_ids)
    notes += about.notes
    rows, left_out = sample_rows(about, matrix, ids)
    if left_out:
        notes.append(f"{len(left_out)} samples of {path.name} are not in {where.name} and were left out: {some(left_out)}")
    return FolderSource("table", sample_table(rows, where), [matrix], [path, *tables, *settings_files], notes)


def _read_settings(folder: Path) -> tuple[Settings, list[Path]]:
    found = find(folder, "source.json")
    if not found:
        return Settings(), []
    try:
        values = json.loads(found[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise MetadataFault(f"{found[0]} is no JSON: {error}") from error
    unknown = sorted(set(values) - {"unit", "id", "text"}) if isinstance(values, dict) else ["(no object)"]
    if unknown:
        raise MetadataFault(f"{found[0]} has {', '.join(unknown)}; it may hold only an object with 'unit', 'id' and 'text'")
    if "unit" in values and values["unit"] not in get_args(Unit):
        raise MetadataFault(f"{found[0]}: unit '{values['unit']}' is none of {', '.join(get_args(Unit))}")
    text = values.get("text")
    return Settings(values.get("unit"), values.get("id"), (text,) if isinstance(text, str) else tuple(text) if text else None), found


def _scale(settings: Settings, evidence: Evidence, path: Path) -> tuple[Scale, str]:
    """The declared scale, held against the values; or what the values say."""
    if settings.unit is None:
        scale = settle(None, evidence, str(path))
        return scale, f"{scale.unit} by its values"
    is_log = settings.unit != LINEAR[settings.unit]
    scale = Scale(settings.unit, evidence.pseudo_count if is_log else 1.0)
    confirm(scale, evidence, str(path))
    return scale, f"{scale.unit} by source.json"


def _open_h5ad(path: Path, folder: Path, settings: Settings) -> tuple[H5adMatrix, tuple[str, ...], list[str]]:
    genes, ids, _, evidence = read_h5ad_head(path)
    refuse_duplicates(ids, f"obs of {path}")
    scale, how = _scale(settings, evidence, path)
    matrix = H5adMatrix(path, path.relative_to(folder).as_posix(), genes, scale, ids)
    return matrix, ids, [f"{path.name}: {len(ids):,} samples x {len(genes):,} genes, {how} ({evidence})"]


def _open_grid(path: Path, folder: Path, settings: Settings, wanted: list[str]) -> tuple[Matrix, tuple[str, ...], list[str]]:
    """A text or Parquet matrix; its samples are in the header or in the first column, whichever the metadata knows."""
    grid: Grid = read_parquet_grid(path) if path.suffix.lower() == ".parquet" else read_grid(path)
    known = set(wanted)
    columns = tuple(i for i, name in enumerate(grid.names) if name in known)
    file = path.relative_to(folder).as_posix()
    if columns:
        symbols = [i for i, name in enumerate(grid.names) if name.lower() in SYMBOL_COLUMNS and 0 < i < columns[0]]
        refuse_duplicates([grid.names[i] for i in columns], f"the header of {path}")
        scanned = scan(grid, (0, *symbols[:1]), columns)
        genes = _with_symbols(parse_gene_names(scanned.text[0]), scanned.text[1] if symbols else ())
        scale, how = _scale(settings, scanned.evidence, path)
        others = [name for i, name in enumerate(grid.names) if i > 0 and i not in columns and i not in symbols[:1]]
        notes = [f"{path.name}: {len(columns):,} samples x {len(genes):,} genes, {how} ({scanned.evidence})"]
        if others:
            notes.append(f"{len(others)} columns of {path.name} are no sample of the metadata and were left out: {some(others)}")
        return GeneRows(file, grid, genes, scale, columns), tuple(grid.names[i] for i in columns), notes
    gene_columns = tuple(range(1, len(grid.names)))
    scanned = scan_samples(grid, (0,), gene_columns)
    ids = scanned.text[0]
    if not known & set(ids):
        raise MatrixFault(
            f"no sample id of the metadata ({some(wanted, 3)}) is in the header ({some(grid.names, 3)}) or the first column "
            f"({some(ids, 3)}) of {path}; metadata and matrix must use the same ids"
        )
    refuse_duplicates(ids, f"the first column of {path}")
    genes = parse_gene_names([grid.names[i] for i in gene_columns])
    scale, how = _scale(settings, scanned.evidence, path)
    notes = [f"{path.name}: {len(ids):,} samples x {len(genes):,} genes, {how} ({scanned.evidence})"]
    return SampleRows(file, grid, genes, scale, ids, gene_columns), ids, notes


def _with_symbols(ids: GeneIds, symbols: tuple[str, ...]) -> GeneIds:
    """Symbols of a second column, where the first holds Ensembl ids."""
    is_symbol = symbols and ids.ensembl and not any(plain_ensembl(symbol) for symbol in symbols)
    return GeneIds(ids.ensembl, symbols, ids.entrez) if is_symbol else ids
