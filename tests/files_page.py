"""docs/reference/files.md as tables, and the columns and types of files that were written."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import polars as pl
import pyarrow.parquet as pq

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "files.md"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+?) \| ([^|]*?) ?\| ([^|]+?) \|$", re.M)
ARROW = {"string": "text", "bool": "boolean", "double": "float64", "float": "float32"}
POLARS = {"String": "text", "Float64": "real", "Int64": "whole", "Boolean": "boolean"}
OF_TEXT = {"whole": ("int64", "float64", "float32"), "real": ("float64", "float32")}  # what the numbers of a text may be
ENCODED = {"categorical": "categorical", "nullable-boolean": "boolean, may be missing"}
Columns = dict[str, str]


def described(text: str | None = None) -> dict[str, Columns]:
    """Heading -> column -> type, of the sections that have a table with a type."""
    sections = re.split(r"^###? ", text if text is not None else PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    tables = {section.split("\n", 1)[0]: section for section in sections}
    return {head: {name: kind for name, kind, _, _ in ROW.findall(body)} for head, body in tables.items() if "| type | unit |" in body}


def without_meaning() -> list[str]:
    return [name for name, _, _, meaning in ROW.findall(PAGE.read_text(encoding="utf-8")) if not meaning.strip()]


def of_parquet(path: Path) -> Columns:
    schema = pq.read_schema(path)
    return {name: ARROW.get(str(kind), str(kind)) for name, kind in zip(schema.names, schema.types, strict=True)}


def of_table(path: Path) -> Columns:
    """A TSV or CSV as its reader would type it; an empty column can be of any type."""
    table = pl.read_csv(path, separator="," if path.suffix == ".csv" else "\t", infer_schema_length=None)
    return {column.name: _read_as(column) for column in table}


def _read_as(column: pl.Series) -> str:
    if column.null_count() == len(column):
        return "?"
    return "boolean, may be missing" if set(column.cast(str)) <= {"True", "False", "<NA>"} else POLARS[str(column.dtype)]


def _kind(item: h5py.Dataset | h5py.Group) -> str:
    if isinstance(item, h5py.Group):
        return ENCODED[item.attrs["encoding-type"]]
    return "text" if item.dtype.kind in "OS" else "boolean" if item.dtype.kind == "b" else str(item.dtype)


def of_group(path: Path, name: str = "/") -> Columns:
    """A data frame of an .h5ad in the order of its columns, or any other group."""
    with h5py.File(path) as file:
        group = file[name]
        names = [group.attrs["_index"], *group.attrs["column-order"]] if "column-order" in group.attrs else list(group)
        return {str(name): _kind(group[name]) for name in names}


def of_release(folder: Path) -> dict[str, Columns]:
    """Heading of the page -> columns of the file that this release has for it."""
    found = {path.name: of_parquet(path) for path in folder.glob("*.parquet")}
    found |= {part: of_group(folder / "compendium.h5ad", part) for part in ("obs", "var", "uns")}
    found |= {name: of_group(folder / name) for name in ("counts.h5", "by_gene.h5") if (folder / name).exists()}
    return found | {"compendium.checksums.tsv": of_table(folder / "compendium.checksums.tsv")}


def of_run(folder: Path) -> dict[str, Columns]:
    return {path.name: of_table(path) for path in (*folder.glob("*.tsv"), *folder.glob("*.csv")) if path.name != "example.tsv"}


def differences(found: dict[str, Columns], page: dict[str, Columns]) -> list[str]:
    """What a file has and the page has not, or the other way, or with another type, or in another order."""
    wrong = []
    for head, columns in found.items():
        said = page.get(head, {})
        wrong += [f"{head}: {name} is on one side only" for name in columns.keys() ^ said.keys()]
        wrong += [
            f"{head}: {name} is {columns[name]}, not {said[name]}"
            for name in columns.keys() & said.keys()
            if columns[name] not in ("?", said[name]) and said[name] not in OF_TEXT.get(columns[name], ())
        ]
        wrong += [f"{head}: another order"] if columns.keys() == said.keys() and list(columns) != list(said) else []
    return wrong
