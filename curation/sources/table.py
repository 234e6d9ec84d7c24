"""A user's own samples: a matrix in any common format and orientation, and a metadata table; docs/sources.md describes the folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from curation.genes import parse_gene_names, plain_ensembl
from curation.sources import LINEAR, GeneIds, Matrix, SourceFault, Unit
from curation.sources.declared import declared_tissues, look_up
from curation.sources.delimited import read_grid
from curation.sources.folder import FolderSource, MetadataFault, find, find_one, read_metadata, refuse_duplicates, sample_table, some
from curation.sources.grid import GeneRows, Grid, MatrixFault, SampleRows, scan, scan_samples
from curation.sources.h5ad import H5adMatrix, read_h5ad_head
from curation.sources.parquet import read_parquet_grid
from curation.sources.unit import Evidence, Scale, confirm, settle

if TYPE_CHECKING:
    import polars as pl

ID_COLUMNS = ("sample_id", "sample_accession", "geo_accession", "sample")
TEXT_COLUMNS = {
    "series_id": ("series_id",),
    "donor_id": ("donor_id",),
    "title": ("title",),
    "source_name": ("source_name", "source_name_ch1"),
    "characteristics": ("characteristics", "characteristics_ch1"),
    "description": ("description",),
}
SYMBOL_COLUMNS = ("symbol", "gene_symbol", "gene_name", "description", "name")
TERM = re.compile(r"^(?:UBERON|CL):\d{7}$")
TRUE, FALSE = ("true", "yes", "1", "tumour", "tumor"), ("false", "no", "0", "normal")


@dataclass(frozen=True)
class Settings:
    """source.json: what the values are, where the reader shall not guess."""

    unit: Unit | None = None


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
    tables = find(folder, "metadata.tsv", "metadata.tsv.gz", "metadata.csv", "metadata.csv.gz", "metadata.parquet")
    is_h5ad = path.suffix.lower() == ".h5ad"
    if len(tables) != 1 and not (is_h5ad and not tables):
        raise SourceFault(f"{folder} must hold one metadata.tsv, .csv or .parquet, found {some([t.name for t in tables]) or 'none'}")
    settings, settings_files = _read_settings(folder)
    about = read_metadata(tables[0]) if tables else None
    matrix: Matrix
    if is_h5ad:
        matrix, ids, obs, notes = _open_h5ad(path, folder, settings)
        about = obs if about is None else about
    else:
        assert about is not None
        matrix, ids, notes = _open_grid(path, folder, settings, _sample_ids(about, tables[0]))
    where = tables[0] if tables else path
    rows, left_out = _rows(about, where, matrix, ids)
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
    unknown = sorted(set(values) - {"unit"}) if isinstance(values, dict) else ["(no object)"]
    if unknown:
        raise MetadataFault(f"{found[0]} has {', '.join(unknown)}; it may hold only an object with 'unit'")
    if "unit" in values and values["unit"] not in get_args(Unit):
        raise MetadataFault(f"{found[0]}: unit '{values['unit']}' is none of {', '.join(get_args(Unit))}")
    return Settings(values.get("unit")), found


def _scale(settings: Settings, evidence: Evidence, path: Path) -> tuple[Scale, str]:
    """The declared scale, held against the values; or what the values say."""
    if settings.unit is None:
        scale = settle(None, evidence, str(path))
        return scale, f"{scale.unit} by its values"
    is_log = settings.unit != LINEAR[settings.unit]
    scale = Scale(settings.unit, evidence.pseudo_count if is_log else 1.0)
    confirm(scale, evidence, str(path))
    return scale, f"{scale.unit} by source.json"


def _open_h5ad(path: Path, folder: Path, settings: Settings) -> tuple[H5adMatrix, tuple[str, ...], pl.DataFrame, list[str]]:
    genes, ids, obs, evidence = read_h5ad_head(path)
    refuse_duplicates(ids, f"obs of {path}")
    scale, how = _scale(settings, evidence, path)
    matrix = H5adMatrix(path, path.relative_to(folder).as_posix(), genes, scale, ids)
    return matrix, ids, obs, [f"{path.name}: {len(ids):,} samples x {len(genes):,} genes, {how} ({evidence})"]


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


def _id_column(frame: pl.DataFrame, where: Path) -> str:
    column = next((name for name in ID_COLUMNS if name in frame.columns), None)
    if column is None:
        raise MetadataFault(f"{where} has none of the columns {', '.join(ID_COLUMNS)}; its columns are: {some(frame.columns, 12)}")
    return column


def _sample_ids(frame: pl.DataFrame, where: Path) -> list[str]:
    ids = frame[_id_column(frame, where)].to_list()
    if not all(ids):
        raise MetadataFault(f"{where} has {sum(1 for i in ids if not i)} rows without a sample id; fill them in or delete them")
    refuse_duplicates(ids, str(where))
    return ids


def _rows(frame: pl.DataFrame, where: Path, matrix: Matrix, ids: tuple[str, ...]) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of SAMPLE_SCHEMA in the order of the matrix, and the samples of the matrix that the metadata lacks."""
    about = dict(zip(_sample_ids(frame, where), frame.to_dicts(), strict=True))
    absent = sorted(set(about) - set(ids))
    if absent:
        raise MetadataFault(f"{len(absent)} samples of {where} are not in {matrix.file}: {some(absent)}; metadata and matrix must agree")
    rows = [_row(sample, about[sample], where, matrix, i) for i, sample in enumerate(ids) if sample in about]
    return rows, [sample for sample in ids if sample not in about]


def _row(sample: str, about: dict[str, Any], where: Path, matrix: Matrix, i: int) -> dict[str, Any]:
    field, text, term = _declared(about, where)
    return {
        "sample_id": sample,
        "source": "table",
        **{column: next((about[name] for name in names if about.get(name)), None) for column, names in TEXT_COLUMNS.items()},
        "single_cell_probability": _number(about, "single_cell_probability", where),
        "is_tumour": _truth(about, "is_tumour", where),
        "is_cell_line_declared": _truth(about, "is_cell_line", where),
        "declared_field": field,
        "declared_text": text,
        "declared_term_id": term,
        "unit": matrix.unit,
        "matrix_file": matrix.file,
        "matrix_row": i,
    }


def _declared(about: dict[str, Any], where: Path) -> tuple[str | None, str | None, str | None]:
    """(field, text, term): tissue_term is a UBERON or CL id, tissue one of the categories; the term decides."""
    if term := about.get("tissue_term"):
        if not TERM.match(term):
            raise MetadataFault(f"{where}: tissue_term '{term}' is no UBERON or CL id like UBERON:0002107; leave it empty where unknown")
        return "tissue_term", term, term
    if text := about.get("tissue"):
        declared = look_up("table", "tissue", text)
        if declared is None:
            known = ", ".join(row.text for row in declared_tissues("table").values())
            raise MetadataFault(f"{where}: tissue '{text}' is none of {known}; correct it, or give the term in tissue_term")
        return "tissue", text, declared.term_id
    return None, None, None


def _truth(about: dict[str, Any], column: str, where: Path) -> bool | None:
    value = (about.get(column) or "").lower()
    if value in TRUE or value in FALSE:
        return value in TRUE
    if value:
        raise MetadataFault(f"{where}: {column} '{about[column]}' is neither true nor false; leave it empty where unknown")
    return None


def _number(about: dict[str, Any], column: str, where: Path) -> float | None:
    try:
        return float(about[column]) if about.get(column) else None
    except ValueError as error:
        raise MetadataFault(f"{where}: {column} '{about[column]}' is no number") from error
